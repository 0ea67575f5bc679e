"""A line being typed: text, cursor, history, completion of ``/commands``. Pure: keys by name in, text out."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

from rich.text import Text

from realtime_cli.tui.key_events import completions
from realtime_cli.tui.safe_text import cells, safe
from realtime_cli.tui.theme import DIM, PRETTY, USER, Theme


@dataclass(slots=True)
class Editor:
    """``key`` takes prompt_toolkit's key names (``c-w``, ``left``, ``backspace``) or inserted text."""

    text: str = ""
    cursor: int = 0
    history: list[str] = field(default_factory=list)
    _place: int | None = None  # in the history
    _draft: str = ""

    def insert(self, text: str) -> None:
        """Typed or pasted; a line break in a paste becomes a blank."""
        clean = " ".join(text.splitlines())
        clean = "".join(c for c in clean if c.isprintable() or c in "\u200c\u200d")
        self.text = self.text[: self.cursor] + clean + self.text[self.cursor :]
        self.cursor += len(clean)

    def key(self, name: str) -> None:
        """Obey an editing key; others do nothing."""
        edit = getattr(self, "_" + _KEYS.get(name, "nothing"))
        edit()

    def take(self) -> str:
        """The line, finished: remembered, and the editor empty."""
        line = self.text
        if line.strip() and self.history[-1:] != [line]:
            self.history.append(line)
        self.clear()
        return line

    def clear(self) -> None:
        self.text, self.cursor, self._place = "", 0, None

    @property
    def suggestion(self) -> str:
        """What Tab would add."""
        name = self.text[1:]
        if not self.text.startswith("/") or " " in name or self.cursor < len(self.text):
            return ""
        matches = completions(name)
        return matches[0][len(name) :] if matches else ""

    # -- keys ---------------------------------------------------------------------------------

    def _nothing(self) -> None:
        """A key that means nothing here."""

    def _left(self) -> None:
        self.cursor = self._letter_before(self.cursor)

    def _right(self) -> None:
        if self.cursor == len(self.text):
            self._complete()
            return
        self.cursor += 1
        while self.cursor < len(self.text) and _clings(self.text, self.cursor):
            self.cursor += 1

    def _home(self) -> None:
        self.cursor = 0

    def _end(self) -> None:
        self.cursor = len(self.text)

    def _word_left(self) -> None:
        self.cursor = len(self.text[: self.cursor].rstrip().rpartition(" ")[0])
        self.cursor += self.text[self.cursor : self.cursor + 1] == " "

    def _word_right(self) -> None:
        rest = self.text[self.cursor :]
        skipped = len(rest) - len(rest.lstrip())
        blank = rest.find(" ", skipped)
        self.cursor = len(self.text) if blank < 0 else self.cursor + blank

    def _backspace(self) -> None:
        self._delete_from(self._letter_before(self.cursor))

    def _delete(self) -> None:
        before = self.cursor
        if before < len(self.text):
            self._right()
            self._delete_from(before)

    def _delete_word(self) -> None:
        end = self.cursor
        self._word_left()
        start, self.cursor = self.cursor, end
        self._delete_from(start)

    def _delete_to_start(self) -> None:
        self._delete_from(0)

    def _delete_to_end(self) -> None:
        self.text = self.text[: self.cursor]

    def _delete_from(self, start: int) -> None:
        self.text = self.text[:start] + self.text[self.cursor :]
        self.cursor = start

    def _complete(self) -> None:
        if self.suggestion:
            self.insert(self.suggestion + " ")

    def _older(self) -> None:
        self._recall(-1)

    def _newer(self) -> None:
        self._recall(1)

    def _recall(self, step: int) -> None:
        if self._place is None:
            self._draft, self._place = self.text, len(self.history)
        self._place = max(0, min(len(self.history), self._place + step))
        self.text = self._draft if self._place == len(self.history) else self.history[self._place]
        self.cursor = len(self.text)

    def _letter_before(self, place: int) -> int:
        place = max(0, place - 1)
        while place and _clings(self.text, place):
            place -= 1
        return place

    # -- the row ------------------------------------------------------------------------------

    def row(self, width: int, look: Theme = PRETTY) -> Text:
        """The editor as one row: prompt, text around the cursor, suggestion."""
        row = Text.assemble((f"{look.prompt} ", USER))
        start = self._first_shown(width - 4)
        before, after = safe(self.text[start : self.cursor]), safe(self.text[self.cursor :])
        row.append(before)
        ghost = "" if after else self.suggestion
        under = after or ghost or " "
        row.append(under[0], "reverse dim" if ghost else "reverse")
        row.append(under[1:], DIM if ghost else "")
        row.truncate(width)
        return row

    def _first_shown(self, width: int) -> int:
        start = 0
        while start < self.cursor and cells(safe(self.text[start : self.cursor])) > width - 1:
            start += 1
        return start


def _clings(text: str, place: int) -> bool:
    """The character belongs to the one before it: a mark, a joiner, or what a joiner joins."""
    char = text[place]
    return bool(unicodedata.combining(char)) or char in "\u200d\ufe0f" or text[place - 1] == "\u200d"


_KEYS = {
    "left": "left", "c-b": "left", "right": "right", "c-f": "right", "home": "home", "c-a": "home",
    "end": "end", "c-e": "end", "c-left": "word_left", "c-right": "word_right", "backspace": "backspace",
    "c-h": "backspace", "delete": "delete", "c-d": "delete", "c-w": "delete_word", "c-u": "delete_to_start",
    "c-k": "delete_to_end", "tab": "complete", "c-i": "complete", "up": "older", "c-p": "older",
    "down": "newer", "c-n": "newer",
}  # fmt: skip
