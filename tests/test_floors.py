"""Imports go down only (design: cli, commands, loops, edges, pure, vocabulary, ground)."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import pytest

import realtime_cli

pytestmark = pytest.mark.xdist_group("floors")  # reading all of the code takes 2 s of each worker

ROOT = Path(realtime_cli.__file__).parent
PACKAGE = "realtime_cli"
MAX_FUNCTION_LINES = 70

# From the ground up; a module belongs to the longest prefix that fits it, and may import its own floor
# and those below.
FLOORS: dict[str, tuple[str, ...]] = {
    "ground": (
        "",
        "errors",
        "install_hint",
        "notices",
        "private_file",
        "safe_text",
        "outbox",
        "own_python",
        "pattern",
        "untrusted_json",
        "untrusted_schema",
        "untrusted_yaml",
        "user_path",
        "brief_thread",
        "audio.pcm",
        "audio.sample_format",
        "value",
    ),
    "vocabulary": ("protocol", "config"),
    "wire": ("wire",),
    "client": ("client",),
    "conversation": ("conversation", "audio", "tools", "video"),
    "keeping": ("recording", "tui", "hooks", "server"),
    "loops": ("ports", "monitor", "live_voices", "loop", "server_runner", "server_sound"),
    "app": ("app",),
    "script": ("script", "session_api"),
    "crowds": ("load", "pytest_plugin"),
    "commands": ("commands",),
    "roof": ("cli", "cli_options", "__main__"),
}
ORDER = list(FLOORS)

# Foreign libraries that only some rooms may know.
KEPT_IN: dict[str, tuple[str, ...]] = {
    "sounddevice": ("audio.device",),
    "websockets": ("wire.websocket",),
    "typer": ("cli", "cli_options", "commands", "app"),
    "rich": ("tui", "commands", "app", "script.reports"),
    "prompt_toolkit": ("tui",),
    "tree_sitter": ("config.toml_file",),
    "onnxruntime": ("server.engine",),
    "mcp": ("tools",),
    "av": ("video",),
    "pillow_heif": ("video",),
    "zxingcpp": ("server.engine",),
    "locust": ("load",),
    "gevent": ("load",),
}

# Distributions that come with one that is declared, pinned by it.
PART_OF = {
    "pydantic-core": "pydantic",
    "typing-extensions": "pydantic",
    "gevent": "locust",
    "psutil": "locust",
}

# What belongs to extras: no module of the core imports it at its top, but where it is used.
EXTRAS = {
    "onnxruntime",
    "moonshine_voice",
    "silero_vad",
    "hibari",
    "hibari_tts",
    "av",
    "PIL",
    "pillow_heif",
    "zxingcpp",
    "mcp",
    "yaml",
    "locust",
    "gevent",
    "psutil",
    "uvloop",
}

MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix("__init__").rstrip("."): path
    for path in sorted(ROOT.rglob("*.py"))
}


def within(module: str, prefix: str) -> bool:
    return module == prefix or (bool(prefix) and module.startswith(f"{prefix}."))


def floor(module: str) -> str:
    fits = [
        (len(prefix), name)
        for name, prefixes in FLOORS.items()
        for prefix in prefixes
        if within(module, prefix)
    ]
    assert fits, f"{module} stands on no floor: add it to FLOORS"
    return max(fits)[1]


@cache
def parsed(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def imports(module: str, *, top_only: bool = False) -> Iterator[str]:
    """Full names of everything a module imports, also inside functions and under TYPE_CHECKING."""
    tree = parsed(module)
    nodes = tree.body if top_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            yield from (resolved(node.module or "", alias.name) for alias in node.names)


def resolved(source: str, name: str) -> str:
    """``from realtime_cli.client import inputs`` imports a module, ``... import Heard`` a name of one."""
    full = f"{source}.{name}"
    return full if full.removeprefix(f"{PACKAGE}.") in MODULES else source


def own(imported: str) -> str | None:
    if imported == PACKAGE:
        return ""
    return imported.removeprefix(f"{PACKAGE}.") if imported.startswith(f"{PACKAGE}.") else None


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down(module: str) -> None:
    mine = floor(module)
    for name in imports(module):
        below = own(name)
        if (module, below) == ("", "session_api"):
            continue  # the front door hands out Session, imported only when it is asked for
        if below is not None:
            theirs = floor(below)
            assert ORDER.index(theirs) <= ORDER.index(mine), f"{module} ({mine}) imports {below} ({theirs})"


def test_nobody_but_cli_imports_commands_and_no_command_another() -> None:
    """``commands/doctor.py`` may have ``doctor_*.py`` beside it; what two commands share is in ``app``."""
    for module in MODULES:
        for name in imports(module):
            below = own(name) or ""
            if module != "cli" and below.startswith("commands."):
                command = module.split("_")[0]
                assert command.startswith("commands."), f"{module} imports {below}"
                assert within(below.split("_")[0], command), f"{module} imports {below}"


# Rooms that must not know each other although the floors would let them.
STRANGERS = [
    ("client", "server"),
    ("server", "client"),
    ("recording", "tui"),
    ("audio", "client"),
    ("tools", "client"),
    ("hooks", "tui"),
]


def test_no_modules_import_each_other_in_a_circle() -> None:
    below = {module: {own(name) for name in imports(module)} - {None, "", module} for module in MODULES}
    try:
        TopologicalSorter(below).prepare()
    except CycleError as circle:
        pytest.fail(" -> ".join(circle.args[1]))


@pytest.mark.parametrize(("room", "stranger"), STRANGERS)
def test_a_room_does_not_know_its_strangers(room: str, stranger: str) -> None:
    modules = [module for module in MODULES if within(module, room)]
    assert modules
    for module in modules:
        assert not [name for name in imports(module) if within(own(name) or "", stranger)], module


# Who reads the protocol's own events: both its ends, the narrator, and those who read bare logs. All others
# read conversation events.
WIRES = ("protocol.server_events", "protocol.live.server_events", "protocol.translation")
READ_THE_WIRE = (
    "protocol",
    "client",
    "server",
    "conversation.realtime",
    "conversation.live",
    "conversation.translation",
    "recording",
)


def test_the_protocols_own_events_are_read_by_its_ends_and_the_narrator_only() -> None:
    readers = [
        module
        for module in MODULES
        if any(within(own(name) or "", wire) for name in imports(module) for wire in WIRES)
    ]
    assert "conversation.realtime.narrator" in readers
    assert [module for module in readers if not any(within(module, room) for room in READ_THE_WIRE)] == []


def test_only_the_console_prints() -> None:
    """What strangers wrote goes to a terminal through its gate; the others print words of our own."""
    printing = {
        module
        for module in MODULES
        if module.split(".")[0] in ("cli", "commands", "app", "script", "session_api", "load")
        for node in ast.walk(parsed(module))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    }
    assert printing == {"app.console", "app.local_server", "cli", "commands.devices"}


@pytest.mark.parametrize("library", KEPT_IN)
def test_a_foreign_library_is_known_in_its_room_only(library: str) -> None:
    for module in MODULES:
        if any(within(module, room) for room in KEPT_IN[library]):
            continue
        assert library not in {name.split(".")[0] for name in imports(module)}, f"{module} imports {library}"


@pytest.mark.parametrize("module", MODULES)
def test_an_extra_is_not_needed_to_import_a_module(module: str) -> None:
    if within(module, "server.engine") or within(module, "load"):
        return
    assert not {name.split(".")[0] for name in imports(module, top_only=True)} & EXTRAS


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_foreign_import_is_a_declared_dependency() -> None:
    project = tomllib.loads((ROOT.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    written = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    declared = {canonical(re.split(r"[ \[<>=!~;]", line, maxsplit=1)[0]) for line in written}
    installed = packages_distributions()
    for module in MODULES:
        for name in (
            {name.split(".")[0] for name in imports(module)} - set(sys.stdlib_module_names) - {PACKAGE}
        ):
            sources = {
                PART_OF.get(canonical(source), canonical(source)) for source in installed.get(name, [name])
            }
            assert sources & declared, f"{module} imports {name}, which pyproject.toml does not name"


def test_no_class_name_is_defined_twice() -> None:
    """A name means one thing in the whole package; words of the protocol belong to ``protocol/``."""
    places: dict[str, list[str]] = {}
    for module in MODULES:
        for node in ast.walk(parsed(module)):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(f"{module}:{node.lineno}")
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_no_function_is_too_long_to_see_at_once() -> None:
    long = [
        f"{module}:{node.lineno} {node.name}: {(node.end_lineno or 0) - node.lineno + 1} lines"
        for module in MODULES
        for node in ast.walk(parsed(module))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= MAX_FUNCTION_LINES
    ]
    assert long == []
