"""The parts of pages that are made of the code: of its dataclasses, models and tables.

python -m tests.docs.generated      writes them into the pages
"""

from __future__ import annotations

import inspect
import json
import re
import types
from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import realtime_cli
from realtime_cli.client import inputs, waits
from realtime_cli.config import AgentConfig
from realtime_cli.config.schema import agent_schema
from realtime_cli.config.tools import CallRules
from realtime_cli.conversation import events
from realtime_cli.conversation.events import EVENT_NAMES
from realtime_cli.protocol.client_events import CLIENT_EVENTS, OutputAudioBufferClear
from realtime_cli.recording.format import FIELDS_ON_DISK, LOCAL_TYPES
from realtime_cli.script.conditions import Conditions
from realtime_cli.script.format import SEMANTIC_EVENTS, Expect, JudgeEndpoint
from realtime_cli.script.load import script_schema
from realtime_cli.tui.json_lines import LEFT_OUT
from realtime_cli.tui.key_events import COMMANDS
from tests.docs.keys import definition, keys_of

PAGES = Path(realtime_cli.__file__).parent / "docs"
NAMES = {float: "number", int: "integer", str: "string", bool: "true or false", dict: "object"}


def path_of(page: str) -> Path:
    return PAGES / f"{page}.md"


def renewed(page: str) -> str:
    """The text of a page with its generated parts as the code has them now."""
    text = path_of(page).read_text(encoding="utf-8")
    for part, make in PARTS[page].items():
        before, rest = text.split(f"<!-- {part}: begin -->")
        _, after = rest.split(f"<!-- {part}: end -->")
        text = f"{before}<!-- {part}: begin -->\n\n{make()}\n\n<!-- {part}: end -->{after}"
    return text


def reference() -> str:
    source = inspect.getsource(events)
    heads = [(found.start(), found[1]) for found in re.finditer(r"(?m)^# -- (.+?) -+$", source)]
    lines: list[str] = []
    told = ""
    for kind, name in EVENT_NAMES.items():
        head = [title for at, title in heads if at < source.index(f"\nclass {kind.__name__}:")][-1]
        if head != told:
            told = head
            lines += [f"## {head[0].upper()}{head[1:]}", ""]
        lines += [f"### {name}", "", text_of(kind), ""]
        if kind in LEFT_OUT:
            lines += ["*Not in `--json`.*", ""]
        lines += [*fields_of(kind), ""]
    for inner in sorted(parts(), key=lambda one: one.__name__):
        lines += [f"### {inner.__name__} (an object inside events)", "", text_of(inner), ""]
        lines += [*fields_of(inner), ""]
    return "\n".join(lines).rstrip()


def recorded_types() -> str:
    """Every type of a local line, as it is spelled on disk."""
    lines = []
    for name, kind in LOCAL_TYPES.items():
        spelled = FIELDS_ON_DISK.get(kind, {})
        keys = [
            spelled.get(one.name, one.name) for one in fields(kind) if one.name != "at" or not timed(kind)
        ]
        shown = f" Fields: {', '.join(f'`{key}`' for key in keys)}." if keys else ""
        lines.append(f"- `{name}`: {first_sentence(kind)}{shown}")
    return "\n".join(lines)


def timed(kind: type) -> bool:
    """Whether its ``at`` is the line's."""
    return kind in (*get_args(inputs.Input), *get_args(inputs.Mark))


def waits_table() -> str:
    """Each constant of the client's table of waits, with the comment beside it."""
    found = re.findall(r"(?m)^[A-Z_]+_S = ([\d.]+)  # (.+)$", inspect.getsource(waits))
    rows = [f"| {text} | {float(seconds):g} s |" for seconds, text in found]
    return "\n".join(["| Wait | Bound |", "|---|---|", *rows])


def commands() -> str:
    return "\n".join(
        f"- `{f'/{name} {command.arguments}'.rstrip()}`: {command.text}" for name, command in COMMANDS.items()
    )


def first_sentence(kind: type) -> str:
    return re.split(r"(?<=[.:;])\s", " ".join(text_of(kind).split()))[0].rstrip(".:;") + "."


def text_of(kind: type) -> str:
    return re.sub(r"``", "`", inspect.cleandoc(kind.__doc__ or ""))


def fields_of(kind: type) -> Iterator[str]:
    hints = get_type_hints(kind)
    for one in fields(kind):
        if one.name != "at":
            yield f"- `{one.name}`: {type_of(hints[one.name])}{default_of(one)}"


def type_of(hint: Any) -> str:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys("null" if one is type(None) else type_of(one) for one in inner))
    if origin is Literal:
        return ", ".join(json.dumps(word) for word in inner)
    if origin is tuple:
        return f"list of {type_of(inner[0])}"
    if is_dataclass(hint) and isinstance(hint, type):
        return hint.__name__
    return NAMES[origin or hint]


def default_of(one: Field[Any]) -> str:
    if one.default is MISSING:
        return ""
    plain = list(one.default) if isinstance(one.default, tuple) else one.default
    return f" (default {json.dumps(plain)})"


def parts() -> set[type]:
    """Dataclasses that stand inside events."""
    found: set[type] = set()
    for kind in EVENT_NAMES:
        for hint in get_type_hints(kind).values():
            for one in (hint, *get_args(hint)):
                if is_dataclass(one) and isinstance(one, type):
                    found.add(one)
    return found


def tool_keys(name: str) -> str:
    """The keys of a kind of tool that the others do not have."""
    return definition(agent_schema(), name, frozenset(CallRules.model_fields))


def call_rules() -> str:
    rules = agent_schema()["$defs"]["SchemaTool"]
    shared = {key: rules["properties"][key] for key in CallRules.model_fields}
    return keys_of({**agent_schema(), "properties": shared})


def client_events() -> str:
    obeyed = [name for name, kind in CLIENT_EVENTS.items() if kind is not OutputAudioBufferClear]
    return "\n".join(f"- `{name}`" for name in obeyed)


def script_events() -> str:
    return "\n".join(f"- `{name}`" for name in SEMANTIC_EVENTS)


def section_keys(section: str) -> str:
    return keys_of(agent_schema(), section)


TABLES = tuple(name for name in AgentConfig.model_fields if name != "tools")
TOOL_KINDS = {
    "python": "PythonTool",
    "command": "CommandTool",
    "http": "HttpTool",
    "builtin": "BuiltinTool",
    "function": "SchemaTool",
}
CONDITIONS = frozenset(f"conditions.{name}" for name in Conditions.model_fields)
# What stands elsewhere on the page.
IN_CALLER = CONDITIONS | {
    *(f"success.{field.alias or name}" for name, field in Expect.model_fields.items()),
    *(f"model.{name}" for name in JudgeEndpoint.model_fields),
}
PARTS: dict[str, dict[str, Callable[[], str]]] = {
    "agent-file": {
        **{section: partial(section_keys, section) for section in TABLES},
        **{kind: partial(tool_keys, name) for kind, name in TOOL_KINDS.items()},
        "calls": call_rules,
    },
    "scripts": {
        "script": partial(
            keys_of,
            script_schema(),
            left_out=CONDITIONS
            | {"turns", "mocks", "judge", "expect", "caller", "history.role", "history.text"},
        ),
        "turns": partial(keys_of, script_schema(), "turns", left_out=CONDITIONS | {"expect"}),
        "caller": partial(keys_of, script_schema(), "caller", left_out=IN_CALLER),
        "conditions": partial(keys_of, script_schema(), "conditions"),
        "expectations": partial(keys_of, script_schema(), "expect", left_out=frozenset({"calls.name"})),
        "calls": partial(keys_of, script_schema(), "expect", "calls"),
        "mocks": partial(keys_of, script_schema(), "mocks"),
        "judge": partial(keys_of, script_schema(), "judge"),
        "events": script_events,
    },
    "local-server": {"client-events": client_events},
    "events": {"reference": reference},
    "recordings": {"types": recorded_types},
    "screen-and-keys": {"commands": commands},
    "troubleshooting": {"waits": waits_table},
}

if __name__ == "__main__":
    for page in PARTS:
        path_of(page).write_text(renewed(page), encoding="utf-8")
