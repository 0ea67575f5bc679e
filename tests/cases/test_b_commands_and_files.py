"""What strangers' habits, proxies and files did to the command line (cases b*): run as a user runs it."""

from __future__ import annotations

import asyncio
import importlib.util
import xml.etree.ElementTree as ElementTree
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.cases.case import DATA, TEXT, Case, answered, refusal, response
from tests.kit.cli import run_cli
from tests.kit.verbatim_server import saying

CREATE = "response.create"
COLLISION = refusal("conversation_already_has_active_response", "There is an active response.")


# -- b02: text ------------------------------------------------------------------------------------

UNANSWERED: dict[str, list[dict[str, Any]]] = {
    "no end": [response(CREATE, 1, 0, "created", response={"id": "r1", "conversation_id": "conv_1"})],
    "an error alone": [{"on": CREATE, "nth": 1, "event": refusal(None, "It broke.")}],
    "a collision each time": [{"on": CREATE, "nth": nth, "event": COLLISION} for nth in range(1, 20)],
}


@pytest.mark.parametrize("script", UNANSWERED.values(), ids=UNANSWERED.keys())
async def test_b02_a_message_that_is_not_answered_is_no_success(
    tmp_path: Path, script: list[dict[str, Any]]
) -> None:
    async with saying(script) as server:
        done = await Case(server, tmp_path).text("--set", "connection.progress_timeout_s=5", "Hello")
    assert done.returncode == 5, done.stderr
    assert done.stdout.strip() == ""
    assert "not answered" in done.stderr


async def test_b02_a_call_without_any_id_is_no_success(tmp_path: Path) -> None:
    whole = {
        "id": "r1",
        "status": "completed",
        "output": [{"type": "function_call", "status": "completed", "name": "weather", "arguments": "{}"}],
    }
    script = [
        response(CREATE, 1, 0, "created", response={"id": "r1", "conversation_id": "conv_1"}),
        response(CREATE, 1, 0, "done", response=whole),
    ]
    async with saying(script) as server:
        done = await Case(server, tmp_path).text("Hello")
    assert done.returncode == 5, done.stderr
    assert "The server called weather without an id: it cannot be answered." in done.stderr


# -- b09, b10: tools ------------------------------------------------------------------------------

END_SESSION = """
[[session.tools]]
type = "function"
name = "end_session"
description = "Ends the talk."
parameters = { type = "object", properties = { reason = { type = "string" } } }
"""


async def test_b09_a_function_of_the_session_that_nobody_can_answer_is_told(tmp_path: Path) -> None:
    call = {
        "id": "f1",
        "type": "function_call",
        "name": "end_session",
        "call_id": "call_1",
        "arguments": "{}",
    }
    whole = {"id": "r1", "status": "completed", "output": [{**call, "status": "completed"}]}
    place = {"response_id": "r1", "output_index": 0}
    script = [
        response(CREATE, 1, 0, "created", response={"id": "r1", "conversation_id": "conv_1"}),
        response(CREATE, 1, 0.02, "output_item.done", item=whole["output"][0], **place),
        response(CREATE, 1, 0.02, "done", response=whole),
        *answered(2, "r2"),
    ]
    async with saying(script) as server:
        case = Case(server, tmp_path)
        done = await case.text("please use the tool", agent=TEXT + END_SESSION)
    assert done.returncode == 5, done.stderr
    assert "end_session() was not answered." in done.stderr
    assert done.stdout == "Answer r2.\n", "the model was told, and went on"
    told = [event["item"] for event in server.heard_of("conversation.item.create")]
    outputs = [item["output"] for item in told if item["type"] == "function_call_output"]
    assert not any("There is no tool" in output for output in outputs), outputs


XAI = """
[connection]
provider = "xai"
[session]
instructions = "Help."
tools = [
    { type = "web_search" },
    { type = "x_search", allowed_x_handles = ["a"] },
    { type = "file_search", vector_store_ids = ["vs_1"], max_num_results = 3 },
]
[session.audio.input]
format = { type = "audio/pcm", rate = 22050 }
[session.audio.output]
format = { type = "audio/pcm", rate = 44100 }
voice = "ara"
"""


def test_b10_xai_has_tools_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "agent.toml").write_text(XAI)
    checked = run_cli("config", "check", "agent.toml", cwd=tmp_path)
    assert checked.returncode == 0, checked.stderr

    (tmp_path / "agent.toml").write_text(XAI.replace('"xai"', '"openai"'))
    refused = run_cli("config", "check", "agent.toml", cwd=tmp_path)
    assert refused.returncode == 2
    for name in ("web_search", "x_search", "file_search"):
        assert name in refused.stderr


# -- b16, b17: proxies ----------------------------------------------------------------------------

FAR = "ws://example.test/v1/realtime"


def text_by_proxy(tmp_path: Path, variable: str, proxy: str) -> tuple[int, str]:
    (tmp_path / "agent.toml").write_text(f'[connection]\nbase_url = "{FAR}"\n')
    done = run_cli("text", "-c", "agent.toml", "Hi", cwd=tmp_path, environ={variable: proxy})
    assert "s3cret" not in done.stdout + done.stderr
    return done.returncode, done.stderr


@asynccontextmanager
async def socks_proxy(target: str) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A SOCKS5 proxy that takes whoever is asked for to ``target``; its address, and who was asked for."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(b"\x05\x00")
        *_, kind = await reader.readexactly(4)
        length = 4 if kind == 1 else (await reader.readexactly(1))[0]
        asked.append(await reader.readexactly(length))
        await reader.readexactly(2)
        writer.write(b"\x05\x00\x00\x01" + bytes(6))
        there, back = await asyncio.open_connection("127.0.0.1", urlsplit(target).port)
        await asyncio.gather(pour(reader, back), pour(there, writer))

    async def pour(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                to.write(data)
                await to.drain()
        to.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


async def test_b16_a_socks_proxy_is_used_or_names_the_package_that_it_needs(tmp_path: Path) -> None:
    agent = (
        f'[connection]\nprovider = "custom"\nbase_url = "{FAR}"\n[session]\noutput_modalities = ["text"]\n'
    )
    (tmp_path / "agent.toml").write_text(agent)
    async with saying(answered(1, "r1")) as server, socks_proxy(server.url) as (address, asked):
        environ = {"ALL_PROXY": f"socks5h://{address}"}
        done = await asyncio.to_thread(
            run_cli, "text", "-c", "agent.toml", "Hi", cwd=tmp_path, environ=environ
        )
    if importlib.util.find_spec("python_socks"):
        assert (done.returncode, done.stdout, asked) == (0, "Answer r1.\n", [b"example.test"]), done.stderr
    else:
        assert done.returncode == 2
        assert "python-socks" in done.stderr


@asynccontextmanager
async def proxy_that_answers(status: str) -> AsyncIterator[str]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


def test_b17_a_proxy_that_is_away_is_named(tmp_path: Path) -> None:
    code, words = text_by_proxy(tmp_path, "HTTPS_PROXY", "http://bob:s3cret@127.0.0.1:9")
    assert code != 0
    assert "proxy http://127.0.0.1:9" in words
    assert "serve" not in words


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("407 Proxy Authentication Required", "user name and password"),
        ("502 Bad Gateway", "cannot reach"),
    ],
)
async def test_b17_what_a_proxy_says_is_told_apart(tmp_path: Path, status: str, words: str) -> None:
    async with proxy_that_answers(status) as address:
        proxy = f"http://bob:s3cret@{address}"
        code, told = await asyncio.to_thread(text_by_proxy, tmp_path, "HTTPS_PROXY", proxy)
    assert code != 0
    assert words in told
    assert "connection.proxy = false" in told


async def test_b17_a_bare_address_is_taken_as_http(tmp_path: Path) -> None:
    async with proxy_that_answers("407 Proxy Authentication Required") as address:
        _, told = await asyncio.to_thread(text_by_proxy, tmp_path, "HTTPS_PROXY", address)
    assert f"proxy http://{address}" in told


def test_b17_a_port_that_is_none_is_blamed_on_its_variable(tmp_path: Path) -> None:
    code, words = text_by_proxy(tmp_path, "HTTPS_PROXY", "http://127.0.0.1:99999")
    assert code == 2
    assert "HTTPS_PROXY" in words


async def test_b17_the_advice_to_take_no_proxy_works(tmp_path: Path) -> None:
    (tmp_path / "agent.toml").write_text('[connection]\nprovider = "custom"\nproxy = false\n')
    checked = await asyncio.to_thread(run_cli, "config", "check", "agent.toml", cwd=tmp_path)
    assert checked.returncode == 0, checked.stderr


# -- b20, b21, b23: logs and exports ---------------------------------------------------------------


def replayed(path: Path) -> tuple[str, str]:
    done = run_cli("replay", path, "--max", "--plain")
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


@pytest.mark.parametrize("name", ["adalenv.jsonl", "capture-ms.jsonl"])
def test_b20_events_in_the_wrappers_of_other_tools(name: str) -> None:
    said, about = replayed(DATA / "b20-log-wrappers" / name)
    assert "Agent: Good evening, all!" in said
    assert "Duration: 0:01" in about


def test_b20_the_log_of_wscat_is_read_and_tells_no_times() -> None:
    said, about = replayed(DATA / "b20-log-wrappers" / "wscat.txt")
    assert "Agent: Good evening, all!" in said
    assert "Latency" not in about


@pytest.mark.parametrize("unit", ["us_epoch", "ns_epoch", "t_ms"])
def test_b21_times_in_any_unit(unit: str) -> None:
    _, about = replayed(DATA / "b21-log-times" / f"time-{unit}.jsonl")
    assert "Duration: 0:01" in about
    assert "median 476 ms" in about


def test_b21_a_log_without_times_has_no_latency() -> None:
    log = DATA / "b21-log-times" / "notimes.jsonl"
    _, about = replayed(log)
    exported = run_cli("export", log, "--format", "md", "-o", "-")
    assert exported.returncode == 0
    assert " ms" not in about + exported.stdout


def test_b23_a_long_answer_comes_in_cues_that_can_be_read() -> None:
    """The agent says some 40 s, and is stopped after 8.7 s of it."""
    log = DATA / "b23-subtitles-one-cue" / "trunc-both.jsonl.gz"
    exported = run_cli("export", log, "--format", "srt", "-o", "-")
    assert exported.returncode == 0, exported.stderr
    cues = [cue.splitlines()[1:] for cue in exported.stdout.strip().split("\n\n")]
    begins = [times.partition(" --> ")[0] for times, *_ in cues]
    said = [line for _, *lines in cues for line in lines]

    assert begins == sorted(begins)
    assert all(len(lines) <= 2 for _, *lines in cues)
    assert max(map(len, said)) <= 42
    assert "<b>" not in exported.stdout
    assert "-->" not in "".join(said)
    assert begins[1] == "00:00:03,340"
    assert 0.15 < " ".join(said).count("Once upon") * len("Once upon a time ") / 1020 < 0.3, "8.7 s of 40"


# -- b24, b26 -------------------------------------------------------------------------------------


async def test_b24_a_byte_order_mark_on_stdin_is_no_letter(tmp_path: Path) -> None:
    async with saying(answered(1, "r1")) as server:
        (tmp_path / "agent.toml").write_text(TEXT)
        done = await Case(server, tmp_path).run(
            "text", "-c", "agent.toml", "--base-url", server.url, stdin="\ufeffSay after me: one\n"
        )
    assert done.stdout.splitlines() == ["Answer r1."], done.stderr
    (message,) = server.heard_of("conversation.item.create")
    assert message["item"]["content"][0]["text"] == "Say after me: one"


async def test_b26_junit_is_well_formed_whatever_the_name(tmp_path: Path) -> None:
    script = 'name = "a\\u001b[31m"\nmode = "text"\n[agent.connection]\nprovider = "custom"\n'
    (tmp_path / "script.toml").write_text(script + '[[turns]]\nuser = "Hi"\n')
    async with saying(answered(1, "r1")) as server:
        done = await Case(server, tmp_path).run(
            "run", "script.toml", "--against", server.url, "--junit", "out.xml"
        )
    assert done.returncode == 0, done.stdout + done.stderr
    names = [case.get("name") for case in ElementTree.parse(tmp_path / "out.xml").iter("testcase")]
    assert len(names) == 1
    assert "\x1b" not in str(names)
