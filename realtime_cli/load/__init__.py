"""Many scripted sessions at once, on Locust: ``realtime-cli load``.

In: a plan, as JSON in the environment (``plan``). Each worker of Locust (``locustfile``) begins and stops
sessions in an engine process of its own (``engine_process``) and passes on what that measures, because gevent
and real-time sound do not go together. Out: Locust's statistics, a summary, an exit code.

What must not enter: sessions themselves, sound, clocks that measure; they run in the engine
(``script.session_pool``).
"""
