"""A promoted script is run twice: against its own recording, and against the server of that recording."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from realtime_cli.app import interrupts
from realtime_cli.app.console import echo
from realtime_cli.app.local_servers import LocalServers
from realtime_cli.app.targets import Target
from realtime_cli.config.address import address_of
from realtime_cli.errors import ConfigError, ExitCode
from realtime_cli.script.chance import without_chance
from realtime_cli.script.checks import CheckRunner
from realtime_cli.script.clips import LocalSpeechSource
from realtime_cli.script.load import load_script
from realtime_cli.script.opening import CaseOpener, agent_of
from realtime_cli.script.result import CaseResult
from realtime_cli.script.runner import RunContext, run_case
from realtime_cli.script.suite import Selection, plan
from realtime_cli.wire.auth import is_loopback

Tree = dict[str, Any]


def tried(
    draft: Path, recording: Path, turns: Sequence[Tree], max_cost: float | None = None
) -> tuple[list[Tree], bool]:
    """The turns without what was chance, which is named on stderr; and whether the script fails even so.

    A server that cannot be reached is named, and is no failure. One that is not on this machine may cost
    money, and is left alone unless ``max_cost`` (USD) says how much.
    """
    kept, failed, unanswered = list(turns), False, list[int]()
    for where, against in (("its own recording", str(recording)), ("the same server", None)):
        try:
            host = "" if against else _foreign_host(draft)
        except ConfigError as error:
            echo(f"Not run against {where}: {error}")
            continue
        if host and max_cost is None:
            echo(f"Not run against {where}, {host}: it may cost money. Give --max-cost to allow it.")
            continue
        echo(f"Running it against {where} ...")
        result, why = _result(draft, against, (f"limits.cost={max_cost}",) if host else ())
        if result is None:
            echo(f"  not run: {why}")
            continue
        sifted = without_chance(turns, result)
        kept, unanswered = _both(kept, sifted.turns), sifted.unanswered
        for sentence in sifted.chance:
            echo(f"  left out as chance: {sentence}")
        wrong = [*map(str, sifted.broken), *([result.error] if result.error else [])]
        for sentence in wrong:
            echo(f"  failed: {sentence}")
        failed = failed or bool(wrong)
        if against:
            for number in unanswered:
                echo(f"  not compared: turn {number}, which the recording does not answer again")
    return _without(kept, unanswered, failed)


def _without(turns: list[Tree], unanswered: Sequence[int], failed: bool) -> tuple[list[Tree], bool]:
    """Drop the turns that were not answered again; fails if the rest depends on one of them."""
    if not unanswered:
        return turns, failed
    needed = len(unanswered) == len(turns) or any("at" in turn for turn in turns)
    for number in unanswered:
        told = "failed: it was not answered" if needed else "left out as chance: it was not answered"
        echo(f"  {told} again: turn {number}")
    if needed:
        return turns, True
    return [turn for number, turn in enumerate(turns, 1) if number not in unanswered], failed


def _foreign_host(draft: Path) -> str:
    """The host of the script's own server, or of the model behind a local one.

    Empty if that is this machine. Raises ConfigError when it cannot be told.
    """
    [case] = plan([load_script(draft)], Selection())
    config = agent_of(case, Target()).config
    if not config.connection.embedded:
        address = address_of(config.connection)
    elif config.local.chat_url:
        address = str(config.local.chat_url)
    else:
        return ""
    host = urlsplit(address).hostname or address
    return "" if is_loopback(host) else host


def _result(draft: Path, against: str | None, sets: tuple[str, ...]) -> tuple[CaseResult | None, str]:
    """Run the script; None and the reason if there was no conversation."""
    try:
        result = interrupts.run(_run(draft, against, sets))
    except ConfigError as error:
        return None, str(error)
    answered = any(turn.reply for turn in result.turns)
    if not result.turns or (result.exit_code == ExitCode.CONNECTION and not answered):
        return None, result.error
    return result, ""


async def _run(draft: Path, against: str | None, sets: tuple[str, ...]) -> CaseResult:
    """All turns, whatever fails."""
    loaded = load_script(draft)
    loaded = replace(loaded, script=loaded.script.model_copy(update={"stop_on_failure": False}))
    [case] = plan([loaded], Selection())
    opener = CaseOpener(Target(sets=sets, against=against), LocalServers(1, warm=not case.text), "temporary")
    try:
        return await run_case(case, RunContext(opener.open, LocalSpeechSource(), check=CheckRunner()))
    finally:
        await opener.close()


def _both(first: Sequence[Tree], second: Sequence[Tree]) -> list[Tree]:
    """The turns with only those expectations that both have."""
    return [_turn(one, other) for one, other in zip(first, second, strict=True)]


def _turn(one: Tree, other: Tree) -> Tree:
    expect = dict(_shared(one.get("expect", {}), other.get("expect", {})))
    rest = {key: value for key, value in one.items() if key != "expect"}
    return {**rest, "expect": expect} if expect else rest


def _shared(one: Tree, other: Tree) -> Iterator[tuple[str, Any]]:
    for name in (name for name in one if name in other):
        if isinstance(one[name], list) and one[name]:
            if both := [each for each in one[name] if each in other[name]]:
                yield name, both
        else:
            yield name, one[name]
