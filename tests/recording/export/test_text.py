"""The readable exports of one conversation: words, times and figures as they were heard."""

from __future__ import annotations

import json

import pytest

from realtime_cli.conversation.timeline import Timeline
from realtime_cli.protocol import codec
from realtime_cli.recording.export import text
from realtime_cli.recording.reader import read
from realtime_cli.recording.timeline import timeline
from tests.recording.conversation import record_conversation


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Timeline:
    return timeline(read(record_conversation(tmp_path_factory.mktemp("text") / "s.jsonl")))


def test_plain_text_tells_what_was_heard_and_no_more(made: Timeline) -> None:
    assert text.plain_text(made).splitlines() == [
        "Agent: Hello, what can I do for you?",
        "You: What time is it in Oslo?",
        "Agent: In Oslo it is five past two, and [interrupted after 1.7 s]",
        "You: Thank you, that is enough.",
        "Agent: You are welcome.",
        "You: And in Rome?",
        "Agent: The same.",
    ]


def test_labels_have_speech_tools_and_events_in_time_order(made: Timeline) -> None:
    rows = [line.split("\t") for line in text.audacity_labels(made).splitlines()]

    assert [row[2].split(":")[0] for row in rows] == [
        "Agent",
        "You",
        "Tool",
        "Agent",
        "You",
        "interruption",
        "note",
        "Agent",
        "You",
        "Agent",
    ]
    assert all(float(row[0]) <= float(row[1]) for row in rows)


def test_markdown_has_conversation_tools_and_the_table_of_turns(made: Timeline) -> None:
    written = text.markdown(made, read_header())

    assert "**You:** What time is it in Oslo?\n" in written
    assert '```text\nclock({"city": "Oslo"})\n→ 14:05\n```' in written
    assert (
        "| 2 | voice | 800 ms | 1000 ms | 1100 ms | after 1700 ms | clock | 400 (128) / 220 | $0.0173 |"
        in written
    )
    assert "Tokens: text 600 in (320 cached), 150 out; audio 400 in, 400 out.\n" in written


def read_header():
    from realtime_cli.recording.format import Header

    return Header(started="2026-11-22T14:03:05")


def test_backticks_in_a_tools_output_do_not_end_its_block() -> None:
    from realtime_cli.conversation.blocks import ToolCard

    card = ToolCard(0.0, "c", "run", "{}", "done", "```\nx", 0.1)
    told = Timeline()
    told.blocks.append(card)
    assert "\n````\n" in text.markdown(told, read_header())


def test_items_are_ones_that_the_api_takes_back(made: Timeline) -> None:
    items = json.loads(text.items_json(made))

    assert [item.get("role", item["type"]) for item in items] == [
        "assistant",
        "user",
        "function_call",
        "function_call_output",
        "assistant",
        "user",
        "assistant",
        "user",
        "assistant",
    ]
    assert items[4]["content"] == [{"type": "output_text", "text": "In Oslo it is five past two, and"}]
    for item in items:
        codec.client_event({"type": "conversation.item.create", "item": item})
