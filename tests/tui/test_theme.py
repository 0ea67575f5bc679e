"""Colours that can be read: contrast by WCAG, against black, white, and the usual dark and light grounds."""

from __future__ import annotations

import pytest
from rich.style import Style

from realtime_cli.tui.theme import PALETTES, STATE_STYLES, PaletteName

BLACK, WHITE = (0, 0, 0), (255, 255, 255)
GROUNDS: dict[PaletteName, list[tuple[int, int, int]]] = {
    "auto": [BLACK, WHITE],
    "dark": [BLACK, (30, 30, 30), (0, 43, 54)],
    "light": [WHITE, (253, 246, 227)],
}
MIN_CONTRAST = 4.0


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
            assert found >= MIN_CONTRAST, (palette, name, ground, found)


def test_every_state_has_a_style_of_the_palette() -> None:
    assert set(STATE_STYLES.values()) <= {*PALETTES["auto"], "dim"}
