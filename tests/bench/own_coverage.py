"""How much of each module its own tests reach: ``tests/a/test_b.py`` for ``realtime_cli/a/b.py``.

    python -m tests.bench.own_coverage                 everything (some minutes)
    python -m tests.bench.own_coverage config protocol the modules below these folders
    python -m tests.bench.own_coverage --least 60      and exit 1 if a module is below 60 %

A module without a file of its own is measured by all tests of its folder, and marked with ``*``. Lines that
run on import count; what runs in a child process does not, so that a figure may be lower than the truth.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import coverage

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "realtime_cli"
TESTS = ROOT / "tests"


def modules(folders: list[str]) -> Iterator[Path]:
    """Every module with a line of its own to run, as a path below the package."""
    for file in sorted(PACKAGE.rglob("*.py")):
        path = file.relative_to(PACKAGE)
        if path.name not in ("__init__.py", "__main__.py") and _wanted(path, folders):
            yield path


def _wanted(path: Path, folders: list[str]) -> bool:
    return not folders or any(path.is_relative_to(folder) or path.match(f"{folder}.py") for folder in folders)


def own_tests(module: Path) -> tuple[Path, bool]:
    """The test file of a module, or else the folder of tests that it belongs to; whether it is its own."""
    file = TESTS / module.parent / f"test_{module.name}"
    if file.exists():
        return file.relative_to(ROOT), True
    folder = TESTS / module.parent
    while not any(folder.glob("test_*.py")):
        folder = folder.parent
    return folder.relative_to(ROOT), False


def measured(tests: list[Path], data: Path, workers: int) -> coverage.CoverageData:
    """Each line with the tests that ran it."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-n",
        str(workers),
        "-p",
        "no:randomly",
        "--cov=realtime_cli",
        "--cov-context=test",
        "--cov-report=",
        *map(str, tests),
    ]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "COVERAGE_FILE": str(data)}, check=False)
    found = coverage.CoverageData(str(data))
    found.read()
    return found


def share(module: Path, tests: Path, data: coverage.CoverageData) -> float:
    """The part of the module's statements that run on import or by these tests."""
    file = str(PACKAGE / module)
    whole = coverage.Coverage(data_file=None, config_file=False)
    statements = set(whole.analysis2(file)[1])
    data.set_query_contexts(["^$", f"^{re.escape(str(tests))}(/|::)"])
    reached = statements & set(data.lines(file) or ())
    return len(reached) / len(statements) if statements else 1.0


def _minimal(tests: set[Path]) -> list[Path]:
    """Without those that lie in a folder that is run anyway."""
    return sorted(path for path in tests if not any(parent in tests for parent in path.parents))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="*")
    parser.add_argument("--least", type=float, default=0.0, metavar="PERCENT")
    parser.add_argument(
        "--workers", type=int, default=2, help="processes of pytest; 0 for its own (default: 2)"
    )
    wanted = parser.parse_args()
    own = {module: own_tests(module) for module in modules(wanted.folders)}
    with tempfile.TemporaryDirectory() as folder:
        data = measured(
            _minimal({tests for tests, _ in own.values()}), Path(folder) / "coverage", wanted.workers
        )
        shares = {module: 100 * share(module, tests, data) for module, (tests, _) in own.items()}
        data.close()
    for module, percent in sorted(shares.items(), key=lambda each: each[1]):
        tests, is_own = own[module]
        print(f"{percent:5.0f} %  {module!s:45} {tests}{'' if is_own else ' *'}")
    alone = [percent for module, percent in shares.items() if own[module][1]]
    print(
        f"{len(alone)} of {len(shares)} modules have a test file of their own, "
        f"which reach {_mean(alone):.0f} % of them"
    )
    return int(any(percent < wanted.least for percent in shares.values()))


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


if __name__ == "__main__":
    sys.exit(main())
