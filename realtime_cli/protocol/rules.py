"""What the API asks of a value beyond its type, written beside each field.

Models take what servers send, so their types are wide and nothing is required. The rules are looked
at only where we are strict: in what we send and in what the local server is sent (see ``strict``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic_core import CoreSchema

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Rule:
    """Bounds of one field. ``choices`` apply to strings (and to the entries of a list of strings)."""

    choices: tuple[Any, ...] = ()
    least: float | None = None
    most: float | None = None
    longest: int | None = None
    fewest_items: int | None = None
    most_items: int | None = None
    needed: bool = False
    nullable: bool = False
    server_only: bool = False

    def problems(self, path: Path, value: Any) -> Iterator[Problem]:
        """Check a value that has the right type already."""
        if isinstance(value, list):
            yield from self._of_list(path, value)
        elif isinstance(value, str):
            yield from self._of_text(path, value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield from self._of_number(path, value)

    def _of_list(self, path: Path, value: list[Any]) -> Iterator[Problem]:
        if self.fewest_items is not None and len(value) < self.fewest_items:
            text = f"expected at least {self.fewest_items} entries, but got {len(value)}"
            yield Problem(path, "invalid_value", text)
        if self.most_items is not None and len(value) > self.most_items:
            text = f"expected at most {self.most_items} entries, but got {len(value)}"
            yield Problem(path, "invalid_value", text)
        for index, entry in enumerate(value):
            if isinstance(entry, str):
                yield from self._of_text((*path, index), entry)

    def _of_text(self, path: Path, value: str) -> Iterator[Problem]:
        if self.choices and value not in self.choices:
            allowed = ", ".join(repr(choice) for choice in self.choices)
            yield Problem(path, "invalid_value", f"{value!r} is none of {allowed}")
        if self.longest is not None and len(value) > self.longest:
            text = f"expected at most {self.longest} characters, but got {len(value)}"
            yield Problem(path, "string_above_max_length", text)

    def _of_number(self, path: Path, value: float) -> Iterator[Problem]:
        kind = "integer" if isinstance(value, int) else "decimal"
        if self.least is not None and value < self.least:
            yield Problem(
                path, f"{kind}_below_min_value", f"expected at least {self.least:g}, but got {value:g}"
            )
        if self.most is not None and value > self.most:
            yield Problem(
                path, f"{kind}_above_max_value", f"expected at most {self.most:g}, but got {value:g}"
            )

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The same bounds for editors: a JSON Schema without ``null`` unless null means something."""
        schema = dict(handler(core_schema))
        options = [option for option in schema.get("anyOf", []) if option.get("type") != "null"]
        if options and not self.nullable:
            schema.pop("anyOf")
            schema.update(options[0] if len(options) == 1 else {"anyOf": options})
        self._annotate(schema)
        return schema

    def _annotate(self, schema: dict[str, Any]) -> None:
        for key, bound in (("minimum", self.least), ("maximum", self.most), ("maxLength", self.longest)):
            if bound is not None:
                schema[key] = bound
        for key, count in (("minItems", self.fewest_items), ("maxItems", self.most_items)):
            if count is not None:
                schema[key] = count
        if not self.choices:
            return
        if schema.get("type") == "array":
            schema["items"] = {"enum": list(self.choices)}
            return
        for option in schema.get("anyOf", [schema]):
            if option.get("type") == "string":
                option["enum"] = list(self.choices)


NO_RULE = Rule()


def has(node: Any, step: int | str) -> bool:
    """Whether this step of a path leads anywhere in JSON data."""
    if isinstance(node, dict):
        return step in node
    return isinstance(node, list) and isinstance(step, int) and step < len(node)


class Wire(BaseModel):
    """Base of everything on the wire: frozen, unknown fields kept, only what was set is written."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True, defer_build=True)

    def own_problems(self) -> Iterator[Problem]:
        """Rules that concern several fields; paths are relative to this object."""
        return iter(())


class TypedObject(Wire):
    """An object whose ``type`` is written always, also when it was left to its default."""

    def model_post_init(self, context: Any, /) -> None:
        self.__pydantic_fields_set__.add("type")
