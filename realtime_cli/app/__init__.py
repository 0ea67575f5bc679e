"""From an agent file to a conversation that is held to its end: what commands, scripts and Python share.

In: an agent (``targets``, ``session_factory``), and what the caller has of its own: devices or files
(``audio_io``), keys (``controls``), mocks, observers. Out: how the conversation ended (``hold``), its
recording, what people see of it without secrets (``redaction``). The local server (``local_server``), the
player of recordings, the processes of a parallel run and the end of every error (``ending``) are here, too.

What must not enter: options of one command, scripts and their expectations, load tests.
"""
