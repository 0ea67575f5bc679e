"""What the pages list is what the code has."""

from __future__ import annotations

import json
import re

import pytest

from realtime_cli.conversation.events import EVENT_NAMES, UserTextFinal, as_dict
from realtime_cli.recording.format import LOCAL_TYPES
from tests.docs.generated import PARTS, path_of, renewed

EVENTS = path_of("events").read_text(encoding="utf-8")
RECORDINGS = path_of("recordings").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PARTS)
def test_a_generated_part_is_up_to_date(page: str) -> None:
    assert renewed(page) == path_of(page).read_text(encoding="utf-8"), "run python -m tests.docs.generated"


def test_every_event_has_its_heading() -> None:
    assert set(EVENT_NAMES.values()) <= set(re.findall(r"(?m)^### (\w+)$", EVENTS))


def test_every_type_of_a_recorded_line_is_listed() -> None:
    assert set(LOCAL_TYPES) <= set(re.findall(r"(?m)^- `(\w+)`: ", RECORDINGS))


def test_the_example_is_a_line_as_it_is_written() -> None:
    (line,) = re.findall(r"```json\n(.*?)\n```", EVENTS)
    told = UserTextFinal(0.412, 1, "What time is it?", spoken=False, item_id="item_1")
    assert json.loads(line) == as_dict(told)
