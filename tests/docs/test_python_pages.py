"""Every block of Python on the pages *python*, *coming-from* and *pytest* runs as it stands."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

from tests.docs.generated import path_of
from tests.test_session_api import run_pytest
from tests.video.material import RED, film


def blocks(page: str) -> list[str]:
    return re.findall(r"(?ms)^```python\n(.*?)^```", path_of(page).read_text(encoding="utf-8"))


HEAD = "import asyncio\nfrom realtime_cli import Session\n"


@pytest.mark.parametrize("block", [*blocks("python"), *blocks("coming-from")])
def test_a_block_runs(
    block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if shows_film := "film.mp4" in block:
        film(tmp_path / "film.mp4", (RED,) * 60)
        monkeypatch.chdir(tmp_path)
    code = compile(HEAD + block, "python.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    names: dict[str, Any] = {"__name__": "python_page"}
    running = eval(code, names)
    if inspect.iscoroutine(running):
        asyncio.run(running)
    if shows_film:
        assert "red" in names["reply"].text.lower()


CONFTEST = '''
import json, threading
from http.server import BaseHTTPRequestHandler, HTTPServer
import pytest

class Chat(BaseHTTPRequestHandler):
    """Knows the user's name if it was told, and finds every statement true."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        said = [message["content"] for message in asked["messages"]]
        name = "Ada" if any("I am Ada." in str(words) for words in said) else "unknown"
        self.send_response(200)
        if asked.get("stream"):
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            delta = {"choices": [{"index": 0, "delta": {"content": f"It is {name}."}, "finish_reason": None}]}
            stop = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
            for chunk in (delta, stop):
                self.wfile.write(f"data: {json.dumps(chunk)}\\n\\n".encode())
            self.wfile.write(b"data: [DONE]\\n\\n")
        else:
            self.end_headers()
            told = {"message": {"content": '{"score": 1, "why": "so it is"}'}}
            self.wfile.write(json.dumps({"choices": [told]}).encode())

    def do_GET(self):
        self.send_response(404)
        self.end_headers()

    def log_message(self, *_):
        pass

@pytest.fixture
def chat_url():
    server = HTTPServer(("127.0.0.1", 0), Chat)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()
'''


def test_the_tests_of_the_page_pass(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_page.py").write_text("\n".join(blocks("pytest")))
    ended = run_pytest(tmp_path)
    assert "11 passed" in ended, ended


def test_the_ten_tests_are_short() -> None:
    written = ast.parse(blocks("pytest")[-1]).body
    tests = [one for one in written if isinstance(one, ast.AsyncFunctionDef)]
    assert len(tests) == 10
    for test in tests:
        assert test.end_lineno is not None
        assert test.end_lineno - test.lineno < 10, textwrap.shorten(ast.unparse(test), 80)
