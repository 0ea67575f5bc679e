"""JSON of strangers is read within bounds, in one place."""

from __future__ import annotations

import ast
import json

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
