"""What a conversation cost, told by its events, is what the client holds to its limits."""

from __future__ import annotations

from typing import Any

import pytest

from realtime_cli.client.cost import CostFold, load_prices
from realtime_cli.client.effects import Close, Send
from realtime_cli.client.entry import Entry
from realtime_cli.client.inputs import Connected, Disconnected
from realtime_cli.conversation.cost import Spending
from realtime_cli.conversation.events import UsageReported
from realtime_cli.conversation.narrated import narrate
from realtime_cli.errors import ExitCode
from realtime_cli.protocol.client_events import ConversationItemCreate
from realtime_cli.protocol.objects import InputText, UserMessage
from tests.conversation.telling import USAGE
from tests.recording.sample import received

TRANSCRIBED = "conversation.item.input_audio_transcription.completed"


def session(model: str, transcriber: str | None) -> list[Entry]:
    """90 s on the line in two connections, a typed message, a transcript told twice, an answer."""
    wire: dict[str, Any] = {"type": "realtime", "model": model}
    if transcriber:
        wire["audio"] = {"input": {"transcription": {"model": transcriber}}}
    typed = ConversationItemCreate(item=UserMessage(content=[InputText(text="hello")]))
    spoken = {"item_id": "u", "content_index": 0, "usage": {"type": "duration", "seconds": 30.0}}
    return [
        Entry(0.0, "local", Connected(0.0, "ws://test")),
        received(10.0, "session.created", session=wire),
        received(12.0, TRANSCRIBED, transcript="one", **spoken),
        received(13.0, TRANSCRIBED, transcript="one two", **spoken),
        Entry(40.0, "sent", Send(typed)),
        Entry(70.0, "local", Disconnected(70.0, 1006)),
        Entry(90.0, "local", Connected(90.0, "ws://test", attempt=1)),
        received(100.0, "session.created", session=wire),
        received(110.0, "response.created", response={"id": "r", "status": "in_progress"}),
        received(120.0, "response.done", response={"id": "r", "status": "completed", "usage": USAGE}),
        Entry(130.0, "local", Close(ExitCode.OK, "")),
    ]


@pytest.mark.parametrize(
    ("model", "transcriber", "usd"),
    [
        ("grok-voice-latest", None, 0.08 * 90 / 60 + 0.004),
        ("grok-voice-latest", "nobody-knows-its-price", 0.08 * 90 / 60 + 0.004),
        ("gpt-realtime-translate", None, 0.034 * 90 / 60),
        ("gpt-realtime-2.1", "whisper-1", 0.006 / 2 + (5 * 4.0 + 3 * 24.0) / 1e6),
        ("gpt-realtime-2.1", "nobody-knows-its-price", None),
    ],
)
def test_the_screen_and_the_limits_have_one_figure(
    model: str, transcriber: str | None, usd: float | None
) -> None:
    entries = session(model, transcriber)
    held, shown = CostFold(load_prices()), Spending()
    for entry in entries:
        held.observe(entry)
    for event in narrate(entries):
        shown.observe(event)
    assert held.total_usd == (usd if usd is None else pytest.approx(usd))
    assert shown.total_usd == (usd if usd is None else pytest.approx(usd))


def test_a_fee_that_grows_with_time_is_told_while_it_grows() -> None:
    quiet = [received(float(second), "rate_limits.updated", rate_limits=[]) for second in range(11, 70)]
    before, after = session("grok-voice-latest", None)[:2], session("grok-voice-latest", None)[5:6]
    fees = [event for event in narrate([*before, *quiet, *after]) if isinstance(event, UsageReported)]
    assert [fee.of for fee in fees] == ["fee"] * 60  # once a second
    assert sum(fee.usd or 0 for fee in fees) == pytest.approx(0.08)
