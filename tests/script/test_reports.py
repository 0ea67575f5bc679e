"""The same results for people and machines."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console

from realtime_cli.script import reports
from realtime_cli.script.baseline import Worse
from realtime_cli.script.expectations import CheckResult
from realtime_cli.script.format import Script
from realtime_cli.script.load import LoadedScript
from realtime_cli.script.result import Case, CaseResult, TurnResult
from realtime_cli.script.run_page import run_page

FIGURES = {"within_ms": 640.4, "done_ms": 900.0, "interrupted_ms": None, "dead_air_ms": None}


@pytest.fixture
def results() -> list[CaseResult]:
    def case(name: str) -> Case:
        script = Script.model_validate({"turns": [{"user": "hi"}]})
        return Case(LoadedScript(script, Path("suite") / f"{name}.toml"))

    good = TurnResult(1, "user: hi", "Hello", FIGURES, (CheckResult(1, "contains", "passed", "a", "b"),))
    bad = TurnResult(
        1, "user: hi", "No", FIGURES, (CheckResult(1, "contains", "failed", 'a reply with "x|y"', "\x1b[2J"),)
    )
    return [
        CaseResult(case("good"), (good,), seconds=1.5, usd=0.25),
        CaseResult(case("bad"), (bad,), seconds=2.0, usd=0.5, recording="rec/bad.jsonl"),
        CaseResult(case("away"), error="There is no server.", exit_code=3),
    ]


def test_the_table_shows_what_went_wrong_and_how_to_look_at_it(results: list[CaseResult]) -> None:
    out = io.StringIO()
    reports.print_table(results, 3.5, Console(file=out, width=120))
    text = out.getvalue()
    assert "640 ms" in text
    assert 'turn 1: contains: expected a reply with "x|y"' in text
    assert "realtime-cli replay rec/bad.jsonl" in text
    assert "1 passed, 2 failed of 3 in 3.5 s" in text


def test_junit_is_xml_whatever_an_agent_says(results: list[CaseResult]) -> None:
    root = ElementTree.fromstring(reports.junit(results, 3.5).partition("\n")[2])
    suite = root.find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "1")
    good, bad, away = suite.findall("testcase")
    assert good.find("failure") is None
    assert bad.get("classname") == "suite.bad"
    assert "␛[2J" in (bad.findtext("failure") or "")
    assert "replay rec/bad.jsonl" in (bad.findtext("system-out") or "")
    assert away.find("error") is not None


def test_junit_is_well_formed_whatever_a_name_holds() -> None:
    script = Script.model_validate({"name": "a\x1b[31m\x00\ufffe", "turns": [{"user": "hi"}]})
    case = Case(LoadedScript(script, Path("su\x07ite") / "b.toml"))
    result = CaseResult(case, error="\ud83d", recording="r\x01.jsonl")

    root = ElementTree.fromstring(reports.junit([result], 1.0).partition("\n")[2])

    found = root.find("testsuite/testcase")
    assert found is not None
    assert found.get("name") == "a␛[31m␀?"
    assert found.get("classname") == "su␇ite.b"


# What Jenkins' xUnit plugin takes (junit-10): attributes with those that must be there, and children.
TAKEN = {
    "testsuites": ("name time tests failures errors", "", "testsuite"),
    "testsuite": (
        "name tests failures errors group time skipped timestamp hostname id package file log url",
        "name tests failures errors",
        "testsuite properties testcase system-out system-err",
    ),
    "properties": ("", "", "property"),
    "property": ("name value", "name value", ""),
    "testcase": ("name time classname group", "name", "skipped error failure system-out system-err"),
    "failure": ("type message", "", ""),
    "error": ("type message", "", ""),
    "system-out": ("", "", ""),
}


def not_taken(element: ElementTree.Element) -> Iterator[str]:
    attributes, needed, children = (set(words.split()) for words in TAKEN[element.tag])
    there = set(element.keys())
    yield from (f"{element.tag}@{name}" for name in (there - attributes) | (needed - there))
    yield from (f"{element.tag}/{child.tag}" for child in element if child.tag not in children)
    if not re.fullmatch(r"\d{1,3}(\.\d+)?", element.get("time", "0")):
        yield f"{element.tag}@time"
    for child in element:
        yield from not_taken(child)


HOSTILE_NAMES = (
    *("<b>&\"'", "a|b\n# c", "]]>", "\x1b]0;x\x07", "\u202egnp.exe", "`rm`", "[x](javascript:alert(1))"),
    *("\ud800", "x" * 5000),
)


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_no_name_breaks_a_report(results: list[CaseResult], name: str) -> None:
    script = Script.model_validate({"name": "n", "turns": [{"user": "hi"}]})
    script = script.model_copy(update={"name": name})  # half a pair, which no file can hold, as well
    case = Case(LoadedScript(script, Path("su<ite") / "b.toml"), variant=(("row", name),))
    abouts: list[dict[str, str]] = [{"agent": name, "model": "m"}, {"agent": "b.toml"}, {}]
    hostile = [
        replace(result, case=case, error=name, about=about)
        for result, about in zip(results, abouts, strict=True)
    ]
    for some in (hostile, hostile[:1], [*hostile, *results], []):
        root = ElementTree.fromstring(
            reports.junit(some, 3.5, "2026-11-29T01:00:00+00:00").partition("\n")[2]
        )
        assert not list(not_taken(root))
        assert (
            sum(int(suite.get("tests", "")) for suite in root)
            == len(some)
            == len(root.findall(".//testcase"))
        )
    json.loads(reports.to_json(hostile, 3.5))
    table = reports.markdown(hostile, 3.5).split("\n\n")[1].splitlines()
    assert len(table) == 5
    for row in table[2:]:
        assert len(re.findall(r"(?<!\\)\|", row)) == 6
        assert not re.search(r"(?<!\\)(?:[<`]|\]\()|[\x00-\x1f\x7f-\x9f]", row)


def test_json_holds_everything_and_is_its_own_baseline(results: list[CaseResult]) -> None:
    whole = json.loads(
        reports.to_json(results, 3.5, [Worse("good: slower", True), Worse("bad: perhaps", False)])
    )
    assert whole["format"] == reports.FORMAT
    assert whole["summary"]["passed"] == 1
    assert whole["summary"]["usd"] is None  # that of the third is not known
    assert (whole["regressions"], whole["perhaps_worse"]) == (["good: slower"], ["bad: perhaps"])
    assert [script["pass@1"] for script in whole["scripts"]] == [1.0, 0.0, 0.0]
    assert whole["results"][1]["turns"][0]["figures"]["within_ms"] == 640.4


def test_markdown_is_a_table_that_no_reply_can_break(results: list[CaseResult]) -> None:
    text = reports.markdown(results, 3.5)
    assert "| failed | bad | 640 ms | 900 ms | 2.0 s |" in text
    assert "look at it: realtime-cli replay rec/bad.jsonl --from turn:1\n```\n" in text


def test_junit_tells_when_with_what_and_what_kind_of_failure(results: list[CaseResult]) -> None:
    about = {"agent": "agent.toml", "model": "m", "server": "wss://x", "seed": "7"}
    text = reports.junit(
        [replace(result, about=about) for result in results], 3.5, "2026-11-29T01:00:00+00:00"
    )
    root = ElementTree.fromstring(text.partition("\n")[2])
    suite = root.find("testsuite")
    assert suite is not None
    assert suite.get("timestamp") == "2026-11-29T01:00:00+00:00"
    _, bad, away = suite.findall("testcase")
    told = {one.get("name"): one.get("value") for one in suite.findall("properties/property")}
    assert told == about
    kinds = [
        found.get("type")
        for case in (bad, away)
        for found in (*case.findall("failure"), *case.findall("error"))
    ]
    assert kinds == ["failed: contains", "connection"]


HOSTILE = "\u202eevil \x1b]0;t\x07 \x9b31m <img src=x> ]]> [a](b) `c` | \n# d"


def hostile() -> CaseResult:
    script = Script.model_validate({"name": HOSTILE, "turns": [{"user": "hi"}]})
    check = CheckResult(1, "contains", "failed", HOSTILE, f"{HOSTILE} ``` ")
    turn = TurnResult(1, HOSTILE, HOSTILE, FIGURES, (check,))
    return CaseResult(Case(LoadedScript(script, Path("x.toml"))), (turn,), seconds=1.0)


def test_no_report_obeys_a_name_of_strangers() -> None:
    markdown = reports.markdown([hostile()], 1.0)
    told = [reports.junit([hostile()], 1.0), markdown, run_page([hostile()], "1 failed", "now")]
    for text in told:
        assert not [c for c in text if c in "\u202e\x1b\x07\x9b"]
        assert "<img" not in text.replace("\\<img", "").partition("```")[0]
    fence = re.findall(r"^(`+)", markdown, re.MULTILINE)
    assert fence == ["````", "````"], "longer than what is within"
    assert r"\<img src=x> \]\]> \[a\](b) \`c\` \| # d" in markdown


def test_a_fence_has_three_backticks_at_least() -> None:
    result = replace(hostile(), turns=(), error="a `b` c", exit_code=3)
    assert re.findall(r"^(`+)", reports.markdown([result], 1.0), re.MULTILINE) == ["```", "```"]
