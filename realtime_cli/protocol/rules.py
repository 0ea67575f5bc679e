"""What the API asks of a value beyond its type, written beside each field.

Models take what servers send, so their types are wide and nothing is required. The rules are looked
at only where we are strict: in an agent file, in what we send, in what the local server is sent (see
``strict``), and in the JSON Schema for editors.

Modules of models, here and in ``config``, do without ``from __future__ import annotations``: at every start
pydantic would compile each annotation from its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from realtime_cli.protocol import field_docs
from realtime_cli.value import value

Path = tuple[str | int, ...]

UNKNOWN = "Unknown"  # models with this prefix stand for unknown kinds, whose keys are not checked
IN_FILE = {"false is null": True}  # validation context of a file: TOML has no null, so false stands for it


@value
class Problem:
    """One thing that is wrong with a value; ``code`` is the API's error code for it."""

    path: Path
    code: str
    message: str

    @property
    def param(self) -> str:
        """The place as the API writes it: ``session.tools[0].name``."""
        text = ""
        for step in self.path:
            text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
        return text


@value
class Rule:
    """Bounds of one field, in pydantic's words.

    ``choices`` and ``pattern`` apply to strings (and to the entries of a list of strings), the lengths
    to strings and lists.
    """

    choices: tuple[Any, ...] = ()
    ge: float | None = None
    le: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    pattern_words: str = ""
    """The pattern in words, for people."""
    required: bool = False
    nullable: bool = False
    server_only: bool = False

    def problems(self, path: Path, value: Any) -> Iterator[Problem]:
        """Check a value that has the right type already."""
        if isinstance(value, list):
            yield from self._of_length(path, len(value), "entries", "invalid_value", "invalid_value")
            for index, entry in enumerate(value):
                if isinstance(entry, str):
                    yield from self._of_text((*path, index), entry)
        elif isinstance(value, str):
            codes = ("string_below_min_length", "string_above_max_length")
            yield from self._of_length(path, len(value), "characters", *codes)
            yield from self._of_text(path, value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield from self._of_number(path, value)

    def _of_length(self, path: Path, length: int, unit: str, short: str, long: str) -> Iterator[Problem]:
        if self.min_length is not None and length < self.min_length:
            yield Problem(path, short, f"expected at least {self.min_length} {unit}, but got {length}")
        if self.max_length is not None and length > self.max_length:
            yield Problem(path, long, f"expected at most {self.max_length} {unit}, but got {length}")

    def _of_text(self, path: Path, value: str) -> Iterator[Problem]:
        if self.choices and value not in self.choices:
            allowed = ", ".join(repr(choice) for choice in self.choices)
            yield Problem(path, "invalid_value", f"{value!r} is none of {allowed}")
        if self.pattern and not re.fullmatch(self.pattern, value):
            yield Problem(path, "invalid_value", f"expected a string that matches {self.pattern!r}")

    def _of_number(self, path: Path, value: float) -> Iterator[Problem]:
        kind = "integer" if isinstance(value, int) else "decimal"
        if self.ge is not None and value < self.ge:
            text = f"expected at least {self.ge:g}, but got {value:g}"
            yield Problem(path, f"{kind}_below_min_value", text)
        if self.le is not None and value > self.le:
            text = f"expected at most {self.le:g}, but got {value:g}"
            yield Problem(path, f"{kind}_above_max_value", text)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        if not self.nullable:
            return schema
        return core_schema.with_info_before_validator_function(_null_for_false, schema)

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The same bounds for editors."""
        schema = dict(handler(core_schema))
        for option in _options(schema):
            self._annotate(option)
        if self.nullable:
            return {"anyOf": [*schema.pop("anyOf", [dict(schema)]), {"const": False}]}
        return schema

    def _annotate(self, schema: dict[str, Any]) -> None:
        found: dict[str, Any]
        match schema.get("type"):
            case "array":
                found = {"minItems": self.min_length, "maxItems": self.max_length}
                if self.choices:
                    schema["items"] = {"enum": list(self.choices)}
            case "string":
                found = {
                    "enum": list(self.choices) or None,
                    "minLength": self.min_length,
                    "maxLength": self.max_length,
                    "pattern": self.pattern,
                    "patternErrorMessage": self.pattern_words or None,
                }
            case "integer" | "number":
                found = {"minimum": self.ge, "maximum": self.le}
            case _:
                return
        schema.update({key: value for key, value in found.items() if value is not None})


NO_RULE = Rule()


def _null_for_false(value: Any, info: ValidationInfo) -> Any:
    return None if value is False and info.context is IN_FILE else value


def _options(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The members of a union, or the schema itself."""
    nested = schema.get("anyOf") or schema.get("oneOf")
    if nested:
        for inner in nested:
            yield from _options(inner)
    else:
        yield schema


def has(node: Any, step: int | str) -> bool:
    """Whether this step of a path exists in the JSON data."""
    if isinstance(node, dict):
        return step in node
    return isinstance(node, list) and isinstance(step, int) and step < len(node)


class Wire(BaseModel):
    """Base of everything on the wire: frozen, unknown fields kept, only what was set is written."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True, defer_build=True)

    def own_problems(self) -> Iterator[Problem]:
        """Rules that concern several fields; paths are relative to this object."""
        return iter(())

    @classmethod
    def rule_of(cls, name: str) -> Rule:
        """The rule beside a field."""
        marks = cls.model_fields[name].metadata
        return next((mark for mark in marks if isinstance(mark, Rule)), NO_RULE)

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """For editors: what a person may write, with no key that only a server sets, and no plain null."""
        shown = handler(core)
        schema = handler.resolve_ref_schema(shown)
        properties = schema.get("properties", {})
        if not cls.__name__.startswith(UNKNOWN):
            schema["additionalProperties"] = False
        required = []
        for name in [name for name in properties if name in cls.model_fields]:
            rule = cls.rule_of(name)
            if rule.server_only:
                del properties[name]
                continue
            properties[name] = _without_null(properties[name], keep=rule.nullable)
            if rule.required or (name == "type" and "const" in properties[name]):
                required.append(name)
        if required:
            schema["required"] = required
        field_docs.describe(cls, properties)
        return shown


def _without_null(schema: dict[str, Any], *, keep: bool) -> dict[str, Any]:
    """A property without ``null`` (unless null means something), its default, and unknown kinds."""
    kept = {key: value for key, value in schema.items() if key not in ("default", "discriminator", "title")}
    for union in ("anyOf", "oneOf"):
        if union not in kept:
            continue
        options = [_without_null(option, keep=keep) for option in kept.pop(union)]
        options = [
            option
            for option in options
            if (keep or option.get("type") != "null") and UNKNOWN not in option.get("$ref", "")
        ]
        kept.update(options[0] if len(options) == 1 else {"anyOf": options})
    for inner in ("items", "additionalProperties"):
        if isinstance(kept.get(inner), dict):
            kept[inner] = _without_null(kept[inner], keep=keep)
    return kept


class TypedObject(Wire):
    """An object whose ``type`` is written always, also when it was left to its default."""

    def model_post_init(self, context: Any, /) -> None:
        self.__pydantic_fields_set__.add("type")
