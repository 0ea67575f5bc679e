"""Where keys stand, and a caret where TOML ends to be TOML."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_cli.config.toml_file import key_lines, parse
from realtime_cli.errors import ConfigError

TEXT = '''\
# a comment
a.b = 1
"q.x" = """
a = 2
"""   # behind it
[s . t]
x = { y = 1, z = [1,
  { k = 2 }] }
[[tools]]   # first
name = "n"
[[tools]]
[tools.http]
url = "u"
[[tools.http.list]]
v = 1
'''


def test_every_key_has_its_line() -> None:
    lines = key_lines(TEXT)
    expected = {
        ("a",): 2,
        ("a", "b"): 2,
        ("q.x",): 3,
        ("s", "t"): 6,
        ("s", "t", "x", "y"): 7,
        ("s", "t", "x", "z", 1): 8,
        ("s", "t", "x", "z", 1, "k"): 8,
        ("tools", 0): 9,
        ("tools", 0, "name"): 10,
        ("tools", 1): 11,
        ("tools", 1, "http"): 12,
        ("tools", 1, "http", "url"): 13,
        ("tools", 1, "http", "list", 0, "v"): 15,
    }
    assert {path: lines.get(path) for path in expected} == expected


def paths(value: object, above: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    found = {above} if above else set()
    if isinstance(value, dict):
        for key, inner in value.items():
            found |= paths(inner, (*above, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            found |= paths(inner, (*above, index))
    return found


def test_no_key_is_without_a_line_and_none_is_invented() -> None:
    assert set(key_lines(TEXT)) == paths(parse(TEXT, "t"))


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a = 1\n[connection\nx = 1\n", 2, 12),
        ("a = \n", 1, 5),
        ("a = 'x", 1, 7),
        ("", 0, 0),
        ("a = 1\na = 2\n", 2, 6),
        (" " * 200 + "a = ?", 1, 205),
    ],
)
def test_a_caret_stands_under_what_is_wrong(text: str, line: int, column: int) -> None:
    if not line:
        assert parse(text, "a.toml") == {}
        return
    with pytest.raises(ConfigError) as refused:
        parse(text, "a.toml")
    first, excerpt, caret = refused.value.message.split("\n")
    assert first.startswith(f"a.toml:{line}: not TOML: ")
    shown = text.splitlines()[line - 1]
    at = caret.index("^") - 2
    assert shown[column - 1 : column] == excerpt[2:][at : at + 1]


@given(st.text(alphabet=st.sampled_from(list("ab.=[]{}\"'\n#,1 \t\\")), max_size=60))
def test_any_text_is_toml_or_a_sentence(text: str) -> None:
    try:
        tree = parse(text, "a.toml")
    except ConfigError as error:
        complaint = error.message
    else:
        complaint = "a.toml:"
        assert set(key_lines(text)) == paths(tree)
    assert complaint.startswith("a.toml:")


@pytest.mark.parametrize(
    "text",
    [
        '[connection]\napi_key = "planted\nx = 1\n',
        '[connection]\nx = { api_key = "planted, y = 2 }\n',
        '[connection]\nx = { "api_key" = "planted, y = 2 }\n',
        '[connection.headers]\nX-Team = "planted\n',
        '[mcp.x.env]\nNAME = "planted\n',
        'password = """\nfirst\nplanted',
        'instructions = "Bearer planted\n',
        'instructions = "the key is sk-planted\n',
        'api_key = [\n"a",\nplanted-planted\n',
    ],
)
def test_a_secret_with_an_error_in_its_line_is_not_shown(text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse(text, "a.toml")
    assert "planted" not in str(refused.value)
    assert "***" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[a]\nx = 1\n[a]\n", "a.toml:3: not TOML: the table [a] is declared twice"),
        ("[a.b]\n[a.b]\n", "a.toml:2: not TOML: the table [a.b] is declared twice"),
        ("x = 1\nx = 2\n", "a.toml:2: not TOML: this key is given twice"),
        ('x = "open\n', "a.toml:1: not TOML: the closing quote is missing"),
        ('{"a": 1}', "a.toml: this looks like JSON, not TOML. Write TOML"),
        ("# Agent\nsession:\n  x: 1\n", "a.toml: this looks like YAML, not TOML. Write TOML"),
    ],
)
def test_what_is_wrong_is_said_in_words(text: str, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse(text, "a.toml")
    assert str(refused.value).startswith(told)


def test_control_characters_of_a_bad_line_do_not_reach_the_terminal() -> None:
    with pytest.raises(ConfigError) as refused:
        parse('x = "a\x1b[31m\u202eb"\n', "a.toml")
    assert 'x = "a·[31m·b"' in refused.value.message
