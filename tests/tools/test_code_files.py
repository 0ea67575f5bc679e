"""Which files would run: a change of any of them is seen, and of no other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from realtime_cli.tools.code_files import CodeFiles

Add = Callable[[CodeFiles], None]


def command(*words: str, cwd: str | None = None, env: tuple[str, ...] = ()) -> Add:
    return lambda code: code.add_command(words, cwd, env)


def source(name: str = "tools.py") -> Add:
    return lambda code: code.add_source(name)


def digests(folder: Path, add: Add) -> dict[str, str]:
    found: dict[str, str] = {}
    add(CodeFiles(folder, found))
    return found


def tools(text: str) -> dict[str, str]:
    return {"tools.py": f"{text}\ndef look(): ...\n"}


LAMP_PY, LAMP_SH = {"lamp.py": ""}, {"lamp.sh": ""}
UNCHECKED = "\0\0\0\0\1\0\0\0"

CASES: dict[str, tuple[Add, dict[str, str], str]] = {
    # what a command line names
    "a package by -m": (command("python", "-m", "lamp"), {"lamp/__init__.py": ""}, "lamp/__main__.py"),
    "-m among other flags": (command("python", "-um", "lamp"), LAMP_PY, "lamp.py"),
    "a folder": (command("python", "lamp"), {}, "lamp/__main__.py"),
    "a program of Python by -c": (command("python", "-c", "import lamp"), LAMP_PY, "lamp.py"),
    "a shell's line": (command("sh", "-c", "true && ./lamp.sh;"), LAMP_SH, "lamp.sh"),
    "an interpreter in a shell's line": (command("sh", "-c", "python lamp.py --x"), LAMP_PY, "lamp.py"),
    "a program without a suffix": (command("sh", "-c", "exec bin/lamp"), {}, "bin/lamp"),
    "a value of an option": (command("node", "--require=./lamp.js", "x"), {}, "lamp.js"),
    "from another folder": (command("sh", "lamp.sh", cwd="sub"), {}, "sub/lamp.sh"),
    "beside the folder": (command("sh", "../scripts/lamp.sh"), {}, "../scripts/lamp.sh"),
    "what make reads unasked": (command("make", "lamp"), {}, "Makefile"),
    "what npm reads unasked": (command("npm", "run", "lamp"), {}, "package.json"),
    "a path of modules in a variable": (
        command("python", "server.py", env=("lib",)),
        {"server.py": "import lamp\n"},
        "lib/lamp.py",
    ),
    "a script in a variable": (command("bash", "x.sh", env=("./env.sh",)), {}, "env.sh"),
    # what these name in turn
    "sourced by a shell": (command("sh", "lamp.sh"), {"lamp.sh": ". ./lib.sh\n"}, "lib.sh"),
    "run by a shell": (command("sh", "lamp.sh"), {"lamp.sh": "exec python3 'help.py'\n"}, "help.py"),
    "required by JavaScript": (command("node", "a.js"), {"a.js": "require('./lib/b')"}, "lib/b.js"),
    "a Python without a suffix": (command("./lamp"), {"lamp": "#!/usr/bin/env python3\nimport x\n"}, "x.py"),
    "by importlib": (source(), tools("__import__('lamp')"), "lamp.py"),
    "by exec": (source(), tools("import os\nexec(open(os.path.join('a', 'lamp.py')).read())"), "lamp.py"),
    "in a folder put on the path": (
        source(),
        tools("import sys\nsys.path.insert(0, 'lib')\nimport lamp"),
        "lib/lamp.py",
    ),
    "by a child process": (source(), tools("ARGUMENTS = ['sh', 'lamp.sh']"), "lamp.sh"),
    "beside the script that imports a package": (
        command("python", "src/server.py"),
        {"src/server.py": "import pkg.mod", "src/pkg/__init__.py": "", "src/pkg/mod.py": "import util"},
        "src/util.py",
    ),
    "all of a package": (
        source(),
        {**tools("from lamp import *"), "lamp/__init__.py": "__all__ = ['two']"},
        "lamp/two.py",
    ),
    "a package without __init__": (source("lamp.sub"), {"lamp/sub.py": "from . import two"}, "lamp/two.py"),
    "a library": (source(), tools("import ctypes\nctypes.CDLL('./lamp.so')"), "lamp.so"),
    # what is imported by others
    "in place of Python's own": (source(), tools("import email"), "random.py"),
    "in place of an installed one": (source(), tools("import pytest"), "pluggy/__init__.py"),
    "bytecode that is not compared": (source(), tools(""), "__pycache__/tools.cpython-311.pyc"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_change_of_what_would_run_is_seen(tmp_path: Path, case: str) -> None:
    add, files, changed = CASES[case]
    folder = tmp_path / "agent"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    before = digests(folder, add)
    (folder / changed).parent.mkdir(parents=True, exist_ok=True)
    with (folder / changed).open("a") as file:
        file.write(UNCHECKED + "# more\n")
    after = digests(folder, add)
    assert {name for name in after if before.get(name) != after[name]} == {changed}


def test_a_link_is_followed_and_its_new_aim_is_seen(tmp_path: Path) -> None:
    folder = tmp_path / "agent"
    folder.mkdir()
    for name in ("a.sh", "b.sh"):
        (tmp_path / name).write_text(name)
    link = folder / "lamp.sh"
    link.symlink_to("../a.sh")
    add = command("sh", "lamp.sh")
    first = digests(folder, add)
    (tmp_path / "a.sh").write_text("changed")
    assert digests(folder, add) != first
    link.unlink()
    link.symlink_to("../b.sh")
    assert list(digests(folder, add)) == ["../b.sh"]
    link.unlink()
    link.symlink_to("lamp.sh")  # to itself
    assert digests(folder, add) == {}


@pytest.mark.parametrize(
    ("add", "text"),
    [
        (command("sh", "lamp.sh"), "cat data/orders.csv notes.txt > out/log.txt"),
        (command("sh", "-c", "cat data/orders.csv"), ""),
    ],
)
def test_data_that_code_reads_may_change(tmp_path: Path, add: Add, text: str) -> None:
    for name in ("data/orders.csv", "notes.txt", "out/log.txt", "unrelated.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "lamp.sh").write_text(text)
    assert set(digests(tmp_path, add)) <= {"lamp.sh"}


@pytest.mark.parametrize("word", ["x" * 5000, "a/" * 3000, "\0", "\udcff.py", "/dev/zero", ".", "..", "/"])
def test_no_word_does_harm(tmp_path: Path, word: str) -> None:
    (tmp_path / "tools.py").write_text(f"A = {word.encode('utf-8', 'replace').decode()!r}\n")
    assert list(digests(tmp_path, command("sh", word, "-c", word, "-m", word, env=(word,)))) == []
    assert list(digests(tmp_path, source())) == ["tools.py"]


def test_a_large_file_is_seen_to_its_end(tmp_path: Path) -> None:
    large = tmp_path / "lamp.sh"
    large.write_bytes(b"#" * 3_000_000)
    before = digests(tmp_path, command("sh", "lamp.sh"))
    with large.open("ab") as file:
        file.write(b"\nrm\n")
    assert digests(tmp_path, command("sh", "lamp.sh")) != before


def test_a_long_chain_of_imports_is_followed_to_its_end(tmp_path: Path) -> None:
    for number in range(400):
        (tmp_path / f"m{number}.py").write_text(f"import m{number + 1}\n")
    (tmp_path / "tools.py").write_text("import m0\n")
    assert len(digests(tmp_path, source())) == 401
