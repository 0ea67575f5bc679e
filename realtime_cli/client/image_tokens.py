"""How many tokens an image is likely to take, before the server has counted it."""

from __future__ import annotations

import math

# The API's vision guide, models that count in tiles: low detail is the base alone; else the image is
# fitted into 2048 x 2048, then its shorter side to 768, and every 512 x 512 tile counts.
BASE, TILE = 85, 170
LONGEST, SHORTEST, TILE_SIDE = 2048, 768, 512


def image_tokens(width: int, height: int, detail: str | None = None) -> int:
    """An estimate: what an image of this size in pixels takes; ``auto`` counts as high."""
    if detail == "low" or width <= 0 or height <= 0:
        return BASE
    scale = min(1.0, LONGEST / max(width, height))
    scale = min(scale, SHORTEST / min(width, height))
    across, down = (math.ceil(round(side * scale) / TILE_SIDE) for side in (width, height))
    return BASE + TILE * max(1, across) * max(1, down)
