"""Sound of the user that a new socket is given, so that no sentence is lost with the old one.

Two kinds are kept: what the old socket was sent and never made a turn of, and what was said while there
was no socket. Both are bounded in milliseconds of sound, whatever the length of a microphone block.
"""

from __future__ import annotations

from collections import deque

from realtime_cli.client.in_force import InForce
from realtime_cli.client.session_part import SessionPart
from realtime_cli.protocol.objects import BYTES_PER_MS, WireFormat

MAX_KEPT_MS = 30_000  # of one sentence, and of what is said without a connection
RECENT_MS = 3_000  # in which the user may have begun to speak before the server says so
MAX_PIECE_MS = 1_000  # of one append: few events, so that the outbox drops none of them


class SoundBuffer:
    """Blocks of sound, oldest first; ``ms`` is how long they last."""

    def __init__(self) -> None:
        self.format: WireFormat = "audio/pcm"
        self._blocks: deque[bytes] = deque()
        self._bytes = 0

    @property
    def ms(self) -> float:
        return self._bytes / BYTES_PER_MS[self.format]

    def append(self, block: bytes, max_ms: float) -> float:
        """Add a block, and drop the oldest beyond ``max_ms``; returns how many ms were dropped."""
        self._blocks.append(block)
        self._bytes += len(block)
        dropped = 0
        while len(self._blocks) > 1 and self.ms > max_ms:
            oldest = self._blocks.popleft()
            self._bytes -= len(oldest)
            dropped += len(oldest)
        return dropped / BYTES_PER_MS[self.format]

    def take(self) -> bytes:
        sound = b"".join(self._blocks)
        self.clear()
        return sound

    def clear(self) -> None:
        self._blocks.clear()
        self._bytes = 0


class KeptSound(SessionPart):
    """Follows what is sent; ``take`` gives the sound for a new socket."""

    def __init__(self) -> None:
        self.dropped_ms = 0.0
        """How much of what should be kept was too long for it."""
        self._buffer = SoundBuffer()
        self._manual = False
        self._in_sentence = False
        self.cut_sentence = False
        """A sentence was being said when the last socket was lost, and has not become a turn since."""

    def on_settings(self, in_force: InForce) -> None:
        self._manual = in_force.manual
        if in_force.input_format != self._buffer.format:
            self._buffer.clear()  # the new socket would take it for something else
            self._buffer.format = in_force.input_format

    def on_disconnect(self) -> None:
        self.cut_sentence = self._in_sentence

    def on_user_speech(self, at: float, *, speaking: bool) -> None:
        self._in_sentence = self._in_sentence or speaking

    def sent(self, block: bytes) -> None:
        """A block went to the server."""
        whole = self._manual or self._in_sentence
        dropped_ms = self._buffer.append(block, MAX_KEPT_MS if whole else RECENT_MS)
        self.dropped_ms += dropped_ms if whole else 0.0

    def without_socket(self, block: bytes) -> None:
        """A block was heard while there is no socket to send it to."""
        self.dropped_ms += self._buffer.append(block, MAX_KEPT_MS)

    def made_turn(self) -> None:
        """What was sent is a turn of the user now, or was thrown away."""
        self._buffer.clear()
        self._in_sentence = self.cut_sentence = False
        self.dropped_ms = 0.0

    def renewing(self) -> None:
        """The socket is changed in a pause: nothing was being said."""
        if not self._manual and not self._in_sentence:
            self.made_turn()

    def take(self) -> list[bytes]:
        """The kept sound in pieces to append, oldest first."""
        size = round(MAX_PIECE_MS * BYTES_PER_MS[self._buffer.format])
        sound = self._buffer.take()
        self.dropped_ms = 0.0
        return [sound[start : start + size] for start in range(0, len(sound), size)]
