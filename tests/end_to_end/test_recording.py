"""A real talk's recording: told again, served to a client, held with another agent, exported."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from realtime_cli.client.effects import Send
from realtime_cli.commands.export import FORMATS, ExportOptions, export
from realtime_cli.errors import ExitCode
from realtime_cli.protocol.client_events import ConversationItemCreate
from realtime_cli.recording.reader import read
from tests.kit.cli import run_cli
from tests.kit.verified import differing
from tests.kit.virtual_devices import VirtualDevices, load, virtual_devices
from tests.recording.conversation import record_conversation

__all__ = ["virtual_devices"]

pytestmark = pytest.mark.xdist_group("recording")

CLIP = Path(__file__).parents[2] / "configs" / "scripts" / "clips" / "seventeen-times-twenty-three.wav"
AGENT = '[connection]\nprovider = "local"\n[[tools]]\nbuiltin = "calculator"\n'
OTHER = AGENT + "[conversation]\ngreet = true\n"


@dataclass(frozen=True)
class Talked:
    """A talk that is over: its recording, and what it printed on stdout."""

    recording: Path
    told: str


@pytest.fixture(scope="module")
def talked(tmp_path_factory: pytest.TempPathFactory) -> Talked:
    folder = tmp_path_factory.mktemp("talk")
    (folder / "agent.toml").write_text(AGENT)
    (folder / "other.toml").write_text(OTHER)
    return Talked(folder / "s.jsonl", talk(folder, "--record", folder / "s.jsonl"))


def talk(folder: Path, *more: str | Path) -> str:
    """Ask the agent in ``folder`` from a file, as fast as it answers; what that prints on stdout."""
    agent = ("-c", folder / "agent.toml")
    ran = run_cli("talk", *agent, "-i", CLIP, "-o", "null", "--fast", "--plain", *more)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@contextmanager
def served(recording: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """``replay --serve`` in a process of its own; yields its address."""
    command = [sys.executable, "-m", "realtime_cli", "replay", str(recording), "--serve", "--once", "--max"]
    with subprocess.Popen([*command, "--port", "0"], stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr
        try:
            address = re.search(r"ws://\S+", server.stderr.readline())
            assert address
            yield address[0], server
        finally:
            server.kill()


def test_replay_tells_what_the_talk_told(talked: Talked) -> None:
    assert "391" in talked.told

    replayed = run_cli("replay", talked.recording, "--plain", "--max")

    assert replayed.stdout == talked.told
    assert differing(talked.recording) == ""


def test_served_it_is_the_server_it_came_from(talked: Talked) -> None:
    with served(talked.recording) as (url, server):
        told = talk(talked.recording.parent, "--no-record", "--base-url", url)
        _, said = server.communicate(timeout=20)

    # How long a tool took is the only thing that is not the recorded server's to say.
    assert untimed(told) == untimed(talked.told)
    assert (server.returncode, said) == (0, "realtime-cli: connection 1: as recorded.\n")


def untimed(told: str) -> str:
    return re.sub(r"after \d+ ms", "", told)


def test_resent_to_another_agent_both_stand_in_one_table(talked: Talked, own_environment: Path) -> None:
    other = ("--config", talked.recording.with_name("other.toml"))
    ran = run_cli("replay", talked.recording, "--resend", *other)

    assert ran.returncode == 0, ran.stderr
    rows = dict(re.findall(r"^\| (.+?) \| (.*) \|$", ran.stdout, re.M))
    assert rows["answers"] == "1 | 2"
    assert rows["tool calls"] == "calculator | calculator"
    assert re.fullmatch(r"\d+ ms \| \d+ ms", rows["first audio, median"])
    assert re.fullmatch(r"\d+ \(\d+\) / \d+ \| \d+ \(\d+\) / \d+", rows["tokens in (cached) / out"])
    before, now = ran.stdout.split("## Now")
    assert all(half.count("You: ") == half.count("391") == 1 for half in (before, now))
    assert len(list(own_environment.rglob("*_resent.jsonl"))) == 1


def test_continued_it_is_known_but_not_done_again(talked: Talked, tmp_path: Path) -> None:
    path = tmp_path / "more.jsonl"
    told = talk(talked.recording.parent, "--continue", talked.recording, "--record", path)

    assert untimed(told) == untimed(talked.told), "what was said before is not told again"
    sent = [e.value.event for e in read(path).entries() if isinstance(e.value, Send)]
    items = [event.item for event in sent if isinstance(event, ConversationItemCreate)]
    seeded = [getattr(item, "role", item.type) for item in items]
    assert seeded == ["user", "function_call", "function_call_output", "assistant", "function_call_output"]


def test_every_export_of_it_holds_something(talked: Talked, tmp_path: Path) -> None:
    for name, (suffix, _) in FORMATS.items():
        path = tmp_path / f"made{suffix}"
        assert export(ExportOptions(talked.recording, name, path)) == ExitCode.OK
        assert path.stat().st_size > 50, name


def test_heard_through_a_loudspeaker_in_time_with_what_is_shown(
    virtual_devices: VirtualDevices, tmp_path: Path
) -> None:
    """From 8.3 s on: an answer of 1.2 s at 8.8 s, and with the pauses cut one of 0.9 s soon after."""
    path, capture = record_conversation(tmp_path / "s.jsonl"), tmp_path / "heard.wav"
    with virtual_devices.recording(capture):
        replay = ("-m", "realtime_cli", "replay", str(path), "--audio", "--plain", "--from", "8.3")
        ran = virtual_devices.run([*replay, "--idle-limit", "1s"])
        virtual_devices.silence(0.3)

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.endswith("Agent: The same.\n")
    loud = np.flatnonzero(np.abs(load(capture).astype(int)) > 300) / 24_000
    pause = int(np.argmax(np.diff(loud)))
    assert loud[pause] - loud[0] == pytest.approx(1.2, abs=0.15)
    assert loud[-1] - loud[pause + 1] == pytest.approx(0.9, abs=0.15)
    assert 0.5 < loud[pause + 1] - loud[pause] < 2.5
