"""Handlers of every kind, and whatever they raise: the next event comes."""

from __future__ import annotations

import asyncio
import functools
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from realtime_cli import Session
from realtime_cli.conversation.events import ItemCreated
from realtime_cli.session_api.listeners import Listeners

Seen = list[str]


async def called(handler: Callable[[Any], Any], times: int = 2) -> None:
    """A handler that is told of some items."""
    listeners = Listeners()
    listeners.on("item_created", handler)
    listeners.start()
    for number in range(times):
        listeners.observe(ItemCreated(0.0, f"item_{number}", {}))
    await listeners.close()


class Notebook:
    def __init__(self) -> None:
        self.seen: Seen = []

    async def __call__(self, event: ItemCreated) -> None:
        self.seen.append(event.item_id)


async def test_every_kind_of_handler_is_called_and_waited_for() -> None:
    book = Notebook()
    await called(book)
    await called(lambda event: book(event))
    await called(functools.partial(Notebook.__call__, book))
    await called(lambda event: book.seen.append(event.item_id))
    assert book.seen == ["item_0", "item_1"] * 4


def stops(seen: Seen) -> Callable[[Any], Any]:
    def handler(event: Any) -> None:
        seen.append(event.item_id)
        raise StopIteration("enough")

    return handler


def leaves(seen: Seen) -> Callable[[Any], Any]:
    def handler(event: Any) -> None:
        seen.append(event.item_id)
        raise SystemExit(3)

    return handler


def leaves_on_the_loop(seen: Seen) -> Callable[[Any], Any]:
    async def handler(event: Any) -> None:
        seen.append(event.item_id)
        raise SystemExit(3)

    return handler


def waits_for_what_is_cancelled(seen: Seen) -> Callable[[Any], Any]:
    async def handler(event: Any) -> None:
        seen.append(event.item_id)
        work = asyncio.get_running_loop().create_future()
        work.cancel()
        await work

    return handler


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (stops, "StopIteration: enough"),
        (leaves, "SystemExit: 3"),
        (leaves_on_the_loop, "SystemExit: 3"),
        (waits_for_what_is_cancelled, "CancelledError: "),
    ],
)
async def test_whatever_a_handler_raises_the_next_event_comes(
    made: Callable[[Seen], Callable[[Any], Any]], words: str
) -> None:
    seen: Seen = []
    with pytest.warns(UserWarning, match=f"The handler of item_created failed: .*{words}") as warned:
        await called(made(seen))
    assert seen == ["item_0", "item_1"]
    assert len(warned) == 2


async def test_also_where_warnings_are_errors() -> None:
    seen: Seen = []
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        await called(stops(seen))
    assert seen == ["item_0", "item_1"]
    assert [context["message"].split(":")[0] for context in told] == [
        "The handler of item_created failed"
    ] * 2


async def test_a_handler_that_never_ends_is_cancelled_with_the_session(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("realtime_cli.session_api.listeners.LAST_WORDS_S", 0.01)
    ended: list[str] = []

    async def forever(event: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(event.item_id)

    await called(forever)
    assert ended == ["item_0"]


async def test_handlers_stay_and_iterators_end_with_their_session() -> None:
    listeners, seen = Listeners(), Notebook()
    listeners.on("item_created", seen)
    for number in range(2):
        listeners.start()
        events: list[Any] = []
        watching = asyncio.create_task(collected(listeners, events))
        await asyncio.sleep(0)
        listeners.observe(ItemCreated(0.0, f"item_{number}", {}))
        await listeners.close()
        await watching
        assert [event.item_id for event in events] == [f"item_{number}"]
        assert [event async for event in listeners.events(raw=False)] == []
    assert seen.seen == ["item_0", "item_1"]


async def collected(listeners: Listeners, events: list[Any]) -> None:
    async for event in listeners.events(raw=True):
        events.append(event)


async def test_handlers_have_seen_what_led_to_a_reply_when_the_reply_is_there() -> None:
    session, created, done = Session(text=True), [], []

    @session.on("item_created")
    async def on_created(event: ItemCreated) -> None:
        created.append(event.item_id)

    @session.on("response.done")
    async def on_done(event: dict[str, Any]) -> None:
        done.append(event["response"]["id"])

    async with session:
        for count in (1, 2, 3):
            await session.say("Hello.")
            assert len(done) == count
            assert len(created) >= count


async def test_a_handler_that_takes_long_holds_up_no_reply() -> None:
    session = Session(text=True)

    @session.on("response.done")
    async def on_done(event: dict[str, Any]) -> None:
        await asyncio.sleep(60)

    async with session, asyncio.timeout(10):
        assert (await session.say("Hello.")).text
        assert (await session.say("Hello again.")).text
