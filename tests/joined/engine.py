"""The server's engine by script: one piece of work at a time, in any order that is possible."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from realtime_cli.server import effects, inputs

CHUNK_MS = 250
WORD_MS = 100

Piece = str | tuple[str, str] | Exception
Key = tuple[str, str]


class Engine:
    """``answers`` are scripts of what is said (str), called (name, arguments) or goes wrong, in turn."""

    def __init__(self, answers: Iterable[Iterable[Piece]] = (), words: Iterable[str | None] = ()) -> None:
        self.answers = deque(tuple(answer) for answer in answers)
        self.words = deque(words)
        self._work: dict[Key, deque[inputs.Input]] = {}

    @property
    def keys(self) -> list[Key]:
        """What could be done next."""
        return list(self._work)

    def next(self, key: Key) -> inputs.Input:
        """The news of the next piece of one work."""
        queue = self._work[key]
        news = queue.popleft()
        if not queue:
            del self._work[key]
        return news

    def forget(self) -> None:
        """Its client is gone."""
        self._work.clear()

    def perform(self, effect: effects.Effect) -> None:
        match effect:
            case effects.Generate():
                self._think(effect.response_id, may_call=effect.request.tool_choice != "none")
            case effects.Synthesize():
                self._speak(effect.response_id, effect.text)
            case effects.Transcribe():
                self._recognise(effect.ticket)
            case effects.CancelTranscription():
                self._work.pop(("words", str(effect.ticket)), None)
            case effects.CancelResponse():
                self._work.pop(("think", effect.response_id), None)
                self._work.pop(("speak", effect.response_id), None)

    def _think(self, response_id: str, *, may_call: bool) -> None:
        queue: deque[inputs.Input] = deque()
        for piece in self.answers.popleft() if self.answers else ("Yes.",):
            match piece:
                case str():
                    queue.append(inputs.TextGenerated(0, response_id, piece))
                case (name, arguments) if not may_call:
                    pass  # told to call nothing
                case (name, arguments):
                    queue.append(inputs.ToolCallGenerated(0, response_id, name, arguments))
                case _:
                    queue.append(inputs.GenerationFailed(0, response_id, str(piece)))
        queue.append(inputs.GenerationDone(0, response_id))
        self._work["think", response_id] = queue

    def _speak(self, response_id: str, text: str) -> None:
        queue = self._work.setdefault(("speak", response_id), deque())
        rest_ms = WORD_MS * len(text.split())
        while rest_ms > 0:
            queue.append(inputs.AudioGenerated(0, response_id, bytes(48 * min(CHUNK_MS, rest_ms))))
            rest_ms -= CHUNK_MS
        queue.append(inputs.AudioDone(0, response_id))

    def _recognise(self, ticket: int) -> None:
        words = self.words.popleft() if self.words else "Hello there."
        news = (
            inputs.TranscriptionFailed(0, ticket, "x")
            if words is None
            else inputs.Transcribed(0, ticket, words)
        )
        self._work["words", str(ticket)] = deque([news])
