"""Tokens are counted once each, and what is not known is never 0."""

from __future__ import annotations

from typing import Any

import pytest

from realtime_cli.client.cost import CostFold, Tokens, load_prices
from realtime_cli.client.effects import Send
from realtime_cli.client.entry import Entry
from realtime_cli.client.inputs import Disconnected
from realtime_cli.protocol.client_events import ConversationItemCreate
from realtime_cli.protocol.objects import FunctionCallOutput, InputText, UserMessage
from tests.recording.sample import received

# protocol reference, 7: 200 in (120 text of which 64 cached, 80 audio), 110 out (30 text, 80 audio)
USAGE = {
    "total_tokens": 310,
    "input_tokens": 200,
    "output_tokens": 110,
    "input_token_details": {
        "text_tokens": 120,
        "audio_tokens": 80,
        "image_tokens": 0,
        "cached_tokens": 64,
        "cached_tokens_details": {"text_tokens": 64, "audio_tokens": 0, "image_tokens": 0},
    },
    "output_token_details": {"text_tokens": 30, "audio_tokens": 80},
}
EXPECTED_USD = (56 * 4.0 + 64 * 0.4 + 30 * 24.0 + 80 * 32.0 + 80 * 64.0) / 1e6


def done(usage: Any, response_id: str = "r1") -> Any:
    return received(1.0, "response.done", response={"id": response_id, "status": "completed", "usage": usage})


def folded(*entries: Any, model: str | None = "gpt-realtime-2.1", prices: Any = None) -> CostFold:
    fold = CostFold(load_prices(prices), model)
    for entry in entries:
        fold.observe(entry)
    return fold


def test_cached_tokens_are_part_of_the_input_and_cost_less() -> None:
    fold = folded(done(USAGE))

    assert fold.total_usd == pytest.approx(EXPECTED_USD)
    assert (fold.tokens.input, fold.tokens.cached, fold.tokens.output) == (200, 64, 110)


def test_a_response_that_is_told_twice_is_counted_once() -> None:
    assert folded(done(USAGE), done(USAGE)).total_usd == pytest.approx(EXPECTED_USD)
    assert folded(done(USAGE), done(USAGE, "r2")).total_usd == pytest.approx(2 * EXPECTED_USD)


def test_cached_tokens_without_details_are_text_first() -> None:
    details = {"text_tokens": 50, "audio_tokens": 50, "cached_tokens": 60}
    fold = folded(done({"input_tokens": 100, "output_tokens": 0, "input_token_details": details}))

    assert (fold.tokens.text_cached, fold.tokens.audio_cached) == (50, 10)


@pytest.mark.parametrize("usage", [None, {}])
def test_a_response_without_usage_costs_nothing_known(usage: Any) -> None:
    fold = folded(done(usage))

    assert not fold.tokens
    assert fold.total_usd == 0.0


def test_an_unknown_model_is_unknown_and_not_free() -> None:
    assert folded(done(USAGE), model="my-own").total_usd is None
    assert folded(model="my-own").total_usd is None


def test_tokens_of_unknown_modality_make_the_cost_unknown_but_are_counted() -> None:
    fold = folded(done({"input_tokens": 180, "output_tokens": 30, "total_tokens": 210}), done(USAGE, "r2"))

    assert fold.total_usd is None
    assert fold.known_usd == pytest.approx(EXPECTED_USD)
    assert fold.tokens.input == 380


def test_the_model_is_learnt_from_the_session() -> None:
    created = received(
        0.0, "session.created", session={"type": "realtime", "model": "gpt-realtime-2025-08-28"}
    )

    assert folded(created, done(USAGE), model=None).total_usd == pytest.approx(EXPECTED_USD - 30 * 8.0 / 1e6)


def test_transcription_is_paid_by_the_minute() -> None:
    audio = {"input": {"transcription": {"model": "gpt-realtime-whisper"}}}
    created = received(0.0, "session.updated", session={"type": "realtime", "audio": audio})
    kind = "conversation.item.input_audio_transcription.completed"
    heard = received(1.0, kind, item_id="u", transcript="x", usage={"type": "duration", "seconds": 30.0})

    assert folded(created, heard).total_usd == pytest.approx(0.0085)
    assert folded(heard).total_usd is None


def test_configuration_changes_and_adds_prices() -> None:
    own = {"my-own": {"text": {"input": 1.0, "output": 2.0}}}
    usage = {"input_tokens": 10, "input_token_details": {"text_tokens": 10}}

    assert folded(done(usage), model="my-own", prices=own).total_usd == pytest.approx(10 / 1e6)
    assert folded(done(USAGE), model="my-own", prices=own).total_usd is None  # its audio has no price


def test_the_table_is_dated_and_every_price_is_a_positive_number() -> None:
    prices = load_prices()

    assert prices.as_of == "2026-11-28"
    for model in prices.models.values():
        fees = {name: price for name, price in model.items() if name.startswith("per_")}
        assert fees or {"text", "audio", "image"} == set(model)
        assert all(price > 0 for price in fees.values())
        assert all(price > 0 for kind in model.values() if isinstance(kind, dict) for price in kind.values())


@pytest.mark.parametrize(
    ("dated", "family"),
    [
        ("gpt-realtime-2.1-2026-07-07", "gpt-realtime-2.1"),
        ("gpt-realtime-2.1-mini-2026-07-07", "gpt-realtime-2.1-mini"),
        ("gpt-realtime-1.5-2026-02-23", "gpt-realtime-1.5"),
        ("gpt-realtime-mini-2025-12-15", "gpt-realtime-mini"),
    ],
)
def test_a_dated_model_has_its_familys_price(dated: str, family: str) -> None:
    assert folded(done(USAGE), model=dated).total_usd == folded(done(USAGE), model=family).total_usd
    assert folded(done(USAGE), model=dated).total_usd is not None


def test_a_session_paid_by_the_minute_costs_its_time_on_the_line_and_its_typed_items() -> None:
    created = received(10.0, "session.created", session={"type": "realtime"})
    item = UserMessage(content=[InputText(text="hello")])
    typed = Entry(40.0, "sent", Send(ConversationItemCreate(item=item)))
    result = FunctionCallOutput(call_id="c", output="x")
    answered = Entry(50.0, "sent", Send(ConversationItemCreate(item=result)))
    gone = Entry(70.0, "local", Disconnected(70.0, 1006))
    again = received(100.0, "session.created", session={"type": "realtime"})
    until = received(130.0, "response.done", response={"id": "r", "status": "completed", "usage": USAGE})

    fold = folded(created, typed, answered, gone, again, until, model="grok-voice-latest")
    assert fold.total_usd == pytest.approx(0.08 * 90 / 60 + 0.004)


def test_prices_of_the_package_can_be_left_out() -> None:
    """A local or custom server's model only has the same name."""
    assert folded(done(USAGE), prices={"builtin": False}).total_usd is None
    own = {"builtin": False, "gpt-realtime-2.1": {"per_session_minute": 0.06}}
    assert folded(done(USAGE), prices=own).total_usd == 0.0


@pytest.mark.parametrize(
    ("model", "transcriber", "covered"),
    [
        ("gpt-realtime-2.1", None, True),
        ("gpt-realtime-2.1", "whisper-1", True),
        ("gpt-realtime-2.1", "gpt-4o-transcribe", True),
        ("gpt-realtime-2.1", "gpt-4o-mini-transcribe-2025-12-15", True),
        ("gpt-realtime-2.1", "gpt-4o-transcribe-diarize", False),
        ("gpt-realtime-translate", None, True),
        ("grok-voice-latest", "grok-transcribe", True),
        ("my-own", None, False),
    ],
)
def test_whether_a_limit_on_the_cost_can_be_kept(model: str, transcriber: str | None, covered: bool) -> None:
    assert load_prices().covers(model, transcriber) is covered


def test_tokens_add_up() -> None:
    assert Tokens(text_in=1, audio_out=2) + Tokens(text_in=3) == Tokens(text_in=4, audio_out=2)


def test_a_transcript_that_is_told_again_and_again_is_paid_once() -> None:
    session = received(
        0.0, "session.created", session={"audio": {"input": {"transcription": {"model": "whisper-1"}}}}
    )
    kind = "conversation.item.input_audio_transcription.completed"

    def heard(seconds: float) -> Any:
        usage = {"type": "duration", "seconds": seconds}
        return received(1.0, kind, item_id="u1", content_index=0, transcript="What", usage=usage)

    per_minute = {"transcription": {"whisper-1": {"per_minute": 0.6}}}
    fold = folded(session, heard(1), heard(2), heard(6), prices=per_minute)
    assert fold.total_usd == pytest.approx(0.06)


@pytest.mark.parametrize(
    ("transcriber", "usage", "usd"),
    [
        ("gpt-4o-transcribe", {"input_tokens": 300, "output_tokens": 40}, 300 * 6e-6 + 40 * 10e-6),
        (
            "gpt-4o-mini-transcribe-2025-12-15",
            {
                "input_tokens": 300,
                "output_tokens": 40,
                "input_token_details": {"text_tokens": 100, "audio_tokens": 200},
            },
            100 * 1.25e-6 + 200 * 3e-6 + 40 * 5e-6,
        ),
        ("whisper-1", {"input_tokens": 300, "output_tokens": 40}, None),
        ("my-own", {"input_tokens": 300, "output_tokens": 40}, None),
        ("priced-by-me", {"input_tokens": 300, "output_tokens": 40}, 300 * 2e-6 + 40 * 1e-6),
    ],
)
def test_transcription_is_paid_by_the_token_where_the_server_counts_tokens(
    transcriber: str, usage: dict[str, Any], usd: float | None
) -> None:
    session = received(
        0.0,
        "session.created",
        session={"model": "gpt-realtime", "audio": {"input": {"transcription": {"model": transcriber}}}},
    )
    kind = "conversation.item.input_audio_transcription.completed"
    usage = {"type": "tokens", "total_tokens": 340, **usage}
    heard = received(1.0, kind, item_id="u1", content_index=0, transcript="What", usage=usage)
    own = {"priced-by-me": {"audio": {"input": 2.0}, "text": {"input": 1.0, "output": 1.0}}}
    total = folded(session, heard, prices=own).total_usd
    assert total == (usd if usd is None else pytest.approx(usd))
