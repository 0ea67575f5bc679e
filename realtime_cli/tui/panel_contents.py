"""What the panels show: the tools, the settings in force, the last tool's call and result in full."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from rich.text import Text

from realtime_cli.conversation.blocks import ToolCard
from realtime_cli.safe_text import one_line, safe
from realtime_cli.tui.amounts import clock, plural, seconds
from realtime_cli.tui.key_events import PanelName
from realtime_cli.tui.latency import latency_lines
from realtime_cli.tui.theme import DIM, PRETTY, TOOL, Theme
from realtime_cli.tui.view import View
from realtime_cli.untrusted_json import parse_json

MAX_OUTPUT = 100_000  # characters of a result in the panel; the recording has the whole result


def panel_lines(name: PanelName, view: View, width: int, theme: Theme = PRETTY) -> list[Text]:
    """The lines of one panel, unwrapped."""
    match name:
        case "latency":
            return latency_lines(view.figures, width, theme)
        case "tools":
            return _tools(view)
        case "settings":
            return _settings(view)
        case "output":
            return _output(view, theme)


def _tools(view: View) -> list[Text]:
    """Name and description of each, and how often it was called."""
    tools = [tool for tool in view.session.get("tools") or () if isinstance(tool, dict)]
    if not tools:
        return [Text("This agent has no tools.")]
    calls = view.figures.calls
    names = [one_line(str(tool.get("name") or tool.get("server_label") or "?")) for tool in tools]
    size = max(map(len, names)) + 2
    lines = []
    for name, tool in zip(names, tools, strict=True):
        times = f" (called {plural(calls[name], 'time')})" if calls[name] else ""
        kind = "MCP server" if tool.get("type") == "mcp" else ""
        about = one_line(str(tool.get("description") or tool.get("server_description") or kind))
        lines.append(Text.assemble((name.ljust(size), TOOL), about, (times, DIM)))
    return lines


def _settings(view: View) -> list[Text]:
    """Each setting by its key in the API; the tools have a panel of their own."""
    found = list(_flat(view.session))
    if not found:
        return [Text("The server has not told its settings yet.")]
    size = max(len(key) for key, _ in found) + 2
    return [Text.assemble((key.ljust(size), DIM), value) for key, value in found]


def _flat(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        name = f"{path}{key}"
        if name in ("tools", "object", "id", "client_secret"):
            continue
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{name}.")
        else:
            yield one_line(name), one_line(value if isinstance(value, str) else json.dumps(value))


def _output(view: View, theme: Theme) -> list[Text]:
    """The last call that has ended: its arguments and its result, JSON with one field a line."""
    cards = [block for block in view.blocks if isinstance(block, ToolCard) and block.state != "running"]
    card = cards[-1] if cards else view.last_call
    if card is None:
        return [Text("No tool has run yet.")]
    took = f" after {seconds(card.seconds)}" if card.seconds is not None else ""
    head = Text.assemble((one_line(card.name), TOOL), (f"  {card.state}{took}, at {clock(card.at)}", DIM))
    lines = [head, Text("arguments", DIM), *_readable(card.arguments), Text("result", DIM)]
    return [*lines, *(_readable(card.output) if card.output else [Text("(empty)", DIM)])]


def _readable(text: str) -> list[Text]:
    try:
        value = parse_json(text)
    except ValueError:
        value = text
    if isinstance(value, dict | list):
        text = json.dumps(value, indent=2, ensure_ascii=False)
    return [Text(line) for line in safe(text[:MAX_OUTPUT]).split("\n")]
