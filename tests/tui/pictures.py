"""README's pictures, from a real session: ``python -m tests.tui.pictures`` (needs tmux and virtual devices).

A talk with the local server in a real terminal: the local voice speaks into the virtual microphone, asks for
the time, for a command that has to be approved, and cuts the agent off; then somebody types. What the
terminal shows is captured ten times a second. Written are a still, light and dark, and the whole exchange as
an animated SVG.
"""

from __future__ import annotations

import asyncio
import shlex
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from pathlib import Path

from rich.ansi import AnsiDecoder
from rich.color_triplet import ColorTriplet
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import DEFAULT_TERMINAL_THEME, DIMMED_MONOKAI, TerminalTheme
from rich.text import Text

from realtime_cli.audio.wav_file import wav_header
from realtime_cli.script.clips import LocalSpeechSource
from tests.kit.virtual_devices import VirtualDevices, running
from tests.tui.pane import Pane

FOLDER = Path(__file__).parents[2] / ".pictures"
THEMES: dict[str, TerminalTheme] = {"light": DEFAULT_TERMINAL_THEME, "dark": DIMMED_MONOKAI}
COLUMNS, ROWS = 84, 26
CELL_X, CELL_Y, MARGIN = 8.4, 18.0, 12.0  # pixels
INTERVAL_S = 0.1
MIN_STAND_S = 0.2  # meters move with each frame
PAUSE_S = 3.0  # at the end, before it begins again
AGENT = """
[connection]
provider = "local"

[session]
instructions = "You are a friendly assistant. Answer in one or two short sentences."

[session.audio.input]
transcription = { model = "local" }

[audio]
latency_ms = 120  # the machine is busy taking pictures, too

[conversation]
greet = true

[[tools]]
command = ["uptime", "-p"]
name = "system_uptime"
description = "How long this computer has been up."
approve = "ask"
"""
SPOKEN = {
    "time": "What time is it?",
    "uptime": "What is the system uptime?",
    "story": "Please read me a long story.",
    "stop": "Okay, stop please.",
}


@dataclass(frozen=True)
class Frame:
    """What the terminal showed from this second on."""

    at_s: float
    rows: tuple[Text, ...]


def exchange(pane: Pane, devices: VirtualDevices, clips: Path) -> None:
    """The session, from its first word to its last."""

    def say(name: str) -> None:
        devices.speak(clips / f"{name}.wav")

    pane.until("or for a sum")
    devices.silence(1.0)
    say("time")
    pane.until("It is ")
    devices.silence(1.0)
    say("uptime")
    pane.until("May this run?")
    time.sleep(2.0)  # a person reads the question
    pane.press("y")
    pane.until("The result of system_uptime")
    devices.silence(1.0)
    say("story")
    pane.until("speaking")
    time.sleep(3.5)
    say("stop")
    pane.until("interrupted")
    pane.until("agent  Okay.")
    devices.silence(1.0)
    pane.press("t")
    for letter in "Thank you!":
        pane.tmux("send-keys", "-l", letter)
        time.sleep(0.08)
    pane.press("Enter")
    pane.until("You are welcome")
    devices.silence(1.0)


@contextmanager
def captured(pane: Pane) -> Iterator[list[Frame]]:
    """The frames of a terminal while the block runs; only those that differ."""
    frames: list[Frame] = []
    done = threading.Event()
    began = time.monotonic()

    def look() -> None:
        while not done.wait(INTERVAL_S):
            shown = pane.tmux("capture-pane", "-p", "-e").rstrip("\n")
            rows = tuple(AnsiDecoder().decode(shown))  # a row may go on in the style of the one above
            if not frames or frames[-1].rows != rows:
                frames.append(Frame(time.monotonic() - began, rows))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield frames
    finally:
        done.set()
        looking.join()


def session() -> list[Frame]:
    """Hold it, and return what was seen."""
    with tempfile.TemporaryDirectory() as made, running(echo=(80, 12.0)) as devices:
        folder = Path(made)
        for name, words in SPOKEN.items():
            samples = asyncio.run(LocalSpeechSource()(words))
            path = folder / f"{name}.wav"
            path.write_bytes(wav_header(samples.nbytes) + samples.tobytes())
        (folder / "agent.toml").write_text(AGENT, encoding="utf-8")
        environment = devices.environment()
        needed = {name: environment[name] for name in environment if name.startswith(("PULSE_", "ALSA_"))}
        sets = " ".join(f"{name}={shlex.quote(value)}" for name, value in needed.items())
        command = f"{sys.executable} -m realtime_cli talk -c {folder}/agent.toml --no-record --trust {folder}"
        pane = Pane(COLUMNS, ROWS)
        try:
            pane.line(f"clear; env {sets} COLORTERM=truecolor {command}; echo end-of-talk")
            pane.until("space mute")
            with captured(pane) as frames:
                exchange(pane, devices, folder)
            pane.press("Escape", "q", "q")
            pane.until("end-of-talk")
        finally:
            pane.close()
    return frames


# -- SVG ------------------------------------------------------------------------------------------------


def still(frame: Frame, theme: TerminalTheme) -> str:
    used = max(row for row, text in enumerate(frame.rows, 1) if text.plain.strip())
    return _svg([_row(text, row, theme) for row, text in enumerate(frame.rows[:used])], theme, used)


def animation(frames: Sequence[Frame], theme: TerminalTheme) -> str:
    """Every row of text as long as it was seen; then from the beginning."""
    end_s = frames[-1].at_s + PAUSE_S
    parts = [f'<animate id="play" attributeName="x" begin="0s;play.end" dur="{end_s:.1f}s"/>']
    for row in range(ROWS):
        for text, from_s, to_s in _spans(frames, row, end_s):
            shown = f'<set attributeName="visibility" to="visible" begin="play.begin+{from_s:.1f}s" '
            shown += f'dur="{round(to_s, 1) - round(from_s, 1):.1f}s"/>'  # no gap before the next
            parts.append(f'<g visibility="hidden">{shown}{_row(text, row, theme)}</g>')
    return _svg([f"<rect>{parts[0]}</rect>", *parts[1:]], theme)


def _spans(frames: Sequence[Frame], row: int, end_s: float) -> Iterator[tuple[Text, float, float]]:
    """What stood in a row, and from when to when; each text stands for ``MIN_STAND_S`` at least."""
    shown, since = Text(), 0.0
    for frame in frames:
        text = frame.rows[row] if row < len(frame.rows) else Text()
        if text != shown and (not shown.plain.strip() or frame.at_s - since >= MIN_STAND_S):
            if shown.plain.strip():
                yield shown, since, frame.at_s
            shown, since = text, frame.at_s
    if shown.plain.strip():
        yield shown, since, end_s


def _row(text: Text, row: int, theme: TerminalTheme) -> str:
    """A line of text at its place: one <text> with a <tspan> for each style."""
    y = MARGIN + (row + 0.75) * CELL_Y
    grounds: list[str] = []
    spans, column = [], 0
    for segment in text.render(Console(width=COLUMNS, color_system="truecolor", _environ={})):
        words = segment.text.rstrip("\n")
        if segment.style and segment.style.reverse:
            grounds.append(_ground(column, row, len(words), segment.style, theme))
        if seen := words.strip():
            x = MARGIN + (column + words.index(seen[0])) * CELL_X
            length = len(seen) * CELL_X
            place = f'x="{x:.1f}" textLength="{length:.1f}"'
            # Browsers fold blanks, and stretch what is left of them.
            kept = escape(seen.replace(" ", "\N{NO-BREAK SPACE}"))
            spans.append(f"<tspan {place}{_look(segment.style, theme)}>{kept}</tspan>")
        column += len(words)
    return f'{"".join(grounds)}<text y="{y:.1f}">{"".join(spans)}</text>'


def _ground(column: int, row: int, length: int, style: Style, theme: TerminalTheme) -> str:
    """What is behind letters in reverse."""
    x, y = MARGIN + column * CELL_X, MARGIN + row * CELL_Y
    size = f'width="{length * CELL_X:.1f}" height="{CELL_Y}"'
    return f'<rect x="{x:.1f}" y="{y:.1f}" {size} fill="{_shade(style, theme)}"/>'


def _look(style: Style | None, theme: TerminalTheme) -> str:
    if style is None:
        return ""
    shade = theme.background_color.hex if style.reverse else _shade(style, theme)
    return f' fill="{shade}"' + (' font-weight="bold"' if style.bold else "")


def _shade(style: Style, theme: TerminalTheme) -> str:
    colour = style.color.get_truecolor(theme) if style.color else theme.foreground_color
    if style.dim:
        under = theme.background_color
        colour = ColorTriplet(
            *(round(0.6 * ours + 0.4 * theirs) for ours, theirs in zip(colour, under, strict=True))
        )
    return "#" + "".join(f"{part:02x}" for part in colour)


def _svg(parts: Sequence[str], theme: TerminalTheme, rows: int = ROWS) -> str:
    width, height = 2 * MARGIN + COLUMNS * CELL_X, 2 * MARGIN + rows * CELL_Y
    font = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
    attributes = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": f"0 0 {width:.0f} {height:.0f}",
        "font-family": font,
        "font-size": "14",
        "xml:space": "preserve",
        "fill": theme.foreground_color.hex,
    }
    head = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    ground = f'<rect width="100%" height="100%" rx="8" fill="{theme.background_color.hex}"/>'
    return f"<svg {head}>{ground}{''.join(parts)}</svg>\n"


def main() -> None:
    frames = session()
    FOLDER.mkdir(exist_ok=True)
    question = next(
        frame for frame in reversed(frames) if "once" in " ".join(row.plain for row in frame.rows)
    )
    for name, theme in THEMES.items():
        (FOLDER / f"talk-{name}.svg").write_text(still(question, theme), encoding="utf-8")
    (FOLDER / "exchange.svg").write_text(animation(frames, THEMES["dark"]), encoding="utf-8")
    for path in sorted(FOLDER.iterdir()):
        print(path, path.stat().st_size)


if __name__ == "__main__":
    main()
