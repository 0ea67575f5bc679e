"""A recording's lines: entry <-> JSON, and the header before them.

::

    {"format":"realtime-cli","version":1,"tool":…,"started":…,"command":…,"config":…,"session":…,"audio":…}
    {"at":0.91,"kind":"received","wire":{…the event verbatim…}}
    {"at":0.92,"kind":"sent","wire":{…}}
    {"at":0.93,"kind":"local","type":"Played","value":{…its fields…}}
    {"kind":"frames","at":[0.94,0.96],"sent":true,"audio":{"$audio":{…}}}      a run of microphone frames
    {"at":61.2,"kind":"end","exit_code":0,"reason":"","lost":0}

``at``: seconds since the session's start on the monotonic clock. Sound is never in a line: where
base64 or bytes stood there is ``{"$audio": {"channel", "start" | "offset", "bytes"}}``: ``microphone``
counts 24 kHz samples of the stereo file's left channel, ``received`` bytes of the file of received sound.
Images stand as ``$image:NAME``, a file in the folder beside: video would make lines of megabytes, and the
same picture crosses up to three times (typed, sent, echoed). A frame is written as a run because one
line each would be 360 000 lines an hour.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
import types
import typing
from collections.abc import Callable
from contextlib import suppress
from dataclasses import field
from functools import cache
from typing import Any

from realtime_cli.client import effects, inputs
from realtime_cli.client.options import SessionOptions
from realtime_cli.errors import ExitCode
from realtime_cli.protocol.objects import WireFormat
from realtime_cli.value import value

FORMAT = "realtime-cli"
VERSION = 1
MAX_BYTES = 1 << 40  # a place in a sidecar file beyond this is invalid
MAX_PIECE_BYTES = 256 * 1024 * 1024  # of sound in one line

T = typing.TypeVar("T")
BytesToRef = Callable[[bytes], str]
RefToBytes = Callable[[dict[str, Any]], bytes]

_ALIKE = (inputs.Received, effects.Send)
# Names on disk of kinds whose class has another name today, so that old recordings stay readable.
NAMES_ON_DISK: dict[type, str] = {
    inputs.MicrophoneFrame: "Heard",
    inputs.MicrophoneEnded: "HearingEnded",
    inputs.VideoFrameCaptured: "Seen",
    inputs.DetailChanged: "Focused",
    inputs.RawEvent: "Asked",
    inputs.SettingsChanged: "Patched",
    inputs.UndecodableFrame: "Garbled",
    inputs.TimerFired: "Woke",
    effects.CaptureFrame: "Look",
    effects.SetCapture: "Watch",
    effects.SetTimer: "WakeAt",
    effects.RequestApproval: "AskApproval",
}


# The same for fields: today's name -> the name on disk.
FIELDS_ON_DISK: dict[type, dict[str, str]] = {
    inputs.VideoFrameCaptured: {"thumbnail": "glimpse"},
}


def kind_on_disk(cls: type) -> str:
    """The name under which a line tells of an input, effect or mark of this class."""
    return NAMES_ON_DISK.get(cls, cls.__name__)


LOCAL_TYPES: dict[str, type] = {
    kind_on_disk(cls): cls
    for cls in (
        *typing.get_args(inputs.Input),
        *typing.get_args(inputs.Mark),
        *typing.get_args(effects.Effect),
    )
    if cls not in _ALIKE
}

# An input's time is the entry's; ``WakeAt.at`` and ``Reconnect.at`` are times of their own.
_TIMED = {*typing.get_args(inputs.Input), *typing.get_args(inputs.Mark)}

IMAGE = re.compile(r'"data:image/([a-z0-9.+-]+);base64,([A-Za-z0-9+/=]+)"')
IMAGE_REF = re.compile(r'"\$image:([A-Za-z0-9._-]+)"')
AUDIO_REF = re.compile(r'\{"\$audio":(\{[^{}]*\})\}')


@value
class Header:
    """The first line. ``config`` and ``session`` (the session's options) hold no secrets."""

    tool: str = ""
    started: str = ""
    command: str = ""
    agent: str = ""  # the name of the agent file, without its folder
    config: dict[str, Any] = field(default_factory=dict)
    session: dict[str, Any] = field(default_factory=dict)
    audio: dict[str, Any] = field(default_factory=dict)
    version: int = VERSION
    foreign: bool = False

    def to_line(self) -> str:
        values = dataclasses.asdict(self)
        del values["version"], values["foreign"]
        return dumps({"format": FORMAT, "version": VERSION, **values})

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Header:
        """Raises ValueError when something in it has the wrong type."""
        header = read_as(cls, {key: value for key, value in values.items() if key != "foreign"})
        for section in ("connection", "session"):
            if not isinstance(header.config.get(section) or {}, dict):
                raise ValueError(f"config.{section}: not an object")
        _wire_format(header.input_format)
        header.options()
        return header

    def options(self) -> SessionOptions:
        """The session's options; those that it does not know keep their defaults. Raises ValueError."""
        try:
            return read_as(SessionOptions, self.session)
        except ValueError as error:
            raise ValueError(f"session: {error}") from None

    @property
    def input_format(self) -> WireFormat:
        """How the microphone's sound was sent."""
        return typing.cast(WireFormat, self.audio.get("input", "audio/pcm"))


def dumps(value: Any) -> str:
    """Compact JSON on one line; anything JSON has no word for becomes its ``str``."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


# -- local entries --------------------------------------------------------------------------------


def local_line(at: float, value: Any, shelve: BytesToRef) -> str:
    """The line of an input, effect or mark; its sound goes through ``shelve``."""
    fields = {}
    spelling = FIELDS_ON_DISK.get(type(value), {})
    for f in dataclasses.fields(value):
        content = getattr(value, f.name)
        if f.name == "at" and content == at and type(value) in _TIMED:
            continue
        fields[spelling.get(f.name, f.name)] = content
    body = json.dumps(
        fields, ensure_ascii=False, separators=(",", ":"), default=lambda content: _plain(content, shelve)
    )
    return f'{{"at":{float(at)!r},"kind":"local","type":"{kind_on_disk(type(value))}","value":{body}}}'


def _plain(content: Any, shelve: BytesToRef) -> Any:
    if isinstance(content, bytes):
        return json.loads(shelve(content))
    if dataclasses.is_dataclass(content) and not isinstance(content, type):
        return {f.name: getattr(content, f.name) for f in dataclasses.fields(content)}
    return str(content)


def local_value(at: float, name: str, fields: dict[str, Any], fetch: RefToBytes) -> Any:
    """The input, effect or mark that a line tells of.

    A type that this version does not know becomes a note; fields it does not know are dropped. Raises
    ValueError when a field is missing or of the wrong type.
    """
    cls = LOCAL_TYPES.get(name)
    if cls is None:
        return inputs.Noted(at, "debug", "recording", f"An entry of unknown type {name}.", fields)
    if "at" not in fields and cls in _TIMED:
        fields = {**fields, "at": at}
    return _dataclass_reader(cls)(fields, fetch)


# -- typed reading --------------------------------------------------------------------------------

FieldReader = Callable[[Any, RefToBytes], Any]
_PLAIN_TYPES: dict[Any, tuple[type, ...]] = {float: (int, float), int: (int,), str: (str,), dict: (dict,)}


@cache
def _dataclass_reader(cls: type[Any]) -> FieldReader:
    """Reads a JSON object as ``cls``; fields have the spelling of the file (``FIELDS_ON_DISK``)."""
    hints = typing.get_type_hints(cls)
    spelling = FIELDS_ON_DISK.get(cls, {})
    readers = {
        f.name: (spelling.get(f.name, f.name), _reader(hints[f.name])) for f in dataclasses.fields(cls)
    }
    needed = {
        f.name
        for f in dataclasses.fields(cls)
        if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    }

    def read(value: Any, fetch: RefToBytes) -> Any:
        if not isinstance(value, dict):
            raise ValueError(f"{kind_on_disk(cls)} must be an object")
        values = {}
        for name, (key, reader) in readers.items():
            if key in value:
                try:
                    values[name] = reader(value[key], fetch)
                except ValueError as error:
                    raise ValueError(f"{key}: {error}") from None
            elif name in needed:
                raise ValueError(f"no {key!r} in it")
        return cls(**values)

    return read


@cache
def _reader(hint: Any) -> FieldReader:
    """How a value of this type is read: checked, but not converted, so that a replay sees what was written.

    Words of a fixed set (``Literal``) may be new ones: a later version's recording stays readable. Sound in
    a new format does not.
    """
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return lambda value, fetch: value
    if hint == WireFormat:
        return lambda value, fetch: _wire_format(value)
    if hint is bytes:
        return lambda value, fetch: fetch(_reference_of(value))
    if hint is ExitCode:
        return lambda value, fetch: ExitCode(_checked(value, int))
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _dataclass_reader(hint)
    if origin in (typing.Union, types.UnionType):
        return _one_of([_reader(one) for one in inner if one is not type(None)], type(None) in inner)
    if origin is tuple:
        return _tuple_of(_reader(inner[0]))
    if origin is typing.Literal:
        return lambda value, fetch: _checked(value, type(inner[0]))
    return lambda value, fetch: _checked(value, origin or hint)


def _one_of(readers: list[FieldReader], optional: bool) -> FieldReader:
    def read(value: Any, fetch: RefToBytes) -> Any:
        if value is None and optional:
            return None
        for reader in readers[:-1]:
            with suppress(ValueError):
                return reader(value, fetch)
        return readers[-1](value, fetch)

    return read


def _tuple_of(reader: FieldReader) -> FieldReader:
    def read(value: Any, fetch: RefToBytes) -> Any:
        return tuple(reader(one, fetch) for one in _checked(value, list))

    return read


def _wire_format(value: Any) -> WireFormat:
    if value not in typing.get_args(WireFormat):
        raise ValueError(f"sound in the unknown format {value!r}")
    return typing.cast(WireFormat, value)


def _checked(value: Any, kind: type) -> Any:
    allowed = _PLAIN_TYPES.get(kind, (kind,))
    if not isinstance(value, allowed) or (isinstance(value, bool) and kind is not bool):
        raise ValueError(f"must be {kind.__name__}, not {type(value).__name__}")
    return value


def seconds(value: Any) -> float:
    """The time in a line. Raises ValueError if it is not a time."""
    if not math.isfinite(_checked(value, float)):
        raise ValueError(f"{value} is not a valid time")
    return float(value)


def _reference_of(value: Any) -> dict[str, Any]:
    return checked_reference(value.get("$audio") if isinstance(value, dict) else None)


def checked_reference(values: Any) -> dict[str, Any]:
    """What stands behind ``$audio``. Raises ValueError for what points nowhere."""
    if not isinstance(values, dict):
        raise ValueError("no reference to sound")
    for key in ("bytes", "start", "offset"):
        place = values.get(key, 0)
        if not isinstance(place, int) or not 0 <= place <= MAX_BYTES:
            raise ValueError(f"sound cannot have {key!r} {place!r}")
    if values.get("bytes", 0) > MAX_PIECE_BYTES:
        raise ValueError(f"{values['bytes']} bytes of sound in one line")
    return values


def read_as(cls: type[T], values: dict[str, Any]) -> T:
    """A dataclass that holds no sound; unknown keys are dropped. Raises ValueError for a wrong type."""
    return typing.cast(T, _dataclass_reader(typing.cast(Any, cls))(values, lambda reference: b""))


# -- wire entries ---------------------------------------------------------------------------------


def wire_line(at: float, kind: str, raw: str) -> str:
    """``raw`` is JSON text, put in as it is; a line break in it can only be white space."""
    if "\n" in raw or "\r" in raw:
        raw = raw.replace("\r", " ").replace("\n", " ")
    return f'{{"at":{float(at)!r},"kind":"{kind}","wire":{raw}}}'


_WIRE_LINE = re.compile(r'\{"at":([-+.\deE]+),"kind":"(received|sent)","wire":(.*)\}\s*$', re.S)


def split_wire_line(line: str) -> tuple[float, str, str] | None:
    """(at, kind, the event's JSON text) of a line as ``wire_line`` writes it, without parsing the event."""
    found = _WIRE_LINE.match(line)
    return (float(found[1]), found[2], found[3]) if found else None


def frames_line(at: list[float], sent: bool, reference: str) -> str:
    times = ",".join(repr(float(one)) for one in at)
    return f'{{"kind":"frames","at":[{times}],"sent":{"true" if sent else "false"},"audio":{reference}}}'


def end_line(at: float, exit_code: int, reason: str, lost: int) -> str:
    return dumps({"at": at, "kind": "end", "exit_code": int(exit_code), "reason": reason, "lost": lost})


def reference(channel: str, place: int, size: int) -> str:
    """``place``: start sample for the microphone, byte offset for received sound; ``size`` in bytes."""
    word = "start" if channel == "microphone" else "offset"
    return f'{{"$audio":{{"channel":"{channel}","{word}":{place},"bytes":{size}}}}}'
