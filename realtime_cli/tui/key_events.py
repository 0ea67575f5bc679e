"""What the keyboard can say: a meaning, a typed message, a command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Meaning = Literal[
    "mute",
    "talk",
    "release",
    "interrupt",
    "type",
    "video",
    "note",
    "reload",
    "latency",
    "echo",
    "help",
    "quit",
]


@dataclass(frozen=True, slots=True)
class KeyPress:
    """A key, as the meaning it has. ``talk`` and ``release`` come in turns."""

    meaning: Meaning


@dataclass(frozen=True, slots=True)
class TypedLine:
    """A message for the agent."""

    text: str


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """``/name rest``; the name is one of ``COMMANDS``."""

    name: str
    rest: str = ""


KeyEvent = KeyPress | TypedLine | SlashCommand

COMMANDS = {
    "approve": "yes | session | no [REASON]: answer the open question about a tool",
    "echo": "switch echo cancellation",
    "help": "keys and commands",
    "image": "PATH [question]: show the agent a picture",
    "interrupt": "stop the agent",
    "latency": "how quick the last answers were",
    "mute": "close the microphone, or open it again",
    "note": "TEXT: a note in the recording",
    "pause": "hear and say nothing",
    "quit": "end the session",
    "reload": "read the agent file again",
    "resume": "go on",
    "save": "[PATH]: where the recording is; or a copy of it at PATH",
    "say": "TEXT: let the agent say it",
    "send": "JSON: a raw client event",
    "set": "KEY=VALUE: change a setting of the session",
    "tools": "list the tools",
    "video": "[auto | low | high]: pause the video or go on with it; or how closely it is looked at",
}

MEANINGS: dict[str, Meaning] = {
    "i": "interrupt", "escape": "interrupt", "t": "type", "enter": "type", "/": "type", "v": "video",
    "n": "note", "r": "reload", "l": "latency", "e": "echo", "?": "help", "q": "quit",
}  # fmt: skip


def parse_line(line: str) -> TypedLine | SlashCommand | str | None:
    """What a typed line means; a string is the complaint about an unknown command, None an empty line.

    ``//`` at the beginning stands for a message that begins with one slash.
    """
    line = line.strip()
    if not line:
        return None
    if not line.startswith("/") or line.startswith("//"):
        return TypedLine(line.removeprefix("/") if line.startswith("//") else line)
    name, _, rest = line[1:].partition(" ")
    matches = [name] if name in COMMANDS else completions(name)
    if len(matches) == 1:
        return SlashCommand(matches[0], rest.strip())
    if not matches:
        return f"There is no command /{name}. Known: {', '.join('/' + known for known in COMMANDS)}."
    return f"/{name} may be {' or '.join('/' + match for match in matches)}."


def completions(beginning: str) -> list[str]:
    return [name for name in COMMANDS if name.startswith(beginning)]


def help_lines(*, push_to_talk: bool, holds: bool) -> list[str]:
    """The help, plain."""
    space = ("hold to talk" if holds else "talk, and again to stop") if push_to_talk else "mute"
    keys = f"space {space} · i or Esc interrupt · t or Enter type · v video · n note · r reload agent file"
    more = "l latencies · e echo cancellation · ? help · q quit"
    return [f"keys: {keys} · {more}", *(f"/{name} {what}" for name, what in COMMANDS.items())]
