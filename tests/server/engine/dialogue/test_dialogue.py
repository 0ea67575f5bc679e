"""Conversations with the small dialogue, as text in and text out."""

from __future__ import annotations

import base64
import io
from datetime import UTC, datetime

import pytest
from PIL import Image

from realtime_cli.server.engine.dialogue import Dialogue
from realtime_cli.server.engine.ports import EngineCall, EngineText
from tests.server.engine.conversation import answer, assistant, called, function, gave, pieces, spoken, user

NOW = datetime(2026, 5, 3, 14, 5, tzinfo=UTC)
CLOCK = function("clock", "The current time and date.", zone={"type": "string"})


@pytest.fixture
def dialogue() -> Dialogue:
    return Dialogue(now=lambda: NOW)


async def test_it_greets_when_nobody_has_spoken(dialogue: Dialogue) -> None:
    assert await answer(dialogue) == (
        "Hello! I am a small voice on this machine. Ask me for the time or for a sum."
    )


async def test_it_greets_as_the_instructions_say(dialogue: Dialogue) -> None:
    wanted = 'You are Ada. Greet the caller with "Welcome to Acme!" and wait.'
    assert await answer(dialogue, instructions=wanted) == "Welcome to Acme!"
    assert (await answer(dialogue, instructions="You are Ada, a guide.")).startswith("Hello! I am Ada.")


async def test_it_says_exactly_what_the_instructions_say(dialogue: Dialogue) -> None:
    assert await answer(dialogue, user("Hi"), instructions='Say exactly "Aye, aye."') == "Aye, aye."


async def test_it_waits_after_its_own_greeting(dialogue: Dialogue) -> None:
    assert "still here" in await answer(dialogue, assistant("Hello!"))


@pytest.mark.parametrize("heard", [None, "", "  "])
async def test_a_turn_without_words_is_asked_about(dialogue: Dialogue, heard: str | None) -> None:
    assert "still there" in await answer(dialogue, spoken(heard))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("What time is it?", "It is 2:05 PM."),
        ("What time is it in Tokyo right now?", "It is 11:05 PM in Tokyo."),
        ("What day is it to-day?", "Today is Sunday, May 3rd, 2026."),
        ("What is seventeen times twenty three?", "17 times 23 is 391."),
        ("What is 17 times 23?", "17 times 23 is 391."),
        ("How are you today?", "I am well, thank you. How are you?"),
        ("Thanks a lot!", "You are welcome!"),
        ("That's everything, thank you. Bye!", "Goodbye, and thank you for talking to me!"),
        ("Hello there, can you hear me?", "Yes, I can hear you."),
        ("Stop talking for a second, I have another question.", "Okay."),
        ("Stop.", "Okay."),
        ("dtmf 5", "You pressed 5."),
        ("Say good night, moon.", "Good night, moon."),
        (
            "I want to say something.",
            "You said: I want to say something. I am only a small set of rules: ask me what I can do.",
        ),
        ("What do you see?", "I see no picture in this conversation."),
    ],
)
async def test_what_it_answers(dialogue: Dialogue, said: str, told: str) -> None:
    assert await answer(dialogue, spoken(said)) == told


async def test_it_says_back_what_it_cannot_answer_and_what_it_is(dialogue: Dialogue) -> None:
    first = await answer(dialogue, spoken("Foxes like grapes"))
    assert first == "You said: Foxes like grapes. I am only a small set of rules: ask me what I can do."
    later = [user("a"), assistant("b"), user("c"), assistant("d"), user("Foxes like grapes")]
    assert await answer(dialogue, *later) == "You said: Foxes like grapes."


async def test_it_counts_slowly_a_number_a_sentence(dialogue: Dialogue) -> None:
    counted = await pieces(dialogue, spoken("Please count to twenty"))
    assert len(counted) == 20
    assert counted[::19] == [EngineText("One."), EngineText("Twenty.")]
    assert await answer(dialogue, user("count down from 3")) == "Three. Two. One. Zero."


async def test_it_reads_a_long_text(dialogue: Dialogue) -> None:
    assert len(await pieces(dialogue, spoken("Read me something long"))) > 12


async def test_a_clock_of_the_session_goes_before_its_own(dialogue: Dialogue) -> None:
    asked = await pieces(dialogue, spoken("What time is it in Tokyo?"), tools=(CLOCK,))
    assert asked == [EngineCall("clock", '{"zone": "Asia/Tokyo"}')]


async def test_a_result_is_told_and_no_call_repeated(dialogue: Dialogue) -> None:
    items = [spoken("What time is it?"), called("get_time"), gave('{"time": "10:31", "zone": "UTC"}')]
    told = await answer(dialogue, *items, tools=(function("get_time", "The time"),))
    assert told == "It is 10:31."


async def test_all_results_of_one_response_are_told(dialogue: Dialogue) -> None:
    items = [user("x"), called("a", "1"), called("b", "2"), gave('"one"', "1"), gave("Error: no wire", "2")]
    assert await answer(dialogue, *items) == "The result of a is one. b did not work: no wire."


async def test_an_old_result_is_not_told_again(dialogue: Dialogue) -> None:
    items = [user("x"), called("a"), gave("1"), assistant("The result of a is 1."), user("Thanks")]
    assert await answer(dialogue, *items) == "You are welcome!"


async def test_a_picture_is_described_as_far_as_rules_can(dialogue: Dialogue) -> None:
    file = io.BytesIO()
    Image.new("RGB", (320, 240), "red").save(file, "PNG")
    png = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
    assert "PNG of 320 by 240 pixels" in await answer(dialogue, user("What is in this picture?", png))
    assert "PNG of 320 by 240 pixels" in await answer(dialogue, user("", png), spoken("What do you see?"))
    assert "PNG" in await answer(dialogue, user("", png))
    seen = [user("", png), assistant("Nice."), user("Thanks")]
    assert await answer(dialogue, *seen) == "You are welcome!"
    assert "2 pictures" in await answer(dialogue, user("", png, png), user("Describe the pictures"))


@pytest.mark.parametrize("item", [{}, {"role": "user"}, {"role": "user", "content": None}, {"type": "odd"}])
async def test_odd_items_do_no_harm(dialogue: Dialogue, item: dict[str, object]) -> None:
    assert await answer(dialogue, item)
