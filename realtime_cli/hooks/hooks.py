"""All hooks of a session: an observer that tells each of them its news, in order, one at a time.

A hook that fails or takes too long is reported once, goes on being told, and stops nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from realtime_cli.client.entry import Entry
from realtime_cli.config.agent import HooksConfig as Written
from realtime_cli.errors import ConfigError
from realtime_cli.hooks.hook import Hook, HookFailed, open_hook
from realtime_cli.hooks.items import ItemFold, ItemNews
from realtime_cli.notices import Noted

LAST_WORDS_S = 1.0  # how long the end of a session waits for hooks that still run

Notify = Callable[[Noted], None]


class Hooks:
    """``hooks`` by what they are told of: ``created``, ``updated``."""

    def __init__(self, hooks: Mapping[str, Hook], notify: Notify, timeout_s: float = 10.0) -> None:
        self._hooks, self._notify, self._timeout_s = dict(hooks), notify, timeout_s
        self._items = ItemFold()
        self._news: asyncio.Queue[ItemNews] = asyncio.Queue()
        self._reported: set[str] = set()
        self._running: asyncio.Task[None] | None = None

    def observe(self, entry: Entry) -> None:
        if not self._hooks:
            return
        for news in self._items.fold(entry):
            if news.what in self._hooks:
                self._news.put_nowait(news)
                self._running = self._running or asyncio.create_task(self._run_all(), name="hooks")

    async def _run_all(self) -> None:
        while True:
            news = await self._news.get()
            try:
                async with asyncio.timeout(self._timeout_s):
                    await self._hooks[news.what].run(news)
            except HookFailed as failure:
                self._report(news.what, str(failure))
            except TimeoutError:
                self._report(news.what, f"it took longer than {self._timeout_s:g} s")
            except Exception as error:  # foreign code may break in any way; the talk goes on
                self._report(news.what, repr(error))
            finally:
                self._news.task_done()

    def _report(self, what: str, why: str) -> None:
        if what not in self._reported:
            self._reported.add(what)
            text = (
                f"The hook on_conversation_item_{what} failed: {why.rstrip('.')}. It is not reported again."
            )
            self._notify(Noted(0.0, "warning", "hooks", text))

    async def settled(self) -> None:
        """Everything so far was told."""
        await self._news.join()

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
    wanted = {
        "on_conversation_item_created": written.on_conversation_item_created,
        "on_conversation_item_updated": written.on_conversation_item_updated,
    }
    return {key: value for key, value in wanted.items() if value}


async def open_hooks(written: Written, folder: Path, environ: Mapping[str, str], notify: Notify) -> Hooks:
    """The hooks of an agent file, their processes started. Raises ConfigError for one that cannot be used."""
    opened: dict[str, Hook] = {}
    try:
        for key, value in names_of(written).items():
            what = key.removeprefix("on_conversation_item_")
            opened[what] = await open_hook(key, value, Path.cwd() / folder, environ)
    except ConfigError:
        await asyncio.gather(*(hook.close() for hook in opened.values()))
        raise
    return Hooks(opened, notify, written.timeout_s)
