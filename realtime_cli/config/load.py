"""The agent file with all layers applied and checked: one value, and who set each part of it."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from realtime_cli.config import layers, toml_file
from realtime_cli.config.address import own_host
from realtime_cli.config.agent import AgentConfig
from realtime_cli.config.connection import Connection
from realtime_cli.config.interpolation import substituted
from realtime_cli.config.layers import Origin, Override
from realtime_cli.config.lint import lint
from realtime_cli.config.providers import is_xais
from realtime_cli.config.redaction import remember, safe, secrets
from realtime_cli.config.session import AgentSession, keep_types, over
from realtime_cli.config.to_live import only_realtimes, to_live
from realtime_cli.config.toml_file import KeyPath
from realtime_cli.config.tools import kind
from realtime_cli.config.validation_errors import (
    ConfigProblem,
    problem_of_live,
    problem_of_translation,
    problem_of_wire,
    problems_of,
)
from realtime_cli.errors import ConfigError
from realtime_cli.protocol import strict
from realtime_cli.protocol.rules import IN_FILE, Wire, has
from realtime_cli.protocol.session import McpTool, build_shared
from realtime_cli.value import value

TEXT_ONLY = "session.output_modalities"  # commands that show text ask for text only
NO_FILE = "Check the path, or write a first agent file: realtime-cli init"


class Origins:
    """Who set which key. Lines of the file are looked up when first asked for.

    ``table`` is what was written where there is no file's ``text``: it has no lines.
    """

    def __init__(
        self, name: str, text: str, overrides: Sequence[Override], table: Mapping[str, Any] | None = None
    ) -> None:
        self._name, self._text = name, text
        self._table = table or {}
        self._overrides = {override.path: override.origin for override in overrides}

    @cached_property
    def _lines(self) -> Mapping[KeyPath, int | None]:
        return toml_file.key_lines(self._text) if self._text else dict.fromkeys(_paths(self._table))

    def of(self, path: KeyPath) -> Origin:
        """The origin of a key, or of the nearest table above it that somebody wrote."""
        for length in range(len(path), 0, -1):
            above = path[:length]
            if above in self._overrides:
                return self._overrides[above]
            if above in self._lines:
                return Origin("file", self._name, self._lines[above])
            if below := next((o for known, o in self._overrides.items() if known[:length] == above), None):
                return below
        return Origin("file", self._name) if self._name else Origin("default")

    def of_value(self, path: KeyPath) -> Origin:
        """The origin of an effective value: a default unless exactly this key was written."""
        if any(path == known[: len(path)] for known in (*self._overrides, *self._lines)):
            return self.of(path)
        return self.of(path) if path in self._overrides else Origin("default")


@value
class LoadedAgent:
    """A checked agent. ``path`` None: there is no file. ``files``: all that was read, for a reload.

    ``script``: the file of a script that is this agent, or sets what an agent may do.
    """

    config: AgentConfig
    origins: Origins
    path: Path | None = None
    files: tuple[Path, ...] = ()
    warnings: tuple[str, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)
    script: Path | None = None

    @property
    def folder(self) -> Path:
        """What relative paths in the file start from."""
        return self.path.parent if self.path else Path()

    def shown(self) -> dict[str, Any]:
        """Every effective value, safe to show and to record.

        Secrets are masked, values with ``${NAME}`` stand as they are written, and of the session only
        what was set is there (the rest is the server's own).
        """
        everything = self.config.model_dump(mode="json", exclude={"session"})
        everything["session"] = self.config.session.model_dump(mode="json", exclude_unset=True)
        shown: dict[str, Any] = safe(everything, dict(self.raw))
        return shown

    def secrets(self, environ: Mapping[str, str]) -> tuple[str, ...]:
        """Every secret text in the agent, for a recorder; those that ``…_env`` names are not here."""
        return tuple(secrets(self.config.model_dump(), dict(self.raw), environ))


def load_agent(
    path: str | os.PathLike[str] | None = None,
    sets: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
    *,
    written: Mapping[str, Any] | None = None,
    script: Mapping[str, Any] | None = None,
    place: str = "",
) -> LoadedAgent:
    """Read and check an agent: option over script over environment over file over default.

    ``options`` and ``script`` map dotted keys to values; ``sets`` are ``key=value`` texts. ``written`` takes
    the place of a file. ``place`` is blamed for what is wrong in it and in ``script``.
    Raises one ConfigError that lists every mistake.
    """
    environ = os.environ if environ is None else environ
    file = None if path is None else Path(path)
    text = "" if file is None else toml_file.read_text(file, NO_FILE)
    table = _table(written or {}, place)
    raw = toml_file.parse(text, str(file)) if file else copy.deepcopy(table)
    if "turns" in raw:
        raise ConfigError(f"{file} is a script, not an agent file.", f"Run it: realtime-cli run {file}")
    overrides = [
        *layers.from_environment(environ),
        *layers.from_script(script or {}, place),
        *layers.from_sets(sets),
        *layers.from_options(options or {}),
    ]
    home = own_host(raw.get("connection"))
    raw, converted = _in_protocol(raw, overrides)
    for override in overrides:
        layers.put(raw, override)
    if TEXT_ONLY in {**(script or {}), **(options or {})} and _speaks_live(raw):
        raw.get("session", {}).pop(
            "output_modalities", None
        )  # a Live agent always speaks: its transcript is the text
    keyless = layers.keep_keys_home(raw, home, overrides)
    origins = Origins(str(file) if file else place if written else "", text, overrides, table)
    mistakes: list[ConfigProblem] = []

    def missing(where: KeyPath, name: str) -> None:
        mistakes.append(
            ConfigProblem(where, f"uses ${{{name}}}, but the environment variable {name} is not set")
        )

    tree = _utf8(substituted(raw, environ, missing), mistakes)
    files = [file] if file else []
    folder = file.parent if file else Path()
    _read_instructions(tree, folder, files, mistakes)
    config = _validated(tree, raw, origins, mistakes)
    warnings = (*lint(config, raw), *([keyless] if keyless else ()), *converted)
    agent = LoadedAgent(config, origins, file, tuple(files), warnings, raw)
    remember(agent.secrets(environ))
    return agent


def _table(written: Mapping[str, Any], place: str) -> dict[str, Any]:
    """An agent as a table of its own, whether keys are nested or dotted; the caller's stays as it is."""
    tree: dict[str, Any] = {}
    for override in layers.from_script(copy.deepcopy(dict(written)), place):
        layers.put(tree, override)
    return tree


def _paths(node: Any, above: KeyPath = ()) -> Iterator[KeyPath]:
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, below in inside:
        yield (*above, key)
        yield from _paths(below, (*above, key))


def session_change(
    key: str,
    text: str,
    in_force: Mapping[str, Any],
    folder: Path = Path(),
    shown: str = "/set",
    *,
    live: bool = False,
) -> dict[str, Any]:
    """The patch that sets one key of ``[session]`` at run time, checked by the rules of the agent file.

    ``key`` is dotted and begins with ``session``. ``in_force`` is the session as it is: a table that is
    changed in part keeps its ``type``, which the API wants repeated. ``live``: it is one of Live, whose
    tables must be whole together with the change. Raises ConfigError.
    """
    path = layers.split_key(key, shown)
    if path[0] != "session" or len(path) < 2:
        raise ConfigError(f"{shown} changes session settings only, not {key}.", "Write session.KEY.")
    override = Override(path, layers.typed(text, path), Origin("option", f"{shown} {key}"))
    tree: dict[str, Any] = {}
    layers.put(tree, override)
    keep_types(tree["session"], in_force)
    if in_force.get("type") == "translation":
        tree["session"].setdefault("type", "translation")
    mistakes: list[ConfigProblem] = []
    _read_instructions(tree, folder, [], mistakes)
    change = tree["session"]
    if live:
        kept = {name: known for name in change if _same_type(known := in_force.get(name), change[name])}
        tree = {"connection": {"protocol": "live"}, "session": over(kept, change)}
    config = _validated(tree, tree, Origins("", "", [override]), mistakes)
    if live:
        extra = change.pop("extra", None) or {}
        return over(change, extra)
    return config.session_patch()


def _same_type(known: Any, change: Any) -> bool:
    """Whether a change keeps the kind of a table, and so the keys that it does not name."""
    return isinstance(known, dict) and isinstance(change, dict) and known.get("type") == change.get("type")


def _utf8(value: Any, mistakes: list[ConfigProblem], path: KeyPath = ()) -> Any:
    """The tree; a text with bytes that are not UTF-8, which variables and options may have, is a mistake."""
    if isinstance(value, dict):
        return {key: _utf8(inner, mistakes, (*path, key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [_utf8(inner, mistakes, (*path, index)) for index, inner in enumerate(value)]
    if not isinstance(value, str) or value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        mistakes.append(ConfigProblem(path, "has bytes in it that are not UTF-8 text"))
        return ""
    return value


def _validated(
    tree: dict[str, Any], raw: dict[str, Any], origins: Origins, mistakes: list[ConfigProblem]
) -> AgentConfig:
    """The model, or one ConfigError. Going through JSON gives JSON's strictness: no text for a number."""
    config = None
    found: list[ConfigProblem] = []
    text = json.dumps(tree, default=str)
    build_shared()
    try:
        config = AgentConfig.model_validate_json(text, context=IN_FILE)
    except ValidationError as error:
        found = problems_of(error, tree, raw)
    if config or found[0].path:
        # Where the protocol's rules would let pass what pydantic does not, its own words stay.
        found = list(_strictly(found, json.loads(text), raw)) or found
    known = {mistake.path for mistake in mistakes}
    mistakes += [problem for problem in found if problem.path not in known]
    if config is None or mistakes:
        raise config_error(mistakes, origins)
    return config


def _strictly(
    found: list[ConfigProblem], tree: dict[str, Any], raw: dict[str, Any]
) -> Iterator[ConfigProblem]:
    """The mistakes, those in objects of the API's by the protocol's rules: its models take anything."""
    live = _speaks_live(tree)
    translates = not live and _at(tree, ("session", "type")) == "translation"
    parts: dict[KeyPath, type[Wire]] = {("session",): _session_model(live=live, translates=translates)}
    problem_of_session = problem_of_translation if translates else problem_of_live
    tools = tree.get("tools")
    for index, tool in enumerate(tools if isinstance(tools, list) else ()):
        if kind(tool) == "mcp tool":
            parts["tools", index] = McpTool
    connection = tree.get("connection")
    xai = isinstance(connection, dict) and connection.get("provider") == "xai"
    written = {path: table for path in parts if isinstance(table := _at(tree, path), dict)}
    yield from (each for each in found if not any(each.path[: len(path)] == path for path in written))
    for path, table in written.items():
        for problem in strict.problems(parts[path], table, path, IN_FILE):
            if not (xai and path == ("session",) and is_xais(problem.path[1:], _at(tree, problem.path))):
                own = (live or translates) and path == ("session",)
                yield problem_of_session(problem, raw) if own else problem_of_wire(problem, raw)


def _session_model(*, live: bool, translates: bool) -> type[Wire]:
    if translates:
        from realtime_cli.config.translation_session import AgentTranslationSession

        return AgentTranslationSession
    if not live:
        return AgentSession
    from realtime_cli.config.live_session import AgentLiveSession  # Live's models are loaded for Live only

    return AgentLiveSession


def _in_protocol(raw: dict[str, Any], overrides: list[Override]) -> tuple[dict[str, Any], list[str]]:
    """The file as it was written; converted where an override wants Live, and the file is for Realtime.

    What a script sets for Realtime is converted with the file; on the command line it is a mistake.
    """
    requested = [each.value for each in overrides if each.path == ("connection", "protocol")]
    if requested[-1:] != ["live"] or _speaks_live(raw):
        return raw, []
    for each in [one for one in overrides if only_realtimes(one.path) and not one.origin.on_command_line]:
        layers.put(raw, each)
        overrides.remove(each)
    return to_live(raw)


def _speaks_live(tree: dict[str, Any]) -> bool:
    """Which protocol the file is for; a connection that is wrong in itself is taken for Realtime's."""
    try:
        return Connection.model_validate(tree.get("connection") or {}).effective_protocol == "live"
    except ValidationError:
        return False


def _at(tree: Any, path: KeyPath) -> Any:
    for part in path:
        tree = tree[part] if has(tree, part) else None
    return tree


def config_error(mistakes: list[ConfigProblem], origins: Origins) -> ConfigError:
    """All mistakes as one error, in the order of the file."""
    order = {"file": 0, "environment": 1, "option": 2, "default": 3}

    def place(mistake: ConfigProblem) -> tuple[int, int]:
        origin = origins.of(mistake.path)
        return order[origin.layer], origin.line or 0

    lines = [mistake.line(origins.of) for mistake in sorted(mistakes, key=place)]
    if len(lines) == 1:
        return ConfigError(lines[0])
    return ConfigError("\n  ".join([f"{len(lines)} mistakes:", *lines]))


def _read_instructions(
    tree: dict[str, Any], folder: Path, files: list[Path], mistakes: list[ConfigProblem]
) -> None:
    """Put the text in place of ``instructions = {file = "..."}``."""
    session = tree.get("session")
    requested = session.get("instructions") if isinstance(session, dict) else None
    if not isinstance(requested, dict) or not isinstance(session, dict):
        return
    session["instructions"] = ""
    if set(requested) != {"file"} or not isinstance(requested["file"], str):
        mistakes.append(
            ConfigProblem(("session", "instructions"), 'takes text, or {file = "instructions.md"}')
        )
        return
    try:
        session["instructions"] = toml_file.read_text(folder / requested["file"])
        files.append(folder / requested["file"])
    except ConfigError as error:
        mistakes.append(ConfigProblem(("session", "instructions", "file"), error.message))
