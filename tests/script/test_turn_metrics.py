"""What a turn, and a conversation, can be measured by."""

from __future__ import annotations

from typing import Literal

import pytest

from realtime_cli.client import inputs
from realtime_cli.client.cost import Tokens
from realtime_cli.conversation import events as e
from realtime_cli.script.turn_metrics import conversation_metrics
from tests.script.scenes import Scene


def test_the_voice_is_timed_by_its_played_samples_from_the_last_sound_of_the_user() -> None:
    scene = Scene()
    scene.turn(1, 1.0)
    scene.spoken(1.2, 2.0)
    scene.at = 2.5
    scene.server("input_audio_buffer.speech_stopped", audio_end_ms=None, item_id="u")
    scene.server("input_audio_buffer.committed", item_id="u")
    scene.at = 2.6
    scene.answers("It is noon.")
    scene.plays(3.0, 4.0)
    [metrics] = scene.metrics
    assert metrics.reply == "It is noon."
    assert metrics.within_ms == pytest.approx(1000)
    assert metrics.done_ms == pytest.approx(600)
    assert metrics.dead_air_ms == pytest.approx(1000)
    assert metrics.events.index("agent.speech_started") < metrics.events.index("agent.speech_stopped")
    parts = scene.collected.turns[1].timing.parts
    assert parts is not None
    assert (parts.end_pointing_ms, parts.server_ms, parts.playout_ms) == pytest.approx((500, 100, 400))


def test_both_speak_at_once_whoever_began() -> None:
    scene = Scene()
    scene.turn(1, 1.0)
    scene.spoken(1.0, 2.0)
    scene.at = 2.1
    scene.answers("It is noon, and the sun shines.")
    scene.plays(2.5, 4.0)
    scene.turn(2, 3.4)
    scene.spoken(3.5, 4.4)
    scene.at = 4.1
    scene.answers("I know.", response="r2", item="i2")
    scene.plays(4.3, 5.0, item="i2")
    first, second = scene.metrics
    assert first.talk_over_ms == 0
    assert second.talk_over_ms == pytest.approx(600)  # 3.5 to 4.0, and 4.3 to 4.4
    assert conversation_metrics(scene.collected).talk_over_ms == pytest.approx(600)


def test_who_types_talks_over_nobody() -> None:
    scene = Scene()
    scene.turn(1, 1.0)
    scene.typed("hi")
    scene.answers("Hello.")
    scene.plays(1.5, 2.0)
    [metrics] = scene.metrics
    assert metrics.talk_over_ms == 0


def test_in_text_the_first_word_is_the_voice() -> None:
    scene = Scene(text_mode=True)
    scene.turn(1, 1.0)
    scene.typed("hi")
    scene.at = 1.4
    scene.answers("Hello.")
    [metrics] = scene.metrics
    assert metrics.within_ms == pytest.approx(400)
    assert metrics.dead_air_ms is None


def test_while_a_tool_waits_for_the_user_nobody_waits_for_the_agent() -> None:
    scene = Scene()
    scene.turn(1, 1.0)
    scene.typed("Book it.")
    scene.at = 1.2
    scene.server("response.created", response={"id": "r0"})
    scene.local(inputs.ApprovalAsked(1.2, "c", "book", "{}"))
    scene.at = 4.2
    scene.local(inputs.ApprovalAnswered(4.2, "c", "once"))
    scene.calls("book", output="booked")
    scene.at = 4.5
    scene.answers("Done.")
    scene.plays(4.6, 5.0)
    [metrics] = scene.metrics
    assert (metrics.within_ms, metrics.done_ms) == pytest.approx((600, 500))


def test_the_whole_conversation_has_the_worst_of_the_timings_and_all_of_the_rest() -> None:
    scene = Scene()
    for number, wait_s in ((1, 0.3), (2, 0.9)):
        scene.turn(number, number * 10.0)
        scene.typed("x")
        scene.calls("clock", '{"zone": "UTC"}', "noon", call_id=f"c{number}")
        usage = {"input_tokens": 5, "output_tokens": 2}
        scene.server("response.created", response={"id": f"r{number}"})
        scene.server(
            "response.output_audio.delta", response_id=f"r{number}", item_id=f"i{number}", delta="AAAA"
        )
        scene.done(f"r{number}", usage=usage)
        scene.plays(number * 10.0 + wait_s, number * 10.0 + 2, f"i{number}")
    metrics = conversation_metrics(scene.collected)
    assert metrics.within_ms == pytest.approx(900)
    assert [(call.name, call.arguments) for call in metrics.calls] == [("clock", {"zone": "UTC"})] * 2
    assert metrics.tokens.input + metrics.tokens.output == 14
    assert metrics.usd is None  # the model's price is not known


def test_what_did_not_happen_has_no_timing() -> None:
    scene = Scene()
    scene.turn(1, 3.0)
    [metrics] = scene.metrics
    timings = (metrics.within_ms, metrics.done_ms, metrics.dead_air_ms, metrics.interrupted_ms)
    assert timings == (None,) * 4
    assert not metrics.interrupted


def test_dead_air_is_the_longest_silence_and_none_of_what_overlaps() -> None:
    scene = Scene()
    scene.turn(1, 0.0)
    scene.spoken(0.2, 1.0)
    turn = scene.collected.now
    turn.spans = {("c", 0): [(7.0, 8.0)], ("a", 0): [(1.5, 4.0)], ("b", 0): [(2.0, 3.0)]}
    turn.played_until = 8.0
    assert scene.metrics[0].dead_air_ms == pytest.approx(3000)  # from 4 s to 7 s


@pytest.mark.parametrize(
    ("silent_s", "within_ms", "dead_air_ms", "audible_ms"),
    [(0.0, 500, 500, 2000), (1.25, 1750, 1750, 750), (None, None, 2500, 0)],
)
def test_silence_of_the_right_length_is_not_heard(
    silent_s: float | None, within_ms: float | None, dead_air_ms: float, audible_ms: float
) -> None:
    scene = Scene()
    scene.turn(1, 0.0)
    scene.spoken(0.2, 1.0)
    scene.answers("It is Lima.")
    scene.plays(1.5, 3.5, silent_s=silent_s)
    [metrics] = scene.metrics
    assert metrics.within_ms == (None if within_ms is None else pytest.approx(within_ms))
    assert (metrics.dead_air_ms, metrics.audible_ms) == pytest.approx((dead_air_ms, audible_ms))
    assert ("agent.speech_started" in metrics.events) == (silent_s is not None)


def test_a_silent_answer_while_the_user_still_speaks_is_no_quick_answer() -> None:
    scene = Scene()
    scene.turn(1, 0.0)
    scene.at = 0.2
    scene.annotate("speaking")
    scene.at = 1.0
    scene.server("input_audio_buffer.speech_stopped", audio_end_ms=None, item_id="u")
    scene.server("input_audio_buffer.committed", item_id="u")
    scene.answers("It is Lima.")
    scene.plays(1.2, 2.0, silent_s=None)
    scene.at = 3.0
    scene.annotate("said")
    [metrics] = scene.metrics
    assert (metrics.within_ms, metrics.dead_air_ms) == (None, None)
    parts = scene.collected.turns[1].timing.parts
    assert parts is not None
    assert parts.end_pointing_ms == 0


def test_the_cost_of_the_whole_has_fees_in_it_and_is_unknown_if_a_part_is() -> None:
    scene = Scene()
    scene.turn(1, 1.0)
    assert conversation_metrics(scene.collected).usd == 0.0
    costs: list[tuple[Literal["response", "transcription", "fee"], float]]
    costs = [("response", 0.25), ("fee", 0.5), ("transcription", 0.125)]
    for of, usd in costs:
        scene.collected.observe(e.UsageReported(1.0, 1, of, Tokens(), 0, usd))
    assert conversation_metrics(scene.collected).usd == 0.875
    scene.collected.observe(e.UsageReported(1.0, 1, "fee", Tokens(), 0, None))
    assert conversation_metrics(scene.collected).usd is None
