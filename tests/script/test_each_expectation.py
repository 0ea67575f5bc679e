"""Every expectation once right and once wrong, by the command line, on the local server.

The list of expectations is that of the format: one that is added there has to be added here.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from realtime_cli.script.format import Claim, Expect, ExpectedCall, ExpectedStep, Judged, Similar
from tests.kit.cli import run_cli

CONFIGS = Path(__file__).parents[2] / "configs"
CLIPS = CONFIGS / "scripts" / "clips"
Tree = dict[str, Any]

SUM: list[Tree] = [{"user": "What is seventeen times twenty three?"}]
TWO: list[Tree] = [{"user": "What is two plus two?"}, {"user": "What time is it?"}]
BOOK: list[Tree] = [{"user": "Book a table for 4 people."}]
FULL: list[Tree] = [{"user": "Book a table for 9 people."}]
NUMBER: list[Tree] = [{"user": "Say call 415 555 0132."}]
JSON_REPLY: list[Tree] = [{"user": 'Say {"a": 1}'}]
NOBODY: list[Tree] = [{"user": "Remember this.", "respond": False}]
DELETE: list[Tree] = [{"event": {"type": "conversation.item.delete", "item_id": "x"}}]
ASKED: list[Tree] = [{"wav": str(CLIPS / "what-time-is-it.wav"), "text": "What time is it?"}]
SAID: list[Tree] = [{"user": "Say good morning to everybody."}]
MUMBLED: list[Tree] = [{"user": "Say xqvz brglph twoozle frnk."}]
COUNTED: list[Tree] = [
    {"user": "Count to 12."},
    {
        "wav": str(CLIPS / "stop.wav"),
        "text": "Stop.",
        "at": {"after": "agent.speech_started", "ms": 1200},
    },
]
STORY: list[Tree] = [
    {"user": "Read me a long story."},
    {**COUNTED[1], "at": {"after": "agent.speech_started", "ms": 1500}},
]
BOOKED = {"name": "book_table"}


@dataclass(frozen=True)
class Pair:
    """An expectation that holds and one that does not, of the last turn of a conversation."""

    turns: list[Tree]
    right: Tree
    wrong: Tree
    spoken: bool = False
    more: Tree = field(default_factory=dict)
    """What else the script has."""


def _of_sum(right: Tree, wrong: Tree, **more: Any) -> Pair:
    return Pair(SUM, right, wrong, **more)


def _of_call(**asked: tuple[Any, Any]) -> Pair:
    right, wrong = ({key: value[side] for key, value in asked.items()} for side in (0, 1))
    return Pair(BOOK, {"calls": [{**BOOKED, **right}]}, {"calls": [{**BOOKED, **wrong}]})


PAIRS: dict[str, Pair] = {
    "contains": _of_sum({"contains": "391"}, {"contains": "392"}),
    "regex": _of_sum({"regex": r"\d{3}"}, {"regex": "^391"}),
    "equals": _of_sum({"equals": "The result of calculator is 391"}, {"equals": "391"}),
    "any_of": _of_sum({"any_of": ["391", "no"]}, {"any_of": ["392", "no"]}),
    "not": _of_sum({"not": "sorry"}, {"not": "391"}),
    "max_words": _of_sum({"max_words": 8}, {"max_words": 2}),
    "no_reply": Pair(NOBODY, {"no_reply": True}, {}),
    "calls": _of_sum({"calls": [{"name": "calculator"}]}, {"calls": []}),
    "calls.name": _of_sum({"calls": [{"name": "calculator"}]}, {"calls": [{"name": "clock"}]}),
    "calls.args": _of_call(args=({"people": 4}, {"people": 5})),
    "calls.count": _of_call(count=(1, 2)),
    "calls.output": _of_call(output=({"code": 4711}, {"code": 1})),
    "calls.status": _of_call(status=("done", "failed")),
    "calls.judge": _of_call(judge=("right", "wrong")),
    "steps": _of_sum({"steps": [{"says": "391"}]}, {"steps": [{"says": "392"}]}),
    "steps.says": _of_sum({"steps": [{"says": "result"}]}, {"steps": [{"says": "sorry"}]}),
    "steps.call": _of_sum({"steps": [{"call": "calculator"}]}, {"steps": [{"call": "clock"}]}),
    "steps.args": Pair(
        BOOK,
        {"steps": [{"call": "book_table", "args": {"people": 4}}]},
        {"steps": [{"call": "book_table", "args": {"people": 5}}]},
    ),
    "steps.event": _of_sum({"steps": [{"event": "tool.finished"}]}, {"steps": [{"event": "interrupted"}]}),
    "steps.error": Pair(
        DELETE,
        {"steps": [{"error": "item_delete_invalid_item_id"}]},
        {"steps": [{"error": "no_such_code"}]},
    ),
    "steps_in_order": _of_sum(
        {"steps": [{"call": "calculator"}, {"says": "391"}], "steps_in_order": True},
        {"steps": [{"says": "391"}, {"call": "calculator"}], "steps_in_order": True},
    ),
    "no_more": _of_sum({"calls": [{"name": "calculator"}], "no_more": True}, {"no_more": True}),
    "since": _of_sum(
        {"since": "tool.finished", "contains": "391"}, {"since": "interrupted", "contains": "391"}
    ),
    "claims": Pair(
        BOOK,
        {"claims": [{"says": "4711", "call": "book_table"}]},
        {"claims": [{"says": "4711", "call": "pay"}]},
    ),
    "claims.says": _of_sum(
        {"claims": [{"says": "booked", "call": "book_table"}]},
        {"claims": [{"says": "39.", "call": "book_table"}]},
    ),
    "claims.call": Pair(
        FULL,
        {"claims": [{"says": "4711", "call": "book_table"}]},
        {"claims": [{"says": "full", "call": "book_table"}]},
    ),
    "claims.args": Pair(
        BOOK,
        {"claims": [{"says": "4711", "call": "book_table", "args": {"people": 4}}]},
        {"claims": [{"says": "4711", "call": "book_table", "args": {"people": 5}}]},
    ),
    "reads_back": Pair(NUMBER, {"reads_back": "4155550132"}, {"reads_back": "4155550123"}),
    "is_json": Pair(JSON_REPLY, {"is_json": {"required": ["a"]}}, {"is_json": {"required": ["b"]}}),
    "similar": _of_sum({"similar": "the result of a calculator is 391"}, {"similar": "It is noon."}),
    "similar.to": _of_sum(
        {"similar": {"to": "the result of calculator is 392"}}, {"similar": {"to": "good morning"}}
    ),
    "similar.least": _of_sum(
        {"similar": {"to": "the result of calculator is 392", "least": 0.7}},
        {"similar": {"to": "the result of calculator is 392", "least": 0.9}},
    ),
    "done_within_ms": _of_sum({"done_within_ms": 19_000}, {"done_within_ms": 0.001}),
    "within_ms": _of_sum({"within_ms": 19_000}, {"within_ms": 0.001}),
    "events": _of_sum({"events": ["tool.called"]}, {"events": ["error"]}),
    "in_order": _of_sum(
        {"in_order": ["tool.called", "agent.replied"]}, {"in_order": ["agent.replied", "tool.called"]}
    ),
    "absent": _of_sum({"absent": ["error"]}, {"absent": ["tool.called"]}),
    "errors": Pair(DELETE, {"errors": ["item_delete_invalid_item_id"]}, {"errors": []}),
    "max_tokens": _of_sum({"max_tokens": 100_000}, {"max_tokens": 1}),
    "max_cost": _of_sum({"max_cost": 1}, {"max_cost": 0.000001}),
    "check": _of_sum({"check": "checks.py:right"}, {"check": "checks.py:wrong"}),
    "judge": _of_sum({"judge": "right"}, {"judge": "wrong"}),
    "judge.rubric": _of_sum({"judge": {"rubric": "right"}}, {"judge": {"rubric": "wrong"}}),
    "judge.score": _of_sum(
        {"judge": {"rubric": "half", "score": 0.4}}, {"judge": {"rubric": "half", "score": 0.6}}
    ),
    "trajectory": _of_sum({"trajectory": "right"}, {"trajectory": "wrong"}),
    "heard": Pair(ASKED, {"heard": "time"}, {"heard": "weather"}, spoken=True),
    "audible": Pair(SAID, {"audible": True}, {"audible": False}, spoken=True),
    "audible_text": Pair(SAID, {"audible_text": "morning"}, {"audible_text": "Saturday"}, spoken=True),
    "audible_wer": Pair(SAID, {"audible_wer": 0.5}, {"audible_wer": 0}, spoken=True),
    "interrupted": Pair(COUNTED, {"interrupted": True}, {"interrupted": False}, spoken=True),
    "interrupted_within_ms": Pair(
        COUNTED, {"interrupted_within_ms": 9000}, {"interrupted_within_ms": 0.001}, spoken=True
    ),
    "dead_air_ms": Pair(ASKED, {"dead_air_ms": 19_000}, {"dead_air_ms": 0.001}, spoken=True),
    "talk_over_ms": Pair(STORY, {"talk_over_ms": 9000}, {"talk_over_ms": 0.001}, spoken=True),
    "backchannel": Pair(
        COUNTED,
        {"backchannel": True},
        {"backchannel": True},
        spoken=True,
    ),
}
# Of the whole conversation.
WHOLE = {
    "calls_in_order": Pair(
        TWO,
        {"calls": [{"name": "calculator"}, {"name": "clock"}], "calls_in_order": True},
        {"calls": [{"name": "clock"}, {"name": "calculator"}], "calls_in_order": True},
    )
}
# What the right and the wrong script have apart from the expectation.
DEAF: Tree = {
    "session.audio.input.turn_detection": {
        "type": "server_vad",
        "interrupt_response": False,
        "create_response": False,
    }
}
WRONG_TURNS = {"no_reply": SUM, "audible_wer": MUMBLED}
WRONG_EXPECT = {"no_reply": {"no_reply": True}}

CHECKS = 'def right(told): pass\n\n\ndef wrong(told): return "wrong"\n'
MOCKS = [
    {
        "tool": "book_table",
        "description": "Book a table in the restaurant",
        "parameters": {
            "type": "object",
            "properties": {"people": {"type": "integer"}},
            "required": ["people"],
        },
        "when": {"people": 4},
        "result": {"booked": True, "code": 4711},
    },
    {"tool": "book_table", "error": "The restaurant is full."},
]


def _keys() -> set[str]:
    """Every expectation of the format, those in tables with a dot."""
    found = {field.alias or name for name, field in Expect.model_fields.items()}
    for name, table in (("calls", ExpectedCall), ("steps", ExpectedStep), ("claims", Claim)):
        found |= {f"{name}.{key}" for key in table.model_fields}
    found |= {f"similar.{key}" for key in Similar.model_fields}
    return found | {f"judge.{key}" for key in Judged.model_fields}


def test_every_expectation_of_the_format_is_tried() -> None:
    assert {*PAIRS, *WHOLE} == _keys()


@contextmanager
def judging() -> Iterator[str]:
    """A judge for whom "right" is true, "half" a bit, and all else false."""

    class Judge(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            rubric = asked["messages"][-1]["content"].partition("\n")[0]
            score = 1 if "right" in rubric else 0.5 if "half" in rubric else 0
            content = json.dumps({"score": score, "why": "so"})
            body = json.dumps({"choices": [{"message": {"content": content}}]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Judge)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()


def _scenario(name: str, pair: Pair, side: str) -> Tree:
    wrong = side == "wrong"
    turns = WRONG_TURNS.get(name, pair.turns) if wrong else pair.turns
    expect = WRONG_EXPECT.get(name, pair.wrong) if wrong else pair.right
    made: Tree = {"name": f"{name} {side}", **({} if pair.spoken else {"mode": "text"})}
    if name == "backchannel" and not wrong:
        made["set"] = DEAF
    if name in WHOLE:
        return {**made, "turns": turns, "expect": expect}
    return {**made, "turns": [*turns[:-1], {**turns[-1], "expect": expect}]}


@pytest.mark.heavy
@pytest.mark.timeout(300)
@pytest.mark.xdist_group("voice")
def test_each_expectation_is_right_and_wrong(tmp_path: Path) -> None:
    (tmp_path / "checks.py").write_text(CHECKS, encoding="utf-8")
    pairs = {**PAIRS, **WHOLE}
    price = {"text_in": 1000.0, "text_out": 1000.0, "text_cached": 1000.0}
    with judging() as url:
        script = {
            "agent": str(CONFIGS / "local.toml"),
            "set": {"conversation.greet": False, "connection.model": "priced", "prices.priced": price},
            "judge": {"url": url, "model": "m"},
            "mocks": MOCKS,
            "scenarios": [
                _scenario(name, pair, side) for name, pair in pairs.items() for side in ("right", "wrong")
            ],
        }
        path, report = tmp_path / "each.toml", tmp_path / "each.json"
        path.write_text(tomli_w.dumps(script), encoding="utf-8")
        ran = run_cli(
            *("run", path, "-j", "3", "--trust", path, "--json", report, "--record", tmp_path / "runs"),
            timeout_s=280,
        )
    assert ran.returncode == 1, ran.stderr
    results = {result["name"]: result for result in json.loads(report.read_text())["results"]}
    assert len(results) == 2 * len(pairs)
    wrong = {name: _bad(results[f"{name} wrong"]) for name in pairs}
    assert {name: _bad(results[f"{name} right"]) for name in pairs} == {name: set() for name in pairs}
    named = {name: {name.partition(".")[0]} for name in pairs}
    named |= {"steps_in_order": {"steps"}}  # each step that is not in its place
    assert wrong == named


def _bad(result: Tree) -> set[str]:
    """The expectations that did not come true; one that was missed while the program was late counts, too."""
    verdicts = [*result["expectations"], *(one for turn in result["turns"] for one in turn["verdicts"])]
    assert not result["error"], result
    return {one["name"] for one in verdicts if one["status"] in ("failed", "unreliable")}
