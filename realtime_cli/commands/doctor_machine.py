"""``doctor``: Python, what is installed, and what the terminal can do."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from realtime_cli.app.diagnostics import Finding, ok, warning
from realtime_cli.app.installed import EXTRAS, installed
from realtime_cli.app.local_models import PORTS, find_local_models
from realtime_cli.errors import AudioDeviceError, ConfigError, ExitCode
from realtime_cli.install_hint import install_extra
from realtime_cli.tui.terminal import MIN_COLUMNS, MIN_ROWS

MIN_PYTHON = (3, 11)
MAX_KNOWN_PYTHON = (3, 14)
MIN_GLIBC = (2, 34)
MIN_MACOS = 15

USES = {
    "local": "the server inside this program (speech without key and network)",
    "video": "camera, screen and pictures",
    "mcp": "MCP servers as tools",
    "yaml": "run --import",
    "flac": "export --format flac",
    "load": "load tests of a server",
}


@dataclass(frozen=True, slots=True)
class Machine:
    """What decides whether a wheel exists here."""

    system: str
    processor: str
    libc: tuple[str, str] = ("", "")
    macos: str = ""

    @classmethod
    def here(cls) -> Machine:
        return cls(platform.system(), platform.machine(), platform.libc_ver(), platform.mac_ver()[0])


def local_gap(machine: Machine) -> str:
    """Why ``[local]`` cannot be installed on such a machine; nothing where it can.

    The recogniser's wheel exists for glibc from 2.34, for macOS from 15 on Apple silicon, for Windows x64.
    """
    if machine.system == "Linux":
        name, number = machine.libc
        if name != "glibc":
            return "this Linux has no glibc (Alpine, for example)"
        return f"its glibc is {number}, older than 2.34" if _numbers(number) < MIN_GLIBC else ""
    if machine.system == "Darwin":
        if machine.processor != "arm64":
            return "this is an Intel Mac"
        return f"macOS {machine.macos} is older than 15" if _numbers(machine.macos) < (MIN_MACOS,) else ""
    if machine.system == "Windows":
        return "" if machine.processor.upper() in ("AMD64", "X86_64") else "this Windows is not x64"
    return f"{machine.system or 'this system'} is not known to it"


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2] if part.isdecimal())


def python() -> Finding:
    """The interpreter that runs this."""
    said = f"{platform.python_version()} ({sys.executable})"
    if sys.version_info[:2] > MAX_KNOWN_PYTHON:
        return warning("python", said, "It is newer than the tested versions, 3.11 to 3.14.")
    return ok("python", said, version=platform.python_version())


def portaudio() -> Finding:
    """The library behind all devices, and its version."""
    from realtime_cli.audio import device

    try:
        return ok("portaudio", device.library_version())
    except AudioDeviceError as error:
        return Finding("portaudio", "failure", error.message, error.remedy, exit_code=ExitCode.AUDIO_DEVICE)


def echo_canceller() -> Finding:
    """Whether the canceller can be had; without it the program is half duplex."""
    from realtime_cli.audio import speex_echo
    from realtime_cli.audio.echo_canceller import EchoCanceller

    try:
        EchoCanceller()
    except ConfigError as error:
        return warning("echo canceller", f"{error.message} Half duplex is used instead.", error.remedy)
    version = f"pywebrtc-audio {installed('pywebrtc-audio')}"
    try:
        speex_echo.library()
    except OSError:
        return ok("echo canceller", f"{version}; with libspeexdsp it would take fewer words of the user's.")
    return ok("echo canceller", f"{version}, libspeexdsp")


def extras(machine: Machine | None = None) -> Iterator[Finding]:
    """One line for each optional part."""
    for extra, parts in EXTRAS.items():
        missing = [dist for module, dist in parts.items() if find_spec(module) is None]
        topic = f"extra [{extra}]"
        if not missing:
            versions = {dist: installed(dist) for dist in parts.values()}
            yield ok(topic, ", ".join(f"{name} {number}" for name, number in versions.items()), **versions)
        elif extra == "local" and (gap := local_gap(machine or Machine.here())):
            yield warning(
                topic,
                f"not available on this machine: {gap}.",
                "Use another server: a provider with a key, or --base-url of another machine.",
                missing=missing,
            )
        else:
            said = f"not installed ({', '.join(missing)}); needed for {USES[extra]}."
            remedy = f"To install it: {install_extra(extra)}"
            yield warning(topic, said, remedy, missing=missing)


def language_model() -> Finding:
    """Whether a chat endpoint listens here that the local agent could ask."""
    found = find_local_models()
    if not found:
        places = ", ".join(PORTS)
        return ok("language model", f"none ({places}): the local agent answers by its own rules.")
    sets = " ".join(f"--set {key}={value}" for key, value in found[0].settings().items())
    return ok("language model", f"{'; '.join(each.shown for each in found)}. To let it answer: {sets}")


def terminal(environ: Mapping[str, str] = os.environ) -> Finding:
    """Whether the live screen can be shown, in colour, with all its signs."""
    facts = {
        "terminal": sys.stdout.isatty(),
        "keys": sys.stdin.isatty(),
        "TERM": environ.get("TERM", ""),
        "encoding": sys.stdout.encoding or "",
    }
    if not sys.stdout.isatty():
        return ok("terminal", "none: talk prints plain lines.", **facts)
    size = os.get_terminal_size(sys.stdout.fileno())
    facts |= {"columns": size.columns, "rows": size.lines}
    if environ.get("TERM", "") in ("", "dumb", "unknown"):
        return warning(
            "terminal",
            "TERM is not set or dumb: talk prints plain lines.",
            "For the live screen: export TERM=xterm-256color",
            **facts,
        )
    if size.columns < MIN_COLUMNS or size.lines < MIN_ROWS:
        return warning(
            "terminal",
            f"{size.columns} by {size.lines} is too small for the live screen.",
            f"Make the window at least {MIN_COLUMNS} by {MIN_ROWS}.",
            **facts,
        )
    if "utf" not in (sys.stdout.encoding or "").lower():
        return warning(
            "terminal",
            f"its encoding is {sys.stdout.encoding}: some characters cannot be shown.",
            "export LANG=C.UTF-8",
            **facts,
        )
    colour = "no colour (NO_COLOR)" if environ.get("NO_COLOR") else "in colour"
    return ok("terminal", f"{environ['TERM']}, {size.columns} by {size.lines}, {colour}", **facts)


def surroundings(environ: Mapping[str, str] = os.environ) -> str:
    """Surroundings that often have no sound card: ``ssh``, ``container``, ``wsl``.

    Empty on an ordinary machine.
    """
    if environ.get("SSH_CONNECTION"):
        return "ssh"
    if "microsoft" in platform.release().lower():
        return "wsl"
    if environ.get("container") or any(map(os.path.exists, ("/.dockerenv", "/run/.containerenv"))):
        return "container"
    return ""
