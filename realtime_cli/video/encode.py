"""Any picture -> an upright JPEG of bounded size, as a data URI. Blocking: call it in a thread.

Pictures come from strangers. The header is read first: what claims more pixels than ``MAX_PIXELS``
is refused before anything of it is unpacked (a small PNG can hold gigabytes of black), a large JPEG is
unpacked at a fraction of its size.
"""

from __future__ import annotations

import base64
import io
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from realtime_cli.errors import ConfigError
from realtime_cli.install_hint import install_extra
from realtime_cli.video.frame import VideoFrame

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

MAX_BYTES = 100_000_000
MAX_PIXELS = 120_000_000
THUMBNAIL_COLUMNS = 16  # as ``client.inputs.Seen`` says
MAX_THUMBNAIL_ROWS = 16
GRAY_SIZE = (64, 48)
TAKEN = "Supported: PNG, JPEG, WebP, GIF."


def frame_of_file(path: Path, max_side: int = 1024, quality: int = 80) -> VideoFrame:
    """The picture in a file. Raises ConfigError, in words for the user, when there is none."""
    try:
        if path.is_dir():
            raise ConfigError(f"{path} is a folder, not a picture.", "Name one file in it.")
        if path.exists() and not path.is_file():
            raise ConfigError(f"{path} is not a regular file.", "Name a picture.")
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(f"{path} is larger than {MAX_BYTES // 1_000_000} MB.", "Make it smaller.")
        data = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError(f"There is no picture {path}.", "Check the path.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"The picture {path} cannot be read: {reason}.") from None
    return frame_of_bytes(data, str(path), max_side, quality)


def frame_of_bytes(data: bytes, name: str, max_side: int = 1024, quality: int = 80) -> VideoFrame:
    """The picture in ``data``; ``name`` is what an error calls it. Raises ConfigError."""
    if not data:
        raise ConfigError(f"{name} is empty.", "Name a picture.")
    return frame_of_image(_opened(data, name, max_side), max_side, quality)


def _opened(data: bytes, name: str, max_side: int) -> Picture:
    """The first frame of a picture, unpacked and upright."""
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ImportError:
        raise ConfigError(
            "Pictures need Pillow, which is not installed.", f"Install it: {install_extra('video')}"
        ) from None
    if data[4:8] == b"ftyp":
        _take_heic()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own warning about size: the limit here is ours
            image = Image.open(io.BytesIO(data))
            _limit(image.size, name)
            image.draft("RGB", (max_side, max_side))
            image.seek(0)
            return ImageOps.exif_transpose(image)
    except UnidentifiedImageError:
        raise ConfigError(f"{name} is not a picture that can be read.", TAKEN) from None
    except Image.DecompressionBombError:
        raise ConfigError(f"{name} has too many pixels.", "Make it smaller.") from None
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, MemoryError) as error:
        raise ConfigError(f"{name} is damaged: {str(error) or 'it is truncated'}.", TAKEN) from None


def _take_heic() -> None:
    """Where its reader is installed. Only when it is needed: its loading holds everybody up for 0.1 s."""
    with suppress(ImportError):
        from pillow_heif import register_heif_opener

        register_heif_opener()


def _limit(size: tuple[int, int], name: str) -> None:
    if size[0] * size[1] > MAX_PIXELS:
        says = f"{name} has {size[0]} by {size[1]} pixels, more than {MAX_PIXELS // 1_000_000} million."
        raise ConfigError(says, "Make it smaller.")


def frame_of_image(image: Picture, max_side: int = 1024, quality: int = 80) -> VideoFrame:
    """Shrink so that neither side is longer than ``max_side`` (nothing is enlarged), and pack."""
    image = _eight_bits(image)
    image.thumbnail((max_side, max_side), reducing_gap=2.0)
    image = _opaque(image)
    packed = io.BytesIO()
    image.save(packed, "JPEG", quality=quality)
    uri = "data:image/jpeg;base64," + base64.b64encode(packed.getvalue()).decode("ascii")
    gray = image.convert("L").resize(GRAY_SIZE, reducing_gap=2.0).tobytes()
    return VideoFrame(uri, image.width, image.height, thumbnail(image), gray=gray)


def _eight_bits(image: Picture) -> Picture:
    """Pillow would cut 16 bits of grey off at white instead of scaling them."""
    if image.mode not in ("I", "I;16", "I;16B", "I;16L"):
        return image
    from PIL import Image

    return Image.fromarray((np.asarray(image).clip(0, 65535) >> 8).astype(np.uint8))


def _opaque(image: Picture) -> Picture:
    """What is transparent becomes white, as on paper: JPEG knows no transparency."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        from PIL import Image

        layer = image.convert("RGBA")
        image = Image.new("RGB", layer.size, "white")
        image.paste(layer, mask=layer.getchannel("A"))
    return image if image.mode in ("RGB", "L") else image.convert("RGB")


def thumbnail(image: Picture) -> str:
    """A thumbnail for terminals: an even number of rows of 16 pixels, as hexadecimal RGB."""
    rows = round(THUMBNAIL_COLUMNS * image.height / image.width / 2) * 2
    size = (THUMBNAIL_COLUMNS, max(2, min(MAX_THUMBNAIL_ROWS, rows)))
    return image.convert("RGB").resize(size, reducing_gap=2.0).tobytes().hex()
