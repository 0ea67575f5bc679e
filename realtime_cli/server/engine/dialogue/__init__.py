"""A small dialogue by rules, honest about being one: what the local server answers without a model."""

from realtime_cli.server.engine.dialogue.dialogue import Dialogue

__all__ = ["Dialogue"]
