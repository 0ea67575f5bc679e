"""Listeners to a conversation: iterators over events, and handlers that are called.

Neither holds the conversation up: each has a queue of its own, and of a listener that never catches up
the oldest events are lost.
"""

from __future__ import annotations

import asyncio
import difflib
import inspect
import warnings
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Literal

from realtime_cli.brief_thread import BriefThread
from realtime_cli.client.effects import Send
from realtime_cli.client.entry import Entry
from realtime_cli.client.inputs import Received
from realtime_cli.conversation.events import EVENT_NAMES, ConversationEvent
from realtime_cli.errors import ConfigError
from realtime_cli.protocol.codec import encode
from realtime_cli.untrusted_json import parse_json

MAX_WAITING = 10_000  # events that a listener may be behind
FREE_TURNS = 50  # of the loop; a handler that waits for something longer than that is not waited for
LAST_WORDS_S = 1.0  # how long the end of a session waits for handlers that still run


@dataclass(frozen=True, slots=True)
class WireEvent:
    """An event of the protocol as it went over the wire. ``at``: session seconds."""

    at: float
    way: Literal["sent", "received"]
    event: dict[str, Any]


Listened = ConversationEvent | WireEvent
Handler = Callable[[Any], Any]


class HeldEvents:
    """A queue of what was ``chosen``; iterating ends when it is closed and empty."""

    def __init__(self, chosen: Callable[[Listened], Any], *, of_wire: bool) -> None:
        self._chosen, self.of_wire = chosen, of_wire
        self._waiting: deque[Any] = deque(maxlen=MAX_WAITING)
        self._changed = asyncio.Event()
        self._closed = False

    def give(self, value: Listened) -> None:
        found = self._chosen(value)
        if found is not None:
            self._waiting.append(found)
            self._changed.set()

    @property
    def holds(self) -> bool:
        return bool(self._waiting)

    def close(self) -> None:
        self._closed = True
        self._changed.set()

    async def __aiter__(self) -> AsyncIterator[Any]:
        while True:
            while self._waiting:
                yield self._waiting.popleft()
            if self._closed:
                return
            self._changed.clear()
            await self._changed.wait()


class Listeners:
    """Reads conversation events, and observes entries for those who want the wire's.

    Handlers stay from one session to the next; an iterator ends with the session.
    """

    def __init__(self) -> None:
        self._listeners: list[HeldEvents] = []
        self._of_wire = 0
        self._calling: dict[HeldEvents, asyncio.Task[None]] = {}
        self._handlers: list[tuple[str, Handler]] = []
        self._running = self._closed = False

    def observe(self, value: Entry | ConversationEvent) -> None:
        if isinstance(value, Entry):
            wire = _wire_event(value) if self._of_wire else None
            if wire is None:
                return
            value = wire  # type: ignore[assignment]
        for listener in list(self._listeners):
            listener.give(value)  # type: ignore[arg-type]

    async def events(self, *, raw: bool) -> AsyncIterator[Listened]:
        """All that happens from now on, until the session ends."""
        listener = self._added(lambda value: value if raw or not isinstance(value, WireEvent) else None, raw)
        try:
            async for value in listener:
                yield value
        finally:
            self._remove(listener)

    def on(self, name: str, handler: Handler) -> None:
        """Call a handler for each event of that name. Raises ConfigError for a name that is none."""
        if not callable(handler):
            raise ConfigError(f"{handler!r} is not a function, so it cannot handle events.")
        if name not in EVENT_NAMES.values() and not _is_of_wire(str(name)):
            near = difflib.get_close_matches(str(name), EVENT_NAMES.values(), 1)
            remedy = f"Did you mean {near[0]}?" if near else "See the page events: realtime-cli docs events"
            raise ConfigError(f"There is no event {name!r}.", remedy)
        self._handlers.append((name, handler))
        if self._running:
            self._begin(name, handler)

    def start(self) -> None:
        """A session begins: call the handlers, on the running loop."""
        self._running, self._closed = True, False
        for name, handler in self._handlers:
            self._begin(name, handler)

    def _begin(self, name: str, handler: Handler) -> None:
        listener = self._added(_chooser(name), _is_of_wire(name))
        calling = _call(name, handler, listener)
        self._calling[listener] = asyncio.get_running_loop().create_task(calling, name=f"on {name}")

    def _added(self, chosen: Callable[[Listened], Any], of_wire: bool) -> HeldEvents:
        listener = HeldEvents(chosen, of_wire=of_wire)
        self._listeners.append(listener)
        self._of_wire += of_wire
        if self._closed:
            listener.close()
        return listener

    def _remove(self, listener: HeldEvents) -> None:
        self._listeners.remove(listener)
        self._of_wire -= listener.of_wire

    async def called(self) -> None:
        """Let the handlers that are free see what led to a reply, before the caller goes on with it."""
        for _ in range(FREE_TURNS):
            if not any(listener.holds for listener in self._calling):
                return
            await asyncio.sleep(0)

    async def close(self) -> None:
        """No more events. Handlers have a moment for those that are waiting."""
        self._running, self._closed = False, True
        for listener in self._listeners:
            listener.close()
        calling, self._calling = self._calling, {}
        if tasks := list(calling.values()):
            await asyncio.wait(tasks, timeout=LAST_WORDS_S)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for listener in calling:
            self._remove(listener)


async def _call(name: str, handler: Handler, listener: HeldEvents) -> None:
    """Call a handler for one event after the other; whatever it raises, the next one comes."""
    thread = BriefThread(f"on {name}")
    async for value in listener:
        try:
            await _handled(handler, value, thread)
        except asyncio.CancelledError as error:
            if _is_cancelled():
                raise
            _warn_of(name, error)  # something that the handler waited for was cancelled
        except (Exception, SystemExit) as error:  # the caller's own handler; the conversation goes on
            _warn_of(name, error)


async def _handled(handler: Handler, value: Any, thread: BriefThread) -> None:
    if inspect.iscoroutinefunction(handler):
        await handler(value)
        return
    error, result = await asyncio.get_running_loop().run_in_executor(thread, _outcome, handler, value)
    if error is not None:
        raise error
    if inspect.isawaitable(result):  # as of ``lambda event: notify(event)``
        await result


def _outcome(handler: Handler, value: Any) -> tuple[BaseException | None, Any]:
    """What it raised or gave back: a future cannot carry every exception."""
    try:
        return None, handler(value)
    except BaseException as error:
        return (RuntimeError(f"StopIteration: {error}") if isinstance(error, StopIteration) else error), None


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _warn_of(name: str, error: BaseException) -> None:
    text = f"The handler of {name} failed: {type(error).__name__}: {error}"
    try:
        warnings.warn(text, stacklevel=1)
    except Warning:  # python -W error: say it in another way rather than stop to call the handler
        asyncio.get_running_loop().call_exception_handler({"message": text, "exception": error})


def _is_of_wire(name: str) -> bool:
    """Events of the protocol have a dot in their names, all but one."""
    return "." in name or name == "error"


def _chooser(name: str) -> Callable[[Listened], Any]:
    if not _is_of_wire(name):
        return lambda value: value if EVENT_NAMES.get(type(value)) == name else None

    def of_wire(value: Listened) -> Any:
        return value.event if isinstance(value, WireEvent) and value.event["type"] == name else None

    return of_wire


def _wire_event(entry: Entry) -> WireEvent | None:
    if isinstance(entry.value, Received):
        event = parse_json(entry.value.raw or encode(entry.value.event))
        return WireEvent(entry.at, "received", event) if isinstance(event.get("type"), str) else None
    if isinstance(entry.value, Send):
        return WireEvent(entry.at, "sent", parse_json(encode(entry.value.event)))
    return None
