"""A judge behind a chat endpoint."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from realtime_cli.commands.run import RunOptions, run
from realtime_cli.errors import ConfigError, ExitCode
from realtime_cli.script.format import Script
from realtime_cli.script.judge import judge, verdict_in
from realtime_cli.script.load import LoadedScript
from realtime_cli.script.result import Case


def case(url: str, **more: Any) -> Case:
    values = {"judge": {"url": url, "model": "m", **more}, "turns": [{"user": "hi"}]}
    return Case(LoadedScript(Script.model_validate(values), Path("a.toml")))


@pytest.fixture
def endpoint() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    asked: list[dict[str, Any]] = []

    class Chat(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append({"path": self.path, "key": self.headers["Authorization"], **body})
            answer = 'Well: {"score": 0.9, "why": "It greets."}'
            told = json.dumps({"choices": [{"message": {"content": answer}}]}).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Chat)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1", asked
    server.shutdown()
    thread.join()
    server.server_close()


async def test_the_endpoint_is_asked_for_a_score(
    endpoint: tuple[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, asked = endpoint
    monkeypatch.setenv("JUDGE_KEY", "secret")
    assert await judge(case(url, key_env="JUDGE_KEY"), "is kind", "Agent: Hello") == (0.9, "It greets.")
    assert (asked[0]["path"], asked[0]["key"], asked[0]["model"]) == (
        "/v1/chat/completions",
        "Bearer secret",
        "m",
    )
    assert "Statement: is kind" in asked[0]["messages"][1]["content"]


async def test_no_key_and_no_endpoint_are_told() -> None:
    with pytest.raises(ConfigError, match="NO_SUCH_KEY is not set"):
        await judge(case("http://127.0.0.1:9/v1", key_env="NO_SUCH_KEY"), "x", "y")
    with pytest.raises(ConfigError, match="cannot be reached"):
        await judge(case("http://127.0.0.1:9/v1"), "x", "y")


def test_scores_are_found_among_words_and_kept_in_bounds() -> None:
    assert verdict_in('```json\n{"score": 3, "why": "x"}\n```') == (1.0, "x")
    with pytest.raises(ConfigError, match="gave no score"):
        verdict_in("Yes, certainly.")


def test_a_run_is_judged_turn_by_turn(
    endpoint: tuple[str, list[dict[str, Any]]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url, asked = endpoint
    path = tmp_path / "judged.toml"
    path.write_text(
        f"""
mode = "text"
agent = {{ connection = {{ provider = "local" }} }}
judge = {{ url = "{url}", model = "m" }}
[[turns]]
user = "Say after me: one"
expect = {{ judge = "repeats" }}
[[turns]]
user = "Say after me: two"
expect = {{ judge = {{ rubric = "is polite", score = 0.95 }} }}
"""
    )
    assert run(RunOptions((path,), quiet=True, no_record=True)) == ExitCode.EXPECTATION_FAILED
    assert 'a score of 0.95 for "is polite"; found 0.9: It greets.' in capsys.readouterr().out
    first, second = (body["messages"][1]["content"] for body in asked)
    assert first.endswith("User: Say after me: one\nAgent: One")
    assert second.endswith("User: Say after me: two\nAgent: Two")
