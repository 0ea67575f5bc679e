"""The local server's own answers, by rules and without a model, honest about being so.

It greets, says back what it understood, tells the time, works out sums, counts, reads a text aloud,
makes small talk, and calls the session's functions by the words of their names and descriptions.
``dialogue`` has the order of the rules, ``turn`` reads the conversation, ``normalise`` and ``numbers``
give every utterance one spelling, ``tools`` and ``arguments`` choose and fill calls,
``tool_result_text`` says what came of them.
"""

from realtime_cli.server.engine.dialogue.dialogue import Dialogue

__all__ = ["Dialogue"]
