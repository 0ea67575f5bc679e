"""``load`` on this machine, against ``serve`` with a canned voice. Not part of the suite; minutes each:

    python -m tests.bench.bench_load wirings            sockets under gevent against an engine beside
    python -m tests.bench.bench_load growth 10 50 100   one line for each number of sessions
    python -m tests.bench.bench_load crowd 200 120      so many for so many seconds, master and two workers
                                                        in network namespaces of their own (with root)

With ``--script PATH`` another script than configs/load/call.toml; configs/load/push-to-talk.toml costs a
third.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil

from realtime_cli.script.clips import read_clip

ROOT = Path(__file__).parents[2]
CLIP = ROOT / "configs/scripts/clips/go-forward-ten-meters.wav"
ONE_QUESTION = f"""
agent = "{ROOT / "configs/local.toml"}"
set = {{ "conversation.greet" = false }}
[[turns]]
wav = "{CLIP}"
text = "Go forward ten meters."
"""
FINISH = "90s"  # every session is held to its end and judged
NET = "10.77.0."
SPACES = {"master": NET + "10", "worker1": NET + "11", "worker2": NET + "12"}
COLUMNS = (
    "sessions",
    "held",
    "failed",
    "p99 late ms",
    "reliable",
    "first audio p50",
    "p99",
    "ms/s engine",
    "ms/s server",
)


def cli(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "realtime_cli", *map(str, arguments)]


@contextmanager
def server(host: str = "127.0.0.1", port: int = 0) -> Iterator[tuple[str, psutil.Process]]:
    """The local server with a hum for a voice; its address and process."""
    command = cli(
        "serve",
        "--host",
        host,
        "--port",
        str(port),
        "--set",
        "local.speech=canned",
        "--set",
        "local.max_connections=1000",
    )
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stderr
            line = next(line for line in process.stderr if "Listening" in line)
            yield line.split()[2], psutil.Process(process.pid)
        finally:
            process.terminate()


def cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def rows(summary: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [row for row in summary["rows"] if row["kind"] == kind]


def figures(sessions: int, summary: dict[str, Any], server_s: float) -> dict[str, Any]:
    """A line of the table."""
    held, sound = rows(summary, "session"), rows(summary, "first audio")
    count = sum(row["count"] for row in sound) or 1
    return dict(
        zip(
            COLUMNS,
            (
                sessions,
                sum(row["count"] for row in held),
                sum(row["failures"] for row in held),
                summary["late_ms"]["p99"],
                summary["reliable"],
                round(sum(row["count"] * row["p50_ms"] for row in sound) / count),
                max((row["p99_ms"] for row in sound), default=0),
                summary["cpu_ms_per_session_s"],
                round(1000 * server_s / (summary["session_s"] or 1), 1),
            ),
            strict=True,
        )
    )


def show(line: Sequence[Any]) -> None:
    print("| " + " | ".join(map(str, line)) + " |", flush=True)


def load(url: str, script: Path, folder: Path, *more: str) -> dict[str, Any]:
    """One run to its end; its summary."""
    path = folder / "summary.json"
    path.unlink(missing_ok=True)
    command = cli("load", script, "--against", url, "--json", path, *more)
    subprocess.run(command, stdout=subprocess.DEVNULL, cwd=ROOT, check=False)
    whole: dict[str, Any] = json.loads(path.read_text())
    return whole


def growth(counts: Sequence[int], script: Path, seconds: int, folder: Path) -> None:
    show(COLUMNS)
    show(["--:"] * len(COLUMNS))
    for count in counts:
        with server() as (url, process):
            before = cpu_s(process)
            ramp = max(2, count // 10)
            more = [
                "--users",
                str(count),
                "--ramp",
                f"{ramp}/s",
                "--duration",
                f"{seconds + count // ramp}s",
                "--processes",
                "2",
            ]
            summary = load(url, script, folder, *more)
            show(list(figures(count, summary, cpu_s(process) - before).values()))
            for kind, times in summary["failures"].items():
                print(f"    {times} x {kind}", flush=True)


def wirings(counts: Sequence[int], seconds: int, folder: Path) -> None:
    """First audio of the same question, as each of the two tells it."""
    (folder / "clip.raw").write_bytes(b"".join(frame.tobytes() for frame in _sounding(CLIP)))
    script = folder / "question.toml"
    script.write_text(ONE_QUESTION, encoding="utf-8")
    show(("users", "wiring", "questions", "first audio p50 ms", "p90 ms", "p99 ms", "frames late p99 ms"))
    show(["--:"] * 7)
    for count in counts:
        common = "--users", str(count)
        with server() as (url, _):
            summary = load(url, script, folder, *common, "--ramp", "10/s", "--duration", f"{seconds}s")
            (row,) = rows(summary, "first audio")
            show(
                (
                    count,
                    "engine",
                    row["count"],
                    row["p50_ms"],
                    row["p90_ms"],
                    row["p99_ms"],
                    summary["late_ms"]["p99"],
                )
            )
        with server() as (url, _):
            environ = {**os.environ, "BENCH_URL": url, "BENCH_CLIP": str(folder / "clip.raw")}
            command = [
                sys.executable,
                "-m",
                "locust",
                "-f",
                str(Path(__file__).with_name("gevent_wiring.py")),
                *common,
                "-r",
                "10",
                "-t",
                f"{seconds}s",
                "--headless",
                "--only-summary",
                "--csv",
                str(folder / "gevent"),
            ]
            subprocess.run(
                command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
            )
            with (folder / "gevent_stats.csv").open() as file:
                kinds = {row["Type"]: row for row in csv.DictReader(file)}
            sound, late = kinds["first audio"], kinds["frame late"]
            show(
                (
                    count,
                    "gevent",
                    sound["Request Count"],
                    sound["50%"],
                    sound["90%"],
                    sound["99%"],
                    late["99%"],
                )
            )


def _sounding(path: Path) -> Sequence[Any]:
    clip = read_clip(path)
    return clip.frames[: clip.sounding[1] + 1]


@contextmanager
def namespaces(plain: bool) -> Iterator[bool]:
    """A bridge with the server's address, and a namespace for each of the others; False without root."""
    if plain or os.geteuid() != 0:
        yield False
        return
    with ExitStack() as stack:
        _ip("link add bench type bridge")
        stack.callback(_ip, "link del bench")
        _ip(f"addr add {NET}1/24 dev bench", "link set bench up")
        for name, address in SPACES.items():
            _ip(f"netns add {name}")
            stack.callback(_ip, f"netns del {name}")
            _ip(
                f"link add {name}b type veth peer name {name}n",
                f"link set {name}b master bench up",
                f"link set {name}n netns {name}",
                f"-n {name} addr add {address}/24 dev {name}n",
                f"-n {name} link set {name}n up",
                f"-n {name} link set lo up",
            )
        yield True


def _ip(*lines: str) -> None:
    for line in lines:
        subprocess.run(["ip", *line.split()], check=True)


def crowd(count: int, seconds: int, script: Path, folder: Path, *, plain: bool) -> None:
    """Master and two workers, each a process in a namespace of its own, unless ``plain``."""
    with (
        namespaces(plain) as apart,
        server(NET + "1" if apart else "127.0.0.1") as (url, process),
        ExitStack() as stack,
    ):
        summary = folder / "summary.json"
        ramp = max(2, count // 50)
        span = f"{seconds + count // ramp}s"
        roles = {
            "master": [
                "--master",
                "--bind",
                SPACES["master"] if apart else "127.0.0.1",
                "--expect-workers",
                "2",
                "--users",
                str(count),
                "--ramp",
                f"{ramp}/s",
                "--duration",
                span,
                "--finish",
                FINISH,
                "--json",
                str(summary),
            ],
            **{
                name: ["--worker", "--master-host", SPACES["master"] if apart else "127.0.0.1"]
                for name in ("worker1", "worker2")
            },
        }
        before, began = cpu_s(process), time.monotonic()
        running = {}
        for name, arguments in roles.items():
            space = ["ip", "netns", "exec", name] if apart else []
            command = [*space, *cli("load", script, "--against", url, *arguments)]
            running[name] = stack.enter_context(
                subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT)
            )
        code = running["master"].wait()
        taken_s = time.monotonic() - began
        server_s = cpu_s(process) - before
        for worker in running.values():
            worker.wait(15)
    whole = json.loads(summary.read_text())
    print(
        f"{count} sessions, {taken_s:.0f} s in all, {'in namespaces' if apart else 'as processes'}, "
        f"exit code {code}"
    )
    show(COLUMNS)
    show(["--:"] * len(COLUMNS))
    show(list(figures(count, whole, server_s).values()))
    for row in whole["rows"]:
        show(
            (
                row["kind"],
                row["name"],
                row["count"],
                row["failures"],
                row["p50_ms"],
                row["p90_ms"],
                row["p99_ms"],
            )
        )
    print("failures:", whole["failures"] or "none")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("wirings", "growth", "crowd"))
    parser.add_argument("numbers", type=int, nargs="*")
    parser.add_argument("--script", type=Path, default=ROOT / "configs/load/call.toml")
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--plain", action="store_true", help="crowd: processes without namespaces")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if asked.what == "wirings":
            wirings(asked.numbers or [5, 10, 20], asked.seconds, folder)
        elif asked.what == "growth":
            growth(asked.numbers or [10, 25, 50, 100, 200, 400], asked.script, asked.seconds, folder)
        else:
            count, seconds = asked.numbers or (200, 120)
            crowd(count, seconds, asked.script, folder, plain=asked.plain)


if __name__ == "__main__":
    main()
