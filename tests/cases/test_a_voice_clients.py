"""What strangers' servers did to a voice client (cases a*): each plays over a real socket."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from realtime_cli.client import inputs
from realtime_cli.client.effects import Play
from tests.cases.case import (
    CLOCK,
    TALK,
    TEXT,
    Case,
    answered,
    lines,
    refusal,
    response,
    tones_of,
    write_silence,
)
from tests.kit.live_session import live
from tests.kit.verbatim_server import saying


@pytest.mark.heavy
async def test_a01_of_a_transcript_that_grows_the_last_word_wins(tmp_path: Path) -> None:
    async with saying(lines("a01-cumulative-user-transcript")) as server:
        case = Case(server, tmp_path)
        done = await case.talk()
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stdout.splitlines() if "You:" in line]
    assert said == ["You: What is the capital of Peru?"], done.stdout
    exported = await case.run("export", case.recording, "--format", "md", "-o", "-")
    assert exported.stdout.count("What is") == 1
    assert "What is the capital of Peru?" in exported.stdout


async def test_a03_one_call_id_for_every_call(tmp_path: Path) -> None:
    async with saying(lines("a03-one-call-id-for-every-call")) as server:
        case = Case(server, tmp_path)
        done = await case.text("--approve", "all", "What time is it?", "And now?", agent=TEXT + CLOCK)
    assert done.stdout.splitlines() == ["Result of call 1.", "Result of call 2."], done.stderr
    assert done.returncode == 0
    assert len(case.outputs()) == 2


async def test_a04_a_delta_after_its_response_is_done(tmp_path: Path) -> None:
    async with saying(lines("a04-delta-after-response-done")) as server:
        done = await Case(server, tmp_path).talk()
    assert done.returncode == 0, done.stderr
    assert "Agent: Short answer." in done.stdout


async def test_a05_the_sound_of_a_cancelled_answer_is_not_heard(tmp_path: Path) -> None:
    async with saying(lines("a05-ghost-sound-of-a-cancelled-answer")) as server:
        case = Case(server, tmp_path)
        done = await case.talk()
    assert done.returncode == 0, done.stderr
    tones = tones_of(case.sound)
    assert 440 not in tones
    assert tones[880] >= 0.9


@pytest.mark.heavy
async def test_a06_an_answer_that_never_ends_was_heard_and_not_interrupted(tmp_path: Path) -> None:
    async with saying(lines("a06-answer-that-never-ends")) as server:
        case = Case(server, tmp_path)
        done = await case.talk("--set", "connection.progress_timeout_s=5")
    assert "No progress in the answer for 5 s" in done.stdout + done.stderr
    assert "interrupted" not in done.stdout + done.stderr
    assert done.returncode in (0, 5)
    assert tones_of(case.sound)[440] >= 1.9


async def test_a08_an_odd_byte_belongs_to_the_next_delta(tmp_path: Path) -> None:
    async with saying(lines("a08-deltas-of-odd-length")) as server:
        case = Case(server, tmp_path)
        done = await case.talk()
    assert done.returncode == 0
    assert "Warning" not in done.stdout + done.stderr
    assert set(tones_of(case.sound)) == {440}
    assert tones_of(case.sound)[440] == pytest.approx(2.0, abs=0.1)


KEYS_IN_BAD_SHAPE = {
    "two lines": "sk-one1234567890\nsk-two1234567890",
    "byte order mark": "\ufeffsk-one1234567890",
    "zero-width space": "sk-one\u200b1234567890",
}


@pytest.mark.parametrize("key", KEYS_IN_BAD_SHAPE.values(), ids=KEYS_IN_BAD_SHAPE.keys())
async def test_a09_a_key_that_cannot_be_sent(tmp_path: Path, own_environment: Path, key: str) -> None:
    async with saying([]) as server:
        case = Case(server, tmp_path)
        name = "--set", "connection.api_key_env=OPENAI_API_KEY"
        done = await case.run(
            "text", "--base-url", server.url, *name, "hello", environ={"OPENAI_API_KEY": key}
        )
    assert done.returncode == 2, done.stderr
    assert "OPENAI_API_KEY" in done.stderr
    assert "bug" not in done.stderr
    assert server.connections == 0
    assert_nowhere("1234567890", done, own_environment)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ('[connection.headers]\n"X-Team" = "${TEAM}"', "a\r\nX-Evil: 1"),
        ('[connection.headers]\n"X-Team" = "${TEAM}"', "日本"),
        ('[connection]\norganization = "org\\nx"', ""),
    ],
)
async def test_a09_a_header_that_cannot_be_sent(
    tmp_path: Path, own_environment: Path, setting: str, value: str
) -> None:
    (tmp_path / "agent.toml").write_text(setting)
    async with saying([]) as server:
        case = Case(server, tmp_path)
        done = await case.run(
            "text", "-c", "agent.toml", "--base-url", server.url, "hello", environ={"TEAM": value}
        )
    assert done.returncode == 2, done.stderr
    assert "bug" not in done.stderr
    assert server.connections == 0
    assert_nowhere(value or "org\nx", done, own_environment)


def assert_nowhere(secret: str, done: subprocess.CompletedProcess[str], home: Path) -> None:
    """Neither on the screen nor in any file that the command has written."""
    assert secret not in done.stdout + done.stderr
    assert not [
        path for path in home.rglob("*") if path.is_file() and secret in path.read_text("utf-8", "replace")
    ]


SPOKEN_TEST = """
[agent.connection]
provider = "custom"
[agent.conversation]
greet = false
[[turns]]
wav = "in.wav"
text = "What is the capital of Peru?"
[turns.expect]
contains = "Lima"
"""


@pytest.mark.heavy
@pytest.mark.parametrize("expectation", ["within_ms = 1500", "dead_air_ms = 1000", "audible = true"])
async def test_a10_an_answer_of_silence_fails_a_spoken_test(tmp_path: Path, expectation: str) -> None:
    (tmp_path / "script.toml").write_text(SPOKEN_TEST + expectation)
    write_silence(tmp_path / "in.wav", 2.3)
    async with saying(lines("a10-silent-answers-pass-a-spoken-test")) as server:
        done = await Case(server, tmp_path).run("run", "script.toml", "--against", server.url)
    assert done.returncode == 1, done.stdout + done.stderr
    assert expectation.split(" ")[0] in done.stdout + done.stderr


@pytest.mark.heavy  # it waits for an answer that never comes
async def test_a11_interrupted_before_the_answer_is_created(tmp_path: Path) -> None:
    async with saying(lines("a11-interrupted-before-response-created")) as server:
        case = Case(server, tmp_path)
        done = await case.talk("--approve", "all", agent=TALK + CLOCK)
    assert done.returncode == 5, done.stderr  # the server never answers the last turn
    assert 440 not in tones_of(case.sound)
    assert "r2" in [event.get("response_id") for event in server.heard_of("response.cancel")]


async def test_a12_an_error_instead_of_the_end_of_an_answer() -> None:
    create = "response.create"
    broken = {"type": "error", "error": {"type": "server_error", "code": None, "message": "It broke."}}
    script = [
        response(create, 1, 0, "created", response={"id": "r1", "conversation_id": "conv_1"}),
        {"on": create, "nth": 1, "after": 0.02, "event": broken},
        {"on": "response.cancel", "event": refusal("response_cancel_not_active", "Nothing is active.")},
        *answered(2, "r2"),
    ]
    async with saying(script) as server, live(server.url) as talk:
        await talk.ready()
        talk.duplex.step(inputs.Typed(talk.duplex.now(), "First"))
        await talk.until(lambda: talk.received("error"))
        await talk.say("Second")
    assert len(server.heard_of(create)) == 2


async def test_a12_text_says_which_of_two_messages_was_not_answered(tmp_path: Path) -> None:
    create = "response.create"
    script = [response(create, 1, 0, "created", response={"id": "r1"}), *answered(2, "r2")]
    async with saying(script) as server:
        done = await Case(server, tmp_path).text(
            "--set", "connection.progress_timeout_s=5", "First", "Second"
        )
    assert done.stdout.splitlines()[-1:] == ["Answer r2."]
    assert "Message 1 was not answered." in done.stderr
    assert done.returncode == 5, done.stderr


@pytest.mark.parametrize("code", ["conversation_already_has_active_response", None])
async def test_a13_a_collision_that_names_no_event_means_the_open_request(code: str | None) -> None:
    own = {"id": "own", "conversation_id": "conv_1"}
    create, collision = "response.create", "Conversation already has an active response"
    script = [
        response(create, 1, 0, "created", response=own),
        {"on": create, "nth": 1, "after": 0.02, "event": refusal(code, collision, event_id=None)},
        response(create, 1, 0.1, "done", response={**own, "status": "completed", "output": []}),
        *answered(2, "r2"),
    ]
    async with saying(script) as server, live(server.url) as talk:
        await talk.ready()
        talk.duplex.step(inputs.Typed(talk.duplex.now(), "Hello"))
        await talk.until(lambda: len(talk.received("response.done")) == 2)
        assert talk.notes("server") == []
    assert len(server.heard_of(create)) == 2


@pytest.mark.heavy
async def test_a14_what_was_said_goes_to_the_new_socket(tmp_path: Path) -> None:
    async with saying(lines("a14-socket-drops-in-the-users-sentence")) as server:
        case = Case(server, tmp_path)
        done = await case.talk(seconds=5.6)
    appended = server.heard_of("input_audio_buffer.append", connection=2)
    heard_s = sum(len(event["audio"]) for event in appended) * 3 / 4 / 48000
    assert heard_s >= 5.5 or "lost" in done.stdout + done.stderr, (heard_s, done.stdout, done.stderr)


async def test_a15_a_call_with_an_empty_id_is_answered_under_its_items_id(tmp_path: Path) -> None:
    async with saying(lines("a15-empty-call-id")) as server:
        case = Case(server, tmp_path)
        done = await case.text("--approve", "all", "What time is it?", agent=TEXT + CLOCK)
    assert done.stdout.splitlines() == ["It is late."], done.stderr
    assert case.outputs() == ["f1"]


async def test_a16_an_out_of_band_answer_is_not_played_over_the_user() -> None:
    create, aside = "response.create", {"id": "aside", "conversation_id": None}
    item = {"response_id": "aside", "item_id": "a1", "output_index": 0, "content_index": 0}
    script = [
        response(create, 1, 0, "created", response=aside),
        {
            "on": create,
            "nth": 1,
            "after": 0.1,
            "event": {"type": "input_audio_buffer.speech_started", "audio_start_ms": 0, "item_id": "u1"},
        },
        response(create, 1, 0.2, "output_audio.delta", delta={"tone": [440, 500]}, **item),
        response("response.cancel", 1, 0.1, "done", response={**aside, "status": "cancelled", "output": []}),
    ]
    async with saying(script) as server, live(server.url, patch={"type": "realtime"}) as talk:
        await talk.ready()
        event = {"type": create, "response": {"conversation": "none"}}
        talk.duplex.step(inputs.RawEvent(talk.duplex.now(), event))
        await talk.until(lambda: talk.received("response.output_audio.delta"))
        await talk.until(lambda: talk.received("response.done"))
        assert talk.values(Play) == []
    assert [event.get("response_id") for event in server.heard_of("response.cancel")] == ["aside"]


@pytest.mark.heavy
async def test_a17_a_second_item_after_the_cut_is_taken_out(tmp_path: Path) -> None:
    async with saying(lines("a17-second-item-after-the-cut")) as server:
        case = Case(server, tmp_path)
        done = await case.talk()
    assert done.returncode == 0, done.stderr
    assert 660 not in tones_of(case.sound)
    gone = [event["item_id"] for event in server.heard_of("conversation.item.delete")]
    silent = [e["item_id"] for e in server.heard_of("conversation.item.truncate") if e["audio_end_ms"] == 0]
    assert "a2" in gone + silent
