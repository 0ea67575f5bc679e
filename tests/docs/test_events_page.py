"""The page *events* and the vocabulary say the same."""

from __future__ import annotations

import json
import re

from realtime_cli.conversation.events import EVENT_NAMES, UserTextFinal, as_dict
from tests.docs import events_page

PAGE = events_page.PAGE.read_text(encoding="utf-8")


def test_the_reference_is_that_of_the_code() -> None:
    assert events_page.with_reference(PAGE) == PAGE, "run python -m tests.docs.events_page"


def test_every_event_has_its_heading() -> None:
    assert set(EVENT_NAMES.values()) <= set(re.findall(r"(?m)^### (\w+)$", PAGE))


def test_the_example_is_a_line_as_it_is_written() -> None:
    (line,) = re.findall(r"```json\n(.*?)\n```", PAGE)
    told = UserTextFinal(0.412, 1, "What time is it?", spoken=False, item_id="item_1")
    assert json.loads(line) == as_dict(told)
