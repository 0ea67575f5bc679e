"""The README's pictures of the screen, light and dark: ``python -m tests.tui.screenshots``.

Drawn by the screen's own panels from the scripted demo, so that they cannot tell of a screen that is
not there. Writes ``.pictures/NAME-light.svg`` and ``NAME-dark.svg``; a test compares them.
"""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import DEFAULT_TERMINAL_THEME, DIMMED_MONOKAI, TerminalTheme
from rich.text import Text

from realtime_cli.tui.key_map import KeyMap
from realtime_cli.tui.panels import end_card, end_lines, live_rows
from realtime_cli.tui.screen import LiveScreen
from realtime_cli.tui.scrollback import Scrollback
from realtime_cli.tui.theme import styles
from tests.tui.demo import scene
from tests.tui.scenes import EntryView

FOLDER = Path(__file__).parents[2] / ".pictures"
WIDTH = 84
THEMES: dict[str, TerminalTheme] = {"light": DEFAULT_TERMINAL_THEME, "dark": DIMMED_MONOKAI}
MOMENTS = {"talk": 13.4, "end": 30.0}


def lines_at(at: float) -> list[Text]:
    """Scrollback and live rows as they stand at this second of the demo."""
    view, flow, lines = EntryView(), Scrollback(), []
    for entry in scene():
        if entry.at <= at:
            view.fold(entry)
            lines += flow.take(view, WIDTH)
    if at > view.at + 1:
        view.close()
        lines += flow.take(view, WIDTH)
        path = "2026-11-23T10-15-00.jsonl"
        return [*lines, Text(), *end_card(end_lines(view, path, f"realtime-cli replay {path}"))]
    keys = KeyMap(LiveScreen(Console(file=io.StringIO()), view=view), lambda event: None)
    return [*lines, flow.talk(view, WIDTH), *live_rows(view, WIDTH), *keys.rows(WIDTH, 20)]


def picture(name: str, theme: str) -> str:
    console = Console(
        record=True,
        width=WIDTH,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        highlight=False,
        legacy_windows=False,
        _environ={},
        theme=styles(),
    )
    for line in lines_at(MOMENTS[name]):
        console.print(line, soft_wrap=True)
    return console.export_svg(title="realtime-cli talk", theme=THEMES[theme], unique_id=name)


def pictures() -> dict[str, str]:
    """File name -> SVG."""
    return {f"{name}-{theme}.svg": picture(name, theme) for name in MOMENTS for theme in THEMES}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, svg in pictures().items():
        (FOLDER / name).write_text(svg, encoding="utf-8")
        print(FOLDER / name)


if __name__ == "__main__":
    main()
