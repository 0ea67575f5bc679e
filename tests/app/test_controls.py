"""What typed commands do to a session (``/set``, ``/send``, ``/reload``, ...), by the server's own rules."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from realtime_cli.app.controls import Controls
from realtime_cli.client.session import ClientSession
from realtime_cli.config import load_agent
from realtime_cli.tools.approval import ApprovalAnswer, InteractiveApprover, Question
from realtime_cli.tui.key_events import KeyPress, SlashCommand, ToolAnswer
from tests.joined.engine import Engine
from tests.joined.pair import Pair


class Loop:
    """The duplex loop's place between what is read and both sessions, on a clock that stands."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.notes: list[str] = []

    @property
    def session(self) -> ClientSession:
        return self.pair.client

    def now(self) -> float:
        return self.pair.at

    def step(self, happened: Any) -> None:
        self.pair.tell_client(happened)
        self.pair.settle()

    def note(self, level: str, topic: str, text: str, data: Any = None) -> None:
        self.notes.append(text)


class Talk:
    """An agent file, a session of it, and commands typed into it."""

    def __init__(self, path: Path, written: str) -> None:
        self.path = path
        path.write_text(written)
        agent = load_agent(path, (), {})
        self.pair = Pair(Engine(), patch=agent.config.session_patch())
        self.pair.settle()
        self.loop = Loop(self.pair)
        self.recording: Path | None = path.with_name("own.jsonl")
        self.approver: InteractiveApprover | None = None
        self.reading = self.anew()

    def anew(self) -> Controls:
        agent = load_agent(self.path, (), {})
        return Controls(
            self.loop,  # type: ignore[arg-type]
            agent,
            lambda: load_agent(self.path, (), {}),
            self.approver,
            recording=self.recording,
        )

    def command(self, line: str) -> dict[str, Any] | None:
        """Type ``/line``; returns the event that was sent."""
        before = len(self.pair.asked)
        name, _, rest = line.partition(" ")
        self.reading.press(SlashCommand(name, rest))
        return self.pair.asked[before] if len(self.pair.asked) > before else None

    @property
    def last_note(self) -> str:
        return self.loop.notes[-1]


@pytest.fixture
def talk(tmp_path: Path) -> Callable[..., Talk]:
    def opened(written: str = "") -> Talk:
        return Talk(tmp_path / "agent.toml", written)

    return opened


def session(event: dict[str, Any] | None) -> dict[str, Any]:
    assert event is not None
    assert event["type"] == "session.update"
    return event["session"]


@pytest.mark.parametrize(
    ("line", "sent"),
    [
        ('session.instructions "Now speak in Spanish."', {"instructions": "Now speak in Spanish."}),
        ("session.instructions Now speak in Spanish.", {"instructions": "Now speak in Spanish."}),
        ("session.max_output_tokens 2048", {"max_output_tokens": 2048}),
        ("session.max_output_tokens=inf", {"max_output_tokens": "inf"}),
        ("session.audio.input.turn_detection false", {"audio": {"input": {"turn_detection": None}}}),
        ("session.audio.input.noise_reduction false", {"audio": {"input": {"noise_reduction": None}}}),
        ("session.tracing false", {"tracing": None}),
        (
            "session.audio.input.turn_detection.threshold 0.7",
            {"audio": {"input": {"turn_detection": {"type": "server_vad", "threshold": 0.7}}}},
        ),
        (
            "session.audio.input.turn_detection.eagerness high",
            {"audio": {"input": {"turn_detection": {"type": "semantic_vad", "eagerness": "high"}}}},
        ),
    ],
)
def test_set_sends_one_key(talk: Callable[..., Talk], line: str, sent: dict[str, Any]):
    assert session(talk().command(f"set {line}")) == {"type": "realtime", **sent}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("session.max_output_tokens 0", "found 0; allowed: a whole number of at least 1"),
        ('session.output_modalities ["text", "audio"]', "allowed: a list of exactly 1"),
        ("session.instrutions x", "did you mean instructions?"),
        ("session.temperature 1", "the API no longer has it"),
        ("session.model x", "chosen when the connection is opened"),
        ("connection.model x", "chosen when the connection is opened"),
        ("limits.cost 3", "changes session settings only"),
        ("session.instructions", "needs a key and a value"),
        ("", "needs a key and a value"),
        ("session x", "changes session settings only"),
        ("= 3", "needs a key and a value"),
        ("session..x 3", "is not a key"),
        ("video.detail huge", "auto, low or high"),
    ],
)
def test_set_refuses_in_a_sentence_and_sends_nothing(talk: Callable[..., Talk], line: str, said: str):
    here = talk()
    assert here.command(f"set {line}") is None
    assert said in here.last_note


def test_set_shows_what_is_in_force_then_or_why_it_is_not(talk: Callable[..., Talk]):
    here = talk()
    here.command("set session.max_output_tokens 9000")
    assert here.pair.last_note == "In force now: session.max_output_tokens = 9000."
    here.command("set session.audio.output.voice nosuch")
    assert "Invalid value: 'nosuch'" in here.pair.last_note
    assert here.pair.client.effective_session["audio"]["output"]["voice"] == "alloy"


AGENT = """
[session]
instructions = "One."
max_output_tokens = 100
[session.audio.output]
speed = 1.2
[session.audio.input.turn_detection]
type = "server_vad"
threshold = 0.5
"""


def test_reload_sends_the_difference_only(talk: Callable[..., Talk]):
    here = talk(AGENT)
    here.path.write_text(AGENT.replace("One.", "Two.").replace("0.5", "0.6"))
    assert session(here.command("reload")) == {
        "type": "realtime",
        "instructions": "Two.",
        "audio": {"input": {"turn_detection": {"type": "server_vad", "threshold": 0.6}}},
    }
    assert here.last_note == "Changed in the agent file: instructions, audio."
    assert here.pair.client.effective_session["max_output_tokens"] == 100
    before = len(here.pair.asked)
    here.reading.press(KeyPress("reload"))
    assert len(here.pair.asked) == before
    assert here.last_note == "No session setting has changed in the agent file."


def test_reload_says_what_waits_for_a_new_session(talk: Callable[..., Talk]):
    here = talk(AGENT)
    here.path.write_text(AGENT.replace("max_output_tokens = 100\n", "") + "[limits]\ncost = 1.0\n")
    assert here.command("reload") is None
    assert (
        here.last_note == "Also changed, but only for the next session: session.max_output_tokens, [limits]."
    )


def test_reload_keeps_the_tools_of_this_program(talk: Callable[..., Talk]):
    raw = '[[session.tools]]\ntype = "function"\nname = "raw"\n'
    here = talk(raw)
    mine = {"type": "function", "name": "mine"}
    here.pair.client.requested_session["tools"].append(mine)  # as [[tools]] are put beside them
    here.path.write_text(raw.replace("raw", "other"))
    assert session(here.command("reload"))["tools"] == [{"type": "function", "name": "other"}, mine]


def test_a_bad_file_is_a_note_and_the_talk_goes_on(talk: Callable[..., Talk]):
    here = talk(AGENT)
    here.path.write_text(AGENT.replace("100", "0"))
    assert here.command("reload") is None
    assert "found 0" in here.last_note
    here.path.write_text(AGENT.replace("100", "200"))
    assert session(here.command("reload")) == {"type": "realtime", "max_output_tokens": 200}


def test_send_takes_any_event(talk: Callable[..., Talk]):
    here = talk()
    event = here.command('send {"type": "input_audio_buffer.clear", "event_id": "mine"}')
    assert event == {"type": "input_audio_buffer.clear", "event_id": "mine"}
    assert here.command("send {") is None
    assert "/send takes one JSON object" in here.last_note
    assert here.command("send [1]") is None
    event = here.command('send {"type": "brand.new", "event_id": "mine too", "x": 1}')
    assert event == {"type": "brand.new", "event_id": "mine too", "x": 1}


def test_pause_and_resume(talk: Callable[..., Talk]):
    here = talk()
    for line, muted in [("pause", True), ("pause", True), ("resume", False), ("mute", True)]:
        here.command(line)
        assert here.pair.client.mic_gate.muted is muted


def test_save_says_where_the_recording_is(talk: Callable[..., Talk]):
    here = talk()
    here.command("save")
    assert here.last_note == f"The recording is kept at {here.recording}."
    here.recording = None
    here.reading = here.anew()
    here.command("save x.jsonl")
    assert here.last_note == "This session is not recorded, so there is nothing to save. Use --record."


@pytest.mark.parametrize(
    ("line", "kept"),
    [("talk.jsonl", "talk.jsonl"), ("talk", "talk.jsonl"), ("'my talk.jsonl'", "my talk.jsonl")],
)
def test_save_wants_a_copy(
    talk: Callable[..., Talk], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, kept: str
):
    monkeypatch.chdir(tmp_path)
    here = talk()
    here.command(f"save {line}")
    assert here.last_note == f"The recording will be copied to {kept} at the end of the session."
    assert here.reading.save_to == Path(kept)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("there.jsonl", "there.jsonl already exists. Name another place."),
        ("sound.jsonl", "sound.wav already exists. Name another place."),
        ("no/where.jsonl", "There is no folder no. Name an existing folder."),
        ("talk.mp3", "A recording is a .jsonl file"),
        ("a" * 300, "File name too long"),
    ],
)
def test_save_refuses_at_once_what_cannot_be(
    talk: Callable[..., Talk], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, said: str
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.jsonl").touch()
    (tmp_path / "sound.wav").touch()
    here = talk()
    here.command(f"save {line}")
    assert said in here.last_note
    assert here.reading.save_to is None


def test_say_asks_for_the_very_words(talk: Callable[..., Talk]):
    event = talk().command("say Mind the gap.")
    assert event is not None
    assert event["type"] == "response.create"
    assert event["response"]["instructions"].endswith("Mind the gap.")


def test_tools_note_echo_and_keys(talk: Callable[..., Talk]):
    here = talk()
    here.command("tools")
    assert here.last_note == "This agent has no tools."
    here.command("note a dog barked")
    assert here.last_note == "a dog barked"
    here.reading.press(KeyPress("note"))
    assert here.last_note == "(marked)"
    here.command("approve yes")
    assert here.last_note == "There is no open question."
    before = len(here.loop.notes)
    here.command("echo")  # there is no canceller here: nothing to switch
    assert len(here.loop.notes) == before


def test_video_detail_changes_at_run_time(talk: Callable[..., Talk]):
    here = talk('[video]\nsource = "camera"\n')
    for line, detail in [
        ("video low", "low"),
        ("set video.detail high", "high"),
        ('set video.detail="auto"', "auto"),
    ]:
        here.command(line)
        assert here.last_note == f"Image detail is now {detail}."
        assert here.pair.client.image_context.detail == detail


async def test_an_answer_goes_to_the_question_it_was_given_to(talk: Callable[..., Talk]):
    here = talk()
    here.approver = InteractiveApprover()
    here.reading = here.anew()
    first = asyncio.create_task(here.approver.ask(Question("c1", "delete", "{}")))
    await asyncio.sleep(0)
    here.reading.press(ToolAnswer("c0", "once"))
    assert here.last_note == "That question is no longer open."
    here.reading.press(ToolAnswer("c1", "no", "it is mine"))
    assert await first == ApprovalAnswer("no", "it is mine")
