"""Reading scripts: TOML, or YAML with an extra; every mistake at once, each with its line and a caret."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from realtime_cli.config import toml_file
from realtime_cli.config.layers import Origin
from realtime_cli.config.schema import DIALECT
from realtime_cli.config.toml_file import KeyPath
from realtime_cli.config.validation_errors import ConfigProblem, problems_of
from realtime_cli.errors import ConfigError
from realtime_cli.install_hint import install_extra
from realtime_cli.script.compose import Places, Tree, WrittenScript, composed, is_composed
from realtime_cli.script.format import Script
from realtime_cli.script.parameters import DataRow, ParameterMissing, filled, rows_of
from realtime_cli.untrusted_yaml import check_size

LinesOf = Callable[[], dict[KeyPath, int]]
SUFFIXES = (".toml", ".yaml", ".yml")
MAX_PLACES = 5  # rows of a dataset that are named for one mistake
AGENT_SECTIONS = frozenset({"connection", "session", "audio", "tools", "mcp", "local"})


@dataclass(frozen=True)
class LoadedScript:
    """A script that can be run, and where it stands.

    ``written``: its keys before parameters were put into them. ``rows``: of parameters, one for each run.
    """

    script: Script
    path: Path
    places: Callable[[], Places] = dict
    """Where each key stands."""
    written: Tree = field(default_factory=dict)
    rows: tuple[DataRow, ...] = ()

    @property
    def name(self) -> str:
        return self.script.name or self.path.name.removesuffix(self.path.suffix).removesuffix(".voice")

    @property
    def folder(self) -> Path:
        """What its relative paths start from."""
        return self.path.parent

    def place(self, turn: int, name: str) -> str:
        """``file:line`` of an expectation, or of what stands nearest around it; nothing if nobody knows."""
        above: KeyPath = ("turns", turn - 1) if turn else ()
        places = self.places()
        found = _place_of((*above, "expect", name), places)
        return f"{found[0].name}:{found[1]}" if found else ""

    def with_parameters(self, values: Mapping[str, Any], row: DataRow | None = None) -> LoadedScript:
        """The same with a row over its own parameters, and these over both.

        Raises ConfigError for a name that is none of them.
        """
        known = {**self.written.get("parameters", {}), **(row.values if row else {})}
        if unknown := sorted(values.keys() - known.keys()):
            there = f"There are: {', '.join(known)}." if known else "Give it under [parameters]."
            raise ConfigError(f"{self.path}: there is no parameter {unknown[0]!r}.", there)
        script = _filled_script(self.written, {**known, **values}, self.path, self.places)
        return replace(self, script=script)


def script_files(paths: Sequence[Path]) -> list[Path]:
    """The files that paths name: a file itself, of a folder the ``*.toml`` and YAML files directly in it.

    Agent files that stand there beside their scripts are passed over. Raises ConfigError for a path that
    is not there, or a folder without scripts.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(
                file for file in path.iterdir() if file.suffix in SUFFIXES and not _holds_an_agent(file)
            )
            if not inside:
                raise ConfigError(f"There are no scripts in {path}.", "Scripts end in .toml, .yaml or .yml.")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise ConfigError(f"There is no script {path}.", "Name a script file, or a folder with scripts.")
    return found


def _holds_an_agent(file: Path) -> bool:
    """Whether a TOML file is an agent's; what cannot be read is refused as a script."""
    if file.suffix != ".toml":
        return False
    try:
        return _is_agent(toml_file.parse(toml_file.read_text(file), str(file)))
    except ConfigError:
        return False


def _is_agent(tree: Tree) -> bool:
    return "turns" not in tree and bool(tree.keys() & AGENT_SECTIONS)


def load_scripts(files: Sequence[Path]) -> list[LoadedScript]:
    """All scripts; raises one ConfigError with the mistakes of all of them."""
    loaded: list[LoadedScript] = []
    mistaken: list[str] = []
    for file in files:
        try:
            loaded += scripts_in(file)
        except ConfigError as error:
            mistaken.append(f"{error.message} {error.remedy}".strip() if len(files) > 1 else str(error))
    if mistaken:
        raise ConfigError("\n".join(mistaken))
    return loaded


def load_script(path: Path) -> LoadedScript:
    """The only script of a file; raises ConfigError that shows every mistake under its line."""
    found = scripts_in(path)
    if len(found) > 1:
        raise ConfigError(f"{path} has {len(found)} scenarios.", "Name a file with one script.")
    return found[0]


def scripts_in(path: Path) -> list[LoadedScript]:
    """One for each scenario of a file, or the script that it is. Raises ConfigError with all mistakes."""
    tree, places = _parsed(path)
    if _is_agent(tree):
        remedy = f'Talk to it: realtime-cli talk {path}; a script names it: agent = "{path.name}"'
        if path.suffix != ".toml":
            remedy = "Agent files are TOML; `realtime-cli init` writes one to start from"
        raise ConfigError(f"{path} is an agent file, not a script. {remedy}.")
    if not is_composed(tree):
        return [_loaded(tree, path, places)]
    try:
        parts = composed(WrittenScript(tree, path.parent, places()), _read_written)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error.message}", error.remedy) from None
    stem = path.name.removesuffix(path.suffix).removesuffix(".voice")
    found = []
    for number, part in enumerate(parts, 1):
        named = {"name": f"{stem} {number}", **part.tree} if len(parts) > 1 else part.tree
        found.append(_loaded(named, path, part.places.copy))
    names = [script.name for script in found]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ConfigError(f"{path}: two scenarios are named {twice!r}.", "Give each a name of its own.")
    return found


def _parsed(path: Path) -> tuple[Tree, Callable[[], Places]]:
    text = toml_file.read_text(path)
    lines_of: LinesOf
    if path.suffix == ".toml":
        tree, lines_of = toml_file.parse(text, str(path)), lambda: toml_file.key_lines(text)
    else:
        tree, lines_of = parse_yaml(text, str(path))
    return tree, lambda: {at: (path, line) for at, line in lines_of().items()}


def _read_written(path: Path) -> WrittenScript:
    tree, places = _parsed(path)
    return WrittenScript(tree, path.parent, places())


def _loaded(tree: Tree, path: Path, places: Callable[[], Places]) -> LoadedScript:
    """A script, with the parameters of its first row in it, where it has any."""
    if not tree.keys() & {"rows", "parameters"}:
        return LoadedScript(checked_script(tree, path, places), path, places, tree)
    written = {key: value for key, value in tree.items() if key != "rows"}
    parameters = written.get("parameters", {})
    rows_written = tree.get("rows")
    tables = isinstance(rows_written, list) and all(isinstance(row, dict) for row in rows_written)
    if not isinstance(parameters, dict) or not (tables or isinstance(rows_written, str | None)):
        return LoadedScript(checked_script(tree, path, places), path, places)  # tells what is wrong
    rows = tuple(rows_of(rows_written, path.parent, lambda number: _named(("rows", number), path, places)))
    if not rows:
        return LoadedScript(_filled_script(written, parameters, path, places), path, places, written)
    scripts: list[Script] = []
    mistakes: dict[str, list[str]] = {}
    for row in rows:
        try:
            scripts.append(_filled_script(written, {**parameters, **row.values}, path, places))
        except ConfigError as error:
            mistakes.setdefault(str(error), []).append(row.place)
    if mistakes:
        raise ConfigError(_of_rows(mistakes, len(rows)))
    return LoadedScript(scripts[0], path, places, written, rows)


def _named(key: KeyPath, path: Path, places: Callable[[], Places]) -> str:
    file, line = _place_of(key, places()) or (path, 0)
    return f"{file}:{line}" if line else str(file)


def _of_rows(mistakes: Mapping[str, Sequence[str]], count: int) -> str:
    """What is wrong with which rows; what is wrong with all of them is wrong with the script."""
    told = []
    for message, places in mistakes.items():
        some = places[:MAX_PLACES]
        more = [f"and {len(places) - len(some)} more rows"] if len(places) > len(some) else []
        whose = "every row" if len(places) == count else "this row" if len(places) == 1 else "these rows"
        told.append(f"{', '.join([*some, *more])}: with {whose}:\n{message}")
    return "\n".join(told[:MAX_PLACES])


def _filled_script(
    written: Tree, values: Mapping[str, Any], path: Path, places: Callable[[], Places]
) -> Script:
    """The script with its parameters in it; raises ConfigError with all mistakes."""
    try:
        tree = filled(written, values)
    except ParameterMissing as error:
        raise ConfigError(_shown([ConfigProblem(error.at, str(error))], path, places())) from None
    return checked_script(tree, path, places)


def checked_script(tree: Tree, path: Path, places: Callable[[], Places]) -> Script:
    """The script of its keys; raises ConfigError with all mistakes."""
    mistakes = list(_missing_files(tree, path.parent))
    script: Script | None = None
    try:
        script = Script.model_validate_json(json.dumps(tree, default=str))
    except ValidationError as error:
        mistakes += problems_of(error, tree, tree, script_schema())
    if script is None or mistakes:
        raise ConfigError(_shown(mistakes, path, places()))
    return script


@cache
def script_schema() -> dict[str, Any]:
    """JSON Schema of a script, without references."""
    schema = {**DIALECT, **Script.model_json_schema(), "title": "realtime-cli script"}
    definitions = schema.pop("$defs")

    def whole(node: Any) -> Any:
        if isinstance(node, list):
            return [whole(part) for part in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return whole(definitions[node["$ref"].rsplit("/", 1)[-1]])
        return {key: whole(part) for key, part in node.items()}

    made: dict[str, Any] = whole(schema)
    return made


def _missing_files(tree: Tree, folder: Path) -> Iterator[ConfigProblem]:
    """Files that are named and not there; what has a wrong type is found elsewhere."""
    agent, turns = tree.get("agent"), tree.get("turns")
    if isinstance(agent, str) and not (folder / agent).is_file():
        yield ConfigProblem(("agent",), f"there is no agent file {folder / agent}")
    for key, name in _files_of({"conditions": tree.get("conditions")}):
        if not (folder / name).is_file():
            yield ConfigProblem((key, "noise"), f"there is no file {folder / name}")
    for number, turn in enumerate(turns if isinstance(turns, list) else ()):
        if isinstance(turn, dict):
            for key, name in _files_of(turn):
                if not (folder / name).is_file():
                    yield ConfigProblem(("turns", number, key), f"there is no file {folder / name}")
            yield from _missing_check(turn.get("expect"), folder, ("turns", number))
    yield from _missing_check(tree.get("expect"), folder, ())


def _missing_check(expect: Any, folder: Path, above: KeyPath) -> Iterator[ConfigProblem]:
    check = expect.get("check") if isinstance(expect, dict) else None
    file = check.rpartition(":")[0] if isinstance(check, str) else ""
    if file.endswith(".py") and not (folder / file).is_file():
        yield ConfigProblem((*above, "expect", "check"), f"there is no file {folder / file}")


def _noise_of(part: Tree) -> Any:
    conditions = part.get("conditions")
    return conditions.get("noise") if isinstance(conditions, dict) else None


def _files_of(turn: Tree) -> Iterator[tuple[str, str]]:
    for key, names in (("wav", turn.get("wav")), ("conditions", _noise_of(turn))):
        for name in [names] if isinstance(names, str) else names if isinstance(names, list) else ():
            if isinstance(name, str) and (key == "wav" or name.endswith(".wav")):
                yield key, name
    image = turn.get("image")
    for name in [image] if isinstance(image, str) else image if isinstance(image, list) else ():
        if isinstance(name, str) and not name.startswith(("data:", "https://", "http://")):
            yield "image", name


def _shown(mistakes: Sequence[ConfigProblem], path: Path, places: Places) -> str:
    placed = [(_place_of(mistake.path, places) or (path, 0), mistake) for mistake in mistakes]
    placed.sort(key=lambda at: (at[0][0] != path, at[0]))
    return "\n".join(_with_caret(mistake, *place) for place, mistake in placed)


def _place_of(path: KeyPath, places: Places) -> tuple[Path, int] | None:
    """Where the key stands, or the nearest table around it."""
    return next((places[path[:n]] for n in range(len(path), -1, -1) if path[:n] in places), None)


def _with_caret(mistake: ConfigProblem, path: Path, number: int) -> str:
    origin = Origin("file", str(path), number or None)
    line = mistake.line(lambda _: origin)
    lines = toml_file.read_text(path).splitlines()
    if not 0 < number <= len(lines):
        return line
    shown = lines[number - 1].replace("\t", " ")
    column, width = _place(shown, mistake.path)
    return f"{line}\n  {shown}\n  {' ' * column}{'^' * width}"


def _place(line: str, path: KeyPath) -> tuple[int, int]:
    """Column and width of the key in its line; the first word where it does not stand there."""
    for part in reversed(path):
        found = re.search(rf"(?<![\w-])[\"']?({re.escape(str(part))})(?![\w-])", line)
        if isinstance(part, str) and found:
            return found.start(1), len(part)
    rest = line.lstrip()
    return len(line) - len(rest), max(1, len(rest.split(" ")[0]))


def parse_yaml(text: str, name: str) -> tuple[dict[str, Any], LinesOf]:
    """The values of a YAML text, and where its keys stand; raises ConfigError like ``toml_file.parse``."""
    try:
        import yaml
    except ImportError:
        raise ConfigError(
            f"{name} is YAML, but YAML support is not installed.",
            f"Install it: {install_extra('yaml')}",
        ) from None
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        check_size(root)
        tree = _word_keys(yaml.safe_load(text))
    except yaml.MarkedYAMLError as error:
        raise ConfigError(_yaml_error(error, text, name)) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # control characters, a 13th month, depths
        first = str(error).strip().split("\n")[0]
        raise ConfigError(f"{name}: not YAML: {first}") from None
    if not isinstance(tree, dict):
        raise ConfigError(f"{name} is not a script: it has no keys.")
    return tree, lambda: dict(_yaml_lines(root, ()))


def _word_keys(node: Any) -> Any:
    """Keys that are no words (``1:``, ``?``) as JSON would have them. Raises RecursionError for a ring."""
    if isinstance(node, dict):
        return {
            key if isinstance(key, str) else json.dumps(key, default=str): _word_keys(value)
            for key, value in node.items()
        }
    return [_word_keys(value) for value in node] if isinstance(node, list) else node


def _yaml_error(error: Any, text: str, name: str) -> str:
    mark = error.problem_mark
    if mark is None:
        return f"{name}: not YAML: {error.problem}"
    lines = text.splitlines() or [""]
    line = lines[min(mark.line, len(lines) - 1)]
    return f"{name}:{mark.line + 1}: not YAML: {error.problem}\n  {line}\n  {' ' * mark.column}^"


def _yaml_lines(node: Any, above: KeyPath) -> Iterator[tuple[KeyPath, int]]:
    if node.id == "mapping":
        for key, value in node.value:
            path = (*above, key.value)
            yield path, key.start_mark.line + 1
            yield from _yaml_lines(value, path)
    elif node.id == "sequence":
        for index, value in enumerate(node.value):
            yield (*above, index), value.start_mark.line + 1
            yield from _yaml_lines(value, (*above, index))
