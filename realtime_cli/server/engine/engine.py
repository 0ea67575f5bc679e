"""All models of the local server: loaded side by side, warmed, shared by every session of the process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import cached_property
from threading import Event, Lock
from typing import TYPE_CHECKING, Generic, TypeVar

from realtime_cli.audio.sample_format import RATE_HZ, Samples
from realtime_cli.errors import ConfigError
from realtime_cli.server.engine.config import EngineConfig
from realtime_cli.server.engine.ports import EngineReply, SynthesiserPort

if TYPE_CHECKING:
    from realtime_cli.server.engine.recogniser import Recogniser
    from realtime_cli.server.engine.voice_activity import VoiceActivity

WARM_UP_TEXT = "Hello, it is 10:30 on May 3rd."


T = TypeVar("T")


class Once(Generic[T]):
    """Opened by the first of the threads that ask; the others wait for it."""

    def __init__(self, open_it: Callable[[], T]) -> None:
        self._open = open_it
        self._lock = Lock()
        self._opened: list[T] = []

    def get(self) -> T:
        with self._lock:
            if not self._opened:
                self._opened.append(self._open())
        return self._opened[0]


class Engine:
    """The parts, each loaded when first asked for; ``load`` has them all ready and warm at once."""

    def __init__(self, config: EngineConfig | None = None) -> None:
        self.config = config or EngineConfig()
        self._recogniser = Once(_open_recogniser)
        self._voice = Once(lambda: _open_voice(self.config))

    @classmethod
    async def load(cls, config: EngineConfig | None = None) -> Engine:
        """Every model in a thread of its own, with one use of each: the first is many times slower.

        Raises ConfigError with the remedy when a wheel or its weights are missing.
        """
        engine, over = cls(config), Event()
        try:
            async with asyncio.TaskGroup() as group:
                for warm in (engine._warm_hearing, engine._warm_recogniser, engine._warm_speech):
                    group.create_task(asyncio.to_thread(_take, warm(), over), name=warm.__name__)
                engine.reply  # noqa: B018  an unusable chat endpoint is told now, not in the first answer
        except* ConfigError as errors:
            raise _first(errors) from None
        finally:
            over.set()
        return engine

    def voice_activity(self) -> VoiceActivity:
        """A detector for one session."""
        from realtime_cli.server.engine.voice_activity import VoiceActivity

        return VoiceActivity()

    @property
    def recogniser(self) -> Recogniser:
        """The one recogniser; thread-safe."""
        return self._recogniser.get()

    @property
    def synthesiser(self) -> SynthesiserPort:
        """The one voice; thread-safe."""
        return self._voice.get()

    @cached_property
    def reply(self) -> EngineReply:
        """The chat endpoint where one is configured, else the small dialogue."""
        if self.config.chat_url:
            from realtime_cli.server.engine.chat import Chat

            return Chat.from_config(self.config)
        from realtime_cli.server.engine.dialogue import Dialogue

        return Dialogue()

    def _warm_hearing(self) -> Iterator[None]:
        hearing = self.voice_activity()
        yield
        hearing.feed(_silence(RATE_HZ // 10))

    def _warm_recogniser(self) -> Iterator[None]:
        recogniser = self.recogniser
        yield
        recogniser.transcribe(_silence(RATE_HZ))

    def _warm_speech(self) -> Iterator[None]:
        voice = self.synthesiser
        yield
        for _ in voice.speak(WARM_UP_TEXT):
            yield


def _take(steps: Iterator[None], over: Event) -> None:
    """Take one step after the other until ``over``: after Ctrl+C the program does not wait for the rest."""
    for _ in steps:
        if over.is_set():
            return


# Each part brings libraries of its own, numpy first of all: a session in text needs none of them.


def _silence(count: int) -> Samples:
    from realtime_cli.audio.pcm import silence

    return silence(count)


def _open_recogniser() -> Recogniser:
    from realtime_cli.server.engine.recogniser import Recogniser

    return Recogniser()


def _open_voice(config: EngineConfig) -> SynthesiserPort:
    from realtime_cli.server.engine.synthesiser import open_voice

    return open_voice(config.speech)


def _first(errors: BaseExceptionGroup[ConfigError]) -> ConfigError:
    """The first single error in a group, which may hold groups."""
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
