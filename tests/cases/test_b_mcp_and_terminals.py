"""What strangers' MCP servers, and texts on a terminal, did to the program (cases b12 to b15, b18, b25)."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tests.cases.case import DATA, TEXT, Case, answered, response
from tests.kit.terminal import on_a_terminal
from tests.kit.verbatim_server import saying

CREATE = "response.create"
ODD = DATA / "b12-mcp-structured-content" / "odd.txt"


def mcp(name: str, *command: str | Path) -> str:
    words = json.dumps([sys.executable, *map(str, command)])
    return f'[mcp.{name}]\ncommand = {words}\napprove = "always"\nstart_timeout_s = 60\n'


def calling(**tools: str) -> list[dict[str, Any]]:
    """An answer that calls these tools with these arguments, and one word for their results."""
    calls = [
        {
            "id": f"f_{name}",
            "type": "function_call",
            "status": "completed",
            "name": name,
            "call_id": f"call_{name}",
            "arguments": arguments,
        }
        for name, arguments in tools.items()
    ]
    whole = {"id": "r1", "status": "completed", "output": calls}
    return [
        response(CREATE, 1, 0, "created", response={"id": "r1", "conversation_id": "conv_1"}),
        response(CREATE, 1, 0.02, "done", response=whole),
        *answered(2, "r2"),
    ]


async def outputs(
    tmp_path: Path, agent: str, **tools: str
) -> tuple[list[str], subprocess.CompletedProcess[str]]:
    """What the model was told of each call."""
    async with saying(calling(**tools)) as server:
        done = await Case(server, tmp_path).text("--trust", "agent.toml", "Hi", agent=TEXT + agent)
    items = [event["item"] for event in server.heard_of("conversation.item.create")]
    return [item["output"] for item in items if item["type"] == "function_call_output"], done


async def test_b12_the_data_of_an_mcp_tool_and_what_a_link_is_are_told(tmp_path: Path) -> None:
    agent = mcp("sum", ODD, "summary") + mcp("link", ODD, "link")
    (summary, link), done = await outputs(tmp_path, agent, sum__rows="{}", link__rows="{}")
    assert summary.startswith("2 rows found.")
    assert '"name": "Alpha"' in summary
    for word in ("file:///r/1", "Q3 report", "Revenue of the third quarter", "text/csv"):
        assert word in link
    assert done.returncode == 0, done.stderr


async def test_b14_a_banner_of_an_mcp_server_is_nobodys_traceback(tmp_path: Path) -> None:
    (tmp_path / "odd.py").write_text(ODD.read_text())
    banner = 'print("=" * 40); print("  MCP server, welcome"); sys.stdout.flush()'
    lines = ["import sys", banner, 'sys.argv = ["odd.py", "plain"]; exec(open("odd.py").read())']
    (tmp_path / "banner.py").write_text("\n".join(lines))
    (told,), done = await outputs(tmp_path, mcp("work", "banner.py"), work__rows='{"q": null}')
    assert told == "ok plain", "b15: null for an argument that may be left out is left out"
    assert "Traceback" not in done.stderr
    assert "JSONRPC" not in done.stderr
    assert done.returncode == 0, done.stderr


@contextmanager
def refusing(status: int) -> Iterator[str]:
    class Refusing(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(status)
            self.send_header("WWW-Authenticate", "Bearer")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/mcp"
        server.shutdown()


async def test_b15_an_mcp_server_that_refuses_is_told_by_its_status(tmp_path: Path) -> None:
    with refusing(401) as locked, refusing(500) as broken:
        servers = {"locked": locked, "broken": broken}
        agent = "".join(f'[mcp.{n}]\nurl = "{url}"\nstart_timeout_s = 60\n' for n, url in servers.items())
        async with saying(answered(1, "r1")) as server:
            done = await Case(server, tmp_path).text("--trust", "agent.toml", "Hi", agent=TEXT + agent)
    assert "401 (Unauthorized)" in done.stderr
    assert "[mcp.locked.headers]" in done.stderr
    assert "500 (Internal Server Error)" in done.stderr


EVIL = "\x1b]0;title\x07\x1b]52;c;aGk=\x07\x1b[2J"


async def test_b18_a_terminal_is_shown_no_escape_sequence_of_an_answer(tmp_path: Path) -> None:
    lines = answered(1, "r1")
    lines[1]["event"]["delta"] = f"Well {EVIL}"
    async with saying(lines) as server:
        (tmp_path / "agent.toml").write_text(TEXT)
        words = ("text", "-c", "agent.toml", "--base-url", server.url, "--no-record", "Hello")
        shown = await asyncio.to_thread(on_a_terminal, *words, cwd=tmp_path)
    assert "Well" in shown
    assert not [sign for sign in ("\x1b]", "\x1b[2J", "\x07") if sign in shown]


def test_b25_marks_of_right_to_left_text_are_no_codes_on_a_terminal() -> None:
    log = DATA / "b25-marks-of-right-to-left-text" / "u.jsonl.gz"
    shown = on_a_terminal("replay", log, "--plain", "--max", cwd=DATA)
    assert "Hebrew isolates:" in shown
    assert not [mark for mark in ("2067", "2069", "200B", "200F", "E0067") if f"<U+{mark}>" in shown]
    assert "<U+202B>" in shown, "an override is shown"
