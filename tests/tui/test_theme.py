"""Colours that can be read: contrast by WCAG, against black, white, and the usual dark and light grounds."""

from __future__ import annotations

import pytest
from rich.style import Style

from realtime_cli.tui.theme import FEW_COLOURS, PALETTES, STATE_STYLES, PaletteName, styles


def of_hex(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour)
    return red, green, blue


BLACK, WHITE = (0, 0, 0), (255, 255, 255)
# The default grounds of xterm, Windows Terminal, VS Code, GNOME, Ubuntu, iTerm2 and Tango, and those of
# Solarized, One Dark and Dracula.
DARK = "000000 0c0c0c 1e1e1e 171421 300a24 1d1f21 2e3436 002b36 282c34 282a36"
LIGHT = "ffffff fafafa f5f5f5 fdf6e3 eee8d5"
GROUNDS: dict[PaletteName, list[tuple[int, int, int]]] = {
    "auto": [BLACK, WHITE],
    "dark": [of_hex(ground) for ground in DARK.split()],
    "light": [of_hex(ground) for ground in LIGHT.split()],
}
# WCAG asks for 4.5. No colour has more than 4.58 on black and on white alike, and few come near it.
MIN_CONTRAST: dict[PaletteName, float] = {"auto": 4.05, "dark": 4.5, "light": 4.5}
# The first 16 colours of xterm, VGA, Windows 10, VS Code, PuTTY, Terminal.app and Ubuntu that are used.
SIXTEEN = {
    "bright_cyan": "00ffff 55ffff 61d6d6 29b8db 55ffff 00e5e5 34e2e2",
    "bright_green": "00ff00 55ff55 16c60c 23d18b 55ff55 00d900 8ae234",
    "bright_yellow": "ffff00 ffff55 f9f1a5 f5f543 ffff55 e5e500 fce94f",
    "bright_red": "ff0000 ff5555 e74856 f14c4c ff5555 e50000 ef2929",
    "blue": "0000ee 0000aa 0037da 2472c8 0000bb 0000b2 3465a4",
    "magenta": "cd00cd aa00aa 881798 bc3fbc bb00bb b200b2 75507b",
    "red": "cd0000 aa0000 c50f1f cd3131 bb0000 990000 cc0000",
}


def luminance(colour: tuple[int, int, int]) -> float:
    linear = [(c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4) for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("palette", PALETTES)
def test_every_colour_can_be_read_on_its_grounds(palette: PaletteName) -> None:
    for name, style in PALETTES[palette].items():
        colour = Style.parse(style).color
        assert colour is not None
        shown = colour.get_truecolor()
        for ground in GROUNDS[palette]:
            found = contrast((shown.red, shown.green, shown.blue), ground)
            assert found >= MIN_CONTRAST[palette], (palette, name, ground, found)


@pytest.mark.parametrize("palette", FEW_COLOURS)
def test_what_a_terminal_of_16_colours_shows_can_be_read(palette: PaletteName) -> None:
    ground = {"dark": BLACK, "light": WHITE}.get(palette)
    for name, style in FEW_COLOURS[palette].items():
        colour = Style.parse(style).color
        if colour is None or colour.is_default:
            continue
        assert ground is not None, "auto does not know the ground"
        for shown in SIXTEEN[colour.name].split():
            assert contrast(of_hex(shown), ground) >= 4.0, (palette, name, shown)


def test_without_colours_dim_is_left() -> None:
    assert styles(no_colours=True).styles["dim"] == Style(dim=True)


def test_every_state_has_a_style_of_the_palette() -> None:
    assert set(STATE_STYLES.values()) <= {*PALETTES["auto"], "dim"}
