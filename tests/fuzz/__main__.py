"""``python -m tests.fuzz [--seconds 300] [--work FOLDER] [TARGET ...]``: look for faults.

All targets run at once. Ends with 1 and the tracebacks if there were any. Put the
input of each into ``tests/fuzz/corpus/TARGET``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

TARGETS = ("recording", "agent", "script", "wire")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seconds", type=int, default=300, help="how long")
    parser.add_argument("--work", type=Path, help="a folder that keeps what reached new code from run to run")
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, []], default=[])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return fuzz(asked.targets or list(TARGETS), asked.seconds, asked.work or Path(folder))


def fuzz(targets: list[str], seconds: int, work: Path) -> int:
    running = {}
    for target in targets:
        room = work / target
        room.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "tests.fuzz.engine", target, str(seconds), str(room)]
        with (room / "log.txt").open("wb") as log:
            running[target] = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    return max([_report(target, process, work / target) for target, process in running.items()])


def _report(target: str, process: subprocess.Popen[bytes], room: Path) -> int:
    process.wait()
    log = (room / "log.txt").read_text(errors="replace")
    runs = [line.split()[-1] for line in log.splitlines() if "number_of_executed_units" in line]
    faults = [path for path in sorted((room / "faults").glob("*")) if path.suffix != ".txt"]
    print(f"{target}: {runs[-1] if runs else '?'} inputs, {len(faults)} faults")
    for fault in faults:
        told = fault.with_suffix(".txt")
        print(f"\n{fault}\n{told.read_text() if told.exists() else log[-2000:]}")
    if process.returncode and not faults:
        print(log[-2000:])
    return 1 if faults or process.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
