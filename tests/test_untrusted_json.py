"""JSON of strangers is read within bounds, in one place."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from textwrap import dedent

import pytest

from realtime_cli.untrusted_json import NotJson, parse_json
from tests.test_floors import MODULES, parsed

# What these read they (or a process of ours) have just written themselves.
OWN = {
    "audio.device_rescan",
    "config.load",
    "load.engine_process",
    "load.plan",
    "recording.format",
    "recording.verify",
    "session_api.answers",
    "tools.python_worker",
}


@pytest.mark.parametrize("module", MODULES)
def test_nothing_else_reads_json_of_strangers(module: str) -> None:
    called = {ast.unparse(node.func) for node in ast.walk(parsed(module)) if isinstance(node, ast.Call)} & {
        "json.loads",
        "json.load",
        "from_json",
    }
    if module not in OWN | {"untrusted_json"}:
        assert not called


@pytest.mark.parametrize("value", [None, 1, -2.5, "ä\u2028", [], {"a": [{"b": "\U0001f600"}]}, 10**40])
def test_a_value_is_what_it_says(value: object) -> None:
    assert parse_json(json.dumps(value)) == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode()) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"\ud83d"', "\ufffd"),
        (r'"a\uDE00b\ud83d\ude00c\ud83d"', "a\ufffdb\U0001f600c\ufffd"),
        (r'"\\ud83d"', r"\ud83d"),
        ('"\ud83d"', "\ufffd"),
        (b'"\xff"', "\ufffd"),
        ('\ufeff{"a":1}', {"a": 1}),
    ],
)
def test_half_a_pair_and_bad_bytes_become_one_replacement(text: str | bytes, value: object) -> None:
    assert parse_json(text) == value


@pytest.mark.skipif(sys.platform != "linux", reason="a limit of memory as Linux has it")
@pytest.mark.parametrize("part", ["{},", "[],", '{"a":[]},'])
def test_members_have_a_bound_since_the_parser_ends_a_process_that_has_no_memory(part: str) -> None:
    """In a process with 1.5 GB: Rust aborts where it gets no memory, which nobody can catch."""
    program = f"""
        import resource
        resource.setrlimit(resource.RLIMIT_AS, (1536 << 20, 1536 << 20))
        from realtime_cli.untrusted_json import NotJson, parse_json
        try:
            parse_json("[" + {part!r} * ((60 << 20) // {len(part)}) + "1]")
        except NotJson as error:
            print(error)
    """
    ended = subprocess.run(
        [sys.executable, "-c", dedent(program)], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, "more than 2000000 members\n")


def test_a_long_text_is_no_more_than_one_member() -> None:
    assert parse_json('"' + "a" * 5_000_000 + '"') == "a" * 5_000_000


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[" * 300 + "]" * 300])
def test_depth_has_a_bound(text: str) -> None:
    with pytest.raises(NotJson, match="nested too deeply"):
        parse_json(text)


def test_size_has_a_bound() -> None:
    with pytest.raises(NotJson, match="longer than 10 characters"):
        parse_json('"12345678901"', max_length=10)


@pytest.mark.parametrize("text", ["", "{", "nul", b"\xff", "1 2", '{"a":' + "9" * 5000 + "}", r'"\u12"'])
def test_anything_else_is_refused_in_a_few_words(text: str | bytes) -> None:
    with pytest.raises(NotJson) as refused:
        parse_json(text)
    assert 0 < len(str(refused.value)) <= 80
