"""Which frames stay in the conversation: the newest few; superseded ones are deleted from it.

Video is a stream of single images (protocol: an item with only an image starts no response). Frames get
item ids of ours, so that each can be deleted without waiting for the server to name it.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Literal

from realtime_cli.client import inputs
from realtime_cli.client.effect_queue import EffectQueue
from realtime_cli.client.effects import CaptureFrame, SetCapture
from realtime_cli.client.options import SessionOptions
from realtime_cli.client.session_part import SessionPart
from realtime_cli.protocol import client_events as c

Detail = Literal["auto", "low", "high"]
PREFIX = "frame_"


class ImageContext(SessionPart):
    """Turns captured frames into items; knows whether the user lets the agent see."""

    def __init__(self, effects: EffectQueue, options: SessionOptions) -> None:
        self.when = options.video_when
        self.detail: Detail = options.video_detail
        self.paused = options.video_start_paused and options.video_when != "on_key"  # each key is a yes
        self._keep = options.video_keep
        self._effects = effects
        self._count = 0
        self._kept: deque[str] = deque()
        self._events: dict[str, str] = {}  # event id -> frame, until the server shows or deletes it
        self._reported = False

    @property
    def looks_at_turns(self) -> bool:
        return self.when == "on_turn" and not self.paused

    def look(self) -> None:
        """Ask for the newest frame; it comes as ``VideoFrameCaptured``."""
        self._effects.do(CaptureFrame())

    def pressed(self) -> None:
        """The video key: sends one frame if frames are sent on request, otherwise pauses or resumes."""
        if self.when == "on_key":
            self.look()
        elif self.when is not None:
            self.paused = not self.paused
            self._effects.do(SetCapture(not self.paused))

    def seen(self, seen: inputs.VideoFrameCaptured) -> bool:
        """Put a frame into the conversation and the oldest out of it; False when it is dropped."""
        if self.paused or not seen.image:
            return False
        self._count += 1
        frame = f"{PREFIX}{self._count}"
        image = {"type": "input_image", "image_url": seen.image, "detail": self.detail}
        item = {"id": frame, "type": "message", "role": "user", "content": [image]}
        self._events[self._effects.send(c.ConversationItemCreate.model_validate({"item": item}))] = frame
        self._kept.append(frame)
        while len(self._kept) > self._keep:
            oldest = self._kept.popleft()
            self._events[self._effects.send(c.ConversationItemDelete(item_id=oldest))] = oldest
        return True

    def settled(self, item_id: str | None) -> None:
        """The server has shown or deleted a frame: nothing can be refused about it any more."""
        self._events = {event: frame for event, frame in self._events.items() if frame != item_id}

    def forget(self, item_id: str) -> None:
        """An image was taken out of the conversation for another reason than its age."""
        if item_id in self._kept:
            self._kept.remove(item_id)

    def refused(self, event_id: str | None) -> bool:
        """Whether a refused event was about a frame; the user is told once, not every second."""
        frame = self._events.pop(event_id or "", None)
        if frame is None:
            return False
        if frame in self._kept:
            self._kept.remove(frame)
        reported, self._reported = self._reported, True
        return reported

    def on_disconnect(self) -> None:
        """A new socket begins without frames; the next capture fills it."""
        self._kept.clear()
        self._events.clear()

    def resume(self) -> None:
        """The new socket takes frames: also one that looks like the last."""
        if self.when == "on_change" and not self.paused:
            self._effects.do(SetCapture(True))

    @staticmethod
    def concerns(event: Any) -> bool:
        """Whether a server's event only tells of a frame: nobody has said anything then."""
        item_id = getattr(event, "item_id", None) or getattr(getattr(event, "item", None), "id", None)
        return str(item_id or "").startswith(PREFIX)

    @staticmethod
    def without(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """A history without frames."""
        return [item for item in items if not str(item.get("id") or "").startswith(PREFIX)]
