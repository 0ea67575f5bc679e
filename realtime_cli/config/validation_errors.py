"""Every mistake of an agent file, each in one line: where, which key, what was found, what is allowed."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from realtime_cli.config import schema
from realtime_cli.config.address import masked
from realtime_cli.config.layers import Origin
from realtime_cli.config.section import Section
from realtime_cli.config.session import ONE_PCM_RATE
from realtime_cli.config.toml_file import SECRET_NAME, KeyPath, printable
from realtime_cli.errors import ConfigError
from realtime_cli.protocol import strict
from realtime_cli.protocol.rules import Problem
from realtime_cli.value import value

if TYPE_CHECKING:
    from pydantic import ValidationError

T = TypeVar("T", bound=Section)
OriginOf = Callable[[KeyPath], Origin]

# Keys that people look for elsewhere, or that the API has dropped, and what to do instead.
MOVED: dict[KeyPath, str] = {
    (
        "session",
        "model",
    ): "the model goes into the URL and cannot change during a session: set connection.model",
    ("session", "voice"): "the API has it at session.audio.output.voice",
    ("session", "speed"): "the API has it at session.audio.output.speed",
    ("session", "turn_detection"): "the API has it at session.audio.input.turn_detection",
    ("session", "input_audio_format"): "the API has it at session.audio.input.format",
    ("session", "output_audio_format"): "the API has it at session.audio.output.format",
    ("session", "input_audio_transcription"): "the API has it at session.audio.input.transcription",
    ("session", "input_audio_noise_reduction"): "the API has it at session.audio.input.noise_reduction",
    ("session", "modalities"): "the API calls it session.output_modalities",
    ("session", "max_response_output_tokens"): "the API calls it session.max_output_tokens",
    ("session", "system_instruction"): "the API calls it session.instructions",
    ("session", "temperature"): "the API no longer has it",
    ("api_key",): "it belongs in [connection]; better is connection.api_key_env",
    ("model",): "it belongs in [connection]",
    ("instructions",): "it belongs in [session]",
}


@value
class ConfigProblem:
    """One thing that is wrong with one key."""

    path: KeyPath
    text: str

    def line(self, origin_of: OriginOf) -> str:
        """``agent.toml:12: session.audio.output.speed: found 3; allowed: a number from 0.25 to 1.5``."""
        origin = origin_of(self.path)
        key = dotted(self.path)
        option = origin.place if origin.place.startswith("--") else ""
        is_named = option and ("." not in option or option.endswith(f" {key}"))
        place = [str(origin)] if str(origin) else []  # a program's own dict is no file
        return ": ".join([*place, *([] if is_named else [key]), self.text])


def dotted(path: KeyPath) -> str:
    """``tools[0].timeout_s`` for a path."""
    text = ""
    for part in path:
        bare = f".{part}" if re.fullmatch(r"[\w-]+", str(part)) else f".{json.dumps(part)}"
        text += f"[{part}]" if isinstance(part, int) else bare
    return text.removeprefix(".") or "the file"


def problems_of(
    error: ValidationError, tree: dict[str, Any], raw: dict[str, Any], root: schema.JsonSchema | None = None
) -> list[ConfigProblem]:
    """Pydantic's errors as mistakes, one for each key however many branches of a union complained.

    ``raw`` is the tree as it was written: what came from the environment is never shown. ``root`` is
    the schema, if the file is no agent file.
    """
    found: dict[KeyPath, ConfigProblem] = {}
    for entry in error.errors(include_url=False, include_context=False):
        path = _path_in(tree, entry["loc"], entry["type"])
        found.setdefault(path, ConfigProblem(path, _sentence(entry["type"], entry["msg"], path, raw, root)))
    return list(found.values())


def checked_table(model: type[T], given: object, name: str, allowed: str = "a table") -> T:
    """A table that a program gave. Raises ConfigError that names the argument, with all that is wrong."""
    if not isinstance(given, Mapping):
        raise found_instead(name, given, allowed)
    tree = dict(given)
    try:
        return model.model_validate(tree)
    except ValueError as error:
        if not hasattr(error, "errors"):
            raise
        found = problems_of(error, tree, tree, model.model_json_schema())  # type: ignore[arg-type]
    raise ConfigError("; ".join(f"{name}.{dotted(each.path)}: {each.text}" for each in found) + ".")


def found_instead(name: str, value: object, allowed: str, *, secret: bool = False) -> ConfigError:
    """``timeout_s: found -1; allowed: ...``, of an argument that is no table."""
    found = repr(value) if isinstance(value, str | int | float) and not secret else type(value).__name__
    return ConfigError(f"{name}: found {found[:80]}; allowed: {allowed}.")


def problem_of_wire(problem: Problem, raw: dict[str, Any]) -> ConfigProblem:
    """A mistake found by the protocol's own rules, in terms of the agent file; ``raw`` is its whole tree."""
    path = problem.path
    own_words = problem.message not in (strict.REQUIRED, strict.NOT_IN_API, strict.SERVER_SETS_IT)
    if problem.code == "unknown_parameter":
        return ConfigProblem(path, problem.message if own_words else _unknown(path, raw, None))
    if problem.code == "missing_required_parameter" and own_words:
        return ConfigProblem(path[:-1], problem.message)
    if path[-2:] == ("format", "rate") and problem.code.startswith("integer_"):
        return ConfigProblem(path, f"found {_shown(path, raw)}; {ONE_PCM_RATE}")
    if path[-1] == "type" and len(path) > 2 and problem.code != "invalid_type":
        missing = problem.code == "missing_required_parameter"
        return _problem("union_tag_not_found" if missing else "union_tag_invalid", path[:-1], raw)
    return _problem("missing" if problem.code == "missing_required_parameter" else "", path, raw)


# Keys of Realtime's session that Live has not, and where what they do has gone.
GONE_IN_LIVE: dict[str, str] = {
    "tools": "in Live only the backend has tools: write [[tools]], or session.delegation.responses.tools",
    "tool_choice": "in Live it is session.delegation.responses.tool_choice",
    "parallel_tool_calls": "in Live it is session.delegation.responses.parallel_tool_calls",
    "max_output_tokens": "in Live it is session.delegation.responses.max_output_tokens",
    "reasoning": "in Live it is session.delegation.responses.reasoning",
    "output_modalities": "a Live agent always speaks",
    "type": "a Live session has no type",
    "truncation": "Live compacts its context by itself",
    "tracing": "Live has no traces",
    "prompt": "Live has no hosted prompts: write session.instructions",
    "include": "Live has no further fields to include",
    "input": "in Live there is one format for both directions, session.audio.format, and no turn detection, "
    "noise reduction or choice of transcription",
    "speed": "Live has no speed of speech",
    "format": "in Live it is session.audio.format, for both directions",
}


def problem_of_live(problem: Problem, raw: dict[str, Any]) -> ConfigProblem:
    """The same for the session object of Live."""
    path = problem.path
    if path == ("session", "model"):
        return ConfigProblem(path, "unknown key; the model of a Live session is connection.model")
    if problem.message == strict.NOT_IN_API:
        gone = GONE_IN_LIVE.get(str(path[-1]))
        return ConfigProblem(
            path, f"unknown key; {gone}" if gone else "unknown key; Live has none of this name"
        )
    if problem.message == strict.REQUIRED:
        return ConfigProblem(path, "is missing")
    return ConfigProblem(path, f"found {_shown(path, raw)}; {problem.message}")


def problem_of_translation(problem: Problem, raw: dict[str, Any]) -> ConfigProblem:
    """The same for the session object of a translation."""
    if problem.message == strict.NOT_IN_API:
        return ConfigProblem(problem.path, "unknown key; a translation session has none of this name")
    return problem_of_live(problem, raw)


def _problem(kind: str, path: KeyPath, raw: dict[str, Any]) -> ConfigProblem:
    return ConfigProblem(path, _sentence(kind, "", path, raw, None))


def _path_in(tree: Any, loc: tuple[str | int, ...], kind: str) -> KeyPath:
    """Pydantic names the branch of a union in its location; the file does not have it."""
    path: KeyPath = ()
    node = tree
    for index, part in enumerate(loc):
        if _has(node, part):
            node = node[part]
        elif not (kind == "missing" and index == len(loc) - 1):
            continue
        path = (*path, part)
    return path


def _has(node: Any, part: str | int) -> bool:
    if isinstance(node, list):
        return isinstance(part, int) and part < len(node)
    return isinstance(node, dict) and part in node


def _sentence(
    kind: str, message: str, path: KeyPath, tree: dict[str, Any], root: schema.JsonSchema | None
) -> str:
    if kind == "extra_forbidden":
        return _unknown(path, tree, root)
    allowed = schema.describe(schema.at(path, tree, root))
    if kind == "missing":
        return f"is missing; it takes {allowed}"
    if kind == "union_tag_not_found":
        return f"has no type; allowed: {_types(path, tree)}"
    if kind == "union_tag_invalid":
        return f"has an unknown type {_shown(path, tree, 'type')}; allowed: {_types(path, tree)}"
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    if kind == "found":
        return f"found {_shown(path, tree)}; {message}"
    if kind == "tool_kind":
        return message
    return f"found {_shown(path, tree)}; allowed: {allowed or message}"


def _unknown(path: KeyPath, tree: dict[str, Any], root: schema.JsonSchema | None) -> str:
    if root is None and path in MOVED:
        return f"unknown key; {MOVED[path]}"
    known = schema.known_keys(schema.at(path[:-1], tree, root))
    near = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.7)
    if not near and len(path) <= 2:  # a key of the right name in the wrong table
        near = schema.places(str(path[-1]), root)
    hint = f"did you mean {' or '.join(near[:3])}? " if near else ""
    return f"unknown key; {hint}known here: {', '.join(known)}"


def _types(path: KeyPath, tree: dict[str, Any]) -> str:
    kinds = [
        inner["properties"]["type"] for inner in schema.at(path) if "type" in inner.get("properties", {})
    ]
    return schema.describe(kinds)


def _shown(path: KeyPath, tree: Any, *more: str) -> str:
    """The value that was found, short, and never a secret."""
    if any(isinstance(part, str) and SECRET_NAME.search(part) for part in path) or "headers" in path:
        return "a value that is not shown"
    for part in (*path, *more):
        tree = tree[part] if _has(tree, part) else None
    if tree is None:
        return "null"
    if isinstance(tree, dict) or (isinstance(tree, list) and any(isinstance(v, dict) for v in tree)):
        return "a table" if isinstance(tree, dict) else "a list of tables"
    if isinstance(tree, str) and "://" in tree:
        tree = masked(tree)
    text = printable(json.dumps(tree, ensure_ascii=False, default=str))
    return text if len(text) <= 80 else text[:77] + "..."
