"""The narrator of the Realtime protocol, one module a side of the conversation."""

from realtime_cli.conversation.realtime.narrator import SCRIPT_TOPIC, RealtimeNarrator

__all__ = ["SCRIPT_TOPIC", "RealtimeNarrator"]
