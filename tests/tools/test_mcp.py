"""MCP servers that others wrote, over stdio; and the ways in which one can be missing."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from realtime_cli.client import inputs
from realtime_cli.tools.mcp import namespaced
from tests.kit.toolbox import Toolbox, gone, toolbox

PYTHON = sys.executable
TIME = f"""
[mcp.time]
command = ["{PYTHON}", "-m", "mcp_server_time", "--local-timezone", "Europe/Oslo"]
"""


def notes(box: Toolbox) -> list[str]:
    return [note.text for note in box.heard(inputs.Noted)]


async def test_a_time_server_converts_time(tmp_path: Path) -> None:
    async with toolbox(tmp_path, TIME) as box:
        assert box.names == ["time__get_current_time", "time__convert_time"]
        result = await box.call(
            "time__convert_time", source_timezone="Europe/Oslo", time="12:00", target_timezone="Asia/Kolkata"
        )
        assert not result.failed, result.output
        assert json.loads(result.output)["source"]["timezone"] == "Europe/Oslo"
        wrong = await box.call("time__get_current_time", timezone="Moon/Crater")
        assert wrong.failed
        assert "Moon/Crater" in wrong.output


async def test_a_git_server_beside_it_and_only_the_allowed_tools(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", "repo"], cwd=tmp_path, check=True)
    (tmp_path / "repo" / "new.txt").write_text("x")
    agent = f"""
    [mcp.git]
    command = ["{PYTHON}", "-m", "mcp_server_git", "--repository", "{tmp_path}/repo"]
    allowed_tools = ["git_status"]
    approve = "always"
    """
    async with toolbox(tmp_path, agent + TIME) as box:
        assert box.names == ["git__git_status", "time__get_current_time", "time__convert_time"]
        status, now = await asyncio.gather(
            box.call("git__git_status", repo_path=f"{tmp_path}/repo"),
            box.call("time__get_current_time", timezone="Europe/Oslo"),
        )
        assert "new.txt" in status.output
        assert "Europe/Oslo" in now.output


async def test_arguments_are_checked_ahead(tmp_path: Path) -> None:
    async with toolbox(tmp_path, TIME) as box:
        result = await box.call("time__get_current_time")
        assert result.output == "The arguments do not fit: 'timezone' is a required property."


async def test_mcp_tools_ask_by_their_server_too(tmp_path: Path) -> None:
    async with toolbox(tmp_path, TIME, approve=("time",)) as box:
        assert not (await box.call("time__get_current_time", timezone="Asia/Kolkata")).failed


async def test_one_tool_of_a_server_is_approved_by_its_own_name(tmp_path: Path) -> None:
    async with toolbox(tmp_path, TIME, approve=("time__get_current_time",)) as box:
        assert not (await box.call("time__get_current_time", timezone="Asia/Kolkata")).failed
        other = {"source_timezone": "Europe/Oslo", "time": "12:00", "target_timezone": "Asia/Kolkata"}
        assert "--approve time__convert_time" in (await box.call("time__convert_time", **other)).output


def own_server(folder: Path, body: str) -> str:
    """A server of the official package, for what the others cannot do."""
    (folder / "server.py").write_text(
        "import os, sys, time\n"
        "from mcp.server.mcpserver import Context, MCPServer\n"
        "server = MCPServer('own')\n"
        "open('pid', 'w').write(str(os.getpid()))\n"
        f"{body}\n"
        "if __name__ == '__main__': server.run('stdio')\n"
    )
    return f'[mcp.own]\ncommand = ["{PYTHON}", "server.py"]\n'


TOOLS = """
@server.tool()
def die() -> str:
    os._exit(7)

@server.tool()
def big() -> str:
    return 'x' * 1_000_000

@server.tool()
async def steps(ctx: Context) -> str:
    await ctx.report_progress(1, 2, 'half way')
    return 'there'

@server.tool()
def slow() -> str:
    time.sleep(600)
"""


async def test_progress_a_long_result_and_a_server_that_dies_and_comes_back(tmp_path: Path) -> None:
    async with toolbox(tmp_path, own_server(tmp_path, TOOLS)) as box:
        assert (await box.call("own__steps")).output == "there"
        assert [mark.text for mark in box.heard(inputs.ToolProgress)] == ["half way"]
        assert len((await box.call("own__big")).output) == 32_768
        died = await box.call("own__die")
        assert died.failed
        assert (await box.call("own__steps")).output == "there"


async def test_no_server_is_left_even_if_it_is_busy_and_stubborn(tmp_path: Path) -> None:
    stubborn = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)" + TOOLS
    async with toolbox(tmp_path, own_server(tmp_path, stubborn) + "timeout_s = 0.5\n") as box:
        assert "longer than 0.5 s" in (await box.call("own__slow")).output
        pid = int((tmp_path / "pid").read_text())
    assert await gone(pid)


@pytest.mark.parametrize(
    ("server", "said"),
    [
        (
            'command = ["no-such-server-here"]',
            "needs 'no-such-server-here', which is not installed",
        ),
        (f'command = ["{PYTHON}", "-c", "raise SystemExit(\'no key\')"]', "cannot be used"),
        (
            f'command = ["{PYTHON}", "-c", "import time; time.sleep(600)"]\nstart_timeout_s = 1',
            "did not respond within 1 s",
        ),
        ('url = "http://127.0.0.1:9/mcp"', "cannot be used"),
        (f'command = ["{PYTHON}", "-m", "mcp_server_time"]\nallowed_tools = ["fly"]', "has no tool fly"),
    ],
)
async def test_a_server_that_cannot_be_used_is_left_out_with_a_warning(
    tmp_path: Path, server: str, said: str
) -> None:
    agent = f'[mcp.x]\n{server}\n[[tools]]\nbuiltin = "clock"'
    async with toolbox(tmp_path, agent) as box:
        assert box.names == ["clock"]
        (note,) = notes(box)
        assert said in note


async def test_without_the_package_the_command_that_installs_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mcp", None)
    async with toolbox(tmp_path, TIME) as box:
        assert "pip install 'mcp>=1.12'" in notes(box)[0]


async def test_a_socks_proxy_of_the_environment_names_the_package_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    async with toolbox(tmp_path, '[mcp.x]\nurl = "http://127.0.0.1:9/mcp"') as box:
        assert "SOCKS proxy, but socksio is not installed" in notes(box)[0]


@contextmanager
def web_server(folder: Path, port: int) -> Iterator[None]:
    code = f"from server import server; server.run('streamable-http', host='127.0.0.1', port={port})"
    with subprocess.Popen([PYTHON, "-c", code], cwd=folder, stderr=subprocess.DEVNULL) as serving:
        try:
            yield
        finally:
            os.kill(serving.pid, signal.SIGKILL)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


async def test_a_server_by_streamable_http_whose_session_is_gone_gets_a_new_one(tmp_path: Path) -> None:
    port = free_port()
    own_server(tmp_path, TOOLS)
    async with AsyncExitStack() as stack:
        with web_server(tmp_path, port):
            await listening(port)
            agent = f'[mcp.web]\nurl = "http://127.0.0.1:{port}/mcp"\napprove = "always"'
            box = await stack.enter_async_context(toolbox(tmp_path, agent))
            assert (await box.call("web__steps")).output == "there"
        with web_server(tmp_path, port):
            await listening(port)
            assert (await box.call("web__steps")).output == "there"


@pytest.mark.parametrize(
    ("status", "said"), [(401, "401 (Unauthorized)"), (500, "500 (Internal Server Error)")]
)
async def test_a_web_server_that_refuses_is_left_out_by_its_status(
    status: int, said: str, tmp_path: Path
) -> None:
    class Refusing(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        async with toolbox(tmp_path, f'[mcp.ev]\nurl = "http://127.0.0.1:{server.server_port}/mcp"') as box:
            (note,) = [text for text in notes(box) if "'ev'" in text]
        server.shutdown()
    assert f"it answered {said}" in note
    assert ("[mcp.ev.headers]" in note) == (status == 401)


async def listening(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                await writer.wait_closed()
                return


def test_names_are_what_the_api_takes() -> None:
    assert namespaced("my server", "do.it/now") == "my_server__do_it_now"
    assert len(namespaced("s" * 50, "t" * 50)) == 64


ODD = """
import asyncio, sys
import mcp.types as t
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

ANY = {"type": "object", "properties": {"q": {"type": "string"}}}
SUMMARY = t.CallToolResult(
    content=[t.TextContent(type="text", text="2 rows found.")], structured_content={"rows": [1, 2]}
)
SAME = t.CallToolResult(
    content=[t.TextContent(type="text", text='{"rows": [1, 2]}')], structured_content={"rows": [1, 2]}
)
LINK = t.CallToolResult(content=[t.ResourceLink(
    type="resource_link", uri="file:///r/1", name="Q3", description="Revenue", mime_type="text/csv"
)])
RESULTS = {"summary": SUMMARY, "same": SAME, "link": LINK}

async def main():
    print("Welcome to the odd server!", flush=True)
    names = [*RESULTS, "cal.list", "cal_list", "x" * 70 + "1", "x" * 70 + "2"]
    async def listed(ctx, params):
        return t.ListToolsResult(tools=[t.Tool(name=n, description=n, input_schema=ANY) for n in names])
    async def called(ctx, params):
        return RESULTS[params.name]
    server = Server("odd", on_list_tools=listed, on_call_tool=called)
    async with stdio_server() as (reader, writer):
        await server.run(reader, writer, server.create_initialization_options())

asyncio.run(main())
"""


NULLS = """
import json, sys

def say(**fields):
    print(json.dumps({"jsonrpc": "2.0", **fields}), flush=True)

RESULTS = {
    "nothing": None,
    "no_content": {"content": None},
    "not_a_list": {"content": 5, "isError": None},
    "null_text": {"content": [{"type": "text", "text": None}]},
    "null_structure": {"content": [], "structuredContent": None},
    "good": {"content": [{"type": "text", "text": "good"}]},
}
for line in sys.stdin:
    asked = json.loads(line)
    match asked["method"]:
        case "initialize":
            version = asked["params"]["protocolVersion"]
            told = {"protocolVersion": version, "serverInfo": {"name": "n", "version": "1"}}
            say(id=asked["id"], result={**told, "capabilities": {"tools": {"listChanged": True}}})
        case "tools/list":
            tools = [{"name": name, "inputSchema": {"type": "object"}} for name in RESULTS]
            say(id=asked["id"], result={"tools": tools, "nextCursor": None})
        case "tools/call":
            for _ in range(3):
                say(method="notifications/tools/list_changed", params=None)
            print("no JSON at all", flush=True)
            say(id=asked["id"], result=RESULTS[asked["params"]["name"]])
        case method if "id" in asked:
            say(id=asked["id"], error={"code": -32601, "message": f"no {method}"})
"""


async def test_null_results_and_other_tools_in_between_are_borne(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "nulls.py").write_text(NULLS)
    agent = f'[mcp.own]\ncommand = ["{PYTHON}", "nulls.py"]\napprove = "always"\ntimeout_s = 5\n'
    async with toolbox(tmp_path, agent) as box:
        assert "answered null instead of a result" in str((await box.call("own__nothing")).output)
        for name in ("no_content", "not_a_list", "null_text"):
            result = await box.call(f"own__{name}")
            assert result.failed, (name, result)
            assert "The MCP server 'own'" in str(result.output)
        # Of two calls at once nobody knows which one the null is for: the limit of the tool ends them.
        for result in await asyncio.gather(box.call("own__nothing"), box.call("own__nothing")):
            assert "longer than 5 s" in str(result.output)
        assert (await box.call("own__null_structure")).output == "(no output)"
        assert (await box.call("own__good")).output == "good"
        assert [note for note in notes(box) if "changed its tools" in note] == [
            "The MCP server 'own' has changed its tools; the next session has the new ones."
        ]
    assert "Traceback" not in capfd.readouterr().err


async def test_what_odd_servers_do_is_borne(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "odd.py").write_text(ODD)
    agent = f'[mcp.odd]\ncommand = ["{PYTHON}", "odd.py"]\napprove = "always"\n'
    mine = '[[tools]]\nname = "odd__summary"\ncommand = ["echo", "mine"]\napprove = "always"\n'
    async with toolbox(tmp_path, agent + mine) as box:
        assert (await box.call("odd__summary")).output.strip() == "mine"
        assert next(text for text in notes(box) if "not loaded" in text) == (
            "The MCP server 'odd' has a tool whose name is taken: 'odd__summary' is not loaded."
        )
    async with toolbox(tmp_path, agent) as box:
        left_out = [text for text in notes(box) if "not loaded" in text]
        assert len(left_out) == 2
        assert "'odd__cal_list'" in left_out[0]
        assert len(set(box.names)) == len(box.names) == 5
        summary = await box.call("odd__summary")
        assert summary.output == '2 rows found.\n{"rows": [1, 2]}'
        assert (await box.call("odd__same")).output == '{"rows": [1, 2]}'
        assert (await box.call("odd__link", q=None)).output == "[resource file:///r/1: Q3, Revenue, text/csv]"
    assert "Traceback" not in capfd.readouterr().err
