"""What strangers write, a server, a file or a recording: a terminal obeys none of it, a pipe gets it all."""

from __future__ import annotations

import http
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from realtime_cli import cli
from tests.kit.cli import run_cli
from tests.kit.speech import clip_path
from tests.kit.terminal import on_a_terminal

EVIL = "\x1b]0;owned\x07\x1b]52;c;aGk=\x07\x1b]8;;http://x\x07\x1b[2J\x9b31m\u202eabc"
OBEYED = ("\x1b]", "\x1b[2J", "\x07", "\x9b", "\u202e")
NAME = EVIL.replace("/", "_")
SPOKEN = str(clip_path("heart-04"))
SHOWN = "]0;owned"  # what is left of it, behind a sign for the escape


def told(kind: str, **fields: Any) -> str:
    return json.dumps({"type": kind, "event_id": "e", **fields})


SESSION = {"type": "realtime", "id": "s", "model": "m", "output_modalities": ["text"]}
ITEM = {"id": "i", "type": "message", "role": "assistant", "status": "completed"}
PART = {"response_id": "r", "item_id": "i", "output_index": 0, "content_index": 0}
ANSWER = [
    told("response.created", response={"id": "r", "status": "in_progress", "output": []}),
    told("response.output_item.added", response_id="r", output_index=0, item={**ITEM, "content": []}),
    told("response.output_text.delta", **PART, delta=f"Well {EVIL}"),
    told("response.done", response={"id": "r", "status": "completed", "output": []}),
]
LOG = [
    told("session.created", session=SESSION),
    *ANSWER,
    told("error", error={"type": "server_error", "code": "x", "message": EVIL}),
]


def hostile(socket: ServerConnection) -> None:
    socket.send(LOG[0])
    for text in socket:
        match json.loads(text)["type"]:
            case "session.update":
                socket.send(told("session.updated", session=SESSION))
            case "response.create" if "close" in socket.request.path:
                socket.close(1008, EVIL)
            case "response.create":
                for event in ANSWER:
                    socket.send(event)


def refuse(socket: ServerConnection, request: Request) -> Response | None:
    body = json.dumps({"error": {"message": EVIL}}).encode()
    status = http.HTTPStatus.BAD_REQUEST
    return Response(status, "No", Headers(), body) if "refuse" in request.path else None


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with serve(hostile, "127.0.0.1", 0, process_request=refuse) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"ws://127.0.0.1:{listening.socket.getsockname()[1]}"
        listening.shutdown()


class Web(BaseHTTPRequestHandler):
    """Refuses what is no WebSocket, in its words."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(400)
        self.end_headers()
        self.wfile.write(json.dumps({"error": {"message": EVIL}}).encode())

    def log_message(self, *words: Any) -> None:
        """Nothing on stderr."""


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Web) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"ws://127.0.0.1:{listening.server_port}"
        listening.shutdown()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "evil.jsonl").write_text("\n".join(LOG) + "\n")
    (folder / "torn.jsonl").write_text(json.dumps({"format": "realtime-cli", "version": EVIL}) + "\n")
    (folder / "agent.toml").write_text(f'[session]\nvoice = "{EVIL}\n')
    (folder / "key.toml").write_text(f'[session]\n"{json.dumps(EVIL)[1:-1]}" = 1\n')
    script = 'mode = "text"\n[[turns]]\nsay = "Hi"\n[turns.expect]\ncontains = ["nothing like it"]\n'
    (folder / "evil.script.toml").write_text(script)
    written = json.dumps(EVIL)
    named = f"name = {written}\n{script}check = {json.dumps(f'no{EVIL}:f')}\n"
    (folder / "named.script.toml").write_text(named)
    tools = f'[[tools]]\nname = "t"\ncommand = ["date", {written}]\n[session]\ninstructions = {written}\n'
    (folder / "tools.toml").write_text(tools)
    (folder / f"{NAME}.jsonl").write_text("\n".join(LOG) + "\n")
    (folder / "empty").mkdir()
    return folder


COMMANDS = [
    ("text", "--base-url", "SERVER/v1/realtime", "--no-record", "Hello"),
    ("text", "--base-url", "SERVER/close/v1/realtime", "--no-record", "Hello"),
    ("text", "--base-url", "SERVER/refuse/v1/realtime", "--no-record", "Hello"),
    ("run", "evil.script.toml", "--against", "SERVER/v1/realtime"),
    ("run", "evil.script.toml", "--against", "SERVER/v1/realtime", "--markdown", "-"),
    ("run", "evil.script.toml", "--against", "SERVER/refuse/v1/realtime"),
    ("sessions", "list", "--folder", "."),
    ("sessions", "show", "evil", "--folder", "."),
    ("sessions", "search", "Well", "--folder", "."),
    *(("export", "evil.jsonl", "-f", form, "-o", "-") for form in ("md", "txt", "srt", "vtt", "labels")),
    ("replay", "evil.jsonl", "--plain", "--max"),
    ("replay", "torn.jsonl", "--verify"),
    ("config", "check", "agent.toml"),
    ("config", "check", "key.toml"),
    ("doctor", "--base-url", "SERVER/refuse/v1/realtime"),
    ("talk", "--base-url", "SERVER/refuse/v1/realtime", "--no-record", "-i", SPOKEN, "-o", "null"),
    ("replay", f"{NAME}.jsonl", "--verify"),
    ("engine", "named.script.toml", "--against", "SERVER/v1/realtime"),
    ("secret", "--base-url", "WEB/v1/realtime"),
    ("attach", NAME, "--base-url", "SERVER/refuse/v1/realtime", "--no-record"),
    ("transcribe", SPOKEN, "--base-url", "SERVER/refuse/v1/realtime"),
    ("translate", SPOKEN, "--to", EVIL, "--base-url", "SERVER/refuse/v1/realtime"),
    ("config", "trust", "tools.toml"),
    ("config", "show", "tools.toml"),
    ("config", "convert", "--to", "live", "key.toml"),
    ("sessions", "delete", NAME, "--folder", "empty"),
    ("init", f"gone/{NAME}.toml"),
    ("docs", EVIL),
    ("serve", "--host", EVIL),
]
SAY_NOTHING_FOREIGN = {"load", "devices", "config schema", "sessions prune"}
"""Of ``load`` Locust's table of figures is seen, of the others what is ours or the machine's."""


def test_every_command_is_walked() -> None:
    """A new one has to come into the list above, or to be named as one that shows nothing foreign."""
    groups = {group.name: group.typer_instance for group in cli.app.registered_groups if group.typer_instance}
    known = {
        " ".join(filter(None, (above, command.name or getattr(command.callback, "__name__", ""))))
        for above, part in (("", cli.app), *groups.items())
        for command in part.registered_commands
    }
    walked = {" ".join(command[: 2 if command[0] in groups else 1]) for command in COMMANDS}
    assert walked | SAY_NOTHING_FOREIGN == known


@pytest.mark.heavy
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command)[:60])
def test_a_terminal_obeys_no_stranger(command: tuple[str, ...], server: str, web: str, folder: Path) -> None:
    words = (word.replace("SERVER", server).replace("WEB", web) for word in command)
    written = on_a_terminal(*words, cwd=folder)

    assert not [sign for sign in OBEYED if sign in written], written
    assert SHOWN in written


def test_a_pipe_gets_it_as_it_is(server: str, folder: Path) -> None:
    answered = run_cli("text", "--base-url", f"{server}/v1/realtime", "--no-record", "Hello", cwd=folder)
    assert answered.stdout == f"Well {EVIL}\n"
    assert EVIL in run_cli("export", "evil.jsonl", "-f", "txt", "-o", "-", cwd=folder).stdout
