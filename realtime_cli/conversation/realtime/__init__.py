"""The narrator of the Realtime protocol, one module a side of the conversation."""

from realtime_cli.conversation.realtime.common import SCRIPT_TOPIC
from realtime_cli.conversation.realtime.narrator import RealtimeNarrator

__all__ = ["SCRIPT_TOPIC", "RealtimeNarrator"]
