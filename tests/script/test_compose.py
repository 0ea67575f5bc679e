"""Several scripts in a file, what they share, and the rows that fill them in."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime_cli.app.targets import Target
from realtime_cli.errors import ConfigError
from realtime_cli.script.load import load_script, scripts_in
from realtime_cli.script.opening import agent_of
from realtime_cli.script.suite import Selection, plan


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


SCENARIOS = """
mode = "text"
tags = ["all"]
quiet_ms = 300
[expect]
errors = []

[[scenarios]]
name = "morning"
turns = [{ user = "Good morning" }]

[[scenarios]]
quiet_ms = 500
[scenarios.expect]
max_tokens = 9
[[scenarios.turns]]
user = "Good night"
[scenarios.turns.expect]
contains = "night"
"""


def test_scenarios_share_the_other_keys_of_their_file(tmp_path: Path) -> None:
    morning, night = scripts_in(written(tmp_path, "hours.voice.toml", SCENARIOS))
    assert (morning.name, night.name) == ("morning", "hours 2")
    assert [script.script.mode for script in (morning, night)] == ["text", "text"]
    assert (morning.script.quiet_ms, night.script.quiet_ms) == (300, 500)
    assert night.script.expect.asks == {"errors", "max_tokens"}, "tables are merged"
    assert night.place(1, "contains") == "hours.voice.toml:19"
    assert night.place(0, "errors") == "hours.voice.toml:6"
    with pytest.raises(ConfigError, match="2 scenarios"):
        load_script(tmp_path / "hours.voice.toml")


def test_a_script_extends_another_and_its_paths_still_lead_there(tmp_path: Path) -> None:
    written(tmp_path, "agent.toml", "")
    base = 'agent = "../agent.toml"\ntimeout_ms = 900\ntags = ["a"]\n'
    base += '[[turns]]\nuser = "hi"\n[turns.expect]\ncontains = "x"\n'
    written(tmp_path / "shared", "base.toml", base)
    over = written(tmp_path, "over.toml", 'extends = "shared/base.toml"\ntags = ["b"]\n')
    script = load_script(over)
    assert (script.script.timeout_ms, script.script.tags) == (900, ["b"])
    assert Path(tmp_path, str(script.script.agent)).resolve() == tmp_path / "agent.toml"
    assert script.place(1, "contains") == "base.toml:7"


def test_blocks_and_other_scripts_are_included_turn_by_turn(tmp_path: Path) -> None:
    written(tmp_path / "shared", "end.toml", '[[turns]]\nuser = "bye"\n[turns.expect]\nnot = "sorry"\n')
    text = """
[[blocks.login]]
user = "It is Ada."
[[blocks.login]]
user = "4711"
[[turns]]
user = "hi"
[[turns]]
include = "login"
[[turns]]
include = "shared/end.toml"
"""
    script = load_script(written(tmp_path, "a.toml", text))
    assert [turn.user for turn in script.script.turns] == ["hi", "It is Ada.", "4711", "bye"]
    assert script.place(3, "contains") == "a.toml:4"
    assert script.place(4, "not") == "end.toml:4"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[[turns]]\ninclude = "nobody"', "there is no block 'nobody'"),
        ('[[turns]]\ninclude = "a.toml"', "more than 10"),
        ('extends = "a.toml"\n[[turns]]\nuser = "hi"', "more than 10"),
        ('[[turns]]\ninclude = "x"\nuser = "hi"', "stands alone"),
        ("scenarios = []", "scenarios is empty"),
        ('[[scenarios]]\nname = "x"', "a.toml:1: the file: has neither turns nor a caller"),
        ('[[scenarios]]\nname = "x"\nturns = [{ user = "a" }]\n' * 2, "two scenarios are named 'x'"),
        (
            '[[scenarios]]\nname = "x"\nturn = []\nturns = [{ user = "a" }]',
            r"a.toml:3: turn: unknown key; did you",
        ),
        ('extends = "gone.toml"', "There is no file"),
    ],
)
def test_what_cannot_be_composed_is_told(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        scripts_in(written(tmp_path, "a.toml", text))


ROWS = """
mode = "text"
rows = "people.csv"
parameters = { greeting = "Hello" }
[[turns]]
user = "{{greeting}}, a table for {{people}}. My number is {{phone}}."
[turns.expect]
calls = [{ name = "book", args = { people = "{{people}}", phone = "{{phone}}" } }]
max_words = "{{people}}"
"""


def test_each_row_is_a_run_and_the_matrix_multiplies_them(tmp_path: Path) -> None:
    written(tmp_path, "people.csv", "name,people,phone\nAda,4,0123\nBob,12,0456\n")
    scripts = scripts_in(written(tmp_path, "a.toml", ROWS))
    cases = plan(scripts, Selection())
    assert [case.name for case in cases] == ["a [row=Ada]", "a [row=Bob]"]
    turn = cases[1].script.script.turns[0]
    assert turn.user == "Hello, a table for 12. My number is 0456."
    assert turn.expect.max_words == 12
    assert turn.expect.calls
    assert turn.expect.calls[0].args == {"people": 12, "phone": "0456"}, "a zero ahead is no number's"
    matrix = {"parameters.greeting": ["Hi", "Hey"], "session.instructions": ["x"], "row": ["Bob"]}
    some = plan(scripts, Selection(matrix=matrix))
    assert [case.name for case in some] == [
        f"a [greeting={word}, instructions=x, row=Bob]" for word in ("Hi", "Hey")
    ]
    assert (some[1].script.script.turns[0].user or "").startswith("Hey, a table for 12.")
    target = Target(sets=("connection.provider=local",))
    assert agent_of(some[1], target).config.session.instructions == "x"


def test_rows_of_json_lines_keep_their_types_and_tables_need_no_file(tmp_path: Path) -> None:
    written(tmp_path, "rows.jsonl", '{"id": 7, "say": ["a", "b"]}\n\n{"id": 8, "say": 1}\n')
    turn = '\n[[turns]]\nuser = "{{say}}"\nexpect = { calls = [{ name = "x", args = { y = "{{say}}" } }] }\n'
    cases = plan(scripts_in(written(tmp_path, "a.toml", f'rows = "rows.jsonl"{turn}')), Selection())
    calls = cases[0].script.script.turns[0].expect.calls
    assert calls
    assert calls[0].args == {"y": ["a", "b"]}
    assert [case.name for case in cases] == ["a [row=7]", "a [row=8]"]
    tables = written(tmp_path, "b.toml", f'rows = [{{ say = "one" }}, {{ say = "two" }}]{turn}')
    held = [case.script.script.turns[0].user for case in plan(scripts_in(tables), Selection())]
    assert held == ["one", "two"]


@pytest.mark.parametrize(
    ("file", "rows", "why"),
    [
        (
            "r.csv",
            "people,phone\n4,5\n4\n",
            r"r\.csv:3: this row has 1 field, but the first line has 2 names",
        ),
        ("r.csv", "people,phone\n4,5,6\n", r"r\.csv:2: this row has 3 fields"),
        ("r.csv", 'people,a\n"1\n2",3\n\n4\n', r"r\.csv:5: this row has 1 field,"),
        ("r.csv", 'people\n4\n"five\n6\n', r"r\.csv:3: not CSV: unexpected end of data"),
        ("r.csv", "people,a,people\n4,5,6\n", r"r\.csv:1: two columns are named 'people'"),
        ("r.csv", "people\n" + "9" * 140_000, r"r\.csv:2: not CSV: field larger than"),
        ("r.csv", "people\n", "has no rows"),
        ("r.csv", "", "has no rows"),
        (
            "r.csv",
            "other\n4\n",
            r"(?s)r\.csv:2: with every row:.*a\.toml:3: turns\[0\]\.user: there is no parameter",
        ),
        (
            "r.csv",
            "people,n\n4,5\n4,x\n",
            r"(?s)r\.csv:3: with this row:.*a\.toml:4: turns\[0\]\.expect\.max_words",
        ),
        ("r.csv", "people,n\n" + "4,x\n" * 9 + "4,5\n", r"r\.csv:6, and 4 more rows: with these rows:"),
        ("r.jsonl", '{"people": 4}\n[1]\n', r"r\.jsonl:2: a row is an object"),
        (
            "r.jsonl",
            '{"people": 4, "n": 1}\n\n{"n": 1}',
            r"(?s)r\.jsonl:3: with this row:.*no parameter 'people'",
        ),
        ("r.jsonl", '{"people": 4, "n": 1}\n{"people": 4, "n": []}', r"r\.jsonl:2: with this row"),
        ("r.jsonl", "{people}", r"r\.jsonl:1: not JSON"),
        ("r.csv", "people\n\0\n", r"r\.csv"),
    ],
)
def test_rows_that_cannot_be_used_are_told_with_file_and_line(
    tmp_path: Path, file: str, rows: str, why: str
) -> None:
    written(tmp_path, file, rows)
    text = f'rows = "{file}"\n[[turns]]\nuser = "for {{{{people}}}}"\nexpect = {{ max_words = "{{{{n}}}}" }}'
    with pytest.raises(ConfigError, match=why):
        scripts_in(written(tmp_path, "a.toml", text))


def test_a_row_of_the_script_itself_is_told_with_its_line(tmp_path: Path) -> None:
    text = '[[turns]]\nuser = "{{a}}"\n[[rows]]\na = 1\n[[rows]]\nb = 2\n'
    with pytest.raises(ConfigError, match=r"(?s)a\.toml:5: with this row:\n.*a\.toml:2: turns\[0\]\.user"):
        scripts_in(written(tmp_path, "a.toml", text))


def test_a_row_has_nothing_of_another(tmp_path: Path) -> None:
    written(tmp_path, "r.jsonl", '{"id": 1, "who": "Ada"}\n{"id": 2}\n')
    text = 'rows = "r.jsonl"\nparameters = { who = "nobody" }\n[[turns]]\nuser = "{{who}}"\n'
    cases = plan(scripts_in(written(tmp_path, "a.toml", text)), Selection())
    assert [case.script.script.turns[0].user for case in cases] == ["Ada", "nobody"]


def test_a_column_may_be_named_as_people_name_them(tmp_path: Path) -> None:
    written(tmp_path, "R.CSV", "\ufefffull name, e-mail\nAda,a@b\n")
    text = 'rows = "R.CSV"\n[[turns]]\nuser = "{{full name}} {{ e-mail }} {{#each}} {{ }}"\n'
    [case] = plan(scripts_in(written(tmp_path, "a.toml", text)), Selection())
    assert case.script.script.turns[0].user == "Ada a@b {{#each}} {{ }}"


def test_a_row_that_is_not_there_is_told(tmp_path: Path) -> None:
    scripts = scripts_in(
        written(tmp_path, "b.toml", 'rows = [{ id = 7 }, { id = 8 }]\n[[turns]]\nuser = "a"')
    )
    with pytest.raises(ConfigError, match=r"b\.toml: there is no row '9'.* There are: 7, 8\."):
        plan(scripts, Selection(matrix={"row": ["7", "9"]}))
    assert len(plan(scripts, Selection(matrix={"row": ["7"]}))) == 1


def test_a_parameter_of_the_matrix_must_be_one_of_the_script(tmp_path: Path) -> None:
    scripts = scripts_in(written(tmp_path, "a.toml", '[[turns]]\nuser = "hi"'))
    with pytest.raises(ConfigError, match="there is no parameter 'x'"):
        plan(scripts, Selection(matrix={"parameters.x": [1]}))


def test_the_history_is_in_the_agent_before_the_first_turn(tmp_path: Path) -> None:
    text = 'history = [{ role = "user", text = "My name is Ada." }]\n[[turns]]\nuser = "hi"'
    [case] = plan(scripts_in(written(tmp_path, "a.toml", text)), Selection())
    [item] = agent_of(case, Target(sets=("connection.provider=local",))).config.conversation.seed()
    assert item["content"] == [{"type": "input_text", "text": "My name is Ada."}]
