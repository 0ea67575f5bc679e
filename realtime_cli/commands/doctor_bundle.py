"""``doctor --bundle``: all that a report of a problem needs in one file, without anything that is private."""

from __future__ import annotations

import getpass
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import requires
from pathlib import Path
from re import match

from realtime_cli import __version__
from realtime_cli.app.diagnostics import Finding
from realtime_cli.app.installed import installed
from realtime_cli.config import LoadedAgent
from realtime_cli.config.effective import effective
from realtime_cli.config.redaction import known
from realtime_cli.errors import ConfigError
from realtime_cli.recording.redactor import MASK, Redactor

DISTRIBUTION = "realtime-voice-cli"
# Variables whose values tell something about sound, terminal and locale, and nothing about a person.
SHOWN = ("TERM", "COLORTERM", "LANG", "LC_ALL", "NO_COLOR", "ACCESSIBLE", "XDG_SESSION_TYPE", "PULSE_SERVER")
# Of these only whether they are set.
NAMED = (
    "_KEY",
    "_TOKEN",
    "_SECRET",
    "_proxy",
    "_PROXY",
    "REALTIME_CLI_",
    "SSL_CERT",
    "SSH_CONNECTION",
    "WSL_",
)
PRIVATE_KEYS = ("session.instructions", "conversation.", "session.prompt", "tools", "mcp.", "hooks.")


def write(
    path: Path,
    findings: Sequence[Finding],
    agent: LoadedAgent | None,
    environ: Mapping[str, str] = os.environ,
) -> None:
    """Write the report, readable by its owner only. Raises :class:`ConfigError` if it cannot be written.

    Left out: keys, header values, what the agent was told to say, names of user and home.
    """
    text = redacted("\n".join(_lines(findings, agent, environ)) + "\n", agent, environ)
    try:
        with open(path, "w", encoding="utf-8", opener=_owner_only) as file:
            file.write(text)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.", "Name another file.") from None


def _owner_only(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


def redacted(text: str, agent: LoadedAgent | None, environ: Mapping[str, str]) -> str:
    """The text without secrets, and without who and where the user is."""
    text = Redactor({*known(environ), *(agent.secrets(environ) if agent else ())}).scrub(text)
    home = str(Path.home())
    if len(home) > 1:
        text = text.replace(home, "~")
    for private in (_user(), platform.node()):
        if len(private) > 3 and private != "root":
            text = text.replace(private, MASK)
    return text


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


def _lines(
    findings: Sequence[Finding], agent: LoadedAgent | None, environ: Mapping[str, str]
) -> Iterator[str]:
    yield f"# realtime-cli {__version__}: a report\n"
    yield f"{platform.platform()}, {platform.python_implementation()} {platform.python_version()}\n"
    yield "## Findings\n"
    for finding in findings:
        facts = "".join(f" {name}={value!r}" for name, value in finding.facts.items())
        yield f"- {finding.status}: {finding.topic}: {finding.said} {finding.remedy}{facts}".rstrip()
    yield "\n## Packages\n"
    yield from (f"- {name} {installed(name)}" for name in dependencies())
    yield "\n## Environment\n"
    yield from _environment(environ)
    if agent:
        yield "\n## Agent file\n"
        yield from (f"- {name} = {value!r}" for name, value in _settings(agent))


def dependencies() -> list[str]:
    """The distributions that this one asks for."""
    found = (match(r"[\w.-]+", line) for line in requires(DISTRIBUTION) or ())
    return sorted({name[0] for name in found if name} - {DISTRIBUTION})


def _environment(environ: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(environ):
        if name in SHOWN:
            yield f"- {name}={environ[name]}"
        elif any(part in name for part in NAMED):
            yield f"- {name} is set"


def _settings(agent: LoadedAgent) -> Iterator[tuple[str, object]]:
    for path, value in effective(agent):
        name = ".".join(map(str, path))
        yield name, f"({len(str(value))} characters)" if name.startswith(PRIVATE_KEYS) else value
