"""Nothing phones home: a whole local talk, seen by the kernel, speaks to nobody beyond this machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path

import pytest

from tests.kit.scripts import GOOD
from tests.kit.speech import clip_path

ROOT = Path(__file__).parents[2]
CALLS = "connect,sendto,sendmsg,sendmmsg"
PLACE = re.compile(
    r'(?:sin6?_port=htons\((?P<port>\d+)\)).*?(?:inet_addr\("|inet_pton\(AF_INET6, ")(?P<ip>[0-9a-f.:]+)"'
)
DNS = 53  # a resolver on this machine would ask others


def places(arguments: list[str], log: Path, **environ: str) -> tuple[int, set[tuple[str, int]]]:
    """Run Python under strace; its exit code, and each internet address that a thread or child spoke to."""
    kept = {name: value for name, value in os.environ.items() if name != "CI"}
    ended = subprocess.run(
        ["strace", "-f", "-qq", "-e", f"trace={CALLS}", "-o", log, sys.executable, *arguments],
        env=kept | environ,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    if "ptrace" in ended.stderr and "not permitted" in ended.stderr:
        pytest.skip("this machine does not let processes be traced")
    found = {(place["ip"], int(place["port"])) for place in PLACE.finditer(log.read_text())}
    return ended.returncode, found


def foreign(found: set[tuple[str, int]]) -> set[tuple[str, int]]:
    return {(ip, port) for ip, port in found if not ip_address(ip).is_loopback or port == DNS}


pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="no strace here (apt: strace)")


@pytest.mark.parametrize("address", ["('192.0.2.1', 9)", "('2001:db8::1', 9)", "('192.0.2.1', 53)"])
def test_a_word_to_somebody_else_would_be_seen(address: str, tmp_path: Path):
    """The documentation's addresses (RFC 5737, RFC 3849) lead nowhere."""
    family = "AF_INET6" if "::" in address else "AF_INET"
    code = (
        "import socket, contextlib\n"
        f"s = socket.socket(socket.{family}, socket.SOCK_DGRAM)\n"
        f"with contextlib.suppress(OSError): s.sendto(b'x', {address})\n"
        "s.close()\n"
    )
    _, found = places(["-c", code], tmp_path / "log")
    assert foreign(found)


def test_a_local_talk_speaks_to_nobody_beyond_this_machine(tmp_path: Path):
    arguments = [
        "talk",
        "-c",
        "configs/local.toml",
        "-i",
        str(clip_path("heart-04")),
        "-o",
        "null",
        "--plain",
    ]
    recording = tmp_path / "s.jsonl"
    code, found = places(
        ["-m", "realtime_cli", *arguments, "--record", str(recording)], tmp_path / "log", HOME=str(tmp_path)
    )
    assert code == 0
    assert "391" in recording.read_text(), "it understood and answered"
    assert found, "the local server was reached"
    assert foreign(found) == set()


@pytest.mark.heavy
@pytest.mark.skipif(find_spec("locust") is None, reason="needs the extra load")
def test_a_load_and_its_processes_neither(tmp_path: Path):
    (tmp_path / "it.toml").write_text(GOOD)
    words = ["load", str(tmp_path / "it.toml"), "--users", "1", "--duration", "3s"]
    _, found = places(["-m", "realtime_cli", *words], tmp_path / "log", HOME=str(tmp_path))
    assert found, "the local server was reached"
    assert foreign(found) == set()


def test_tools_and_text_neither(tmp_path: Path):
    allowed = ["--trust", "configs/tools.toml", "--approve", "all"]
    words = ["text", "-c", "configs/tools.toml", *allowed, "--no-record", "What is 17 times 23?"]
    code, found = places(["-m", "realtime_cli", *words], tmp_path / "log", HOME=str(tmp_path))
    assert code == 0
    assert foreign(found) == set()
