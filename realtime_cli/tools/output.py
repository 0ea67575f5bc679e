"""What comes out of a tool, made fit for the model: text, not too long, nothing hidden in it."""

from __future__ import annotations

import re
from functools import cache
from typing import Protocol

from realtime_cli.tools.tool import ToolFailed

# C0 and C1 controls but tab and newline as control pictures; what has no width, tags and marks of direction
# by their numbers: what a tool gives may be shown, and neither reader nor model may be misled by it.
_HIDDEN = (
    range(0x80, 0xA0),
    (0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180E, 0x2028, 0x2029, 0x3164, 0xFEFF, 0xFFA0),
    range(0x200B, 0x2010),
    range(0x202A, 0x202F),
    range(0x2060, 0x2070),
    range(0xFE00, 0xFE10),
    range(0xFFF9, 0xFFFC),
    range(0xE0000, 0xE01F0),
    range(0xD800, 0xE000),
    range(0x1BCA0, 0x1BCA4),
    range(0x1D173, 0x1D17B),
)
_UNSEEN = r"\u200b-\u200f\u2060-\u206f\ufeff\U000e0000-\U000e0fff"
_SYMBOLS = r"\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001fbff"
_IDEOGRAPHS = r"\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af"
# Where scripts and emoji need them: one joiner between letters that are not ASCII, one selector behind what
# has variants, the land behind a flag (UTS 51, 1.4.9). A selector behind every letter could hide a text.
_NEEDED = (
    rf"(?<=[^\0-\x7f{_UNSEEN}])[\u200c\u200d](?=[^\0-\x7f{_UNSEEN}])"
    rf"|(?<=[{_SYMBOLS}])[\ufe0e\ufe0f]|(?<=[0-9#*])\ufe0f(?=\u20e3)"
    rf"|(?<=[{_IDEOGRAPHS}])[\ufe00-\ufe02\U000e0100-\U000e01ef]|(?<=[\u2229-\u2a3b])\ufe00"
    r"|(?<=\U0001f3f4)[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f"
)


class Readable(Protocol):
    """A stream of bytes."""

    async def read(self, n: int = -1, /) -> bytes: ...


@cache
def _visible() -> dict[int, str]:
    """What is shown instead, by character; made for the first text that may need it: it has thousands."""
    return {
        **{code: chr(0x2400 + code) for code in range(0x20) if code not in (0x09, 0x0A)},
        0x7F: "\u2421",
        **{code: f"<U+{code:04X}>" for codes in _HIDDEN for code in codes},
        0xAD: "",  # where a word may be parted: pages are full of it, and it says nothing
    }


def visible(text: str) -> str:
    """The text with everything hidden in it made visible, and lone surrogates; newlines and tabs stay.

    A byte order mark at the beginning is left out. Letters of any script stay as they are.
    """
    text = text.replace("\r\n", "\n").removeprefix("\ufeff")
    if text.isascii():
        return text if text.isprintable() else text.translate(_visible())
    out, done = [], 0
    for needed in re.finditer(_NEEDED, text):
        out += [text[done : needed.start()].translate(_visible()), needed[0]]
        done = needed.end()
    return "".join([*out, text[done:].translate(_visible())])


def fitted(text: str, max_bytes: int, total: int | None = None) -> str:
    """At most ``max_bytes`` bytes of UTF-8, with a mark at the end if something was cut.

    ``total``: the size in bytes if some of it was cut before.
    """
    data = text.encode("utf-8", "replace")
    total = max(total or 0, len(data))
    if total <= max_bytes:
        return text
    mark = f"\n[cut: {total} bytes in all]"
    return data[: max_bytes - len(mark)].decode("utf-8", "ignore") + mark


async def read_capped(stream: Readable, max_bytes: int) -> tuple[bytes, int]:
    """The first ``max_bytes`` of a stream and its whole size; the rest is read and dropped."""
    kept, total = bytearray(), 0
    while chunk := await stream.read(65_536):
        total += len(chunk)
        kept += chunk[: max(0, max_bytes - len(kept))]
    return bytes(kept), total


async def read_tail(stream: Readable, max_bytes: int = 4096) -> bytes:
    """The last bytes of a stream."""
    kept = b""
    while chunk := await stream.read(65_536):
        kept = (kept + chunk)[-max_bytes:]
    return kept


def text_of(data: bytes, total: int, encoding: str = "utf-8") -> str:
    """Bytes as text; a character that was cut through at the end is dropped. Raises ToolFailed if binary."""
    try:
        text = data.decode(encoding)
    except LookupError:
        return text_of(data, total)
    except UnicodeDecodeError as error:
        cut = total > len(data) and error.start > len(data) - 4
        if not cut:
            raise ToolFailed(f"The output is not text ({total} bytes).") from error
        text = data[: error.start].decode(encoding)
    if "\0" in text:
        raise ToolFailed(f"The output is not text ({total} bytes).")
    return text


def last_lines(data: bytes, lines: int = 3) -> str:
    """The end of what a process complained about, for a sentence."""
    text = data.decode("utf-8", "replace").strip()
    return visible("\n".join(text.splitlines()[-lines:]))
