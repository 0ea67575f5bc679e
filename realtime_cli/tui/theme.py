"""Colours and glyphs: one table, with a plain twin for terminals that cannot show them."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.console import Console

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

STATE_STYLES = {
    "connecting": "yellow", "reconnecting": "yellow", "listening": "green", "ready": "green",
    "hearing you": "bold cyan", "thinking": "magenta", "calling": "blue", "speaking": "bold magenta",
    "writing": "bold magenta", "muted": "red", "paused": "red", "ended": "dim",
}  # fmt: skip
USER, AGENT, TOOL, DIM = "bold cyan", "bold magenta", "blue", "dim"
LEVEL_STYLES = {"debug": "dim", "info": "dim", "warning": "yellow", "error": "bold red"}


@dataclass(frozen=True, slots=True)
class Theme:
    """The glyphs of one terminal; colours are rich's business (NO_COLOR, TERM)."""

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


def theme_for(console: Console) -> Theme:
    """Glyphs that the console's encoding can write."""
    encoding = console.encoding or "ascii"
    if encoding.lower().replace("-", "").startswith("utf"):
        return PRETTY
    return Theme(
        encoding, _PLAIN_STATE_GLYPHS, "=", "-", "|", "+", "O", "--", "->", " | ", "...", ">", "++++-|"
    )
