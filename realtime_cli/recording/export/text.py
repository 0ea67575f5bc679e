"""Exports that are read: plain text, Markdown, Audacity labels, and items for a new session."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from realtime_cli.client.cost import Tokens
from realtime_cli.conversation.blocks import AgentTurn, Block, ToolCard, UserTurn
from realtime_cli.conversation.timeline import SpokenLine, Timeline
from realtime_cli.conversation.turns import ConversationTurn
from realtime_cli.recording.format import Header
from realtime_cli.safe_text import in_markdown

SPEAKER = {"user": "You", "agent": "Agent"}
MIN_SHOWN_S = 0.2


def plain_text(timeline: Timeline) -> str:
    """One line a message, in conversation order."""
    return "".join(
        f"{SPEAKER[said.speaker]}: {one_line(said.text)}{_cut(said)}\n" for said in in_order(timeline)
    )


def in_order(timeline: Timeline) -> list[SpokenLine]:
    """The lines that have words."""
    return [said for said in timeline.said if said.text.strip()]


def one_line(text: str) -> str:
    """The text with single spaces in place of all white space."""
    return " ".join(text.split())


def _cut(said: SpokenLine) -> str:
    return "" if said.cut_ms is None else f" [interrupted after {said.cut_ms / 1000:.1f} s]"


def end_s(said: SpokenLine) -> float:
    """When its label or subtitle ends; long enough to be seen."""
    return max(said.end_s, said.begin_s + MIN_SHOWN_S)


def audacity_labels(timeline: Timeline) -> str:
    """Tab-separated ``start end label`` lines (Audacity: File, Import, Labels)."""
    rows = [
        (said.begin_s, end_s(said), f"{SPEAKER[said.speaker]}: {one_line(said.text)}")
        for said in in_order(timeline)
    ]
    rows += [
        (run.called_at, run.called_at + (run.seconds or 0.0), f"Tool: {run.name}")
        for _, run in timeline.tools
    ]
    rows += [(event.at_s, event.at_s, f"{event.kind}: {one_line(event.text)}") for event in timeline.events]
    return "".join(f"{begin:.6f}\t{end:.6f}\t{label}\n" for begin, end, label in sorted(rows))


# -- markdown -------------------------------------------------------------------------------------


def markdown(timeline: Timeline, header: Header) -> str:
    """The conversation, tool calls as blocks, and a table of timings and costs."""
    parts = [f"# {title(header)}\n", f"{facts(timeline, header)}\n"]
    parts += [part for block in timeline.blocks if (part := _markdown_block(block))]
    parts += ["## Turns\n", turn_table(timeline), *(f"{line}\n" for line in legend(timeline))]
    return "\n".join(parts)


def title(header: Header) -> str:
    return f"Conversation of {header.started[:16].replace('T', ' ')}" if header.started else "Conversation"


def facts(timeline: Timeline, header: Header) -> str:
    """One line: how long, which model, how fast, how much."""
    spent = cost(timeline, header)
    p95 = timeline.latency.p95_ms
    words = [
        f"{timeline.seconds:.0f} s",
        timeline.cost.model or "model unknown",
        f"{len(timeline.turns)} turn{'' if len(timeline.turns) == 1 else 's'}",
        f"median wait {ms(timeline.latency.median_ms)}",
        *([] if p95 is None else [f"p95 {ms(p95)}"]),
        spent if is_local(header) else f"cost {spent}",
    ]
    return " · ".join(words)


def cost(timeline: Timeline, header: Header) -> str:
    return "local, no cost" if is_local(header) else usd(timeline.cost.total_usd)


def is_local(header: Header) -> bool:
    """Whether the server inside the program answered."""
    connection = header.config.get("connection") or {}
    return bool(connection.get("provider") == "local" and not connection.get("base_url"))


def _markdown_block(block: Block) -> str:
    match block:
        case UserTurn():
            text = block.text or (
                f"*{block.images} image(s)*" if block.images else f"*{block.missing or 'no transcript'}*"
            )
            return f"**You:** {one_line(text)}\n"
        case AgentTurn():
            cut = "" if block.cut_ms is None else f" *(interrupted after {block.cut_ms / 1000:.1f} s)*"
            return f"**Agent:** {one_line(block.shown_text)}{cut}\n" if block.shown_text or cut else ""
        case ToolCard():
            took = "" if block.seconds is None else f" ({block.seconds:.2f} s)"
            body = f"{block.name}({block.arguments})\n→ {block.output}"
            return f"{_fence(body)}text\n{body}\n{_fence(body)}\n*{block.state}{took}*\n"
    return f"> {block.level}: {one_line(block.text)}\n" if block.level in ("warning", "error") else ""


def _fence(body: str) -> str:
    """A fence longer than any run of backticks inside (CommonMark 4.5)."""
    fence = "```"
    while fence in body:
        fence += "`"
    return fence


def turn_table(timeline: Timeline) -> str:
    """Markdown table, one row a turn; what is not known is a dash or "unknown"."""
    rows = [
        "| # | by | received | played | response | interrupted | tools | tokens in (cached) / out | cost |"
    ]
    rows.append("|--:|---|--:|--:|--:|--:|---|--:|--:|")
    for turn, cost in zip(timeline.turns, timeline.turn_usd, strict=True):
        rows.append("| " + " | ".join(map(in_markdown, turn_row(turn, cost))) + " |")
    return "\n".join(rows) + "\n"


def turn_row(turn: ConversationTurn, cost: float | None) -> list[str]:
    """A turn's figures as words, in the order of the table."""
    tokens = turn.tokens
    return [
        str(turn.number),
        turn.by,
        ms(turn.received_ms),
        ms(turn.played_ms),
        ms(turn.response_ms),
        "–" if turn.interrupted_ms is None else f"after {turn.interrupted_ms:.0f} ms",
        ", ".join(run.name for run in turn.tools) or "–",
        f"{tokens.input} ({tokens.cached}) / {tokens.output}" if tokens else "–",
        usd(cost) if tokens else "–",
    ]


def legend(timeline: Timeline) -> list[str]:
    """What the table's times count from, and the tokens by modality."""
    lines = [
        "Received and played: from the end of the user's turn, as the server reports it (after the "
        "silence it waits for), to the first sound of the answer."
    ]
    return [*lines, tokens_by_modality(timeline.cost.tokens)] if timeline.cost.tokens else lines


def tokens_by_modality(tokens: Tokens) -> str:
    """Such as ``Tokens: text 120 in (64 cached), 30 out; audio 80 in, 80 out.``"""
    parts = []
    for kind, name in (("text", "text"), ("audio", "audio"), ("image", "images"), ("unsplit", "not split")):
        spent, made, cached = (getattr(tokens, f"{kind}_{way}", 0) for way in ("in", "out", "cached"))
        if spent or made:
            parts.append(f"{name} {spent} in{f' ({cached} cached)' if cached else ''}, {made} out")
    return f"Tokens: {'; '.join(parts)}."


def ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f} ms"


def usd(value: float | None) -> str:
    return "unknown" if value is None else f"${value:.4f}"


# -- items ----------------------------------------------------------------------------------------


def items(timeline: Timeline) -> list[dict[str, Any]]:
    """Items that seed a new session with what was said: text and finished tool calls.

    Assistant audio cannot be given back to the API (protocol reference: reconnecting), so only its
    text is; of an interrupted answer only what was heard.
    """
    return [item for block in timeline.blocks for item in _block_items(block)]


def _block_items(block: Block) -> Iterable[dict[str, Any]]:
    if isinstance(block, UserTurn) and block.text.strip():
        yield _message("user", "input_text", block.text)
    elif isinstance(block, AgentTurn) and block.shown_text.strip():
        yield _message("assistant", "output_text", block.shown_text)
    elif isinstance(block, ToolCard) and block.state in ("done", "failed"):
        call = {"name": block.name, "arguments": block.arguments or "{}", "call_id": block.call_id}
        yield {"type": "function_call", **call}
        yield {"type": "function_call_output", "call_id": block.call_id, "output": block.output}


def _message(role: str, kind: str, text: str) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


def items_json(timeline: Timeline) -> str:
    return json.dumps(items(timeline), ensure_ascii=False, indent=2) + "\n"
