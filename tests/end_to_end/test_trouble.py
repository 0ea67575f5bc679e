"""What is no fault of the program: every command in every trouble ends with a sentence, and never with 70."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from realtime_cli.errors import ExitCode
from tests.kit.forked_cli import run_forked
from tests.kit.speech import clip_path
from tests.recording.conversation import record_conversation

if sys.platform == "win32":
    pytest.skip("limits and devices as POSIX has them", allow_module_level=True)
import resource
import signal

SPOKEN = clip_path("heart-04")
LONG_NAME = "n" * 300
SCRIPT = """
mode = "text"
agent = { connection = { provider = "local" } }
[[turns]]
user = "say after me: one"
[turns.expect]
contains = "one"
"""


def without_streams() -> None:
    os.close(0)
    os.close(1)
    sys.stdin = sys.stdout = None  # as Python has them under <&- >&-


def stdout_is_full() -> None:
    os.dup2(os.open("/dev/full", os.O_WRONLY), 1)


def files_may_not_grow() -> None:
    sys.dont_write_bytecode = True  # a piece of it would be read by whoever comes next
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))


def odd_time_zone() -> None:
    os.environ["TZ"] = "/etc/passwd"
    time.tzset()


def little_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + 12_000_000
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


TROUBLES: list[Callable[[], None]] = [
    without_streams,
    stdout_is_full,
    files_may_not_grow,
    odd_time_zone,
    little_memory,
]
LOCAL = ("--set", "connection.provider=local")
NOWHERE = ("--base-url", "ws://127.0.0.1:9", "--set", "connection.reconnect_tries=0")
COMMANDS: dict[str, tuple[str | Path, ...]] = {
    "text": ("text", *LOCAL, "--record", "kept.jsonl", "Hello."),
    "text --json": ("text", *LOCAL, "--json", "--no-record", "Hello."),
    "talk": (
        "talk",
        *NOWHERE,
        "-i",
        SPOKEN,
        "-o",
        "out.wav",
        "--plain",
    ),
    "run": ("run", "it.toml", "--json", "results.json", "--junit", "-"),
    "engine": ("engine", "it.toml"),
    "secret": ("secret", *NOWHERE),
    "transcribe": ("transcribe", SPOKEN, *NOWHERE, "-o", "said.srt"),
    "translate": ("translate", SPOKEN, *NOWHERE, "--to", "es", "-o", "said.srt"),
    "serve": ("serve", "--host", "256.0.0.1"),
    "replay": ("replay", "said.jsonl", "--plain", "--max", "--output", "null"),
    "replay --verify": ("replay", "said.jsonl", "--verify"),
    "export md": ("export", "said.jsonl", "-f", "md", "-o", "-"),
    "export html": ("export", "said.jsonl", "-f", "html", "-o", "said.html"),
    "export wav": ("export", "said.jsonl", "-f", "wav", "-o", "said.wav"),
    "sessions list": ("sessions", "list", "--folder", "."),
    "sessions show": ("sessions", "show", "said", "--folder", "."),
    "sessions search": ("sessions", "search", "window", "--folder", "."),
    "sessions delete": ("sessions", "delete", "said", "--folder", "."),
    "sessions prune": ("sessions", "prune", "--folder", ".", "--older-than", "1d"),
    "config check": ("config", "check", "agent.toml"),
    "config show": ("config", "show", "agent.toml"),
    "config trust": ("config", "trust", "agent.toml"),
    "config schema": ("config", "schema"),
    "config convert": ("config", "convert", "--to", "live", "agent.toml"),
    "init": ("init", "new.toml"),
    "docs": ("docs", "events"),
    "devices": ("devices",),
    "doctor": ("doctor", "--offline", "--json"),
    "long name": ("text", *LOCAL, "--record", f"{LONG_NAME}.jsonl", "Hello."),
    "long config": ("talk", f"{LONG_NAME}.toml"),
    "long export": ("export", "said.jsonl", "-f", "md", "-o", LONG_NAME),
    "long init": ("init", LONG_NAME),
}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record_conversation(tmp_path_factory.mktemp("said") / "said.jsonl")


@pytest.mark.heavy
@pytest.mark.parametrize("name", COMMANDS)
def test_trouble_is_told_in_a_sentence(
    name: str, said: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "it.toml").write_text(SCRIPT)
    (tmp_path / "agent.toml").write_text('[connection]\nprovider = "local"\n')
    for trouble in TROUBLES:
        shutil.copytree(said.parent, tmp_path, dirs_exist_ok=True)  # some commands delete it
        code, out, err = run_forked(*COMMANDS[name], timeout_s=40, trouble=trouble)
        where = (trouble.__name__, code, out[-800:], err)
        if trouble is little_memory and code == -signal.SIGABRT:
            continue  # pydantic's core is Rust, which ends the process where memory ends
        assert code in set(ExitCode) - {ExitCode.BUG}, where
        assert "Traceback" not in err, where
        assert "This is a bug" not in err, where
        if code not in (ExitCode.OK, ExitCode.EXPECTATION_FAILED):
            assert err.strip() or out.strip(), where


@pytest.mark.heavy
@pytest.mark.parametrize("trouble", [without_streams, stdout_is_full, files_may_not_grow])
def test_a_load_bears_trouble(
    trouble: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "it.toml").write_text(SCRIPT)
    load = ("load", "it.toml", "--users", "1", "--duration", "3s", "--html", "page.html")
    code, out, err = run_forked(*load, timeout_s=40, trouble=trouble)
    assert "Reliable: " in out + err
    assert "Traceback" not in err
    assert code == ExitCode.USAGE
    assert "cannot be written" in err


def everybody_may() -> None:
    os.umask(0)


def test_all_that_is_kept_is_the_owners_alone_whatever_the_umask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folders of state, settings and cache, walked behind a session, a run and a yes to an agent."""
    for kind in ("STATE", "CONFIG", "CACHE", "DATA"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind))
    (tmp_path / "it.toml").write_text(SCRIPT)
    sound = ("--set", "audio.fast=true", "-i", SPOKEN, "-o", "null", "--plain")
    for command in (("talk", *LOCAL, *sound), ("text", *LOCAL, "Hello."), ("run", tmp_path / "it.toml")):
        assert run_forked(*command, timeout_s=60, trouble=everybody_may)[0] == ExitCode.OK
    kept = [path for path in (tmp_path / "STATE").rglob("*") if path.name != "STATE"]
    assert len([path for path in kept if path.suffix == ".jsonl"]) == 3
    assert {path: oct(path.stat().st_mode & 0o077) for path in kept} == dict.fromkeys(kept, "0o0")
    elsewhere = [
        path for kind in ("CONFIG", "CACHE", "DATA") for path in (tmp_path / kind).rglob("realtime-cli*")
    ]
    assert [path for path in elsewhere if path.stat().st_mode & 0o077] == []
