"""All hooks of a session: a reader that tells each of them its events, in order, one at a time.

A hook that fails or takes too long is reported once, still gets later events, and stops nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from realtime_cli.config.agent import HooksConfig as Written
from realtime_cli.conversation.events import ConversationEvent, ItemCreated, ItemUpdated
from realtime_cli.errors import ConfigError
from realtime_cli.hooks.hook import Hook, HookFailed, ItemEvent, open_hook, what
from realtime_cli.notices import Noted
from realtime_cli.tools.tool import ToolFailed
from realtime_cli.tools.trust import Guard

LAST_WORDS_S = 1.0  # how long the end of a session waits for hooks that still run

_KEY = "on_conversation_item_"
Notify = Callable[[Noted], None]


class Hooks:
    """``hooks`` by what they are told of: ``created``, ``updated``."""

    def __init__(
        self,
        hooks: Mapping[str, Hook],
        notify: Notify,
        timeout_s: float = 10.0,
        guard: Guard | None = None,
    ) -> None:
        self._hooks, self._notify, self._timeout_s = dict(hooks), notify, timeout_s
        self._guard = guard
        self._events: asyncio.Queue[ItemEvent] = asyncio.Queue()
        self._reported: set[str] = set()
        self._running: asyncio.Task[None] | None = None

    def observe(self, event: ConversationEvent) -> None:
        if isinstance(event, ItemCreated | ItemUpdated) and what(event) in self._hooks:
            self._events.put_nowait(event)
            self._running = self._running or asyncio.create_task(self._run_all(), name="hooks")

    async def _run_all(self) -> None:
        while True:
            event = await self._events.get()
            happened = what(event)
            try:
                if self._guard and self._guard.covers(f"{_KEY}{happened}"):
                    await self._guard.check()
                async with asyncio.timeout(self._timeout_s):
                    await self._hooks[happened].run(event)
            except (HookFailed, ToolFailed) as failure:
                self._report(happened, str(failure))
            except TimeoutError:
                self._report(happened, f"it took longer than {self._timeout_s:g} s")
            except Exception as error:  # foreign code may break in any way; the talk goes on
                self._report(happened, repr(error))
            finally:
                self._events.task_done()

    def _report(self, happened: str, why: str) -> None:
        if happened not in self._reported:
            self._reported.add(happened)
            text = (
                f"The hook on_conversation_item_{happened} failed: {why.rstrip('.')}. "
                "It is not reported again."
            )
            self._notify(Noted(0.0, "warning", "hooks", text))

    async def settled(self) -> None:
        """Wait until every event so far has been delivered."""
        await self._events.join()

    async def close(self) -> None:
        """Wait a moment for those that still run, then end them."""
        if self._running:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.settled(), LAST_WORDS_S)
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        await asyncio.gather(*(hook.close() for hook in self._hooks.values()))


def names_of(written: Written) -> dict[str, str | list[str]]:
    """What is hooked, by its key in ``[hooks]``."""
    requested = {
        "on_conversation_item_created": written.on_conversation_item_created,
        "on_conversation_item_updated": written.on_conversation_item_updated,
    }
    return {key: value for key, value in requested.items() if value}


async def open_hooks(
    written: Written,
    folder: Path,
    environ: Mapping[str, str],
    notify: Notify,
    guard: Guard | None = None,
) -> Hooks:
    """The hooks of an agent file, their processes started. Raises ConfigError for one that cannot be used."""
    opened: dict[str, Hook] = {}
    try:
        for key, value in names_of(written).items():
            opened[key.removeprefix(_KEY)] = await open_hook(key, value, Path.cwd() / folder, environ)
    except ConfigError:
        await asyncio.gather(*(hook.close() for hook in opened.values()))
        raise
    return Hooks(opened, notify, written.timeout_s, guard)
