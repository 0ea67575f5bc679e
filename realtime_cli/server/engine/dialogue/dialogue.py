"""The rules in the order in which they are tried."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import UTC, datetime
from random import Random

from realtime_cli.server.engine.dialogue import clock, instruction_hints, notes
from realtime_cli.server.engine.dialogue.arithmetic import find_sum
from realtime_cli.server.engine.dialogue.long_reading import recital
from realtime_cli.server.engine.dialogue.small_talk import (
    NOT_HEARD,
    ONLY_RULES,
    chance,
    pressed_keys,
    say_after,
    small_talk,
)
from realtime_cli.server.engine.dialogue.tool_result_text import tell_outcome
from realtime_cli.server.engine.dialogue.tools import calls, choose
from realtime_cli.server.engine.dialogue.turn import DialogueTurn, read_turn
from realtime_cli.server.engine.images import asks_about_images, describe
from realtime_cli.server.engine.reply import EngineCall, EngineText, ReplyRequest
from realtime_cli.server.engine.tts_text import whole_sentences

DialogueAnswer = str | Iterable[str] | None


def local_now() -> datetime:
    return datetime.now(UTC).astimezone()


class Dialogue:
    """A ``Reply`` that knows no more than it says. It keeps nothing: all it needs is in the request."""

    def __init__(self, now: Callable[[], datetime] = local_now, dice: Random | None = None) -> None:
        self._now = now
        self._dice = dice or Random()

    async def reply(self, request: ReplyRequest) -> AsyncIterator[EngineText | EngineCall]:
        """Calls if the session's functions are asked for, else the answer sentence by sentence."""
        turn = read_turn(request.items)
        asked = self._calls(request, turn)
        for call in asked:
            yield call
        if not asked:
            for sentence in self._sentences(request, turn):
                yield EngineText(sentence)

    def _calls(self, request: ReplyRequest, turn: DialogueTurn) -> list[EngineCall]:
        choice = choose(request.tools, request.tool_choice)
        if choice.forced:
            return calls(turn.said, choice)
        return (
            []
            if turn.outcomes or instruction_hints.exact_answer(request.instructions)
            else calls(turn.said, choice)
        )

    def _sentences(self, request: ReplyRequest, turn: DialogueTurn) -> Iterator[str]:
        answer = instruction_hints.exact_answer(request.instructions) or self._answer(request, turn)
        if isinstance(answer, str):
            yield from whole_sentences(answer) or [answer]
        else:
            yield from answer

    def _answer(self, request: ReplyRequest, turn: DialogueTurn) -> str | Iterable[str]:
        if turn.outcomes:
            return [tell_outcome(each.name, each.output) for each in turn.outcomes]
        if not turn.user_items:
            return _still_here() if turn.assistant_items else _greeting(request.instructions)
        if not turn.heard:
            return describe(turn.images) if turn.new_images else NOT_HEARD
        return self._by_rule(turn) or _echo(turn)

    def _by_rule(self, turn: DialogueTurn) -> DialogueAnswer:
        """The first rule that answers. Those with a marked form stand before the loose ones."""
        rules: tuple[Callable[[], DialogueAnswer], ...] = (
            lambda: pressed_keys(turn.heard),
            lambda: say_after(turn.said),
            lambda: _about_notes(turn),
            lambda: recital(turn.heard),
            lambda: chance(turn.heard, self._dice),
            lambda: _about_images(turn),
            lambda: self._about_now(turn),
            lambda: _about_sums(turn),
            lambda: small_talk(turn.heard),
            lambda: describe(turn.images) if turn.new_images else None,
        )
        return next((answer for rule in rules if (answer := rule())), None)

    def _about_now(self, turn: DialogueTurn) -> str | None:
        if clock.asks_time(turn.heard):
            return clock.tell_time(turn.heard, self._now())
        return clock.tell_date(turn.heard, self._now()) if clock.asks_date(turn.heard) else None


def _greeting(instructions: str) -> str:
    wanted = instruction_hints.greeting(instructions)
    if wanted:
        return wanted
    name = instruction_hints.name(instructions)
    return f"Hello! I am {name or 'a small voice that lives on this machine'}. Ask me what I can do."


def _still_here() -> str:
    return "I am still here. Say something, or ask me what I can do."


def _about_notes(turn: DialogueTurn) -> str | None:
    if notes.asks_to_clear(turn.heard):
        return "Your notes are deleted."
    if notes.asks_to_read(turn.heard):
        return notes.tell_notes(notes.notes_of(turn.utterances))
    note = notes.note_in(turn.said)
    return f"Noted: {note}." if note else None


def _about_images(turn: DialogueTurn) -> str | None:
    if not asks_about_images(turn.heard):
        return None
    return describe(turn.images) if turn.images else "I see no picture in this conversation."


def _about_sums(turn: DialogueTurn) -> str | None:
    found = find_sum(turn.heard)
    return found.answer if found else None


def _echo(turn: DialogueTurn) -> str:
    """What was understood; who it is that understood so little is said the first time."""
    words = turn.said.strip()
    ended = words if words.endswith((".", "!", "?")) else f"{words}."
    if turn.assistant_items <= 1:
        return f"You said: {ended} {ONLY_RULES}"
    return f"You said: {ended}"
