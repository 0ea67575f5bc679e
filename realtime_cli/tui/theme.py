"""Colours and glyphs, with plain characters for terminals that cannot show the glyphs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import rich.theme

_STATE_GLYPHS = {
    "connecting": "◌", "reconnecting": "◌", "listening": "○", "ready": "○", "hearing you": "●",
    "thinking": "◇", "calling": "◆", "speaking": "▶", "writing": "▶", "muted": "✕", "paused": "■",
    "ended": "■",
}  # fmt: skip
_PLAIN_STATE_GLYPHS = {
    "connecting": "~", "reconnecting": "~", "listening": "o", "ready": "o", "hearing you": "*",
    "thinking": "?", "calling": "#", "speaking": ">", "writing": ">", "muted": "x", "paused": "=",
    "ended": "=",
}  # fmt: skip

# Names of styles; a palette defines what they look like.
USER, AGENT, TOOL, WARNING, FAILURE, GOOD, DIM = "user", "agent", "tool", "warning", "failure", "good", "dim"
STATE_STYLES = {
    "connecting": WARNING, "reconnecting": WARNING, "listening": GOOD, "ready": GOOD, "hearing you": USER,
    "thinking": AGENT, "calling": TOOL, "speaking": AGENT, "writing": AGENT, "muted": FAILURE,
    "paused": FAILURE, "ended": DIM,
}  # fmt: skip
LEVEL_STYLES = {"debug": DIM, "info": DIM, "warning": WARNING, "error": FAILURE}

PaletteName = Literal["auto", "dark", "light"]
# ``auto`` does not know the background: its colours can be read on black and on white. They come from the 240
# that look the same on every terminal; each terminal defines the first 16 itself, and how faint "dim" is.
PALETTES: dict[PaletteName, dict[str, str]] = {
    "auto": {
        USER: "bold color(31)", AGENT: "bold color(133)", TOOL: "color(65)", WARNING: "color(130)",
        FAILURE: "bold color(161)", GOOD: "color(28)", DIM: "color(243)",
    },
    "dark": {
        USER: "bold color(80)", AGENT: "bold color(176)", TOOL: "color(110)", WARNING: "color(179)",
        FAILURE: "bold color(210)", GOOD: "color(114)", DIM: "color(247)",
    },
    "light": {
        USER: "bold color(24)", AGENT: "bold color(90)", TOOL: "color(25)", WARNING: "color(94)",
        FAILURE: "bold color(124)", GOOD: "color(22)", DIM: "color(241)",
    },
}  # fmt: skip
# For terminals of 16 colours. None of those can be read on both backgrounds in all of the usual palettes.
FEW_COLOURS: dict[PaletteName, dict[str, str]] = {
    "auto": {
        USER: "bold", AGENT: "bold", TOOL: "none", WARNING: "bold", FAILURE: "bold", GOOD: "none",
    },
    "dark": {
        USER: "bold bright_cyan", AGENT: "bold bright_green", TOOL: "none", WARNING: "bright_yellow",
        FAILURE: "bold bright_red", GOOD: "none",
    },
    "light": {
        USER: "bold blue", AGENT: "bold magenta", TOOL: "none", WARNING: "bold", FAILURE: "bold red",
        GOOD: "none",
    },
}  # fmt: skip


def styles(
    palette: PaletteName = "auto", *, few_colours: bool = False, no_colours: bool = False
) -> rich.theme.Theme:
    """What the names of the styles look like, for a console."""
    return rich.theme.Theme({} if no_colours else (FEW_COLOURS if few_colours else PALETTES)[palette])


@dataclass(frozen=True, slots=True)
class Theme:
    """The glyphs of one terminal; rich decides about colours (NO_COLOR, TERM)."""

    encoding: str = "utf-8"
    states: dict[str, str] = field(default_factory=lambda: _STATE_GLYPHS)
    bar: str = "━"
    rail: str = "─"
    peak: str = "┃"
    tick: str = "┼"
    knob: str = "●"
    cut: str = "╳"
    arrow: str = "→"
    dot: str = " · "
    ellipsis: str = "…"
    prompt: str = "›"
    box: str = "╭╮╰╯─│"  # corners, then lines


PRETTY = Theme()


def theme_for(encoding: str | None) -> Theme:
    """Glyphs that an encoding can write."""
    encoding = encoding or "ascii"
    if encoding.lower().replace("-", "").startswith("utf"):
        return PRETTY
    return Theme(
        encoding, _PLAIN_STATE_GLYPHS, "=", "-", "|", "+", "O", "--", "->", " | ", "...", ">", "++++-|"
    )
