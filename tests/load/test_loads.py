"""Loads with all their processes, which end, whoever is killed."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import pytest

from realtime_cli.app.local_server import ServeOptions, listen
from tests.kit.cli import run_cli
from tests.kit.scripts import GOOD
from tests.kit.threads import loop_in_a_thread
from tests.kit.toolbox import runs

pytestmark = pytest.mark.heavy

psutil = pytest.importorskip("psutil")
if find_spec("locust") is None:  # imported here it would patch these tests
    pytest.skip("needs the extra load", allow_module_level=True)

ROOT = Path(__file__).parents[2]
ENDLESS = GOOD + "[[turns]]\nsilence_ms = 60000\n"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "good.toml"
    path.write_text(GOOD, encoding="utf-8")
    return path


def test_sessions_are_held_and_written_to_tables(script: Path, tmp_path: Path) -> None:
    files = "--json", tmp_path / "sum.json", "--csv", tmp_path / "table", "--html", tmp_path / "report.html"
    ended = run_cli("load", script, "--users", "2", "--duration", "4s", "--finish", "30s", *files)
    assert ended.returncode == 0, ended.stderr
    rows = {row["kind"]: row for row in json.loads((tmp_path / "sum.json").read_text())["rows"]}
    assert rows["session"]["count"] > 0
    assert rows["session"]["failures"] == 0
    assert rows["first audio"]["p50_ms"] > 0
    assert "session,good" in (tmp_path / "table_stats.csv").read_text()
    assert "eliable" in (tmp_path / "table_verdict.csv").read_text()
    assert "good" in (tmp_path / "report.html").read_text()
    assert "first audio" in ended.stdout
    assert "Aggregated" not in ended.stdout


@pytest.mark.parametrize(("more", "code"), [((), 0), (("--fail-if", "response p50 > 0ms"), 1)])
def test_the_example_with_limits_keeps_them_and_misses_one_that_cannot_be_kept(
    tmp_path: Path, more: tuple[str, ...], code: int
) -> None:
    """By the command at its head, with fewer users for a shorter time."""
    path = ROOT / "configs" / "load" / "typed.toml"
    head = path.read_text(encoding="utf-8").partition("description")[0].replace("\\\n#", "")
    (line,) = re.findall(r"realtime-cli (load .*)", head)
    fewer = "--users", "4", "--duration", "10s", "--json", str(tmp_path / "sum.json")
    line = line.replace("load.html", str(tmp_path / "load.html"))
    ended = run_cli(*shlex.split(line), *fewer, *more, cwd=ROOT)
    assert ended.returncode == code, ended.stdout + ended.stderr
    limits = json.loads((tmp_path / "sum.json").read_text())["fail_if"]
    assert len(limits) == 4 + bool(more)
    assert [one["condition"] for one in limits if one["failed"]] == list(more[1:])
    assert "response p95 &gt; 2s" in (tmp_path / "load.html").read_text()


def test_sessions_that_are_cut_have_their_turns_and_count_as_cut(script: Path, tmp_path: Path) -> None:
    script.write_text(GOOD + '[[turns]]\nat = { after = "agent.speech_stopped", ms = 60000 }\nuser = "Two"\n')
    more = "--fail-if", "cut > 50%", "--json", tmp_path / "sum.json"
    ended = run_cli("load", script, "--users", "2", "--duration", "6s", *more)
    assert ended.returncode == 1
    told = json.loads((tmp_path / "sum.json").read_text())
    counts = {row["kind"]: row["count"] for row in told["rows"]}
    assert (counts["cut"], counts["first audio"]) == (2, 2)
    assert told["fail_if"] == [{"condition": "cut > 50%", "failed": True, "found": "100%"}]


def test_sessions_may_finish_and_none_begins_meanwhile(script: Path, tmp_path: Path) -> None:
    long = 'at = { after = "agent.speech_stopped", ms = 5000 }\nuser = "Say after me: two"\n'
    script.write_text(GOOD + "[[turns]]\n" + long, encoding="utf-8")
    more = "--users", "4", "--ramp", "4/s", "--duration", "4s", "--processes", "2", "--finish", "30s"
    ended = run_cli("load", script, *more, "--json", tmp_path / "sum.json")
    assert ended.returncode == 0, ended.stderr
    rows = json.loads((tmp_path / "sum.json").read_text())["rows"]
    assert [row["count"] for row in rows if row["kind"] == "session"] == [4]


def test_a_load_in_which_no_session_ended_has_shown_nothing(script: Path) -> None:
    script.write_text(GOOD + '[[turns]]\nat = { after = "agent.speech_stopped", ms = 60000 }\nuser = "Two"\n')
    ended = run_cli("load", script, "--users", "1", "--duration", "2s")
    assert ended.returncode == 1
    assert "No session was completed" in ended.stderr


@pytest.mark.parametrize("more", [(), ("--processes", "2"), ("--shape", "spike")])
def test_a_duration_begins_when_the_sessions_are_prepared(script: Path, more: tuple[str, ...]) -> None:
    words = "The quick brown fox jumps over the lazy dog and runs back to the wood again. " * 20
    turn = f'[[turns]]\nsay = "{words}"\n'  # which takes longer to be spoken than the run
    script.write_text(GOOD.replace('mode = "text"\n', "") + turn, encoding="utf-8")
    ended = run_cli("load", script, "--users", "2", "--ramp", "2/s", "--duration", "4s", *more)
    assert re.search(r"over [1-9]\d* s of sessions", ended.stderr), ended.stderr


def test_a_load_on_a_server_that_accepts_nothing_says_so(script: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:  # it listens, and never answers
        url = f"ws://127.0.0.1:{server.getsockname()[1]}/v1/realtime"
        ended = run_cli("load", script, "--users", "1", "--duration", "6s", "--against", url)
    assert ended.returncode == 1
    assert "The run was over before the server had accepted a connection" in ended.stderr


def test_failures_have_a_kind_and_end_in_one(script: Path, tmp_path: Path) -> None:
    script.write_text(GOOD.replace('contains = "one"', 'contains = "two"'), encoding="utf-8")
    ended = run_cli(
        "load", script, "--users", "1", "--duration", "8s", "--finish", "30s", "--json", tmp_path / "sum.json"
    )
    assert ended.returncode == 1
    (kind,) = json.loads((tmp_path / "sum.json").read_text())["failures"]
    assert "failed: contains" in kind
    assert 'found "One"' in ended.stderr  # the first one in full


class Full(socketserver.BaseRequestHandler):
    """A server that has had enough, and says for how long."""

    asked: ClassVar[list[float]] = []

    def handle(self) -> None:
        self.request.recv(4096)
        self.asked.append(time.monotonic())
        self.request.sendall(b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n")


class Doorway(socketserver.ThreadingTCPServer):
    request_queue_size = 100  # who does not get in at once comes again a second later


def test_a_server_that_has_had_enough_is_left_alone_for_as_long_as_it_says(
    script: Path, tmp_path: Path
) -> None:
    with Doorway(("127.0.0.1", 0), Full) as server:
        threading.Thread(target=server.serve_forever, name="full").start()
        url = f"ws://127.0.0.1:{server.server_address[1]}/v1/realtime"
        more = "--users", "20", "--ramp", "20/s", "--duration", "6s", "--json", tmp_path / "sum.json"
        ended = run_cli("load", script, "--against", url, *more)
        server.shutdown()
    assert ended.returncode == 1
    assert "429" in "".join(json.loads((tmp_path / "sum.json").read_text())["failures"])
    first = Full.asked[0]
    assert not [at for at in Full.asked if first + 1 < at < first + 1.9], "nobody asks while it is closed"
    later = [at for at in Full.asked if at > first + 1.9]
    assert later, "it is tried again"
    crowds = [sum(at <= other < at + 0.5 for other in later) for at in later]
    assert max(crowds) < 10, "and then not by all twenty at once"


PRICED = """
[connection]
provider = "custom"
base_url = "URL"
model = "dear"
[prices.dear]
text_in = 1000.0
text_cached = 1000.0
text_out = 1000.0
"""


def test_the_budget_stops_all_workers(script: Path, tmp_path: Path) -> None:
    agent = tmp_path / "agent.toml"
    with loop_in_a_thread() as loop:
        server = asyncio.run_coroutine_threadsafe(listen(ServeOptions(port=0), warm=False), loop).result(60)
        agent.write_text(PRICED.replace("URL", server.url), encoding="utf-8")
        more = "--config", agent, "--max-cost", "0.5", "--processes", "2", "--json", tmp_path / "sum.json"
        began = time.monotonic()
        ended = run_cli("load", script, "--users", "2", "--duration", "40s", *more)
        asyncio.run_coroutine_threadsafe(server.close(), loop).result(10)
    assert ended.returncode == 6, ended.stderr
    assert "All workers stop" in ended.stderr
    assert time.monotonic() - began < 40
    assert json.loads((tmp_path / "sum.json").read_text())["usd"] >= 0.5


# -- ends -----------------------------------------------------------------------------------------

Processes = list[Any]


@contextmanager
def running(
    folder: Path, *arguments: str, engines: int, output: int = subprocess.DEVNULL
) -> Iterator[tuple[subprocess.Popen[bytes], Processes]]:
    """A load test whose engines hold sessions, and all of its processes, the master first."""
    script = folder / "endless.toml"
    script.write_text(ENDLESS, encoding="utf-8")
    command = [sys.executable, "-m", "realtime_cli", "load", str(script), "--users", "2", *arguments]
    with subprocess.Popen(command, stdout=output, stderr=output) as master:
        try:
            root = psutil.Process(master.pid)
            until = time.monotonic() + 60
            while len(of_engine(tree := [root, *root.children(recursive=True)])) < engines:
                assert time.monotonic() < until
                time.sleep(0.1)
            while not all(process.net_connections() for process in of_engine(tree)):  # it has begun sessions
                assert time.monotonic() < until
                time.sleep(0.1)
            yield master, tree
        finally:
            for process in (
                [*psutil.Process(master.pid).children(recursive=True)] if master.poll() is None else []
            ):
                process.kill()
            master.kill()


def of_engine(tree: Processes) -> Processes:
    return [process for process in tree if "engine" in process.cmdline()]


def left(processes: Processes, within_s: float) -> Processes:
    """Those that still run after the time. An orphan that no init reaps (in a container) has ended, too."""
    until = time.monotonic() + within_s
    while still := [process for process in processes if runs(process.pid)]:
        if time.monotonic() >= until:
            return still
        time.sleep(0.05)
    return []


def kill_master(tree: Processes) -> None:
    tree[0].kill()


def kill_engine(tree: Processes) -> None:
    of_engine(tree)[0].kill()


def interrupt(tree: Processes) -> None:
    tree[0].send_signal(signal.SIGINT)


def terminate(tree: Processes) -> None:
    tree[0].terminate()


@pytest.mark.skipif(
    sys.platform != "linux", reason="children end with a killed parent where the kernel tells them"
)
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("end", [kill_master, interrupt, terminate])
def test_nothing_is_left_of_a_load_test(
    tmp_path: Path, workers: int, end: Callable[[Processes], None]
) -> None:
    arguments = ["--processes", str(workers)] if workers else []
    with running(tmp_path, *arguments, engines=workers or 1) as (_, tree):
        end(tree)
        assert not left(tree, 5.0 if end is not kill_master else 8.0)


@pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_end_a_load_with_one_report(tmp_path: Path, number: int) -> None:
    """Two at once, as timeout(1) sends them."""
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("nohup: the program leaves it ignored")
    history = tmp_path / "sum.json"
    with running(tmp_path, "--json", str(history), engines=1, output=subprocess.PIPE) as (process, _):
        process.send_signal(number)
        process.send_signal(number)
        told, said = (text.decode() for text in process.communicate(timeout=20))
    assert sum(line.startswith("kind ") for line in told.splitlines()) == 1, told + said
    assert "Traceback" not in told + said
    assert json.loads(history.read_text())["rows"]


@pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")
def test_a_killed_engine_ends_its_worker_and_is_a_failure(tmp_path: Path) -> None:
    with running(tmp_path, "--json", str(tmp_path / "sum.json"), engines=1) as (master, tree):
        kill_engine(tree)
        assert master.wait(10) == 5
    assert any("engine" in kind for kind in json.loads((tmp_path / "sum.json").read_text())["failures"])


@pytest.mark.skipif(
    sys.platform != "linux", reason="children end with a killed parent where the kernel tells them"
)
def test_a_killed_worker_takes_its_engine_along_and_the_others_go_on(tmp_path: Path) -> None:
    with running(tmp_path, "--processes", "2", engines=2) as (master, tree):
        worker = next(process for process in tree if process.ppid() == master.pid)
        its = [worker, *worker.children(recursive=True)]
        worker.kill()
        assert not left(its, 8.0)
        assert master.poll() is None
        interrupt(tree)
        assert not left([process for process in tree if process not in its], 5.0)
