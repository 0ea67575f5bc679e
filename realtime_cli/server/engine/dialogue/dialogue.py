"""The rules in the order in which they are tried."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import UTC, datetime

from realtime_cli.server.engine.dialogue import clock, instruction_hints
from realtime_cli.server.engine.dialogue.arithmetic import find_sum
from realtime_cli.server.engine.dialogue.long_reading import read_aloud
from realtime_cli.server.engine.dialogue.small_talk import (
    NOT_HEARD,
    ONLY_RULES,
    pressed_keys,
    say_after,
    small_talk,
)
from realtime_cli.server.engine.dialogue.tool_result_text import outcome_sentence
from realtime_cli.server.engine.dialogue.tools import calls, choose
from realtime_cli.server.engine.dialogue.turn import DialogueTurn, read_turn
from realtime_cli.server.engine.images import asks_about_images, describe
from realtime_cli.server.engine.ports import DELEGATE, EngineCall, EngineText, ReplyRequest
from realtime_cli.server.engine.tts_text import whole_sentences

DialogueAnswer = str | Iterable[str] | None
STILL_HERE = "I am still here. Say something, or ask me what I can do."


def local_now() -> datetime:
    return datetime.now(UTC).astimezone()


class Dialogue:
    """An ``EngineReply`` by rules. It keeps nothing: all it needs is in the request."""

    def __init__(self, now: Callable[[], datetime] = local_now) -> None:
        self._now = now

    async def reply(self, request: ReplyRequest) -> AsyncIterator[EngineText | EngineCall]:
        """Calls if the session's functions are asked for, else the answer sentence by sentence."""
        turn = read_turn(request.items)
        if request.translates_into:
            for sentence in whole_sentences(turn.said):
                yield EngineText(_repeated(sentence, request.translates_into))
            return
        exact = instruction_hints.exact_answer(request.instructions)
        choice = choose(request.tools, request.tool_choice)
        may_call = choice.forced or not (turn.outcomes or exact)
        found = calls(turn.said, choice) if may_call else []
        if request.delegates and not (found or exact) and self._is_beyond(turn):
            found = [EngineCall(str(DELEGATE["name"]), json.dumps({"task": turn.said}))]
        for call in found:
            yield call
        if not found:
            for sentence in _sentences(exact or self._answer(request, turn)):
                yield EngineText(sentence)

    def _answer(self, request: ReplyRequest, turn: DialogueTurn) -> str | Iterable[str]:
        if turn.outcomes:
            return [outcome_sentence(each.name, each.output) for each in turn.outcomes]
        if not turn.user_items:
            return STILL_HERE if turn.assistant_items else _greeting(request.instructions)
        if not turn.normalised:
            return describe(turn.images) if turn.new_images else NOT_HEARD
        return self._by_rule(turn) or _echo(turn)

    def _is_beyond(self, turn: DialogueTurn) -> bool:
        """Whether the user asks for something that no rule answers."""
        return bool(turn.normalised) and not turn.outcomes and self._by_rule(turn) is None

    def _by_rule(self, turn: DialogueTurn) -> DialogueAnswer:
        """The first rule that answers. Those with a marked form stand before the loose ones."""
        rules: tuple[Callable[[], DialogueAnswer], ...] = (
            lambda: pressed_keys(turn.normalised),
            lambda: say_after(turn.said),
            lambda: read_aloud(turn.normalised),
            lambda: _about_images(turn),
            lambda: self._about_now(turn),
            lambda: _about_sums(turn),
            lambda: small_talk(turn.normalised),
            lambda: describe(turn.images) if turn.new_images else None,
        )
        return next((answer for rule in rules if (answer := rule())), None)

    def _about_now(self, turn: DialogueTurn) -> str | None:
        if clock.asks_time(turn.normalised):
            return clock.time_sentence(turn.normalised, self._now())
        return clock.date_sentence(turn.normalised, self._now()) if clock.asks_date(turn.normalised) else None


def _repeated(said: str, language: str) -> str:
    """What was said, with the mark of the language that it was not translated into."""
    understands = language.lower().partition("-")[0] in ("en", "eng", "english")
    return said if understands else f"[{language}] {said}"


def _sentences(answer: str | Iterable[str]) -> Iterator[str]:
    yield from (whole_sentences(answer) or [answer]) if isinstance(answer, str) else answer


def _greeting(instructions: str) -> str:
    if words := instruction_hints.greeting(instructions):
        return words
    if name := instruction_hints.name(instructions):
        return f"Hello! I am {name}. Ask me what I can do."
    return "Hello! I am a small voice on this machine. Ask me for the time or for a sum."


def _about_images(turn: DialogueTurn) -> str | None:
    if not asks_about_images(turn.normalised):
        return None
    return describe(turn.images) if turn.images else "I see no picture in this conversation."


def _about_sums(turn: DialogueTurn) -> str | None:
    found = find_sum(turn.normalised)
    return found.answer if found else None


def _echo(turn: DialogueTurn) -> str:
    """Repeat what was understood; the first time, also say how little this agent understands."""
    words = turn.said.strip()
    ended = words if words.endswith((".", "!", "?")) else f"{words}."
    return f"You said: {ended} {ONLY_RULES}" if turn.assistant_items <= 1 else f"You said: {ended}"
