"""Real requests to a real server on loopback."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest

from realtime_cli.errors import ConfigError
from realtime_cli.tools.http import address
from realtime_cli.tools.tool import ToolFailed
from tests.kit.toolbox import toolbox


class Kitchen(BaseHTTPRequestHandler):
    """Says what it was asked; a few paths are special."""

    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        status, kind, said = 200, "application/json", b""
        match self.path.partition("?")[0]:
            case "/broken":
                status, kind, said = 503, "text/plain", b"out of soup"
            case "/moved":
                status = 302
            case "/latin":
                kind, said = "text/plain; charset=iso-8859-1", "café".encode("latin-1")
            case "/photo":
                kind, said = "image/png", b"\x89PNG\r\n\x1a\n\0\0"
            case "/long":
                kind, said = "text/plain", b"x" * 1_000_000
            case "/empty":
                status = 204
            case _:
                told = {
                    "method": self.command,
                    "path": self.path,
                    "body": body,
                    "key": self.headers.get("x-key"),
                    "host": self.headers.get("host"),
                }
                said = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(said)))
        if status == 302:
            self.send_header("location", "http://elsewhere.example/")
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def kitchen() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Kitchen) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


def entry(url: str, more: str = "", rest: str = "") -> str:
    return f'[[tools]]\nname = "ask"\nhttp = {{url = "{url}"{more}}}\n{rest}\n'


async def test_a_get_fills_the_address_and_the_query(kitchen: str, tmp_path: Path) -> None:
    parameters = (
        'parameters = {type = "object", properties = {city = {type = "string"}, days = {type = "integer"}}}'
    )
    async with toolbox(tmp_path, entry(f"{kitchen}/weather/{{city}}", rest=parameters), approve=()) as box:
        told = json.loads((await box.call("ask", city="A/b c?d=é", days=3)).output)
        assert told["method"] == "GET"
        assert told["path"] == "/weather/" + quote("A/b c?d=é", safe="") + "?days=3"


async def test_a_post_carries_the_rest_as_json(kitchen: str, tmp_path: Path) -> None:
    rest = 'parameters = {type = "object"}'
    async with toolbox(tmp_path, entry(f"{kitchen}/orders/{{id}}", ', method = "POST"', rest)) as box:
        told = json.loads((await box.call("ask", id=7, dish="soup")).output)
        assert (told["method"], told["path"]) == ("POST", "/orders/7")
        assert json.loads(told["body"]) == {"dish": "soup"}


async def test_headers_from_the_environment_are_sent(
    kitchen: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOUP_KEY", "sesame")
    async with toolbox(tmp_path, entry(kitchen, ', headers = {X-Key = "${SOUP_KEY}"}')) as box:
        assert json.loads((await box.call("ask")).output)["key"] == "sesame"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("broken", "HTTP 503 Service Unavailable\nout of soup"),
        ("moved", "HTTP 302 Found: the address has moved to http://elsewhere.example/."),
        ("photo", "The output is not text (10 bytes)."),
    ],
)
async def test_what_is_no_good_answer_is_told(kitchen: str, tmp_path: Path, path: str, said: str) -> None:
    async with toolbox(tmp_path, entry(f"{kitchen}/{path}")) as box:
        result = await box.call("ask")
        assert (result.output, result.failed) == (said, True)


async def test_answers_of_other_kinds(kitchen: str, tmp_path: Path) -> None:
    async with toolbox(tmp_path, entry(f"{kitchen}/latin")) as box:
        assert (await box.call("ask")).output == "café"
    async with toolbox(tmp_path, entry(f"{kitchen}/empty")) as box:
        assert (await box.call("ask")).output == "HTTP 204 No Content"
    async with toolbox(tmp_path, entry(f"{kitchen}/long")) as box:
        assert (await box.call("ask")).output.endswith("[cut: 1000000 bytes in all]")


async def test_nobody_at_the_address(tmp_path: Path) -> None:
    async with toolbox(tmp_path, entry("http://127.0.0.1:9/")) as box:
        result = await box.call("ask")
        assert result.failed
        assert result.output.startswith("The request failed: ConnectError")


async def test_a_socks_proxy_of_the_environment_names_the_package_for_it(
    kitchen: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv("ALL_PROXY", "socks5://bob:s3cret@127.0.0.1:9")
    async with toolbox(tmp_path, entry(kitchen)) as box:
        output = (await box.call("ask")).output
    assert "The environment names a SOCKS proxy, but socksio is not installed." in output
    assert "s3cret" not in output


async def test_writing_asks_and_reading_does_not(kitchen: str, tmp_path: Path) -> None:
    async with toolbox(tmp_path, entry(kitchen, ', method = "DELETE"'), approve=()) as box:
        result = await box.call("ask")
        assert result.failed
        assert "--approve ask" in result.output


async def test_an_argument_never_chooses_the_host(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="choose the host"):
        async with toolbox(tmp_path, entry("https://{host}/x")):
            pass


@pytest.mark.parametrize("value", ["..", "."])
def test_an_argument_never_climbs_the_path(value: str) -> None:
    with pytest.raises(ToolFailed, match="must not be"):
        address("http://x/files/{name}", {"name": value})
