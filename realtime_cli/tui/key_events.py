"""What the keyboard can ask for: a key's meaning, a message, a command; and how a typed line is read."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Collection
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import PurePath
from typing import Literal, NamedTuple

from realtime_cli.notices import Verdict

Meaning = Literal["mute", "talk", "release", "commit", "interrupt", "video", "note", "reload", "echo", "quit"]
QuestionKind = Literal["run", "output"]


@dataclass(frozen=True, slots=True)
class KeyPress:
    """What a key means. ``talk`` and ``release`` alternate."""

    meaning: Meaning


@dataclass(frozen=True, slots=True)
class TypedLine:
    """A message for the agent; it may have several lines."""

    text: str


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """``/name rest``; the name is one of ``COMMANDS``."""

    name: str
    rest: str = ""


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """The answer to the question about this call; ``text`` is the reason, or the result asked for."""

    call_id: str
    verdict: Verdict
    text: str = ""


KeyEvent = KeyPress | TypedLine | SlashCommand | ToolAnswer


class CommandHelp(NamedTuple):
    """One line of help. Arguments in brackets may be left out."""

    arguments: str
    text: str


COMMANDS = {
    "approve": CommandHelp("yes|session|no", "answer the question about a tool; no takes a reason"),
    "commit": CommandHelp("", "end your turn, where turn detection is off"),
    "echo": CommandHelp("", "switch echo cancellation"),
    "help": CommandHelp("", "show the keys and commands, or hide them"),
    "image": CommandHelp("PATH [QUESTION]", "show the agent a picture"),
    "interrupt": CommandHelp("", "stop the agent"),
    "latency": CommandHelp("", "show how quick the answers were, part by part"),
    "mute": CommandHelp("", "close the microphone, or open it again"),
    "note": CommandHelp("[TEXT]", "put a note into the recording"),
    "output": CommandHelp("", "show the last tool's call and result in full"),
    "pause": CommandHelp("", "close the microphone"),
    "quit": CommandHelp("", "end the session"),
    "reload": CommandHelp("", "read the agent file again"),
    "resume": CommandHelp("", "open the microphone again"),
    "save": CommandHelp("[PATH]", "show where the recording is, or copy it to PATH at the end"),
    "say": CommandHelp("TEXT", "have the agent say exactly this"),
    "send": CommandHelp("JSON", "send a raw client event"),
    "set": CommandHelp("KEY=VALUE", "change a setting of the session"),
    "settings": CommandHelp("", "show the settings in force"),
    "tools": CommandHelp("", "list the tools"),
    "video": CommandHelp("[auto|low|high]", "pause or resume the video, or set its level of detail"),
}

# Key, meaning or command, and what it does; the space bar has several meanings.
_KEY_HELP = (
    ("i, Esc", "interrupt", "interrupt the agent"),
    ("t, Enter, /", "", "write; Esc leaves"),
    ("n", "note", "note in the recording"),
    ("v", "video", "pause the video"),
    ("e", "echo", "switch echo control"),
    ("r", "reload", "read the file again"),
    ("l", "latency", "latency"),
    ("f", "tools", "tools (functions)"),
    ("o", "output", "last tool in full"),
    ("s", "settings", "settings"),
    ("?", "help", "this help"),
    ("q, q", "quit", "quit"),
)
PanelName = Literal["latency", "output", "settings", "tools"]
PANELS: tuple[PanelName, ...] = ("latency", "output", "settings", "tools")

_IMAGE = re.compile(
    r'(?:(?<=\s)|^)@(?:"([^"\n]+)"|(\S+\.(?:png|jpe?g|webp|gif))(?=[\s.,;:!?]|$))', re.IGNORECASE
)
_ANSWERS: dict[str, Verdict] = {
    "y": "once", "yes": "once", "a": "session", "always": "session", "n": "no", "no": "no",
}  # fmt: skip


def parse_line(line: str) -> TypedLine | SlashCommand | str | None:
    """What a typed line means; a string is the complaint about an unknown command, None an empty line.

    ``//`` at the beginning stands for a message that begins with one slash. ``@photo.png`` in a message
    shows the agent that file with it.
    """
    line = line.strip()
    if not line:
        return None
    if not line.startswith("/"):
        return _with_image(line) or TypedLine(line)
    if line.startswith("//"):
        return TypedLine(line[1:])
    name, _, rest = line[1:].partition(" ")
    matches = [name] if name in COMMANDS else completions(name)
    if len(matches) == 1:
        return SlashCommand(matches[0], rest.strip())
    if not matches:
        return f"There is no command /{name}. Known: {', '.join('/' + known for known in COMMANDS)}."
    return f"/{name} may be {' or '.join('/' + match for match in matches)}."


def _with_image(line: str) -> SlashCommand | None:
    found = _IMAGE.search(line)
    if found is None:
        return None
    path = found[1] or found[2]
    text = line[: found.start()] + PurePath(path).name + line[found.end() :]
    question = "" if found.group() == line else text
    return SlashCommand("image", f"{shlex.quote(path)} {question}".rstrip())


def parse_answer(line: str, call_id: str, kind: QuestionKind) -> ToolAnswer | None:
    """The answer that a line gives to an open question: ``y``, ``a``, ``n``, ``no, because it is late``.

    None where the line is not an answer: "no idea, ask her" is a message.
    """
    word, _, rest = line.strip().partition(" ")
    verdict = _ANSWERS.get(word.lower().rstrip(",.:"))
    reasoned = word.lower() == "n" or word.endswith((",", ":"))
    if (
        verdict is None
        or (kind == "output" and verdict != "no")
        or (rest and not (verdict == "no" and reasoned))
    ):
        return None
    return ToolAnswer(call_id, verdict, rest.strip().removeprefix("because "))


def completions(beginning: str, without: Collection[str] = ()) -> list[str]:
    return [name for name in COMMANDS if name.startswith(beginning) and name not in without]


def help_lines(
    *,
    push_to_talk: bool,
    holds: bool,
    manual_turns: bool = False,
    single_keys: bool = True,
    without: Collection[str] = (),
    width: int = 80,
) -> list[str]:
    """The help, plain: the keys, then the commands. Without ``single_keys`` only whole lines are read.

    ``without``: meanings and commands that this session does not have.
    """
    if single_keys:
        space = ("hold to talk" if holds else "talk, and again to send") if push_to_talk else "mute"
        space = "end your turn" if manual_turns else space
        keys = [(key, text) for key, name, text in _KEY_HELP if name not in without]
        keys = keys if space == "mute" and "mute" in without else [("space", space), *keys]
        head = [*_columns(keys, width), ""]
    else:
        empty = "begins and ends your turn" if push_to_talk else "interrupts the agent"
        empty = "ends your turn" if manual_turns else empty
        head = [f"Write a message or a command. An empty line {empty}."]
    names = [name for name in COMMANDS if name not in without]
    size = max(len(_usage(name)) for name in names) + 2
    return [*head, *(line for name in names for line in _command_help(name, size, width))]


def _command_help(name: str, size: int, width: int) -> list[str]:
    """What the command does, beside its usage."""
    lines = textwrap.wrap(COMMANDS[name].text, max(20, width - size - 1))
    return [f"{start:{size}} {line}" for start, line in zip_longest([_usage(name)], lines, fillvalue="")]


def _columns(pairs: list[tuple[str, str]], width: int) -> list[str]:
    """Keys with what they do, in as many columns as fit, read downwards."""
    key_size = max(len(key) for key, _ in pairs) + 2
    size = key_size + max(len(text) for _, text in pairs) + 2
    rows = -(-len(pairs) // max(1, width // size))
    lines = []
    for row in range(rows):
        cells = (f"{key.ljust(key_size)}{text}".ljust(size) for key, text in pairs[row::rows])
        lines.append("".join(cells).rstrip())
    return lines


def _usage(name: str) -> str:
    return f"/{name} {COMMANDS[name].arguments}".rstrip()
