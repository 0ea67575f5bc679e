"""The composer: prompt_toolkit's buffer with a menu of commands and of image files, drawn as rows."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from itertools import islice

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.history import InMemoryHistory
from rich.text import Text

from realtime_cli.safe_text import one_line, safe
from realtime_cli.tui.cell_width import cells, cut_to, wrap
from realtime_cli.tui.key_events import COMMANDS, completions
from realtime_cli.tui.theme import DIM, PRETTY, USER, Theme

MAX_TEXT_ROWS = 6
MAX_MENU_ROWS = 8
MAX_MENU = 50
_IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif")
_PATH = re.compile(r'(?:^|(?<=\s))@("?)([^"]*)$')
_IMAGE_COMMAND = re.compile(r"^/image ()(\S*)$")


class Composer:
    """A message being written. ``prompt`` stands before a text that is not a message for the agent."""

    def __init__(self, without: Collection[str] = ()) -> None:
        """``without``: commands that the menu does not offer."""
        self._choices = _Choices(without)
        self.buffer = Buffer(
            history=InMemoryHistory(), multiline=True, on_text_changed=lambda _: self._deselect()
        )
        self.prompt = ""
        self.selected: int | None = None  # place in the menu, once an arrow key has been pressed
        self._menu_of: tuple[Document, list[Completion]] = (Document(), [])

    @property
    def text(self) -> str:
        return self.buffer.text

    def insert(self, text: str) -> None:
        """Typed or pasted: line breaks stay, control characters go, a tab becomes a blank."""
        lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
        self.buffer.insert_text(
            "".join(c for c in lines if c == "\n" or c in "\u200c\u200d" or c.isprintable())
        )

    def take(self) -> str:
        """Return the finished text, put it into the history and empty the composer."""
        text = self.buffer.text
        self.buffer.reset(append_to_history=bool(text.strip()))
        self.buffer.load_history_if_not_yet_loaded()
        return text

    # -- the menu -----------------------------------------------------------------------------

    @property
    def menu(self) -> list[Completion]:
        """Completions: commands while their name is typed, image files after ``@``."""
        document = self.buffer.document
        if document != self._menu_of[0]:  # so that a folder is not read for every frame
            found = (
                self._choices.get_completions(document, CompleteEvent())
                if document.is_cursor_at_the_end
                else ()
            )
            self._menu_of = (document, list(islice(found, MAX_MENU)))
        return self._menu_of[1]

    def select(self, step: int) -> bool:
        """Move through the menu; False where there is no menu to move through."""
        count = len(self.menu)
        if count < 2:
            return False
        before = self.selected if self.selected is not None else (-1 if step > 0 else count)
        self.selected = (before + step) % count
        return True

    def complete(self) -> bool:
        """Insert the selected entry of the menu, or the first; False where there is none."""
        menu = self.menu
        if not menu:
            return False
        self.buffer.apply_completion(menu[self.selected or 0])
        return True

    def _deselect(self) -> None:
        self.selected = None

    @property
    def _ghost(self) -> str:
        """What Tab would add."""
        menu = self.menu
        if not menu or not self.text:
            return ""
        entry = menu[self.selected or 0]
        begun = self.text[len(self.text) + entry.start_position :]
        return entry.text[len(begun) :].rstrip() if entry.text.startswith(begun) else ""

    # -- rows ---------------------------------------------------------------------------------

    def rows(self, width: int, room: int, theme: Theme = PRETTY) -> list[Text]:
        """The text around the cursor, and below it the menu or the help of the command being typed."""
        below = self._menu_rows(width, min(MAX_MENU_ROWS, room - 1), theme)
        return [*self._text_rows(width, min(MAX_TEXT_ROWS, room - len(below)), theme), *below]

    def _text_rows(self, width: int, room: int, theme: Theme) -> list[Text]:
        prompt = f"{self.prompt} {theme.prompt} ".lstrip()
        at = self.buffer.cursor_position
        before, after = safe(self.text[:at]), safe(self.text[at:])
        ghost = "" if after else self._ghost
        under = (after or ghost or " ")[0]
        text = Text(before)
        text.append(" " if under == "\n" else under, "reverse dim" if ghost else "reverse")
        text.append(("\n" if under == "\n" else "") + (after or ghost)[1:], DIM if ghost else "")
        indent = cells(prompt)
        spans = wrap(text.plain, max(8, width - indent), whole_addresses=False)
        here = max(place for place, (start, _) in enumerate(spans) if start <= len(before))
        first = max(0, min(here - room + 1, len(spans) - room)) if len(spans) > room else 0
        rows = []
        for place, (start, end) in enumerate(spans[first : first + max(1, room)], first):
            row = Text.assemble((prompt if place == 0 else " " * indent, USER))
            rows.append(row.append_text(text[start:end]))
        return rows

    def _menu_rows(self, width: int, room: int, theme: Theme) -> list[Text]:
        menu = self.menu
        if room < 1 or (not menu and not self.text.startswith("/")):
            return []
        if not menu:
            known = COMMANDS.get(self.text[1:].partition(" ")[0])
            usage = known and f"  {known.arguments}  {known.text}"
            return [Text(cut_to(usage, width, theme.ellipsis), DIM)] if usage else []
        first = max(0, min((self.selected or 0) - room + 1, len(menu) - room))
        size = max(len(entry.display_text) for entry in menu) + 2
        rows = []
        for place, entry in enumerate(menu[first : first + room], first):
            line = f"  {one_line(entry.display_text).ljust(size)}{entry.display_meta_text}"
            style = "reverse" if place == self.selected else DIM
            rows.append(Text(cut_to(line, width, theme.ellipsis), style))
        return rows


class _Choices(Completer):
    """Commands at the beginning of the text, image files after ``@`` and ``/image``."""

    def __init__(self, without: Collection[str]) -> None:
        self._without = without
        self._paths = PathCompleter(expanduser=True, file_filter=_is_image_or_folder)

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        text = document.text_before_cursor
        if text.startswith("/") and not text.startswith("//") and " " not in text and "\n" not in text:
            for name in completions(text[1:], self._without):
                usage = f"/{name} {COMMANDS[name].arguments}".rstrip()
                yield Completion(f"/{name} ", -len(text), display=usage, display_meta=COMMANDS[name].text)
            return
        found = _PATH.search(text) or _IMAGE_COMMAND.search(text)
        if found and not (not found[1] and " " in found[2]):
            yield from self._files(found, complete_event)

    def _files(self, found: re.Match[str], complete_event: CompleteEvent) -> Iterable[Completion]:
        begun = found[2]
        for entry in self._paths.get_completions(Document(begun), complete_event):
            path = begun + entry.text
            folder = entry.display_text.endswith("/")
            path += "/" if folder and not path.endswith("/") else ""
            if " " in path or found[1]:
                path = f'"{path}' + ("" if folder else '"')
            yield Completion(
                path + ("" if folder else " "), -len(found[1] + begun), display=entry.display_text
            )


def _is_image_or_folder(path: str) -> bool:
    return path.lower().endswith(_IMAGE_SUFFIXES) or os.path.isdir(path)
