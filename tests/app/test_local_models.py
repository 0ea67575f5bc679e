"""Language models on this machine: found on their ports, and nothing else is taken for one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from realtime_cli.app.local_models import LocalModels, find_local_models
from tests.video.test_sources import free_port


@pytest.fixture
def served() -> Iterator[dict[str, int]]:
    """Ports of servers that answer GET /v1/models each in its way."""
    bodies = {
        "Ollama": json.dumps({"object": "list", "data": [{"id": "qwen3:4b"}, {"id": "llama3.2"}]}),
        "llama.cpp": "<html>a web page</html>",
        "vLLM": json.dumps({"data": []}),
    }
    servers = {name: HTTPServer(("127.0.0.1", 0), answering(body)) for name, body in bodies.items()}
    for server in servers.values():
        Thread(target=server.serve_forever, daemon=True).start()
    yield {name: server.server_port for name, server in servers.items()} | {"LM Studio": free_port()}
    for server in servers.values():
        server.shutdown()
        server.server_close()


def answering(body: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/v1/models" else 404)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


def test_only_what_names_a_model_is_found(served: dict[str, int]) -> None:
    url = f"http://127.0.0.1:{served['Ollama']}/v1"
    (found,) = find_local_models(served)
    assert found == LocalModels("Ollama", url, ("qwen3:4b", "llama3.2"))
    assert found.shown == f"Ollama at {url}: qwen3:4b, llama3.2"
    assert found.settings() == {"local.chat_url": url, "local.chat_model": "qwen3:4b"}


def test_many_models_are_not_all_named() -> None:
    found = LocalModels("vLLM", "http://127.0.0.1:8000/v1", tuple("abcdefgh"))
    assert found.shown.endswith("a, b, c, d, e and 3 more")
