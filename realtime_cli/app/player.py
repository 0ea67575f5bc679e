"""Plays a recording on a frontend: at its own pace, with pause, step and seek."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from realtime_cli.app.console import echo
from realtime_cli.app.player_audio import ReplaySound
from realtime_cli.client.cost import load_prices
from realtime_cli.client.entry import Entry
from realtime_cli.conversation.narrated import Narrated, Narrator, narrate, narrator_of
from realtime_cli.errors import ConfigError, ExitCode
from realtime_cli.recording.reader import Recording
from realtime_cli.recording.time_warp import TimeWarp, eventful, turn_starts
from realtime_cli.recording.timeline import timeline
from realtime_cli.tui.end_summary import EndSummary
from realtime_cli.tui.frontend import Frontend, choose_frontend
from realtime_cli.tui.keys import Keys
from realtime_cli.tui.screen import LiveScreen

if TYPE_CHECKING:  # prompt_toolkit is imported beside the first entries
    from realtime_cli.app.player_keys import Key, Position, ReplayKeyMap

SEEK_S = 10.0
YIELD_EVERY = 200  # entries at full speed between two looks at the keyboard
FASTEST, SLOWEST = 16.0, 0.25


@dataclass(frozen=True, slots=True)
class PlaybackOptions:
    """How to go through a recording; ``speed`` None is as fast as possible, ``speaker`` None is silent."""

    speed: float | None = 1.0
    times: TimeWarp = field(default_factory=TimeWarp)
    begin_s: float = 0.0
    end_s: float | None = None
    speaker: str | None = None


class Player:
    """One replay. ``run`` returns at the end of the recording, or when the user quits."""

    def __init__(
        self, recording: Recording, options: PlaybackOptions, *, plain: bool = False, json: bool = False
    ) -> None:
        self._recording = recording
        self._options = options
        self._speed = options.speed
        session = recording.header.session
        self._prices, self._model = load_prices(session.get("prices")), session.get("model")
        self._muted = bool(session.get("start_muted"))
        self._frontend: Frontend = choose_frontend(
            plain=plain,
            json=json,
            push_to_talk=bool(session.get("push_to_talk")),
            muted=self._muted,
            prices=self._prices,
            model=self._model,
        )
        self._keys: asyncio.Queue[Key] = asyncio.Queue()
        self._sound = ReplaySound(recording, options.times) if options.speaker else None
        self._turns: list[float] = []
        self._notes: list[float] = []
        self._total_s = 0.0
        self._counting: asyncio.Task[None] | None = None
        self._exit: ExitCode | None = None
        self._position = options.begin_s
        self._paused = False
        self._step = False
        self._over = False
        self._shown = 0
        self._shown_from = 0.0  # shown seconds at the anchor
        self._anchor = 0.0
        self._anchor_at = 0.0  # session seconds then
        self._at_end = False

    def quit(self, exit_code: ExitCode = ExitCode.OK) -> None:
        """End the replay as soon as possible."""
        self._exit = exit_code
        self._keys.put_nowait("quit")

    async def run(self) -> ExitCode:
        """Play to the end; returns 0, or 130 when interrupted."""
        keys = self._keyboard()
        if self._sound and self._options.speaker:
            self._sound.open(self._options.speaker)
        try:
            async with self._frontend:
                if keys:
                    keys.start(lambda press: None)
                try:
                    await self._play()
                finally:
                    if self._counting:
                        self._counting.cancel()
                    if keys:
                        await keys.close()
                    self._frontend.end(self._ending())
        finally:
            if self._sound:
                await self._sound.close()
        if self._shown == 0 and self._options.begin_s > 0 and self._exit is None:
            raise ConfigError(
                f"The recording ends before {self._options.begin_s:g} s.", "Start earlier (see --from)."
            )
        if self._over and self._recording.end.crashed:
            echo("realtime-cli: the recording stops here: the program was killed or is still running.")
        return self._exit or ExitCode.OK

    def _keyboard(self) -> Keys | None:
        if not isinstance(self._frontend, LiveScreen):
            return None
        return Keys(self._frontend, lambda deliver: self._key_map(), asks=False)

    def _key_map(self) -> ReplayKeyMap:
        from realtime_cli.app.player_keys import ReplayKeyMap, ReplaySurface

        assert isinstance(self._frontend, LiveScreen)
        self._counting = asyncio.get_running_loop().create_task(self._count(), name="marks")
        screen = self._frontend
        surface = ReplaySurface(screen.theme, self._where, screen.panel_lines, screen.refresh)
        return ReplayKeyMap(self._keys.put_nowait, surface)

    async def _count(self) -> None:
        """Read turns, notes and the length for the bar; in the background, since it may take seconds."""
        found = await asyncio.to_thread(timeline, self._recording)
        self._turns = [turn.began_at for turn in found.turns]
        self._notes = [mark.at_s for mark in found.events if mark.kind == "note"]
        self._total_s = found.seconds

    def _where(self) -> Position:
        """For the bar."""
        from realtime_cli.app.player_keys import Position

        at = self._position
        if not self._paused and self._speed is not None and not self._at_end:
            at = min(max(at, self._anchor_at + (time.monotonic() - self._anchor) * self._speed), at + 1.0)
        return Position(
            at=at,
            total=self._total_s,
            turn_starts=self._turns,
            notes=self._notes,
            speed=self._speed,
            paused=self._paused,
            at_end=self._at_end,
        )

    def _ending(self) -> EndSummary:
        end = self._recording.end
        known = end.exit_code in ExitCode.__members__.values()
        return EndSummary(
            ExitCode(end.exit_code) if known else ExitCode.OK, end.reason, "", str(self._recording.path)
        )

    # -- playing --------------------------------------------------------------------------------

    async def _play(self) -> None:
        """Play one pass; a seek starts another from an earlier or later position."""
        begin: float | None = self._options.begin_s
        while begin is not None and self._exit is None:
            begin = await self._pass(begin)

    def _new_narrator(self) -> Narrator:
        options = replace(self._recording.header.options(), model=self._model, start_muted=self._muted)
        return narrator_of(options, self._prices)

    async def _pass(self, begin: float) -> float | None:
        """Play from ``begin``; returns where to go on after a seek, None at the end."""
        entries = self._recording.entries()
        narrator = self._new_narrator()
        frontend = Narrated([self._frontend], narrator)
        first = self._skip(entries, begin, narrator)
        self._go_from(begin)
        count = 0
        entry = first
        while entry is not None:
            if self._options.end_s is not None and entry.at > self._options.end_s:
                break
            sought = await self._wait_for(entry)
            if sought is not None or self._exit is not None:
                return sought
            self._position = max(self._position, entry.at)
            frontend.observe(entry)
            self._shown += 1
            count += 1
            if (self._speed is None or self._step) and count % YIELD_EVERY == 0:
                await asyncio.sleep(0)
            entry = next(entries, None)
        self._over = entry is None
        if self._over and count == 0 and begin > self._options.begin_s:
            return await self._stay_at_end()
        await self._linger()
        return None

    async def _stay_at_end(self) -> float | None:
        """A jump past the end stops at the end, from where the user can still go back."""
        self._at_end = True
        self._refresh()
        try:
            while self._exit is None:
                sought = await self._on_key(None)
                if sought is not None and sought < self._position:
                    return sought
        finally:
            self._at_end = False
        return None

    def _skip(self, entries: Iterator[Entry], begin: float, narrator: Narrator) -> Entry | None:
        """Feed everything before ``begin`` without showing it; returns the first entry after it."""
        before: list[Entry] = []
        first = None
        for entry in entries:
            if entry.at >= begin:
                first = entry
                break
            before.append(entry)
        known = list(narrate(before, narrator))
        if isinstance(self._frontend, LiveScreen) and (before or self._position > begin):
            self._frontend.restart(known)
        at_end = first is None and before
        self._position = min(begin, before[-1].at) if at_end else begin
        return first

    def _go_from(self, at: float) -> None:
        self._shown_from, self._anchor = self._options.times.shown(at), time.monotonic()
        self._anchor_at = at
        self._let_clock_run()
        if self._sound and not self._paused:
            self._sound.play_from(at)

    def _now(self) -> float:
        """The current time, as shown."""
        return self._shown_from + (time.monotonic() - self._anchor) * (self._speed or 1.0)

    async def _wait_for(self, entry: Entry) -> float | None:
        """Wait until the entry is due; returns the place to seek to if a key asked for it."""
        while self._exit is None:
            if self._step:
                self._step = not eventful(entry)  # on to the next thing that can be seen
                return None
            if self._paused:
                sought = await self._on_key(None)
            elif self._speed is None:
                sought = self._on(self._keys.get_nowait()) if not self._keys.empty() else None
                if sought is None:
                    return None
            else:
                delay = (self._options.times.shown(entry.at) - self._now()) / self._speed
                if delay <= 0 and self._keys.empty():
                    return None
                sought = await self._on_key(max(0.0, delay))
            if sought is not None:
                return sought
        return None

    async def _on_key(self, timeout_s: float | None) -> float | None:
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                return self._on(await self._keys.get())
        return None

    def _on(self, key: Key) -> float | None:
        """What a key does; returns a place to seek to."""
        match key:
            case "pause":
                self._pause(not self._paused)
            case "step":
                self._pause(True)
                self._step = True
            case "back":
                return max(0.0, self._position - SEEK_S)
            case "ahead":
                return self._position + SEEK_S
            case "begin":
                return 0.0
            case "end":
                return float("inf")
            case "previous" | "next":
                return self._turn(1 if key == "next" else -1)
            case "faster" | "slower" if not self._sound:
                self._set_speed(2.0 if key == "faster" else 0.5)
            case "quit":
                self._exit = self._exit or ExitCode.OK
        return None

    def _pause(self, paused: bool) -> None:
        if paused == self._paused:
            return
        self._paused = paused
        self._let_clock_run()
        self._refresh()
        if self._sound and paused:
            self._sound.pause()
        elif not paused:
            self._go_from(self._position)

    def _let_clock_run(self) -> None:
        if isinstance(self._frontend, LiveScreen):
            self._frontend.clock_rate = 0.0 if self._paused else self._speed or 1.0

    def _set_speed(self, factor: float) -> None:
        self._speed = min(FASTEST, max(SLOWEST, (self._speed or 1.0) * factor))
        self._go_from(self._position)
        self._refresh()

    def _turn(self, step: int) -> float | None:
        turns = self._turns or turn_starts(self._recording)
        behind = [at for at in turns if at > self._position + 0.01]
        before = [at for at in turns if at < self._position - 1.0]
        places = behind[:1] if step > 0 else before[-1:]
        return places[0] if places else None

    def _refresh(self) -> None:
        if isinstance(self._frontend, LiveScreen):
            self._frontend.refresh()

    async def _linger(self) -> None:
        """Let the sound run out before the end card."""
        if self._sound and self._exit is None:
            await self._sound.drained()
