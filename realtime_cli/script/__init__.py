"""Scripted conversations: what a script says, how it is run, and what it shows of the agent.

In: scripts (``load``, ``format``; others' by ``pipecat`` and ``promptfoo``, recordings by ``promote``), the
sounds of their users (``clips``, ``microphone``), their mocks, and a session of ``app``. A case is held
(``runner``, on ``live``), alone, in a suite (``suite``) or among many (``session_pool``). Its conversation
events are gathered by turn of the script (``turn_collector``), measured (``turn_metrics``) and judged
(``judging`` by ``expectations``, ``checks``, ``judge``; recordings by ``rejudge``). Out: results (``result``,
``explanation``, ``repeats``, ``baseline``, ``reports``, ``run_page``, ``merge``).

What must not enter: wire events, options of commands, Locust.
"""
