"""Installs the checkout as users do, with every tool and interpreter that is here, and weighs the result.

    python -m tests.bench.bench_install [INTERPRETER...]

For each of pip, uv and pipx, with and without local speech: what it takes on the disk, and whether the
program in it runs (with local speech: answers). pip writes the bytecode of everything, also of what nobody
imports; uv does not; ``.ci/bootstrap`` installs with pip and without it. MB are millions of bytes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
VERSIONS = ("3.11", "3.12", "3.13", "3.14")


def run(*words: str | Path, **environ: str | Path) -> str:
    told = {**os.environ, **{name: str(value) for name, value in environ.items()}}
    told.pop("PYTHONDONTWRITEBYTECODE", None)
    ended = subprocess.run(list(map(str, words)), env=told, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(f"{' '.join(map(str, words))}: {ended.stderr[-800:]}")
    return ended.stdout


def megabytes(folder: Path) -> float:
    """What it takes, each file once."""
    seen = {(found.st_dev, found.st_ino): found.st_blocks * 512 for found in map(os.lstat, folder.rglob("*"))}
    return sum(seen.values()) / 1e6


def with_pip(python: str, wanted: str, folder: Path, *more: str) -> Path:
    run(python, "-m", "venv", folder / "venv")
    run(folder / "venv/bin/python", "-m", "pip", "install", "-q", *more, wanted)
    return folder / "venv"


def with_uv(python: str, wanted: str, folder: Path) -> Path:
    run(
        "uv",
        "tool",
        "install",
        "--python",
        python,
        wanted,
        UV_TOOL_DIR=folder / "tools",
        UV_TOOL_BIN_DIR=folder / "bin",
    )
    return folder / "tools"


def with_pipx(python: str, wanted: str, folder: Path) -> Path:
    run(sys.executable, "-m", "venv", folder / "pipx")
    run(folder / "pipx/bin/pip", "install", "-q", "pipx")
    run(
        folder / "pipx/bin/pipx",
        "install",
        "--python",
        python,
        wanted,
        PIPX_HOME=folder / "home",
        PIPX_BIN_DIR=folder / "bin",
    )
    return folder / "home/venvs"


WAYS: dict[str, Callable[[str, str, Path], Path]] = {
    "pip": with_pip,
    "pip --no-compile": lambda *all_: with_pip(*all_, "--no-compile"),
    "uv": with_uv,
    "pipx": with_pipx,
}


def tried(program: Path, local: bool) -> str:
    run(program, "--version")
    if not local:
        return "runs"
    words = ("text", "--config", ROOT / "configs/local.toml", "--no-record", "Say after me: green apples")
    answer = run(program, *words).strip()
    return "answers" if "green apples" in answer.lower() else f"answers wrongly: {answer}"


def one(python: str, way: str, extra: str) -> str:
    with tempfile.TemporaryDirectory() as name:
        folder, began = Path(name), time.monotonic()
        (folder / "work").mkdir()
        try:
            environment = WAYS[way](python, f"{ROOT}{extra}", folder)
            took_s, weight = time.monotonic() - began, megabytes(environment)
            program = next(environment.rglob("bin/realtime-cli"))
            return f"{weight:5.0f} MB {took_s:5.0f} s  {tried(program, bool(extra))}"
        except (RuntimeError, StopIteration) as error:
            return f"FAILED: {error}"


def main() -> None:
    pythons = sys.argv[1:] or [f"python{version}" for version in VERSIONS]
    for python in pythons:
        if shutil.which(python) is None:
            print(f"{python:12} is not here")
            continue
        for way in WAYS:
            for extra in ("[local]", ""):
                print(f"{python:12} {way:18} {extra:8} {one(python, way, extra)}", flush=True)


if __name__ == "__main__":
    main()
