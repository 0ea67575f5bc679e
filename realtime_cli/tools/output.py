"""What comes out of a tool, made fit for the model: text, not too long, nothing hidden in it."""

from __future__ import annotations

from typing import Protocol

from realtime_cli.tools.tool import ToolFailed

# C0 and C1 controls but tab and newline as control pictures, bidirectional marks by their numbers: what a
# tool gives may be shown, and nobody shall be led astray by it.
_VISIBLE: dict[int, str] = {
    **{code: chr(0x2400 + code) for code in range(0x20) if code not in (0x09, 0x0A)},
    0x7F: "\u2421",
    **{
        code: f"<U+{code:04X}>"
        for code in (*range(0x80, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
    },
    **{code: f"<U+{code:04X}>" for code in range(0xD800, 0xE000)},
}


class Readable(Protocol):
    """A stream of bytes."""

    async def read(self, n: int = -1, /) -> bytes: ...


def visible(text: str) -> str:
    """The text with every control character and lone surrogate made visible; newlines and tabs stay."""
    return text.replace("\r\n", "\n").translate(_VISIBLE)


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
