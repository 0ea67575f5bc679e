"""What the agent file takes at a key."""

from __future__ import annotations

import tomllib
from pathlib import Path

import jsonschema

from realtime_cli.config import schema


def test_the_types_of_a_key_are_those_of_the_whole_schema() -> None:
    """``types_at`` looks at one key alone, because every ``--set`` waits for it."""
    for path in schema._key_paths(schema.agent_schema(), ()):  # null, which TOML has not, aside
        whole = schema.json_types(schema.at(path))
        assert schema.types_at(path) - {"null"} == whole - {"null"}, path


def test_the_schema_for_editors_fits_every_agent_that_comes_with_the_program() -> None:
    whole = schema.editor_schema()
    jsonschema.Draft202012Validator.check_schema(whole)  # takes a second, and so is done once for all files
    takes = jsonschema.Draft202012Validator(whole)
    for path in sorted((Path(__file__).parents[2] / "configs").glob("*.toml")):
        assert not list(takes.iter_errors(tomllib.loads(path.read_text("utf-8")))), path
