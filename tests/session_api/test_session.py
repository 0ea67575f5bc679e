"""What a program may ask of a session: tools, events, sound, pictures, history, judgement."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Generator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pytest

from realtime_cli import Agent, Session, ToolCall, expect, tool
from realtime_cli.audio.pcm import RATE_HZ
from realtime_cli.conversation.events import ItemCreated
from realtime_cli.errors import ConfigError, SessionFailed
from realtime_cli.script.clips import read_clip
from realtime_cli.server.engine.ports import EngineText
from realtime_cli.session_api import Judgement, WireEvent
from tests.kit.chat_server import Answer, ChatServer
from tests.kit.live_faults import LiveFaults, faulty_live_server
from tests.kit.live_session import serving
from tests.kit.scripted_engine import ScriptedEngine
from tests.test_session_api import ASKED, CLIPS, TALE, clock_agent
from tests.video.material import BLUE, GREEN, RED, film

pytestmark = pytest.mark.usefixtures("recordings_verify")


async def test_functions_of_the_program_are_tools() -> None:
    def weather(city: Annotated[str, "Which city"] = "Oslo") -> Generator[str, None, str]:
        """Tells the weather."""
        yield "looking"
        return f"snow in {city}"

    async def clock() -> dict[str, str]:
        """Tells the time."""
        return {"time": "noon"}

    def lamp() -> None:
        """Switches the lamp."""
        raise OSError("no bulb")

    tools: list[Any] = [weather, clock, tool(lamp, name="light", description="Switches the light")]
    progress: list[str] = []
    async with Session(text=True, tools=tools) as session:
        session.on("tool_progressed", lambda event: progress.append(event.text))
        outputs = {}
        for name in ("weather", "clock", "light"):
            [call] = (await session.say(f"Please use the {name} tool.")).tool_calls
            outputs[call.name] = (call.output, call.failed)
    assert str(outputs["weather"][0]).startswith("snow in")
    assert outputs["clock"] == ('{"time":"noon"}', False)
    assert outputs["light"] == ("OSError: no bulb", True)
    assert progress == ["looking"]


async def test_what_is_no_function_cannot_be_a_tool() -> None:
    with pytest.raises(ConfigError, match=r"mocks="):
        Session(tools=["clock"])  # type: ignore[list-item]
    with pytest.raises(ConfigError, match="'print' cannot be a tool"):
        Session(tools=[print])


async def test_a_function_may_decide_on_each_call(tmp_path: Path) -> None:
    asked: list[ToolCall] = []

    async def allow(call: ToolCall) -> bool:
        asked.append(call)
        return len(asked) > 1

    async with Session(clock_agent(tmp_path, trusted=True), text=True, approve=allow) as session:
        outputs = [(await session.say(ASKED)).tool_calls[0].output for _ in range(2)]
    assert [call.name for call in asked] == ["clock", "clock"]
    assert "The program does not allow it." in str(outputs[0])
    assert outputs[1] == "half past nine"


async def test_all_tools_may_be_allowed(tmp_path: Path) -> None:
    async with Session(clock_agent(tmp_path), text=True, approve="all", trust=tmp_path) as session:
        assert (await session.say(ASKED)).tool_calls[0].output == "half past nine"


async def test_a_greeting_is_a_reply_of_its_own() -> None:
    engine = ScriptedEngine(answers=[[EngineText("Good day.")], [EngineText("It is noon.")]])
    async with (
        serving(engine) as listener,
        Session(url=listener.url, settings={"conversation.greet": True}, text=True) as session,
    ):
        greeting = await session.greeting()
        reply = await session.say("What time is it?")
    assert (greeting.text, reply.text) == ("Good day.", "It is noon.")


async def test_events_and_handlers_are_told_and_hold_up_nothing() -> None:
    seen: list[str] = []
    created: list[tuple[str, str]] = []
    done: list[str] = []

    async def slow(event: ItemCreated) -> None:
        await asyncio.sleep(0.2)
        created.append((event.item_id, event.item["role"]))

    async def watch(session: Session) -> None:
        async for event in session.events(raw=True):
            if isinstance(event, WireEvent):
                seen.append(f"{event.way} {event.event['type']}")
            else:
                seen.append(type(event).__name__)

    session = Session(text=True)
    session.on("item_created", slow)
    session.on("response.done")(lambda event: done.append(event["response"]["status"]))
    with pytest.raises(ConfigError, match="Did you mean item_created"):
        session.on("item_craeted", slow)
    async with session:
        watching = asyncio.create_task(watch(session))
        await asyncio.sleep(0)
        reply = await session.say("say after me: one")
        assert reply.done_ms is not None
        assert reply.done_ms < 200 or not created
    await watching
    assert [role for _, role in created] == ["user", "assistant"]
    assert done == ["completed"]
    for expected in ("sent response.create", "received response.done", "AgentTextFinal"):
        assert expected in seen


async def test_a_handler_that_fails_is_warned_of_and_called_again() -> None:
    def fails(event: Any) -> None:
        raise OSError("disk full")

    async def hold() -> None:
        async with Session(text=True) as session:
            session.on("item_created", fails)
            await session.say("say after me: one")

    with pytest.warns(UserWarning, match="The handler of item_created failed: OSError: disk full") as warned:
        await hold()
    assert len(warned) == 2


async def test_sound_comes_in_every_shape_and_goes_out_whole() -> None:
    samples = np.concatenate(read_clip(CLIPS / "what-time-is-it.wav").frames)

    async def pieces() -> AsyncIterator[bytes]:
        raw = samples.tobytes()
        for begin in range(0, len(raw), 4801):  # pieces end within a sample
            yield raw[begin : begin + 4801]
        yield bytes(2 * RATE_HZ)

    def float_samples() -> Any:
        return samples.astype(np.float32) / 32768

    async with Session() as session:
        frames: list[Any] = []

        async def listen() -> None:
            async for frame in session.audio():
                frames.append(frame)

        listening = asyncio.create_task(listen())
        streamed = await session.send_audio(pieces(), fast=True)
        whole = await session.send_audio(float_samples())
    await listening
    assert "time" in streamed.transcript.lower()
    assert "time" in whole.transcript.lower()
    assert (whole.audio.dtype, whole.audio.ndim) == (np.int16, 1)
    assert len(whole.audio) > RATE_HZ / 2
    received = np.concatenate(frames)
    assert np.array_equal(received, np.concatenate([streamed.audio, whole.audio]))


async def test_paced_sound_is_what_is_heard() -> None:
    async with serving(ScriptedEngine(answers=[[TALE]])) as listener, Session(url=listener.url) as session:
        heard: list[Any] = []

        async def listen() -> None:
            async for frame in session.audio(paced=True):
                heard.append(frame)

        listening = asyncio.create_task(listen())
        first = await session.say("A story, please.", wait=False)
        assert first.text == ""
        await session.interrupt(at=300)
        reply = await session.wait_for_reply()
    await listening
    assert reply.interrupted
    assert reply.audible_ms is not None
    assert 200 < reply.audible_ms < 2000
    assert len(reply.audio) > reply.audible_ms * 24
    assert {len(frame) for frame in heard} == {480}


async def test_an_update_returns_what_is_in_force() -> None:
    async with Session(text=True) as session:
        in_force = await session.update(instructions='Always answer "Aye."')
        assert in_force["instructions"] == 'Always answer "Aye."'
        assert in_force == session.settings


async def test_history_is_given_and_read() -> None:
    past = [{"role": "user", "text": "I am Ada."}, {"role": "assistant", "text": "Hello Ada."}]
    async with Session(text=True, history=past) as session:
        await session.say("say after me: one")
        texts = [item["content"][0]["text"] for item in session.history]
    assert texts == ["I am Ada.", "Hello Ada.", "say after me: one", "One"]


async def test_a_request_beside_the_conversation_leaves_it_as_it_is() -> None:
    async with Session(text=True) as session:
        await session.say("say after me: one")
        before = session.history
        aside = await session.request('Always answer "Yes."', items=[])
        assert aside.text == "Yes."
        assert aside.response["conversation_id"] is None
        assert session.history == before
        with pytest.raises(SessionFailed, match="max_output_tokens"):
            await session.request("No.", max_output_tokens=0)


async def test_pictures_are_shown_from_files_bytes_and_a_source(tmp_path: Path) -> None:
    picture = Path(__file__).parents[2] / "configs" / "pictures" / "1-one.png"
    settings = {"video.interval_s": 0.1, "video.when": "interval"}
    source = film(tmp_path / "film.mp4", (RED, GREEN, BLUE), seconds_each=10)
    async with Session(text=True, video=str(source), settings=settings) as session:
        shown: list[Any] = []
        session.on("image_shown", lambda event: shown.append((event.frame, event.detail)))
        await session.until("conversation.item.added")
        session.pause_video()
        await asyncio.sleep(0.3)
        paused = len(shown)
        await session.send_image(picture.read_bytes(), detail="low")
        reply = await session.send_image(picture, "What is this?")
        await asyncio.sleep(0.3)
        assert reply is not None
        assert reply.text
        assert shown[paused:] == [(False, "low"), (False, None)]
        session.pause_video(False)
        session.video_detail("low")
        await session.say("say after me: one")
        await asyncio.sleep(0.5)
        assert (True, "low") in shown[paused + 2 :]
    async with Session(text=True) as session:
        with pytest.raises(ConfigError, match="No video flows"):
            session.pause_video()


async def test_expectations_are_those_of_scripts() -> None:
    async with Session(text=True, mocks={"weather": {"sky": "clear"}}) as session:
        reply = await session.say("What is the weather?")
    expect(reply).contains("clear").calls([{"name": "weather"}]).excludes("rain").within_ms(20_000).errors([])
    with pytest.raises(AssertionError, match='expected a reply with "rain"; found'):
        expect(reply).contains("rain")
    with pytest.raises(TypeError, match="max_words"):
        expect(reply).max_words("few")
    with pytest.raises(AttributeError, match="There are: contains"):
        expect(reply).contans("rain")


async def test_a_reply_is_judged() -> None:
    score = {"role": "assistant", "content": '{"score": 0.4, "why": "It greets nobody."}'}
    body = json.dumps({"choices": [{"message": score}]})
    async with ChatServer([Answer([body]), Answer([body])]) as server:
        async with Session(text=True, judge={"url": server.url, "model": "tiny"}) as session:
            reply = await session.say("say after me: one")
        assert await reply.judge("It greets.", score=0.4) == Judgement(0.4, "It greets nobody.")
        with pytest.raises(AssertionError, match=r"expected a score of 0\.7 .*found 0\.4: It greets nobody"):
            await reply.judge("It greets.")
        asked = server.asked[0].body["messages"][1]["content"]
        assert "User: say after me: one\nAgent: One" in asked


async def test_settings_that_nobody_knows_yet_reach_the_wire() -> None:
    sent: list[Any] = []
    session = Session(text=True, settings={"session.extra.mood": "calm"})
    session.on("session.update", lambda event: sent.append(event["session"]))
    async with session:
        with pytest.raises(SessionFailed, match="mood"):
            await session.update(mood="brave")
        with pytest.raises(SessionFailed, match=r"session\.spirit"):
            await session.update({"extra": {"spirit": "high"}})
    assert [(each.get("mood")) for each in sent][:1] == ["calm"]


async def test_a_transcription_session_writes_down_what_is_said_and_answers_nothing() -> None:
    agent = {"connection": {"provider": "local"}, "session": {"type": "transcription"}}
    wire: list[str] = []
    async with Session(agent) as session:
        session.on("response.created", lambda event: wire.append(event["type"]))
        assert session.settings["object"] == "realtime.transcription_session"
        reply = await session.send_audio(CLIPS / "what-time-is-it.wav")
        assert "time" in reply.transcript.lower()
        assert (reply.text, len(reply.audio)) == ("", 0)
    manual = {**agent, "session": {"type": "transcription", "audio": {"input": {"turn_detection": None}}}}
    async with Session(manual) as session:
        assert (
            "time" in (await session.send_audio(CLIPS / "what-time-is-it.wav", fast=True)).transcript.lower()
        )
    assert wire == []


async def test_an_agent_may_be_an_object_and_keeps_its_secrets_and_nulls() -> None:
    async with serving(ScriptedEngine(answers=[[EngineText("Yes.")]]), key="a-secret-key") as listener:
        agent = Agent.model_validate(
            {
                "connection": {"provider": "custom", "base_url": listener.url, "api_key": "a-secret-key"},
                "session": {"instructions": "Be brief.", "audio": {"input": {"turn_detection": None}}},
            }
        )
        assert "a-secret-key" not in repr(agent)
        async with Session(agent, text=True) as session:
            assert (await session.say("Hello.")).text == "Yes."
            assert session.settings["instructions"] == "Be brief."
            assert session.settings["audio"]["input"]["turn_detection"] is None


async def test_a_session_may_be_opened_again_when_it_was_closed(tmp_path: Path) -> None:
    created: list[str] = []
    session = Session(text=True, record=tmp_path)
    session.on("item_created", lambda event: created.append(event.item_id))
    for _ in range(2):
        async with session:
            assert (await session.say("say after me: one")).text == "One"
            assert len(session.history) == 2
            with pytest.raises(ConfigError, match="open already"):
                await session.__aenter__()
            assert session.settings
        assert [event async for event in session.events()] == []
        with pytest.raises(ConfigError, match="not open"):
            await session.say("Hello?")
    assert len(set(created)) == 4
    assert len(list(tmp_path.glob("*.jsonl"))) == 2


@pytest.mark.heavy
async def test_a_session_that_is_opened_again_is_heard_again() -> None:
    session, lengths = Session(), []
    for _ in range(2):
        frames: list[Any] = []
        async with session:

            async def listen(into: list[Any]) -> None:
                into += [frame async for frame in session.audio()]

            listening = asyncio.create_task(listen(frames))
            reply = await session.speak("What time is it?")
            assert "time" in reply.transcript
        await listening
        lengths.append((len(reply.audio), sum(map(len, frames))))
    assert all(whole == streamed > 0 for whole, streamed in lengths)


async def test_a_session_that_could_not_be_opened_may_be_tried_again(tmp_path: Path) -> None:
    session = Session(tmp_path / "agent.toml", text=True)
    with pytest.raises(ConfigError, match="There is no file"):
        await session.__aenter__()
    (tmp_path / "agent.toml").write_text('[connection]\nprovider = "local"\n')
    async with session:
        assert (await session.say("say after me: one")).text == "One"


async def read_on(stream: AsyncIterator[Any]) -> None:
    async for _ in stream:
        pass


@pytest.mark.heavy
async def test_turns_that_are_cancelled_leave_the_session_as_it_was() -> None:
    async with Session() as session:
        before = {task.get_name() for task in asyncio.all_tasks()}
        turns = [
            lambda: session.say("Read me a long story."),
            lambda: session.speak("What is two plus two, and what is three plus three?"),
            lambda: session.interrupt(at={"after": "tool.called", "ms": 1}),
            lambda: session.wait_for_reply(),
            lambda: read_on(session.events(raw=True)),
            lambda: read_on(session.audio(paced=True)),
        ]
        for turn in turns:
            for seconds in (0, 0.3):
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await turn()
        await session.interrupt()
        await session.say("say after me: one")
        reply = await session.speak("What time is it?")
        assert reply.transcript == "What time is it?"
        async with asyncio.timeout(20):  # the engine's own work on what was given up ends by itself
            while {task.get_name() for task in asyncio.all_tasks()} - before:
                await asyncio.sleep(0.05)


@pytest.mark.heavy
async def test_what_a_stream_of_sound_raises_reaches_the_caller_and_the_session_goes_on() -> None:
    async def unplugged() -> AsyncIterator[Any]:
        yield np.zeros(4800, np.int16)
        raise OSError("unplugged")

    async with Session() as session:
        with pytest.raises(OSError, match="unplugged"):
            await session.send_audio(unplugged())
        assert (await session.speak("What time is it?")).transcript == "What time is it?"


async def test_live_has_no_answers_beside_the_conversation():
    async with faulty_live_server(LiveFaults(), ScriptedEngine()) as url:
        connection = {"base_url": url, "protocol": "live", "auth": "none"}
        async with Session({"connection": connection}) as session:
            with pytest.raises(SessionFailed, match="beside the conversation"):
                await session.request("What was said?")
