"""Conversations of which the truth is known: who makes sound when, and a Live session's entries of it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from realtime_cli.audio.pcm import SAMPLES_PER_MS, Samples
from realtime_cli.client.effects import Send
from realtime_cli.client.entry import Entry
from realtime_cli.client.inputs import Connected, Received
from realtime_cli.live_voices import LiveVoices
from realtime_cli.protocol.live import codec
from realtime_cli.protocol.live.client_events import LiveInputAudioAppend

STARTED_AT = 0.5
TEXT_BEHIND_MS = 650  # how far a fragment comes behind its sound


@dataclass
class Said:
    """Speech from ``begin_ms`` to ``end_ms`` of the session's clock; words are told on the grid of 200 ms."""

    begin_ms: int
    end_ms: int
    text: str = "Some words of no importance"


@dataclass
class Synthetic:
    """What both say. ``room_dbfs``: the noise of the user's room, all the time."""

    user: list[Said] = field(default_factory=list)
    agent: list[Said] = field(default_factory=list)
    length_ms: int = 20_000
    room_dbfs: float = -62.0
    seed: int = 1

    def entries(self) -> Iterator[Entry]:
        """In order of time, as a loop would have made them."""
        random = np.random.default_rng(self.seed)
        user = _track(self.user, self.length_ms, self.room_dbfs, random)
        agent = _track(self.agent, self.length_ms, -90.0, random)
        voices = LiveVoices("audio/pcm")
        yield Entry(0.0, "local", Connected(0.0, ""))
        yield _received(STARTED_AT, {"type": "session.started", "session": {"model": "gpt-live-1"}})
        texts = sorted([*_fragments("input", self.user), *_fragments("output", self.agent)])
        for now_ms in range(20, self.length_ms + 20, 20):
            at = STARTED_AT + now_ms / 1000
            frame = base64.b64encode(_piece(user, now_ms - 20, now_ms).tobytes()).decode()
            yield Entry(at, "sent", Send(LiveInputAudioAppend(audio=frame)))
            for heard in voices.sent(at, frame):
                yield Entry(at, "local", heard)
            if now_ms % 100 == 0:
                piece = _piece(agent, now_ms - 100, now_ms)
                delta = base64.b64encode(piece.tobytes()).decode()
                yield _received(at, {"type": "session.output_audio.delta", "delta": delta})
                for heard in voices.came(at, piece):
                    yield Entry(at, "local", heard)
            while texts and texts[0][0] <= now_ms:
                _, kind, start_ms, text = texts.pop(0)
                span = {"start_ms": start_ms, "end_ms": start_ms + 200, "delta": text}
                yield _received(at, {"type": f"session.{kind}_transcript.delta", **span})


def _received(at: float, fields: dict[str, object]) -> Entry:
    return Entry(at, "received", Received(at, codec.live_server_event(fields)))


def _piece(track: Samples, begin_ms: int, end_ms: int) -> Samples:
    return track[begin_ms * SAMPLES_PER_MS : end_ms * SAMPLES_PER_MS]


def _track(said: list[Said], length_ms: int, room_dbfs: float, random: np.random.Generator) -> Samples:
    """Noise in syllables of 180 ms with dips of 20 dB, over the noise of a room."""
    room = 32768 * 10 ** (room_dbfs / 20)
    track = random.normal(0, room, length_ms * SAMPLES_PER_MS)
    for one in said:
        begin, end = one.begin_ms * SAMPLES_PER_MS, one.end_ms * SAMPLES_PER_MS
        at_s = np.arange(end - begin) / (1000 * SAMPLES_PER_MS)
        syllables = 10 ** (-20 * np.abs(np.sin(np.pi * at_s / 0.18)) ** 8 / 20)
        track[begin:end] += random.normal(0, 2500, end - begin) * syllables
    return np.clip(track, -32768, 32767).astype(np.int16)


def _fragments(kind: str, said: list[Said]) -> list[tuple[int, str, int, str]]:
    """(when it comes, which transcript, its start, its text)."""
    found = []
    for one in said:
        words = one.text.split()
        cells = range(one.begin_ms // 200 * 200, one.end_ms, 200)
        for index, start_ms in enumerate(cells):
            share = words[index * len(words) // len(cells) : (index + 1) * len(words) // len(cells)]
            if share:
                text = " ".join(share) if index == 0 else " " + " ".join(share)
                found.append((start_ms + 200 + TEXT_BEHIND_MS, kind, start_ms, text))
    return found
