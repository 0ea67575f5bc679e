"""Pictures that scripts and programs show, as the API takes them."""

from __future__ import annotations

import base64
import mimetypes
from os import PathLike
from pathlib import Path

from realtime_cli.errors import ConfigError


def image_uri(image: str | PathLike[str] | bytes, folder: Path = Path()) -> str:
    """A picture as a data URI; addresses stay as they are. Relative paths start from ``folder``.

    Raises ConfigError for a file that cannot be read.
    """
    if isinstance(image, bytes):
        return _data_uri("image/png" if image.startswith(b"\x89PNG") else "image/jpeg", image)
    if str(image).startswith(("data:", "http://", "https://")):
        return str(image)
    path = folder / image
    try:
        return _data_uri(mimetypes.guess_type(path.name)[0] or "image/png", path.read_bytes())
    except OSError as error:
        raise ConfigError(f"The image {path} cannot be read: {error.strerror}.") from None


def _data_uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
