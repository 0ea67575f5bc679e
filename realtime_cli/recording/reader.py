"""Reads a recording, lazily and forgivingly: crashed, zipped, of an older version, or another tool's."""

from __future__ import annotations

import base64
import gzip
import io
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from realtime_cli.client.effects import Send
from realtime_cli.client.entry import Entry
from realtime_cli.client.in_force import only_translates
from realtime_cli.client.inputs import MicrophoneFrame, Noted, Received
from realtime_cli.client.options import SessionOptions
from realtime_cli.errors import ConfigError
from realtime_cli.protocol import codec
from realtime_cli.protocol.client_events import InputAudioBufferAppend
from realtime_cli.recording import format
from realtime_cli.recording.event_logs import EventLog
from realtime_cli.recording.format import Header
from realtime_cli.recording.sound import NoAudio, RecordedAudio
from realtime_cli.untrusted_json import MAX_LENGTH, NotJson, parse_json

Line = dict[str, Any]

# One step for each older version: takes a line's values (the header's too) to the next version.
UPGRADES: dict[int, Callable[[Line], Line]] = {}


@dataclass(frozen=True, slots=True)
class End:
    """How a recording ended. ``crashed``: it has no end line."""

    at: float = 0.0
    exit_code: int = 0
    reason: str = ""
    lost: int = 0
    crashed: bool = False


@dataclass
class Recording:
    """A recording, to be gone through as often as one likes. ``end`` is known once ``entries`` ran out."""

    path: Path
    header: Header
    end: End = field(default_factory=lambda: End(crashed=True))

    def entries(self, *, sound: bool = False) -> Iterator[Entry]:
        """Every entry in file order.

        Without ``sound``, sound is silence of the right length and images are names, which is many times
        faster.

        Raises ConfigError naming the line that cannot be read and why.
        """
        if self.header.foreign:
            yield from EventLog(self.path).entries(_lines(self.path))
            self.end = End()
            return
        audio = self.sound() if sound else NoAudio()
        decoder = _Decoder(self, audio, verbatim=sound)
        for number, line, last in _numbered(_lines(self.path)):
            if number == 1 or not line.strip():
                continue
            try:
                yield from decoder.entries(line)
            except (ValueError, KeyError, codec.UndecodableEvent) as error:
                if last and not line.endswith("\n"):
                    return  # torn: the process was killed while writing
                raise _unreadable(self.path, number, _reason(error)) from None

    def line_count(self) -> int:
        """How many lines there are to read, for a progress line."""
        return sum(1 for _ in _lines(self.path))

    def sound(self) -> RecordedAudio:
        """The sidecar files."""
        return RecordedAudio(self.path, self.header.input_format)


def read(path: str | Path) -> Recording:
    """Open a recording; only its first line is read.

    Raises ConfigError when the file is not there, is none, or was written by a newer version.
    """
    path = Path(path)
    with closing(_lines(path)) as lines:
        first = next(lines, "")
        if not first.strip():
            raise ConfigError(f"{path} is empty.", "Give the .jsonl file that a session wrote.")
        try:
            values = parse_json(first)
        except ValueError:
            values = None
        if not isinstance(values, dict) or values.get("format") != format.FORMAT:
            return Recording(path, EventLog(path).header(chain([first], lines)))
    version = values.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or not 1 <= version <= format.VERSION:
        raise ConfigError(
            f"{path} is a recording of version {version}; this program reads up to {format.VERSION}.",
            "Update realtime-voice-cli.",
        )
    try:
        return Recording(path, Header.from_dict(_upgraded(values, version)))
    except ValueError as error:
        raise _unreadable(path, 1, _reason(error)) from None


def _upgraded(values: Line, version: int) -> Line:
    for step in range(version, format.VERSION):
        values = UPGRADES[step](values)
    return values


class _Decoder:
    """Lines to entries, by way of the fast path where a line stands as we write it."""

    def __init__(self, recording: Recording, audio: RecordedAudio | NoAudio, *, verbatim: bool) -> None:
        self._recording = recording
        self._audio = audio
        self._encode = _encoded if verbatim else _encoded_silence
        self._wording = _wording(recording.header.options())
        self._append = _append if verbatim else _silent_append

    def entries(self, line: str) -> Iterable[Entry]:
        if self._recording.header.version == format.VERSION and (wire := format.split_wire_line(line)):
            # A key of a later version behind ``wire`` looks like a part of the event, which is then no JSON.
            with suppress(codec.UndecodableEvent):
                return (self._wire(*wire),)
        values = parse_json(line)
        if not isinstance(values, dict):
            raise ValueError("not an object")
        values = _upgraded(values, self._recording.header.version)
        match values.get("kind"):
            case "frames":
                return self._frames(values)
            case "local":
                return (self._local(values),)
            case "received" | "sent" as kind:
                return (self._wire(format.seconds(values["at"]), kind, format.dumps(values["wire"])),)
            case "end":
                self._recording.end = format.read_as(End, values)
                return ()
        at = format.seconds(values.get("at", 0.0))
        note = Noted(at, "debug", "recording", "A line of unknown kind.", values)
        return (Entry(note.at, "local", note),)

    def _wire(self, at: float, kind: str, raw: str) -> Entry:
        raw = self._whole(raw)
        if kind == "received":
            return Entry(at, "received", Received(at, self._wording.server_event(raw), raw))
        return Entry(at, "sent", Send(self._wording.client_event(raw)))

    def _whole(self, raw: str) -> str:
        """The event's text with its sound and images back in place."""
        if '"$audio"' in raw:
            raw = format.AUDIO_REF.sub(
                lambda found: f'"{self._encode(self._fetch(parse_json(found[1])))}"', raw
            )
        if '"$audio"' in raw:  # with keys of a later version beside it
            raw = format.dumps(self._with_sound(parse_json(raw)))
        if '"$image:' in raw:
            raw = format.IMAGE_REF.sub(lambda found: f'"{self._audio.image(found[1])}"', raw)
        return raw

    def _with_sound(self, value: Any) -> Any:
        if isinstance(value, dict) and "$audio" in value:
            return self._encode(self._fetch(value["$audio"]))
        if isinstance(value, dict):
            return {key: self._with_sound(inner) for key, inner in value.items()}
        return [self._with_sound(inner) for inner in value] if isinstance(value, list) else value

    def _fetch(self, reference: Any) -> bytes:
        return self._audio.wire_bytes(format.checked_reference(reference))

    def _local(self, values: Line) -> Entry:
        at = format.seconds(values["at"])
        kind, fields = values["type"], values["value"]
        if not isinstance(kind, str) or not isinstance(fields, dict):
            raise ValueError("'type' must be a word and 'value' an object")
        if "image" in fields:
            fields["image"] = self._image(fields["image"])
        if isinstance(fields.get("images"), list):
            fields["images"] = [self._image(text) for text in fields["images"]]
        return Entry(at, "local", format.local_value(at, kind, fields, self._fetch))

    def _image(self, text: Any) -> Any:
        if isinstance(text, str) and text.startswith("$image:"):
            return self._audio.image(text.removeprefix("$image:"))
        return text

    def _frames(self, values: Line) -> list[Entry]:
        """A run of microphone frames: each heard and, if so, at once sent."""
        if not isinstance(values["at"], list) or not isinstance(values["audio"], dict):
            raise ValueError("a run of frames without times or sound")
        times = [format.seconds(at) for at in values["at"]]
        audio = self._fetch(values["audio"].get("$audio"))
        size = len(audio) // max(1, len(times))
        entries = []
        for index, at in enumerate(times):
            frame = audio[index * size : (index + 1) * size]
            entries.append(Entry(at, "local", MicrophoneFrame(at, frame)))
            if values["sent"] is True:
                entries.append(Entry(at, "sent", self._append(frame, self._wording.append)))
        return entries


class _Wording(NamedTuple):
    """How events of one protocol are read, and which of them carries the microphone's sound."""

    server_event: Callable[[str], Any]
    client_event: Callable[[str], Any]
    append: Callable[..., Any]


def _wording(options: SessionOptions) -> _Wording:
    if only_translates(options.patch):
        from realtime_cli.protocol import translation

        return _Wording(
            translation.decode_translation_server_event,
            translation.decode_translation_client_event,
            translation.TranslationAppend,
        )
    if options.protocol != "live":
        return _Wording(codec.decode_server_event, codec.decode_client_event, InputAudioBufferAppend)
    from realtime_cli.protocol.live import client_events  # Live's models are loaded for its recordings only
    from realtime_cli.protocol.live import codec as live

    return _Wording(
        live.decode_live_server_event, live.decode_live_client_event, client_events.LiveInputAudioAppend
    )


def _append(audio: bytes, kind: Callable[..., Any]) -> Send:
    return Send(kind(audio=_encoded(audio)))


@lru_cache(maxsize=256)
def _silent_append(audio: bytes, kind: Callable[..., Any]) -> Send:
    """Frozen, and one like the other: half of an hour's entries are these."""
    return _append(audio, kind)


def _encoded(audio: bytes) -> str:
    return base64.b64encode(audio).decode("ascii")


@lru_cache(maxsize=256)
def _encoded_silence(audio: bytes) -> str:
    return _encoded(audio)


# -- lines ----------------------------------------------------------------------------------------


def _lines(path: Path) -> Generator[str, None, None]:
    """Text lines, with their line ends, of a plain or gzip file; a torn gzip ends where it is torn."""
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):  # a pipe or /dev/zero would never end
            raise ConfigError(f"{path} is not a regular file.", "Give the .jsonl file of a recording.")
        with path.open("rb") as file:
            zipped = file.peek(2)[:2] == b"\x1f\x8b"
            source = gzip.GzipFile(fileobj=file) if zipped else file
            with io.TextIOWrapper(source, "utf-8-sig", errors="replace", newline="\n") as text:
                yield from iter(lambda: text.readline(MAX_LENGTH), "")
    except (EOFError, zlib.error):
        return
    except OSError as error:
        why = error.strerror or str(error)
        raise ConfigError(f"{path} cannot be read: {why}.", "Give the .jsonl file of a recording.") from None


def _numbered(lines: Iterable[str]) -> Iterator[tuple[int, str, bool]]:
    """(number from 1, line, whether it is the last)."""
    number, held = 0, None
    for line in lines:
        if held is not None:
            yield number, held, False
        number, held = number + 1, line
    if held is not None:
        yield number, held, True


def _unreadable(path: Path, number: int, reason: str) -> ConfigError:
    remedy = (
        "Give the .jsonl file that a session wrote, or a log with one JSON event per line."
        if number == 1
        else "The lines before it are fine: cut the file there to use them."
    )
    return ConfigError(f"{path}, line {number}: {reason}.", remedy)


def _reason(error: Exception) -> str:
    if isinstance(error, NotJson):
        return f"not JSON ({error})"
    if isinstance(error, KeyError):
        return f"no {error.args[0]!r} in it"
    if isinstance(error, codec.UndecodableEvent):
        return str(error.reason)
    return str(error).rstrip(".")
