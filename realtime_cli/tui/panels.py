"""View -> rich text: blocks for the scrollback, at most four live rows, the end card.

Everything that came from outside goes through :mod:`realtime_cli.safe_text` here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from rich.style import Style
from rich.text import Text

from realtime_cli.conversation.blocks import AgentTurn, Block, Notice, ToolCard, UserTurn, is_question
from realtime_cli.safe_text import closing, for_encoding, one_line, safe
from realtime_cli.tui.amounts import clock, money, plural, seconds
from realtime_cli.tui.cell_width import cells, cut_to, tail, wrap
from realtime_cli.tui.latency import latency_figures
from realtime_cli.tui.meters import Meter
from realtime_cli.tui.theme import (
    AGENT,
    DIM,
    FAILURE,
    LEVEL_STYLES,
    PRETTY,
    STATE_STYLES,
    TOOL,
    USER,
    WARNING,
    Theme,
)
from realtime_cli.tui.view import View
from realtime_cli.untrusted_json import parse_json

MIN_DBFS = -60.0
_ADDRESS = re.compile(r"https?://[!-~]*[A-Za-z0-9/#=&_-]")
_COMMAND_FAILED = re.compile(r"It failed \((.*)\)\.")  # the first line of a command's failure
MAX_TOOL_CELLS = 240  # of arguments and of a result; a panel shows all of it
MAX_REASON_CELLS = 120
ALIGNED_FIGURES = 119


def block_text(block: Block, theme: Theme = PRETTY) -> Text:
    """A finished block as one styled paragraph, unwrapped; empty if there is nothing to show."""
    match block:
        case UserTurn():
            text = user_text(block)
        case AgentTurn():
            text = agent_text(block, theme)
        case ToolCard():
            text = tool_text(block, theme)
        case Notice():
            text = notice_text(block)
    return fit(text, theme)


def fit(text: Text, theme: Theme) -> Text:
    """What the encoding cannot write becomes ``?``."""
    if theme is not PRETTY:
        text.plain = for_encoding(text.plain, theme.encoding)
    return text


def user_text(turn: UserTurn) -> Text:
    said = safe(turn.text, growing=True).strip()
    text = Text.assemble(("you  ", USER))
    if turn.late:
        text.append("(earlier) ", DIM)
    text.append(said)
    if turn.images:
        text.append(f"{' ' if said else ''}[{plural(turn.images, 'image')}]", DIM)
    if turn.missing:
        text.append(f"({one_line(turn.missing)})", DIM)
    elif not said and not turn.images:
        return Text()
    return text


def agent_text(turn: AgentTurn, theme: Theme = PRETTY) -> Text:
    """What was heard of the turn. While it grows, each text is the beginning of the next."""
    said = safe(turn.shown_text, growing=True).strip()
    if not said and turn.cut_ms is None:
        return Text()
    text = Text.assemble(("agent  ", AGENT), said)
    if turn.cut_ms is not None and turn.final:
        blank = " " if said else ""
        text.append(f"{blank}{theme.cut} {interruption(turn)}", WARNING)
    return text


def interruption(turn: AgentTurn) -> str:
    heard_s = (turn.cut_ms or 0.0) / 1000
    return f"interrupted after {heard_s:.1f} s" if heard_s >= 0.05 else "interrupted before it was heard"


def tool_text(card: ToolCard, theme: Theme = PRETTY) -> Text:
    call = f"{one_line(card.name)}({arguments_line(card.arguments)})"
    text = Text.assemble(("tool  ", TOOL), cut_to(call, MAX_TOOL_CELLS, theme.ellipsis))
    if card.state == "running":
        doing = "waits for you" if card.waits else one_line(card.progress) or "running"
        return text.append(f" {doing}", DIM)
    output = one_line(card.output)
    result = cut_to(output, MAX_TOOL_CELLS, theme.ellipsis)
    folded = result != output
    if card.state == "failed" and card.refused is not None:
        because = f": {one_line(card.refused)}" if card.refused else ""
        return text.append(f" {theme.arrow} not allowed{because}", WARNING)
    if card.state == "failed":
        reason = cut_to(reason_of(card.output), MAX_REASON_CELLS, theme.ellipsis)
        folded = len(card.output.split()) > len(reason.split()) + 2  # "It failed" is told by our own word
        text.append(f" {theme.arrow} failed: {reason}", FAILURE)
    elif card.state == "cancelled":
        text.append(f" {theme.arrow} cancelled", WARNING)
    else:
        text.append(f" {theme.arrow} {result}")
    if card.seconds is not None:
        text.append(f" ({seconds(card.seconds)})", DIM)
    if folded:
        text.append(" o opens it", DIM)
    return text


def reason_of(output: str) -> str:
    """Why a tool failed: the error that JSON names, the first line, or the last one.

    The last line tells it in a traceback, and in what a command wrote.
    """
    try:
        value = parse_json(output)
    except ValueError:
        value = None
    error = value.get("error") if isinstance(value, dict) else None
    if isinstance(error, dict):
        error = error.get("message")
    if isinstance(error, str) and error:
        output = error
    lines = [line.strip() for line in safe(output).splitlines() if line.strip()]
    if not lines:
        return "it gave no reason"
    if ended := _COMMAND_FAILED.fullmatch(lines[0]):
        return one_line(f"{lines[-1]} ({ended[1]})" if len(lines) > 1 else ended[1])
    return one_line(lines[-1] if lines[0].startswith("Traceback (") else lines[0])


def arguments_line(arguments: str) -> str:
    """``city="Oslo", days=2`` for a JSON object; anything else unchanged."""
    try:
        values = parse_json(arguments or "{}")
    except ValueError:
        return one_line(arguments)
    if not isinstance(values, dict):
        return one_line(arguments)
    pairs = (f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in values.items())
    return one_line(", ".join(pairs))


def notice_text(notice: Notice) -> Text:
    style = LEVEL_STYLES[notice.level]
    word = notice.level if notice.level in ("warning", "error") else notice.topic or "note"
    return Text.assemble((f"{one_line(word)}  ", style), (one_line(notice.text), style))


def wrapped(text: Text, width: int) -> list[Text]:
    """The lines of a paragraph, flush left and without trailing blanks, so that they copy cleanly."""
    lines = []
    for start, end in wrap(text.plain, width):
        line = text[start:end]
        line.rstrip()
        lines.append(line.append(closing(line.plain)))
    return lines


def linked(line: Text) -> Text:
    """Each address as a link (OSC 8), so that it can be clicked however the terminal wraps it."""
    found = list(_ADDRESS.finditer(line.plain))
    if found:
        line = line.copy()
    for address in found:
        line.stylize(Style(link=address[0]), *address.span())
    return line


# -- live rows ------------------------------------------------------------------------------------


def live_rows(
    view: View,
    width: int,
    theme: Theme = PRETTY,
    *,
    at: float | None = None,
    figures_width: int | None = None,
) -> list[Text]:
    """The two middle rows of the four: state and meters, figures and clock (``at``)."""
    figures = figures_row(view, figures_width or width, theme, at=at)
    return [fit(state_row(view, width, theme), theme), fit(figures, theme)]


def notice_row(view: View, width: int, theme: Theme = PRETTY) -> Text:
    """The last warning that has no place in the scrollback yet; empty if there is none."""
    pending = [notice for notice in view.pending if not is_question(notice)]
    if not pending:
        return Text()
    row = fit(notice_text(pending[-1]), theme)
    row.truncate(width, overflow="ellipsis")
    return row


def talk_row(view: View, width: int, theme: Theme = PRETTY, flowed: int = 0) -> Text:
    """The end of what is being said now."""
    turn = view.current
    if isinstance(turn, UserTurn):
        said = one_line(turn.text) or theme.ellipsis
        return Text.assemble(("you  ", USER), (tail(said, width - 5, theme.ellipsis), "italic"))
    if isinstance(turn, AgentTurn):
        return wrapped(fit(agent_text(turn, theme), theme)[flowed:], width)[-1]
    if view.running:
        row = fit(tool_text(view.running, theme), theme)
        row.truncate(width)
        return row
    return Text()


def state_row(view: View, width: int, theme: Theme = PRETTY) -> Text:
    state = view.state
    asks = bool(view.transcript.approvals)
    stands = state.word in ("calling", "thinking", "listening", "ready")  # nothing but the question goes on
    words, style = one_line(state.words), STATE_STYLES[state.word]
    if asks and stands:
        words, style = "waits for you", WARNING
    room = max(14, min(24, width // 3))
    row = Text.assemble((cut_to(f"{theme.states[state.word]} {words}", room, theme.ellipsis), style))
    if state.muted and state.word != "muted":
        row.append(" muted", FAILURE)
    if asks and not stands:
        row.append(" question open", WARNING)
    if view.meters.seen:
        row.append(" " * max(1, room - row.cell_len))
        _append_meters(row, view, width, theme)
    return row


def _append_meters(row: Text, view: View, width: int, theme: Theme) -> None:
    labels = 14  # "you ", "agent " and the blanks between
    numbers = 10 if width - row.cell_len - labels >= 30 else 0
    size = min(20, (width - row.cell_len - labels - numbers) // 2)
    if size < 3:
        return
    row.append(" you ", DIM)
    row.append_text(meter(view.meters.microphone, size, theme, USER, number=bool(numbers)))
    row.append("  agent ", DIM)
    row.append_text(meter(view.meters.agent, size, theme, AGENT, number=bool(numbers)))


def meter(level: Meter, size: int, theme: Theme, style: str, *, number: bool) -> Text:
    """A bar from -60 to 0 dBFS with the held peak as a mark."""
    filled, peak = _cells_of(level.dbfs, size), _cells_of(level.peak_dbfs, size)
    style = FAILURE if level.dbfs > -3 else style
    bar = Text.assemble((theme.bar * filled, style), (theme.rail * (size - filled), DIM))
    if peak > filled:
        bar = Text.assemble(bar[: peak - 1], (theme.peak, style), bar[peak:])
    if number:
        bar.append(f" {level.dbfs:4.0f}" if level.dbfs > -100 else "    -", DIM)
    return bar


def _cells_of(dbfs: float, size: int) -> int:
    return max(0, min(size, round((dbfs - MIN_DBFS) / -MIN_DBFS * size)))


def figures_row(view: View, width: int, theme: Theme = PRETTY, *, at: float | None = None) -> Text:
    """Latency by parts at the left, what was used and the clock at the right.

    It is longer than ``ALIGNED_FIGURES`` only where the figures need it.
    """
    time = clock(view.at if at is None else at)
    room = width - cells(time) - len(theme.dot)
    cost = view.figures.cost_usd  # stays in sight: of the latency's parts some can be left out
    left = latency_figures(view.figures, room - (0 if cost is None else cells(money(cost)) + 2), theme)
    right: list[str] = []
    for fact in _used(view):  # the most important first
        longer = theme.dot.join([*right, fact])
        if cells(left) + cells(longer) + (2 if left else 0) <= room:
            right.append(fact)
    end = theme.dot.join([*right, time])
    blank = " " * max(0, min(width, ALIGNED_FIGURES) - cells(left) - cells(end))
    between = blank if len(blank) > 1 or not left else theme.dot
    return Text(cut_to(left + between + end, width, theme.ellipsis), DIM)


def _used(view: View) -> list[str]:
    figures = view.figures
    parts = []
    if figures.cost_usd is not None:
        parts.append(money(figures.cost_usd))
    if view.transcript.pictures_sent:
        parts.append(pictures(view))
    if figures.reconnects:
        parts.append(plural(figures.reconnects, "reconnect"))
    if figures.tokens:
        parts.append(f"{figures.tokens:,} tokens".replace(",", " "))
    return parts


def pictures(view: View) -> str:
    """``screen: 3 pictures, ~2295 tokens ~$0.0115``: an estimate, before the server has counted them."""
    source, *facts = picture_facts(view)
    return ": ".join(part for part in (source, ", ".join(facts)) if part)


def picture_facts(view: View) -> list[str]:
    """Source (may be empty), how many, what they may have cost, whether they are paused."""
    video = view.video
    facts = [cut_to(one_line(video.source), 24, ".."), plural(view.transcript.pictures_sent, "picture")]
    if video.tokens:
        usd = view.figures.images_usd(video.tokens)
        facts.append(f"~{video.tokens} tokens" + (f" ~{money(usd)}" if usd is not None else ""))
    return [*facts, "paused"] if view.state.video_paused else facts


# -- the end --------------------------------------------------------------------------------------


def end_lines(view: View, recording: str = "", replay: str = "") -> list[tuple[str, str]]:
    """The end card as (name, value) pairs; names without a value are left out."""
    figures = view.figures
    users, agents = view.turn_counts
    latency = ""
    if figures.median_ms is not None:
        latency = f"median {figures.median_ms:.0f} ms"
        latency += f", p95 {figures.p95_ms:.0f} ms" if figures.p95_ms is not None else ""
        latency += f" over {plural(len(figures.waits_ms), 'answer')}"
    tools = plural(figures.tools, "call") if figures.tools else ""
    tools += f", {figures.tools_failed} failed" if figures.tools_failed else ""
    tools += f", {figures.tools_refused} not allowed" if figures.tools_refused else ""
    pairs = [
        ("duration", f"{clock(view.at)}, {plural(users, 'turn')} by you, {agents} by the agent"),
        ("latency", latency),
        ("interruptions", str(figures.interruptions or "")),
        ("reconnects", str(figures.reconnects or "")),
        ("tools", tools),
        ("video", pictures(view) if view.transcript.pictures_sent else ""),
        ("tokens", f"{figures.tokens:,}".replace(",", " ") if figures.tokens else ""),
        ("cost", money(view.figures.cost_usd) if view.figures.cost_usd is not None else ""),
        ("recording", one_line(recording)),
        ("replay", one_line(replay)),
    ]
    return [(name, value) for name, value in pairs if value]


def end_card(pairs: Sequence[tuple[str, str]]) -> list[Text]:
    """Plain rows; paths and commands stay on lines of their own, so that they copy cleanly."""
    size = max((len(name) for name, _ in pairs), default=0)
    return [Text.assemble((name.ljust(size + 2), DIM), value) for name, value in pairs]
