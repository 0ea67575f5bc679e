"""Which key does what: single keys while the voice comes first, a composer while somebody writes.

Built on prompt_toolkit's key bindings and its editing keys (those of Emacs and readline); the results are
:mod:`~realtime_cli.tui.key_events`. Its screen is not used: the painter draws ours.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from prompt_toolkit.application import Application
from prompt_toolkit.application.current import set_app
from prompt_toolkit.filters import Condition, Filter
from prompt_toolkit.input import DummyInput
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding import KeyPress as Key
from prompt_toolkit.key_binding.key_processor import KeyPressEvent
from prompt_toolkit.keys import Keys as Names
from prompt_toolkit.layout import BufferControl, FormattedTextControl, HSplit, Layout, Window
from prompt_toolkit.output import DummyOutput
from rich.text import Text

from realtime_cli.conversation.events import ToolWaiting
from realtime_cli.safe_text import for_encoding
from realtime_cli.tui.cell_width import cells, cut_to
from realtime_cli.tui.composer import Composer
from realtime_cli.tui.key_events import (
    COMMANDS,
    PANELS,
    KeyEvent,
    KeyPress,
    Meaning,
    PanelName,
    SlashCommand,
    ToolAnswer,
    TypedLine,
    help_lines,
    parse_answer,
    parse_line,
)
from realtime_cli.tui.pager import MIN_ROWS as PANEL_ROWS
from realtime_cli.tui.pager import Pager
from realtime_cli.tui.question_box import MIN_ROWS, AnswerChoice, QuestionBox
from realtime_cli.tui.theme import DIM, USER, WARNING, Theme

QUIT_AGAIN_S = 3.0

Deliver = Callable[[KeyEvent], None]

MEANINGS: dict[str, Meaning] = {
    "i": "interrupt", "escape": "interrupt", "v": "video", "n": "note", "r": "reload", "e": "echo",
}  # fmt: skip
_HINTS = ("t write", "i interrupt", "? help", "q quit", "/ commands", "l latency", "v video")
_PANEL_KEYS: dict[str, PanelName] = {"l": "latency", "f": "tools", "o": "output", "s": "settings"}
_MISSING = {"video": "This session has no video source.", "echo": "There is no echo to control here."}
_WRITING_HINTS = ("Esc back to single keys", "Enter send", "/ commands", "@ image", "Alt+Enter new line")
_BOX_HINTS = ("up, down, Enter answer", "t write", "? help", "q quit")


class Surface(Protocol):
    """What the keys need of the screen."""

    theme: Theme

    @property
    def question(self) -> ToolWaiting | None:
        """The question that waits for the user."""

    def refresh(self) -> None:
        """The rows that the keyboard draws have changed."""

    def panel_lines(self, name: PanelName, width: int) -> list[Text]:
        """What the panel of this name shows, unwrapped."""


class BoundKeys:
    """prompt_toolkit's key processor with these bindings, on a screen that shows nothing."""

    holds = False  # the terminal reports when a key is let go

    def __init__(self, bindings: KeyBindings, layout: Layout | None = None) -> None:
        self._panel: Pager | None = None
        self.app: Application[None] = Application(
            layout, key_bindings=bindings, input=DummyInput(), output=DummyOutput()
        )
        # The caller knows when an Escape was a key of its own: see ``flush``.
        self.app.timeoutlen = None  # type: ignore[assignment]

    def feed(self, keys: Sequence[Key]) -> None:
        """Keys as prompt_toolkit's parser gives them; call on the running loop."""
        with set_app(self.app):
            self.app.key_processor.feed_multiple(list(keys))
            self.app.key_processor.process_keys()

    @property
    def covers(self) -> bool:
        """Whether a panel is open."""
        return self._panel is not None

    def released(self) -> None:
        """The space bar was let go."""

    def flush(self) -> None:
        """Finish a possible key sequence: no more keys have followed."""
        self.feed([Key(Names.Ignore, "")])  # starts no sequence, and ends the one that waits for more keys


def bound(actions: Mapping[str, Callable[[], None]]) -> KeyBindings:
    """Keys by prompt_toolkit's names, each with what it does."""
    bindings = KeyBindings()
    bindings.add(Names.Ignore)(lambda event: None)
    for name, act in actions.items():
        bindings.add(name)(lambda event, act=act: act())
    return bindings


class KeyMap(BoundKeys):
    """The keys of a conversation: events go to ``deliver``, what concerns only the screen to ``surface``."""

    def __init__(
        self,
        surface: Surface,
        deliver: Deliver,
        *,
        push_to_talk: bool = False,
        manual_turns: bool = False,
        without: Collection[str] = (),
    ) -> None:
        """``without``: meanings and commands that this session does not have; no hint names them.

        ``manual_turns``: the user ends them, with no key to hold.
        """
        self.composer = Composer(without)
        self.writing = False
        self.talking = False
        self._surface = surface
        self._deliver = deliver
        self._push_to_talk = push_to_talk
        self._manual_turns = manual_turns
        self._without = frozenset(without)
        self._complaint = ""  # about the last key or line, until the next one
        self._quit_until = 0.0
        self._box: QuestionBox | None = None
        self._answering: tuple[ToolWaiting, AnswerChoice] | None = None  # an answer that is being written
        self._was_writing = False  # before it
        self._editor = Window(BufferControl(self.composer.buffer))
        self._voice = Window(FormattedTextControl(focusable=True))
        layout = Layout(HSplit([self._voice, self._editor]), self._voice)
        super().__init__(self._bindings(), layout)

    def feed(self, keys: Sequence[Key]) -> None:
        super().feed(keys)
        self._surface.refresh()

    def released(self) -> None:
        """The space bar was let go."""
        if self._push_to_talk and self.talking:
            self._talk(False)

    # -- bindings -----------------------------------------------------------------------------

    def _bindings(self) -> KeyBindings:
        bindings = bound({})
        writing = Condition(lambda: self.writing)
        closed = ~writing
        asked = Condition(lambda: self._answers_are_open)
        self._bind_single_keys(bindings, closed)
        for key in ("c-m", "c-j"):
            bindings.add(key, filter=writing)(lambda event: self._enter())
        bindings.add("escape", filter=writing)(lambda event: self._escape())
        bindings.add("escape", "c-m", filter=writing)(lambda event: self.composer.insert("\n"))
        bindings.add("c-o", filter=writing)(lambda event: self.composer.insert("\n"))
        bindings.add(Names.BracketedPaste)(self._paste)
        bindings.add("tab", filter=writing)(lambda event: self._complete())
        reading = Condition(lambda: self._panel is not None)
        for key, pages in (("pageup", -1), ("pagedown", 1)):
            bindings.add(key, filter=reading)(lambda event, pages=pages: self._turn_page(pages))
        at_end = Condition(lambda: self.composer.buffer.document.is_cursor_at_the_end)
        bindings.add("right", filter=writing & at_end)(lambda event: self._complete())
        for key, step in (("up", -1), ("down", 1), ("c-p", -1), ("c-n", 1)):
            bindings.add(key, filter=writing)(lambda event, step=step: self._vertical(step))
            bindings.add(key, filter=closed & (asked | reading))(lambda event, step=step: self._select(step))
        return bindings

    def _bind_single_keys(self, bindings: KeyBindings, closed: Filter) -> None:
        bindings.add(Names.Any, filter=closed)(lambda event: self._single_key(event.key_sequence[0].key))
        bindings.add("escape", filter=closed)(lambda event: self._single_key("escape"))
        for key in ("c-m", "c-j"):
            bindings.add(key, filter=closed)(lambda event: self._single_key("enter"))

    # -- single keys --------------------------------------------------------------------------

    def _single_key(self, name: str) -> None:
        name = name.lower()
        again, self._quit_until, self._complaint = time.monotonic() < self._quit_until, 0.0, ""
        if self._panel and name in ("escape", "q", self._panel.closes):
            self._panel = None
        elif self._answers_are_open and self._answer_key(name):
            return
        elif name == " ":
            self._space()
        elif name in ("t", "enter", "/"):
            self._write("/" if name == "/" else "")
        elif name == "?":
            self._open_help("?")
        elif name in _PANEL_KEYS:
            self._open_panel(_PANEL_KEYS[name], name)
        elif name == "q" and not again:
            self._quit_until = time.monotonic() + QUIT_AGAIN_S
        elif name == "q":
            self._deliver(KeyPress("quit"))
        elif name in MEANINGS and MEANINGS[name] in self._without:
            self._complaint = _MISSING.get(MEANINGS[name], "")
        elif name in MEANINGS:
            self._deliver(KeyPress(MEANINGS[name]))

    def _space(self) -> None:
        if self._push_to_talk:
            self._talk(True if self.holds else not self.talking)
        elif self._manual_turns:
            self._deliver(KeyPress("commit"))
        elif "mute" not in self._without:
            self._deliver(KeyPress("mute"))

    def _talk(self, on: bool) -> None:
        if on != self.talking:
            self.talking = on
            self._deliver(KeyPress("talk" if on else "release"))

    # -- writing ------------------------------------------------------------------------------

    def _write(self, text: str = "") -> None:
        self.writing, self._panel = True, None
        self.app.layout.focus(self._editor)
        self.composer.insert(text)

    def _stop_writing(self) -> None:
        self.writing = False
        self.composer.prompt = ""
        self.app.layout.focus(self._voice)

    def _paste(self, event: KeyPressEvent) -> None:
        self._write(event.data)

    def _escape(self) -> None:
        """One step back: out of the help, out of an answer, out of the composer (Up brings the text back)."""
        self._complaint = ""
        if self._panel:
            self._panel = None
            return
        self.composer.take()
        if self._answering:
            self._answered()
        else:
            self._stop_writing()

    def _enter(self) -> None:
        if self.composer.selected is not None and self.composer.complete():
            if not self._is_whole_command():
                return
        elif not self.composer.text and self._box_open and self._box_open.selected is not None:
            self._choose(self._box_open.question, self._box_open.choices[self._box_open.selected])
            return
        text, self._complaint = self.composer.take(), ""
        if self._manual_turns and not text.strip() and not self._answering and not self._surface.question:
            self._deliver(KeyPress("commit"))
        elif self._answering:
            self._give(*self._answering, text)
        else:
            self._line(text)

    def _is_whole_command(self) -> bool:
        """A command chosen from the menu that needs no argument runs at once."""
        press = parse_line(self.composer.text)
        usage = COMMANDS[press.name].arguments if isinstance(press, SlashCommand) else "TEXT"
        return not usage or usage.startswith("[")

    def _line(self, text: str) -> None:
        question, box = self._surface.question, self._box_open
        if box and (choice := box.choice(text.strip())):
            self._choose(box.question, choice)
            return
        answer = parse_answer(text, question.call_id, question.question) if question else None
        press = answer or parse_line(text)
        match press:
            case str():
                self._complaint = press
            case SlashCommand("help"):
                self._open_help("/help")
            case SlashCommand(name) if name in PANELS:
                self._open_panel(name, f"/{name}")
            case TypedLine() | SlashCommand() | ToolAnswer():
                self._deliver(press)

    # -- panels -------------------------------------------------------------------------------

    def _open_help(self, closes: str) -> None:
        def contents(width: int) -> list[Text]:
            lines = help_lines(
                push_to_talk=self._push_to_talk,
                holds=self.holds,
                manual_turns=self._manual_turns,
                without=self._without,
                width=width,
            )
            return [Text(for_encoding(line, self._surface.theme.encoding)) for line in lines]

        self._show(Pager("help", contents, closes))

    def _open_panel(self, name: PanelName, closes: str) -> None:
        self._show(Pager(name, lambda width: self._surface.panel_lines(name, width), closes))

    def _show(self, panel: Pager) -> None:
        """Open it; the same one again closes it."""
        self._panel = None if self._panel and self._panel.title == panel.title else panel

    def _turn_page(self, pages: int) -> None:
        if self._panel:
            self._panel.turn(pages)

    def _complete(self) -> None:
        self.composer.complete()

    def _vertical(self, step: int) -> None:
        if self.composer.select(step):
            return
        if self._panel and not self.composer.text:
            self._panel.scroll(step)
            return
        if self._box_open and not self.composer.text and not self._answering:
            self._box_open.select(step)
        elif step < 0:
            self.composer.buffer.auto_up()
        else:
            self.composer.buffer.auto_down()

    # -- a question ---------------------------------------------------------------------------

    @property
    def _box_open(self) -> QuestionBox | None:
        """The box of the question that waits, made as it comes up."""
        question = self._surface.question
        if question is None:
            self._box = None
        elif self._box is None or self._box.question != question:
            self._box, self._panel = QuestionBox(question), None  # a question must not be hidden
        return self._box

    @property
    def _answers_are_open(self) -> bool:
        return self._box_open is not None and self._answering is None

    def _answer_key(self, name: str) -> bool:
        """Whether the key answered the question."""
        box = self._box_open
        if box is None:
            return False
        choice = (
            box.choices[box.selected] if name == "enter" and box.selected is not None else box.choice(name)
        )
        if choice is None:
            return False
        self._choose(box.question, choice)
        return True

    def _select(self, step: int) -> None:
        if self._panel:
            self._panel.scroll(step)
        elif self._box_open:
            self._box_open.select(step)

    def _choose(self, question: ToolWaiting, choice: AnswerChoice) -> None:
        if not choice.prompt:
            self._deliver(ToolAnswer(question.call_id, choice.verdict))
        else:
            self._answering, self._was_writing = (question, choice), self.writing
            self.composer.prompt = choice.prompt
            self._write()

    def _give(self, question: ToolWaiting, choice: AnswerChoice, text: str) -> None:
        """Give the written answer; an empty one is not given."""
        if self._surface.question != question:
            self._complaint = "That question is no longer open."
        elif text.strip():
            self._deliver(ToolAnswer(question.call_id, choice.verdict, text.strip()))
        self._answered()

    def _answered(self) -> None:
        self._answering = None
        self.composer.prompt = ""
        if not self._was_writing:
            self._stop_writing()

    # -- rows ---------------------------------------------------------------------------------

    def rows(self, width: int, room: int) -> list[Text]:
        """The lowest rows, at most ``room`` of them: a question, the composer, or what the keys do."""
        theme = self._surface.theme
        box = self._box_open
        above = box or self._panel
        below = self._writing_rows(width, min(room, 4) if above else room, theme) if self.writing else []
        below = self._with_complaint(below, width, room, theme)
        left = room - len(below)
        if self._panel and left >= PANEL_ROWS:
            return [*self._panel.rows(width, left, theme), *below]
        if box and left >= MIN_ROWS:
            below = below or ([self._hint_row(width, theme)] if left > MIN_ROWS else [])
            return [*box.rows(width, room - len(below), theme), *below]
        return below or [self._hint_row(width, theme)]

    def _with_complaint(self, below: list[Text], width: int, room: int, theme: Theme) -> list[Text]:
        if not self._complaint or len(below) >= room:
            return below
        return [Text(cut_to(self._complaint, width, theme.ellipsis), WARNING), *below]

    def _writing_rows(self, width: int, room: int, theme: Theme) -> list[Text]:
        """A rule that shows that keys are letters now, the text, and hints where there is room."""
        title = f"{theme.box[4] * 2} {self.composer.prompt or 'writing'} "
        rule = Text(title + theme.box[4] * max(0, width - cells(title)), USER)
        rows = [rule, *self.composer.rows(width, max(1, room - 2), theme)]
        hints: tuple[str, ...] = _WRITING_HINTS
        if self._answering:
            hints = ("Esc cancel", "Enter answer")
        elif self._box_open:
            keys = ", ".join(choice.key for choice in self._box_open.choices)
            hints = (f"{keys} and Enter answer", *_WRITING_HINTS)
        return [*rows, hints_row(hints, width, theme)] if len(rows) < room else rows

    def _hint_row(self, width: int, theme: Theme) -> Text:
        if time.monotonic() < self._quit_until:
            return Text("q again to end the session", WARNING)
        if self._box_open:
            return hints_row(_BOX_HINTS, width, theme)
        hints = (hint for hint in _HINTS if hint.partition(" ")[2] not in self._without)
        return hints_row((*self._space_hint(), *hints), width, theme)

    def _space_hint(self) -> Iterator[str]:
        if self._push_to_talk:
            yield self._talk_hint()
        elif self._manual_turns:
            yield "space ends your turn"
        elif "mute" not in self._without:
            yield "space mute"

    def _talk_hint(self) -> str:
        if self.talking:
            return "let go to send" if self.holds else "space to send"
        return "hold space to talk" if self.holds else "space to talk"


def hints_row(hints: Iterable[str], width: int, theme: Theme) -> Text:
    """As many hints as fit, in what the terminal's encoding can write."""
    row = ""
    for hint in hints:
        longer = f"{row}{theme.dot}{hint}" if row else hint
        if cells(longer) > width:
            break
        row = longer
    return Text(for_encoding(row, theme.encoding), DIM)
