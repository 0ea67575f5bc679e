"""One self-contained HTML page: both waveforms on one clock, lanes, transcript in step. No requests."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from realtime_cli.audio.sample_format import Samples
from realtime_cli.conversation.timeline import Timeline
from realtime_cli.conversation.turns import ConversationTurn
from realtime_cli.errors import ConfigError
from realtime_cli.recording.export import sound, text
from realtime_cli.recording.export.template import as_data, filled
from realtime_cli.recording.format import Header

BINS_PER_S = 25
MAX_BINS = 20_000


def page(
    timeline: Timeline,
    header: Header,
    samples: Samples,
    image_of: Callable[[str], str] = lambda name: "",
    chunks: sound.Chunks = iter,
    max_sound_bytes: int = sound.MAX_MP3_BYTES,
) -> str:
    """The page. ``samples``: stereo int16, 24 kHz; an empty array makes a page without sound.

    ``image_of``: the data URI of an image that the recording keeps by this name.
    """
    made = _sound(samples, chunks, max_sound_bytes)
    data = as_data({**_data(timeline, header, samples, image_of), "sound": made})
    return filled(__package__, "page.html", text.title(header), data=data)


def _data(
    timeline: Timeline, header: Header, samples: Samples, image_of: Callable[[str], str]
) -> dict[str, Any]:
    seconds = max(timeline.seconds, len(samples) / 24_000, 0.1)
    return {
        "title": text.title(header),
        "facts": text.facts(timeline, header),
        "legend": " ".join(text.legend(timeline)),
        "seconds": round(seconds, 3),
        "wave": _wave(samples, seconds),
        "said": [_said(said) for said in timeline.said],
        "pictures": _pictures(timeline, image_of),
        "turns": _turns(timeline),
        "tools": [
            {
                "name": run.name,
                "at": run.called_at,
                "seconds": run.seconds or 0,
                "failed": run.failed,
                "arguments": run.arguments,
                "output": run.output,
            }
            for _, run in timeline.tools
        ],
        "events": [{"at": event.at_s, "kind": event.kind, "text": event.text} for event in timeline.events],
        "gaps": [
            [round(gap.begin_s, 3), round(gap.end_s, 3), f"{gap.count} gap{'s' * (gap.count > 1)}"]
            for gap in timeline.gaps
        ],
        "speech": [[round(begin, 3), round(end, 3)] for begin, end in timeline.latency.speech.values()],
        "log": [[round(event.at_s, 3), event.name, event.fields] for event in timeline.log],
        "file": "".join(c if c.isalnum() else "-" for c in header.started[:19]) or "session",
    }


def _pictures(timeline: Timeline, image_of: Callable[[str], str]) -> list[dict[str, Any]]:
    made = []
    for picture in timeline.pictures:
        name = picture.image.removeprefix("$image:")
        if image := image_of(name) if name != picture.image else picture.image:
            made.append({"at": round(picture.at_s, 3), "image": image})
    return made


def _said(said: Any) -> dict[str, Any]:
    return {
        "by": said.speaker,
        "text": said.text,
        "begin": round(said.begin_s, 3),
        "end": round(said.end_s, 3),
        "aloud": said.aloud,
        "cut": said.cut_ms,
        "unheard": round(said.unheard_ms / 1000, 3),
    }


def _turns(timeline: Timeline) -> list[dict[str, Any]]:
    """Each from its first word to the last sound or event of its answer."""
    heard_until = {said.item_id: said.end_s for said in timeline.said if said.aloud}
    made = []
    for turn, cost in zip(timeline.turns, timeline.turn_usd, strict=True):
        known = (turn.response_ended_at, turn.first_played_at, turn.ended_at)
        ends = [at for at in known if at is not None] + [
            heard_until.get(item, 0.0) for item in turn.agent_items
        ]
        made.append(
            {
                "begin": turn.began_at,
                "end": max([turn.began_at, *ends]),
                "row": text.turn_row(turn, cost),
                "parts": _parts(turn),
            }
        )
    return made


def _parts(turn: ConversationTurn) -> list[tuple[str, float]]:
    """The latency in parts, in milliseconds; greetings have none."""
    parts = None if turn.by == "agent" else turn.parts
    if parts is None:
        return []
    named = {
        "end-pointing": parts.end_pointing_ms,
        "server": parts.server_ms,
        "tool": parts.tool_ms,
        "you": parts.waiting_ms,
        "buffer": parts.playout_ms or 0.0,
    }
    return [(name, round(value, 1)) for name, value in named.items()]


def _wave(samples: Samples, seconds: float) -> list[str]:
    """Peaks of both channels over all of ``seconds``."""
    if not len(samples):
        return []
    bins = max(1, min(MAX_BINS, int(len(samples) / 24_000 * BINS_PER_S)))
    both = [base64.b64encode(sound.peaks(samples[:, side], bins)).decode() for side in (0, 1)]
    return [*both, str(len(samples) / 24_000 / seconds)]


def _sound(samples: Samples, chunks: sound.Chunks, max_bytes: int) -> str:
    """MP3 where soundfile is there (a tenth of the size, and every browser plays it), else WAV."""
    if not len(samples):
        return ""
    try:
        made = sound.compressed(sound.for_listening(samples), "MP3", chunks, max_bytes)
        return "data:audio/mpeg;base64," + base64.b64encode(made).decode()
    except ConfigError:
        return "data:audio/wav;base64," + base64.b64encode(sound.wav(samples)).decode()
