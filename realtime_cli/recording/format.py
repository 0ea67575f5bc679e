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
import re
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from realtime_cli.client import effects, inputs
from realtime_cli.errors import ExitCode

FORMAT = "realtime-cli"
VERSION = 1

BytesToRef = Callable[[bytes], str]
RefToBytes = Callable[[dict[str, Any]], bytes]

_ALIKE = (inputs.Received, effects.Send)
# What kinds are called on disk where the class has another name today: recordings stay readable for ever.
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


@dataclass(frozen=True, slots=True)
class Header:
    """The first line. ``config`` and ``session`` (the session's options) hold no secrets."""

    tool: str = ""
    started: str = ""
    command: str = ""
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
        known = {f.name for f in dataclasses.fields(cls)} - {"foreign"}
        return cls(**{key: value for key, value in values.items() if key in known})


def dumps(value: Any) -> str:
    """Compact JSON on one line; anything JSON has no word for becomes its ``str``."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


# -- local entries --------------------------------------------------------------------------------


def local_line(at: float, value: Any, shelve: BytesToRef) -> str:
    """The line of an input, effect or mark; its sound goes through ``shelve``."""
    fields = {}
    for f in dataclasses.fields(value):
        content = getattr(value, f.name)
        if f.name == "at" and content == at and type(value) in _TIMED:
            continue
        fields[f.name] = content
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
    TypeError or ValueError when a field is missing or of the wrong kind.
    """
    cls = LOCAL_TYPES.get(name)
    if cls is None:
        return inputs.Noted(at, "debug", "recording", f"An entry of unknown type {name}.", fields)
    values = {key: _read(fields[key], kind, fetch) for key, kind in _kinds(cls) if key in fields}
    if "at" not in values and cls in _TIMED:
        values["at"] = at
    return cls(**values)


@cache
def _kinds(cls: type) -> tuple[tuple[str, str], ...]:
    hints = typing.get_type_hints(cls)
    return tuple((f.name, _kind(hints[f.name])) for f in dataclasses.fields(cls))


def _kind(hint: Any) -> str:
    if hint is bytes:
        return "bytes"
    if hint is ExitCode:
        return "exit_code"
    if typing.get_origin(hint) is tuple:
        return "items" if typing.get_args(hint)[0] is inputs.HeardItem else "tuple"
    if typing.get_origin(hint) in (typing.Union, types.UnionType) and bytes in typing.get_args(hint):
        return "bytes"
    return "plain"


def _read(value: Any, kind: str, fetch: RefToBytes) -> Any:
    if kind == "plain" or value is None:
        return value
    if kind == "bytes":
        return fetch(value["$audio"])
    if kind == "exit_code":
        return ExitCode(value)
    if kind == "items":
        return tuple(inputs.HeardItem(**item) for item in value)
    return tuple(value)


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
