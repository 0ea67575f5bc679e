"""Fills the templates of the pages: one style for all of them, everything from outside harmless."""

from __future__ import annotations

import html
import json
from importlib import resources
from typing import Any

from realtime_cli.safe_text import safe

_HEAD = """<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{}</title>"""


def filled(package: str, name: str, title: str, **parts: str) -> str:
    """The template ``name`` of a package. ``parts`` are HTML, or data by ``as_data``; ``title`` is text."""
    files = resources.files(__package__)
    values = {"head": _HEAD.format(as_text(title)), "style": files.joinpath("style.css").read_text("utf-8")}
    made = resources.files(package).joinpath(name).read_text("utf-8")
    for key, value in (values | {"title": as_text(title)} | parts).items():
        made = made.replace("{{" + key + "}}", value)
    return made


def as_text(value: object) -> str:
    """Text for a page: with no markup, and with what would be obeyed or not be seen shown instead."""
    return html.escape(safe(str(value)))


def as_data(value: Any) -> str:
    """JSON for a script element; its texts are made harmless, too.

    "</script>" or "<!--" in a transcript must not end the element that holds it (HTML, 4.12.1.3).
    """
    return json.dumps(_harmless(value), ensure_ascii=False).replace("<", "\\u003c")


def _harmless(value: Any) -> Any:
    match value:
        case str():
            return safe(value)
        case dict():
            return {key: _harmless(each) for key, each in value.items()}
        case list() | tuple():
            return [_harmless(each) for each in value]
        case _:
            return value
