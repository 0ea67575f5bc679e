"""Holds a conversation to its end: for ``talk``, ``text``, ``replay --resend``, scripts and Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import TYPE_CHECKING, Unpack

from realtime_cli.app.console import echo
from realtime_cli.app.redaction import OutputRedaction
from realtime_cli.app.session_factory import OpenSession
from realtime_cli.app.signals import own_the_process
from realtime_cli.conversation.events import ConversationEvent, NoticeIssued
from realtime_cli.conversation.narrated import ConversationReader
from realtime_cli.errors import ExitCode, RealtimeCliError
from realtime_cli.loop import ConversationLoop, LoopEdges, Outcome
from realtime_cli.ports import Observer
from realtime_cli.tui.end_summary import EndSummary

if TYPE_CHECKING:
    from realtime_cli.tui.frontend import Frontend


def conversation_loop(
    opened: OpenSession,
    *,
    shown: Sequence[ConversationReader] = (),
    readers: Sequence[ConversationReader] = (),
    observers: Sequence[Observer] = (),
    **edges: Unpack[LoopEdges],
) -> ConversationLoop:
    """The loop of an open session: recorded, told to ``[hooks]``, its tools called.

    ``shown``: readers that show what they read to people, and so read no secret. ``edges``: microphone,
    speaker and the like, as the loop takes them.
    Raises ConfigError if this program is to end the user's turns, and has no local speech.
    """
    redaction, recorder = OutputRedaction(opened.secrets), opened.recorder
    options = opened.session.options
    if options.end_of_turn == "vad" and options.protocol == "realtime" and edges.get("microphone"):
        from realtime_cli.app.turn_ends import DetectedTurns

        edges["user_voice"] = DetectedTurns(options.silence_ms)
    if options.barge_in == "reversible" and options.protocol == "realtime" and edges.get("microphone"):
        from realtime_cli.audio.interruption import InterruptionDetector, InterruptionTuning

        words_ms = options.barge_in_after_ms
        tuning = InterruptionTuning(words_ms=words_ms, meant_ms=2 * words_ms)
        edges["interruptions"] = InterruptionDetector(tuning)
    return ConversationLoop(
        opened.session,
        opened.connect,
        observers=[
            *([recorder] if recorder else []),
            *observers,
            *opened.observers,
        ],
        readers=[*map(redaction.before, shown), *readers, *opened.readers],
        tools=opened.tools,
        on_played=recorder.played if recorder else None,
        eyes=opened.eyes,
        **edges,
    )


async def hold(
    opened: OpenSession,
    loop: ConversationLoop,
    *,
    frontend: Frontend | None = None,
    beside: AbstractAsyncContextManager[object] | None = None,
    judge: Callable[[Outcome], Outcome] | None = None,
    owns_process: bool = True,
    quiet: bool = False,
) -> Outcome:
    """Run the loop until something ends the conversation; returns how it ended, without secrets.

    The recording is complete when it returns, and ``frontend`` has shown its end. ``beside`` is entered
    while the conversation runs: keys that are read, messages that are fed. ``judge`` has the last
    word on how it ended. ``owns_process``: Ctrl+C and the like end the conversation. ``quiet``: nothing is
    said about a bad end.
    Raises what the first connection raises (ConnectionFailed and the like).
    """
    redaction, recorder = OutputRedaction(opened.secrets), opened.recorder
    outcome = Outcome(ExitCode.BUG, "The conversation ended early.")
    async with AsyncExitStack() as stack:
        if frontend:
            await stack.enter_async_context(frontend)
        if owns_process:
            own_the_process(loop)
        try:
            async with AsyncExitStack() as during:
                if beside:
                    await during.enter_async_context(beside)
                ended = await loop.run()
                outcome = redaction.outcome(judge(ended) if judge else ended)
        except RealtimeCliError as error:
            outcome = redaction.outcome(Outcome(error.exit_code, error.message, error.remedy))
            raise
        finally:
            if recorder:
                recorder.close(outcome.exit_code, outcome.reason)
            if frontend:
                connected, tells_reason = loop.was_connected, bool(outcome.reason and not quiet)
                frontend.end(_end_summary(outcome, opened, connected=connected, tells_reason=tells_reason))
    if outcome.reason and not quiet:
        echo(f"realtime-cli: {outcome.reason}\n  {outcome.remedy}".rstrip())
    return outcome


def _end_summary(outcome: Outcome, opened: OpenSession, *, connected: bool, tells_reason: bool) -> EndSummary:
    recorder = opened.recorder
    path = str(recorder.path) if connected and recorder and not recorder.failed else ""
    replay = f"realtime-cli replay {path}" if path else ""
    return EndSummary(
        outcome.exit_code, outcome.reason, outcome.remedy, path, replay, tells_reason, connected
    )


class WarningsOnStderr:
    """A reader: what a user should know goes to stderr."""

    def observe(self, event: ConversationEvent) -> None:
        if isinstance(event, NoticeIssued) and event.level in ("warning", "error"):
            echo(f"realtime-cli: {event.text}")
