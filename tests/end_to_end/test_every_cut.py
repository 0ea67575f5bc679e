"""The socket dies behind each event of the server in turn: nothing hangs, and no answer is lost in silence.

A proxy stands between the command and the package's server, over real sockets; it lets the first so many
events of the first connection through, and then both sockets are gone without a goodbye. Every other
connection is left alone.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from realtime_cli.errors import ExitCode
from realtime_cli.server.engine.ports import EngineCall, EngineText, ReplyRequest
from realtime_cli.wire import websocket
from realtime_cli.wire.auth import Opening
from realtime_cli.wire.transport import ABNORMAL, Closed, Transport
from tests.kit.forked_cli import Hangs, run_forked
from tests.kit.live_session import serving
from tests.kit.scripted_engine import ScriptedEngine
from tests.kit.speech import clip_path

AT_ONCE = 4  # each waits most of its time
HANGS_S = 100  # on a machine that does much else, too


class AnsweringEngine(ScriptedEngine):
    """Understands the same question every time, and answers what was asked last."""

    @property
    def reply(self) -> AnsweringReply:  # type: ignore[override]
        return AnsweringReply()

    def transcribe(self, samples: object) -> str:
        return "Question spoken?"


class AnsweringReply:
    async def reply(self, request: ReplyRequest) -> AsyncIterator[EngineText | EngineCall]:
        last = request.items[-1] if request.items else {}
        asked = re.findall(r"Question (\w+)", json.dumps(request.items))
        if last.get("type") == "function_call_output":
            yield EngineText(f"The tool said {last['output']}.")
        elif asked and asked[-1] == "tool":
            yield EngineCall("calculator", '{"expression": "6 * 7"}')
        elif asked:
            yield EngineText(f"Answer {asked[-1]},")
            yield EngineText("in two sentences.")
        else:
            yield EngineText("Greetings, stranger.")


@dataclass
class CuttingProxy:
    """``cut_after``: so many events reach the client on the first connection; None: all of them."""

    target: str
    cut_after: int | None = None
    url: str = ""
    passed: list[str] = field(default_factory=list)
    """The types of the events that the first connection brought."""
    connections: int = 0

    async def converse(self, client: Transport, opening: Opening) -> None:
        self.connections += 1
        first = self.connections == 1
        server = await websocket.connect(f"{self.target}?model=m")
        up = asyncio.create_task(_pump(client, server))
        try:
            while True:
                text = await server.recv()
                await client.send(text)
                if first:
                    self.passed.append(json.loads(text)["type"])
                    if len(self.passed) == self.cut_after:
                        await self._hang_up(client)
                        return
        except Closed as closed:
            await client.close(closed.code, closed.reason)
        finally:
            up.cancel()
            await asyncio.gather(up, return_exceptions=True)
            await server.close()

    async def _hang_up(self, client: Transport) -> None:
        await asyncio.sleep(0.01)  # what was written is on its way
        await client.close(ABNORMAL)


async def _pump(source: Transport, to: Transport) -> None:
    try:
        while True:
            await to.send(await source.recv())
    except Closed as closed:
        await to.close(closed.code, closed.reason)


@asynccontextmanager
async def cutting_proxy(cut_after: int | None) -> AsyncIterator[CuttingProxy]:
    async with serving(AnsweringEngine()) as server:
        proxy = CuttingProxy(server.url, cut_after)
        listener = await websocket.serve(proxy.converse)
        proxy.url = listener.url
        try:
            yield proxy
        finally:
            await listener.close()


@dataclass(frozen=True)
class Scene:
    """A command, and what it says if every answer came; ``silent_loss`` looks for one that did not."""

    arguments: tuple[str | Path, ...]
    answers: tuple[str, ...]
    settings: tuple[str, ...] = ()

    async def run(self, url: str) -> tuple[int, str, str]:
        """Exit code, stdout and stderr."""
        settings = ("connection.reconnect_first_s=0.05", "connection.progress_timeout_s=5", *self.settings)
        more = [word for setting in settings for word in ("--set", setting)]
        words = (*self.arguments, "--base-url", url, "--no-record", *more)
        return await asyncio.to_thread(run_forked, *words, timeout_s=HANGS_S)


SPOKEN = ("talk", "--input", clip_path("heart-04"), "--output", "null", "--fast", "--plain")
SCENES = {
    "text": Scene(
        ("text", "Question one?", "Question two?", "Question three?"),
        tuple(f"Answer {number}, in two sentences." for number in ("one", "two", "three")),
    ),
    "tools": Scene(
        ("text", "--approve", "all", "Question tool?", "Question two?"),
        ("The tool said 42.", "Answer two, in two sentences."),
        ("tools=[{builtin='calculator'}]",),
    ),
    "talk": Scene(
        SPOKEN,
        ("Greetings, stranger.", "Answer spoken, in two sentences."),
        ("conversation.greet=true", "session.audio.input.transcription.model=whisper-1"),
    ),
    "spoken, no transcript": Scene(
        SPOKEN, ("Answer spoken, in two sentences.",), ("conversation.greet=false",)
    ),
}
LOSS_IS_SAID = re.compile(r"was not answered|(was|were) lost with the connection|not understood as a turn")


def silent_loss(scene: Scene, code: int, out: str, err: str) -> str | None:
    """What is wrong with how it ended; None if all is well."""
    missing = [answer for answer in scene.answers if answer not in out]
    if "Traceback" in err or code not in (ExitCode.OK, ExitCode.SESSION, ExitCode.CONNECTION):
        return f"ended with {code}"
    if missing and not LOSS_IS_SAID.search(err):
        return f"{missing} lost in silence"
    if missing and code == ExitCode.OK:
        return f"{missing} lost, and the exit code is 0"
    if not missing and code != ExitCode.OK and not LOSS_IS_SAID.search(err):
        # Where its end was not confirmed, nobody can know that these were all the words.
        return f"all answered, and the exit code is {code}"
    return None


async def cut_behind(name: str, place: int, gate: asyncio.Semaphore) -> str | None:
    """Run the scene with a cut behind that event; returns what went wrong."""
    scene = SCENES[name]
    async with gate, cutting_proxy(place) as proxy:
        try:
            ended = await scene.run(proxy.url)
        except Hangs as said:
            return f"cut behind {place} ({proxy.passed[-1:]}): hangs\n{said}"
    wrong = silent_loss(scene, *ended)
    return wrong and f"cut behind {place} ({proxy.passed[-1]}): {wrong}\n{ended[1]}\n{ended[2]}"


async def events_of(name: str) -> list[str]:
    """The types of all events of the scene on a line that holds."""
    async with cutting_proxy(None) as proxy:
        code, out, err = await SCENES[name].run(proxy.url)
    assert silent_loss(SCENES[name], code, out, err) is None, (code, out, err)
    assert code == ExitCode.OK, err
    return proxy.passed


async def wrong_behind(name: str, places: list[int]) -> list[str]:
    gate = asyncio.Semaphore(AT_ONCE)
    ended = await asyncio.gather(*(cut_behind(name, place, gate) for place in places))
    return [wrong for wrong in ended if wrong]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["text", "tools"])  # those with sound take a minute: see the heavy one
async def test_a_cut_behind_the_first_event_of_each_type(name: str):
    types = await events_of(name)
    wrong = await wrong_behind(name, [types.index(type) + 1 for type in dict.fromkeys(types)])
    assert not wrong, "\n".join(wrong)


@pytest.mark.heavy
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", SCENES)
async def test_a_cut_behind_every_event(name: str):
    types = await events_of(name)
    wrong = await wrong_behind(name, list(range(1, len(types) + 1)))
    print(f"{name}: {len(types)} cuts")
    assert not wrong, "\n".join(wrong)
