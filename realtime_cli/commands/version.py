"""``--version``: the first thing that a bug report needs."""

from __future__ import annotations

import platform
from importlib.util import find_spec

from realtime_cli import __version__
from realtime_cli.app.installed import EXTRAS, installed

PARTS = ("websockets", "pydantic", "numpy", "sounddevice", "pywebrtc-audio", "samplerate", "rich", "typer")


def version_text() -> str:
    """The program, what it runs on, and the versions of what matters."""
    libc = " ".join(part for part in platform.libc_ver() if part)
    where = ", ".join(filter(None, (platform.platform(terse=True), platform.machine(), libc)))
    parts = ", ".join(f"{name} {installed(name)}" for name in PARTS)
    complete = [extra for extra, modules in EXTRAS.items() if all(map(find_spec, modules))]
    return (
        f"realtime-cli {__version__}\n"
        f"{platform.python_implementation()} {platform.python_version()}, {where}\n"
        f"{parts}\n"
        f"extras: {', '.join(complete) or 'none'}"
    )
