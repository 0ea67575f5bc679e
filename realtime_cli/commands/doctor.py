"""``doctor``: check everything that a conversation needs, and say how to fix what is wrong."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from realtime_cli import __version__
from realtime_cli.app import interrupts
from realtime_cli.app.console import echo, out
from realtime_cli.app.diagnostics import Finding, Status, exit_code, failure, ok, warning
from realtime_cli.app.session_factory import AgentOptions, provider_by_key
from realtime_cli.commands import doctor_acoustic, doctor_bundle, doctor_machine, doctor_sound, doctor_wire
from realtime_cli.config import LoadedAgent, load_agent
from realtime_cli.errors import ConfigError, ExitCode, RealtimeCliError
from realtime_cli.tools.trust import Trust
from realtime_cli.value import value

MARKS: dict[Status, str] = {"ok": "ok", "warning": "warning", "failure": "FAILURE"}
COLOURS: dict[Status, str] = {"ok": "32", "warning": "33", "failure": "31"}


@value
class DoctorOptions(AgentOptions):
    """``offline`` skips the server; ``bundle`` is where the report goes."""

    acoustic: bool = False
    offline: bool = False
    bundle: Path | None = None
    trust: tuple[str, ...] = ()
    json: bool = False


def doctor(options: DoctorOptions) -> ExitCode:
    """Check everything, and tell each finding as it is made; the exit code is that of the first failure."""
    findings: list[Finding] = []
    about_agent: list[Finding] = []
    agent = _agent(options, about_agent)
    groups = {
        "Agent": about_agent,
        "Machine": _machine(),
        "Sound": _sound(agent, options),
        "Server": _server(agent, options),
    }
    for group, found in groups.items():
        for number, finding in enumerate(found):
            findings.append(replace(finding, group=group))
            if not options.json:
                if number == 0:
                    out(group if len(findings) == 1 else f"\n{group}")
                _report(finding)
    code = exit_code(findings)
    if options.json:
        rows = [finding.as_json() for finding in findings]
        summary = {"version": __version__, "exit_code": int(code), "findings": rows}
        out(json.dumps(summary, indent=2, ensure_ascii=False))
    else:
        out(_summary(findings))
    if options.bundle:
        doctor_bundle.write(options.bundle, findings, agent)
        echo(f"The report is in {options.bundle}. Read it before you send it.")
    return code


def _agent(options: DoctorOptions, findings: list[Finding]) -> LoadedAgent | None:
    """The agent; without a file one that can work here: of a provider whose key is set, else local."""
    try:
        agent = load_agent(options.config, options.sets, os.environ, _over(options))
    except ConfigError as error:
        findings.append(failure("agent file", error))
        return None
    provider = agent.config.connection.effective_provider
    found = f"{options.config}, provider" if options.config else "none given; would use provider"
    findings.append(ok("agent file", f"{found} {provider}", provider=provider))
    findings.extend(warning("agent file", text, "") for text in agent.warnings)
    return agent


def _over(options: DoctorOptions) -> dict[str, Any]:
    return {"connection.base_url": options.base_url} if options.base_url else provider_by_key(options)


def _machine() -> Iterator[Finding]:
    yield doctor_machine.python()
    yield doctor_machine.terminal()
    yield from doctor_machine.extras()


def _server(agent: LoadedAgent | None, options: DoctorOptions) -> Iterator[Finding]:
    if agent and agent.config.connection.embedded and not agent.config.local.chat_url:
        yield doctor_machine.language_model()
    if agent and not options.offline:
        yield doctor_wire.key(agent.config.connection)
        yield from interrupts.run(_wire(agent, Trust(options.trust)))


def _sound(agent: LoadedAgent | None, options: DoctorOptions) -> Iterator[Finding]:
    """Devices, and how they sound; without PortAudio there is nothing more to ask."""
    library = doctor_machine.portaudio()
    yield library
    yield doctor_machine.echo_canceller()
    if library.status != "ok" or agent is None:
        return
    audio = agent.config.audio
    found = list(doctor_sound.devices(audio))
    yield from found
    usable = [finding.status == "ok" and bool(finding.facts) for finding in found]
    if usable[0]:
        yield doctor_sound.microphone(audio.input)
    if all(usable):
        yield doctor_sound.rooms(date.today())
    if not options.acoustic:
        return
    if not all(usable):
        yield warning("acoustic", "needs a microphone and a loudspeaker.", "Plug them in, then measure.")
        return
    echo("Chirps, then speech: please be quiet for ten seconds.")
    try:
        yield from doctor_acoustic.acoustic(audio)
    except RealtimeCliError as error:
        yield failure("acoustic", error)


async def _wire(agent: LoadedAgent, trust: Trust) -> list[Finding]:
    return [finding async for finding in doctor_wire.endpoint_steps(agent, trust)]


def _report(finding: Finding) -> None:
    mark = f"  {MARKS[finding.status]:<8}"
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        mark = f"\x1b[{COLOURS[finding.status]}m{mark}\x1b[0m"
    sys.stdout.write(mark)
    out(f" {finding.topic}: {finding.said}")
    if finding.remedy:
        out(f"{'':<10}   {finding.remedy}")


def _summary(findings: list[Finding]) -> str:
    failures = sum(finding.status == "failure" for finding in findings)
    warnings = sum(finding.status == "warning" for finding in findings)
    return f"\n{_count(failures, 'failure')}, {_count(warnings, 'warning')}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
