"""The agent file's JSON Schema: for editors, and for saying what is allowed at a key."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, get_args

if TYPE_CHECKING:
    from pydantic import BaseModel

JsonSchema = dict[str, Any]
DIALECT = {"$schema": "https://json-schema.org/draft/2020-12/schema"}


@cache
def agent_schema() -> JsonSchema:
    """JSON Schema (2020-12) of the agent file."""
    from realtime_cli.config.agent import AgentConfig

    return {**DIALECT, **AgentConfig.model_json_schema(), "title": "realtime-cli agent"}


def editor_schema() -> JsonSchema:
    """The same for editors, which do not know the protocol: ``[session]`` is Realtime's or Live's."""
    from realtime_cli.config.live_session import AgentOfEither

    return {**DIALECT, **AgentOfEither.model_json_schema(), "title": "realtime-cli agent"}


def at(path: Sequence[str | int], data: Any = None, root: JsonSchema | None = None) -> list[JsonSchema]:
    """The alternatives that the schema allows at a path; ``data`` (the whole tree) tells unions apart.

    ``root`` is the schema of another kind of file, without references; the agent file's by default.
    """
    here = _fitting(list(_alternatives(root or agent_schema())), data)
    for part in path:
        data = _child(data, part)
        below = [found for schema in here for found in _below(schema, part)]
        here = _fitting([flat for schema in below for flat in _alternatives(schema)], data)
    return here


def types_at(path: Sequence[str | int]) -> set[str]:
    """JSON type names that a key of the agent file takes.

    Where the key is a plain value its own type is enough: the schema of the whole file takes 0.3 s.
    """
    from pydantic import TypeAdapter

    from realtime_cli.config.agent import AgentConfig

    *above, last = path or ("",)
    models: list[type[BaseModel]] = [AgentConfig]
    for part in above:
        models = [inner for model in models for inner in _models_in(_type_of(model, part))]
    kinds = [_type_of(model, last) for model in models if last in model.model_fields]
    if not kinds or any(_models_in(kind) for kind in kinds):
        return json_types(at(path))
    return json_types([flat for kind in kinds for flat in _alternatives(TypeAdapter(kind).json_schema())])


def _type_of(model: type[BaseModel], key: str | int) -> Any:
    field = model.model_fields.get(str(key))
    if field is None:
        return None
    return Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation


def _models_in(kind: Any) -> list[type[BaseModel]]:
    """The tables among the types that a union, a list or a dictionary holds."""
    from pydantic import BaseModel

    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [kind]
    return [model for inner in get_args(kind) for model in _models_in(inner)]


def known_keys(alternatives: list[JsonSchema]) -> list[str]:
    """All keys that a table may have here."""
    return sorted({key for schema in alternatives for key in schema.get("properties", {})})


def places(key: str, root: JsonSchema | None = None) -> list[str]:
    """The dotted paths of all tables' keys with this name, shortest first."""
    found = [path for path in _key_paths(root or agent_schema(), ()) if path[-1] == key]
    return [".".join(path) for path in sorted(found, key=len)]


def describe(alternatives: list[JsonSchema]) -> str:
    """What is allowed, in words: ``a whole number from 1 to 4096, or "inf"``."""
    words: list[str] = []
    for schema in alternatives:
        phrase = _phrase(schema)
        if phrase and phrase not in words:
            words.append(phrase)
    return ", or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def json_types(alternatives: list[JsonSchema]) -> set[str]:
    """JSON type names that are allowed."""
    types: set[str] = set()
    for schema in alternatives:
        if "type" in schema:
            types.add(schema["type"])
        types |= {json_type(value) for value in _choices(schema)}
    return types | ({"integer"} if "number" in types else set())


def json_type(value: Any) -> str:
    """The JSON name of a value's type."""
    if value is None:
        return "null"
    kinds = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "object")


def _alternatives(schema: JsonSchema) -> Iterator[JsonSchema]:
    if "$ref" in schema:
        yield from _alternatives(agent_schema()["$defs"][schema["$ref"].rsplit("/", 1)[-1]])
    elif nested := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
        for inner in nested:
            yield from _alternatives(inner)
    else:
        yield schema


def _key_paths(schema: JsonSchema, above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for table in _alternatives(schema):
        for key, inner in table.get("properties", {}).items():
            yield (*above, key)
            yield from _key_paths(inner, (*above, key))


def _fitting(alternatives: list[JsonSchema], data: Any) -> list[JsonSchema]:
    """Of several tables keep those whose constants and required keys the data has, if there are any."""
    tables = [schema for schema in alternatives if "properties" in schema]
    if len(tables) < 2 or not isinstance(data, dict):
        return alternatives
    fit = [schema for schema in tables if _constants_match(schema, data)]
    required = [schema for schema in fit if all(key in data for key in schema.get("required", ()))]
    return required or fit or alternatives


def _constants_match(schema: JsonSchema, data: dict[str, Any]) -> bool:
    fixed = {key: inner["const"] for key, inner in schema["properties"].items() if "const" in inner}
    return all(data.get(key, value) == value for key, value in fixed.items())


def _child(data: Any, part: str | int) -> Any:
    try:
        return data[part]
    except (KeyError, IndexError, TypeError):
        return None


def _below(schema: JsonSchema, part: str | int) -> Iterator[JsonSchema]:
    if isinstance(part, int):
        if isinstance(schema.get("items"), dict):
            yield schema["items"]
        return
    if part in schema.get("properties", {}):
        yield schema["properties"][part]
    elif isinstance(schema.get("additionalProperties"), dict):
        yield schema["additionalProperties"]


def _choices(schema: JsonSchema) -> list[Any]:
    return [schema["const"]] if "const" in schema else list(schema.get("enum", ()))


def _phrase(schema: JsonSchema) -> str:
    choices = _choices(schema)
    if choices:
        return ", ".join("false" if value is False else json.dumps(value) for value in choices)
    match schema.get("type"):
        case "array":
            return _list_phrase(schema)
        case "string":
            plain = "text in quotes, not empty" if schema.get("minLength") else "text in quotes"
            return str(schema.get("patternErrorMessage", plain)) + _such_as(schema)
        case "boolean":
            return "true or false"
        case "object":
            required = ", ".join(schema.get("required", ()))
            return f"a table with {required}" if required else "a table"
        case "integer":
            low, high = schema.get("minimum"), schema.get("maximum")
            return f"{low:g}" if low is not None and low == high else "a whole number" + _bounds(schema)
        case "number":
            return "a number" + _bounds(schema)
    return ""


def _list_phrase(schema: JsonSchema) -> str:
    inner = describe(list(_alternatives(schema.get("items", {})))) or "values"
    least = schema.get("minItems")
    if least and least == schema.get("maxItems"):
        return f"a list of exactly {least}: {inner}"
    return f"a list of {f'at least {least}: ' if least else ''}{inner}"


def _such_as(schema: JsonSchema) -> str:
    examples = schema.get("examples")
    return f" such as {json.dumps(examples[0])}" if examples else ""


def _bounds(schema: JsonSchema) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f" from {low:g} to {high:g}"
    if low is not None:
        return f" of at least {low:g}"
    if "exclusiveMinimum" in schema:
        return f" above {schema['exclusiveMinimum']:g}"
    return "" if high is None else f" up to {high:g}"
