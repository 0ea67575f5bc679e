"""One target under atheris, in a process of its own: ``python -m tests.fuzz.engine TARGET SECONDS WORK``.

A fault does not end the search: each is kept once, by where it was raised. ``WORK/faults`` holds the
inputs with a traceback beside each, ``WORK/corpus`` what reached new code.

An input has its limit in CPU time: on a busy machine libFuzzer's own, which is of wall time, ends the
search at an input that has no fault. That one only ends what hangs without using the CPU.
"""

from __future__ import annotations

import hashlib
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["realtime_cli"]):
    from tests.fuzz.targets import TARGETS

from tests.fuzz.corpus import beginnings, found
from tests.fuzz.cpu_limit import TooSlow, within_cpu_time

INPUT_CPU_S = 20
INPUT_WALL_S = 900
MAX_INPUT_BYTES = 24_000
MAX_MEMORY_MB = 1_500
PLACES = 3  # of a traceback tell one fault from another


def keeping_faults(run: Callable[[bytes], None], faults: Path) -> Callable[[bytes], None]:
    seen: set[str] = set()

    def once(data: bytes) -> None:
        try:
            within_cpu_time(INPUT_CPU_S, lambda: run(data))
        except (Exception, TooSlow) as error:
            frames = traceback.extract_tb(error.__traceback__)[-PLACES:]
            where = f"{type(error).__name__} {[(frame.filename, frame.lineno) for frame in frames]}"
            name = hashlib.sha256(where.encode()).hexdigest()[:12]
            if name not in seen:
                seen.add(name)
                (faults / name).write_bytes(data)
                (faults / f"{name}.txt").write_text("".join(traceback.format_exception(error)))

    return once


def main() -> None:
    target, seconds, work = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    corpus, faults, given = work / "corpus", work / "faults", work / "given"
    for folder in (corpus, faults, given):
        folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate([*beginnings(target), *(path.read_bytes() for path in found(target))]):
        (given / str(number)).write_bytes(data)
    options = {
        "max_total_time": seconds,
        "timeout": INPUT_WALL_S,
        "report_slow_units": INPUT_WALL_S,
        "max_len": MAX_INPUT_BYTES,
        "rss_limit_mb": MAX_MEMORY_MB,
        "artifact_prefix": f"{faults}/",
        "print_final_stats": 1,
    }
    flags = [f"-{name}={value}" for name, value in options.items()]
    atheris.Setup([sys.argv[0], *flags, str(corpus), str(given)], keeping_faults(TARGETS[target], faults))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
