"""Which files of an agent's folder would run: those that it names, and those that these name in turn.

Nothing is run for it. Of Python, imports are followed; of all code, also each text in it that is the name of
a file of code, a module or a folder with modules. A name that code puts together while it runs is not seen.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.machinery
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from realtime_cli.user_path import user_path

PYTHON = (".py", ".pyw")
_MODULES = tuple(importlib.machinery.all_suffixes())
_SCRIPTS = (".js", ".mjs", ".cjs", ".ts", ".sh", ".bash", ".zsh", ".fish", ".ps1", ".bat", ".cmd")
_OTHERS = (
    ".rb",
    ".pl",
    ".pm",
    ".php",
    ".lua",
    ".r",
    ".jl",
    ".jar",
    ".pyz",
    ".so",
    ".dll",
    ".dylib",
    ".pth",
    ".mk",
)
CODE = frozenset((*PYTHON, *_MODULES, *_SCRIPTS, *_OTHERS))
READ_UNNAMED = {
    "make": ("Makefile", "makefile", "GNUmakefile"),
    "just": ("justfile", "Justfile", ".justfile"),
    "npm": ("package.json",),
    "npx": ("package.json",),
    "pnpm": ("package.json",),
    "yarn": ("package.json",),
    "bun": ("package.json",),
    "node": ("package.json",),
    "deno": ("deno.json", "deno.jsonc"),
    "uv": ("pyproject.toml", "uv.toml"),
    "uvx": ("pyproject.toml", "uv.toml"),
    "cargo": ("Cargo.toml",),
    "docker": ("Dockerfile", "compose.yaml", "docker-compose.yml"),
}
"""By program: files of its folder that say what it runs, without being named on the command line."""
_OF_A_FOLDER = (
    "__main__.py",
    "__init__.py",
    "index.js",
    "index.mjs",
    "package.json",
)  # run by its name alone
_BETWEEN = re.compile(r"[\s;&|<>()\[\]{}=:,\"'`$]+")
_UNCHECKED = 0b01  # in a pyc's flags: taken whatever its source says (PEP 552)
MAX_PARSED_BYTES = 2_000_000


class CodeFiles:
    """Collects into ``digests``: SHA-256 by path within the folder, or from it.

    ``folder``: the agent's. Files that cannot be read are as those that are not there.
    """

    def __init__(self, folder: Path, digests: dict[str, str]) -> None:
        self._folder, self.digests = folder, digests
        self._root = folder.resolve()
        self._seen: set[Path] = set()
        self._roots: dict[Path, None] = {}
        self._names: dict[str, None] = {}
        """Modules that are imported by their whole name, to be looked for in each of ``_roots``."""
        self._waiting: list[tuple[Path, Path]] = []
        """Files that are to be read, and the folders that they were named in."""

    def add_command(self, words: Sequence[str], cwd: str | None, env: Iterable[str] = ()) -> None:
        """What a command names: the program, a script for an interpreter, files within a shell's line."""
        bases = {self._folder / (cwd or ""): None, self._folder: None}
        for base in bases:
            for before, word in zip(("", *words), words, strict=False):
                self._word(before, word, base)
            for value in env:
                self._named_in(value, (base,))
                self._folders_in(value, base)
            for name in READ_UNNAMED.get(Path(words[0]).stem, ()) if words else ():
                self._file(base / name)
        self._read_all()

    def add_source(self, source: str) -> None:
        """``tools.py`` or a dotted module."""
        self._root_at(self._folder)
        if source.endswith(".py"):
            self._file(user_path(source, self._folder))
        else:
            self._import(source)
        self._read_all()

    # -- words --------------------------------------------------------------------------------

    def _word(self, before: str, word: str, base: Path) -> None:
        if re.fullmatch(r"-[A-Za-z]*m", before):
            self._root_at(base)
            self._import(word)
            self._import(f"{word}.__main__")
        elif re.fullmatch(r"-[A-Za-z]*c", before):
            self._root_at(base)
            self._python(word.encode("utf-8", "replace"), base, base)
        self._named(word, base)
        self._named_in(word, (base,))

    def _named_in(self, text: str, bases: Iterable[Path]) -> None:
        """Each part of a text that is a file's name."""
        for part in {*_BETWEEN.split(text)} - {"", ".", ".."}:
            suffix = Path(part).suffix.lower()
            if suffix in CODE or ("/" in part and not suffix):  # other files are data, which may change
                for base in bases:
                    self._named(part, base)

    def _named(self, name: str, base: Path) -> None:
        """A file that is named; one that stands elsewhere if it is named from here, or is code."""
        place = base / name
        if os.path.isdir(place):  # unlike Path.is_dir this takes names that are too long
            for inside in _OF_A_FOLDER:
                self._file(place / inside)
        elif os.path.isfile(place):
            self._file(place, anywhere=not os.path.isabs(name))
        elif name.startswith(("./", "../")):  # as JavaScript names its modules
            for suffix in (".js", ".mjs", ".cjs", ".ts"):
                self._file(base / f"{name}{suffix}")

    def _folders_in(self, text: str, base: Path) -> None:
        """Folders that Python is told to look for modules in."""
        for part in re.split(r"[:;\s]+", text):
            if part and os.path.isdir(base / part):
                self._root_at(base / part)

    # -- files --------------------------------------------------------------------------------

    def _within(self, place: Path) -> bool:
        return place.resolve().is_relative_to(self._root)

    def _file(self, place: Path, *, anywhere: bool = False) -> None:
        try:
            file = place.resolve()
            if file in self._seen or not file.is_file():
                return
            if not (anywhere or self._within(file) or self._within(place.parent) or file.suffix in CODE):
                return
            self._seen.add(file)
            self._waiting.append((file, place.parent))
        except (OSError, ValueError, RuntimeError):  # then it cannot run either
            return

    def _read_all(self) -> None:
        while self._waiting:
            file, base = self._waiting.pop()
            try:
                with file.open("rb") as opened:
                    self.digests[self._shown(file)] = hashlib.file_digest(opened, "sha256").hexdigest()
                    opened.seek(0)
                    self._read(opened.read(MAX_PARSED_BYTES), file, base)
            except OSError:
                continue

    def _read(self, content: bytes, file: Path, base: Path) -> None:
        first_line = content.partition(b"\n")[0]
        if file.suffix in PYTHON or (first_line.startswith(b"#!") and b"python" in first_line):
            self._compiled(file)
            self._root_at(file.parent)
            self._python(content, file.parent, base)
        elif b"\0" not in content:
            self._named_in(content.decode("utf-8", "replace"), (file.parent, self._folder))

    def _shown(self, file: Path) -> str:
        """The path from the folder: a hash is the same wherever that is. Of what is far away, all."""
        try:
            path = os.path.relpath(file, self._root)
        except ValueError:  # another drive of Windows
            return str(file)
        far = path.count("..") > 2
        return str(file) if far else path.replace(os.sep, "/")

    def _compiled(self, source: Path) -> None:
        """Bytecode that Python would take for the source without looking at it."""
        cache = source.parent / "__pycache__"
        for name in sorted(_entries(cache)):
            if name.startswith(f"{source.stem}.") and name.endswith(".pyc"):
                content = (cache / name).read_bytes()
                if int.from_bytes(content[4:8], "little") & _UNCHECKED:
                    self.digests[self._shown(cache / name)] = hashlib.sha256(content).hexdigest()

    # -- Python -------------------------------------------------------------------------------

    def _python(self, content: bytes, package: Path, base: Path) -> None:
        """What a Python file imports, and what it names."""
        try:
            tree = ast.parse(content)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return
        texts: dict[str, None] = {}
        for node in ast.walk(tree):
            match node:
                case ast.Import():
                    for alias in node.names:
                        self._import(alias.name)
                case ast.ImportFrom():
                    self._from(node, package)
                case ast.Constant(value=str(text)) if len(text) < 1000:
                    texts[text] = None
        for text in texts:
            self._text(text, package, base)

    def _from(self, node: ast.ImportFrom, package: Path) -> None:
        start = f"{node.module}." if node.module else ""
        names = [f"{start}{alias.name}" for alias in node.names] + ([node.module] if node.module else [])
        above = (package, *package.parents)[node.level - 1 : node.level] if node.level else ()
        for name in names:
            if node.level:
                for place in above:
                    self._module(name, place)
            else:
                self._import(name)

    def _text(self, text: str, package: Path, base: Path) -> None:
        """A text of a program: a file, a folder for ``sys.path``, a module for ``importlib``."""
        bases = tuple(dict.fromkeys((package, base, self._folder)))
        self._named_in(text, bases)
        if re.fullmatch(r"\w+(\.\w+)*", text):
            self._import(text)
            self._module(text, package)
        for place in bases:
            self._folders_in(text, place)

    def _import(self, name: str) -> None:
        if name not in self._names:
            self._names[name] = None
            for root in [*self._roots]:
                self._module(name, root)

    def _root_at(self, root: Path) -> None:
        """A folder that modules are imported from, with those in it that take the place of installed ones."""
        root = root.resolve()
        if root in self._roots or not self._within(root):
            return
        self._roots[root] = None
        for name in [*self._names, *_in_place_of_others(root)]:
            self._module(name, root)

    def _module(self, name: str, root: Path) -> None:
        """The files of a dotted name below a folder: each package on the way, and the module in any form."""
        place = root
        for part in name.split("."):
            there = _entries(place)
            for suffix in _MODULES:
                if f"{part}{suffix}" in there:
                    self._file(place / f"{part}{suffix}")
            place /= part
            if part not in there:
                return
            for suffix in _MODULES:
                self._file(place / f"__init__{suffix}")


def _entries(folder: Path) -> frozenset[str]:
    try:
        return frozenset(os.listdir(folder))
    except OSError:
        return frozenset()


def _in_place_of_others(root: Path) -> Iterator[str]:
    """Modules of a folder with the names of Python's own, or of installed ones: others import these, too."""
    for entry in _entries(root):
        name = entry.partition(".")[0]
        if name.isidentifier() and (name in sys.stdlib_module_names or _is_installed(name)):
            yield name


@cache
def _is_installed(name: str) -> bool:
    installed = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    return importlib.machinery.PathFinder.find_spec(name, installed) is not None
