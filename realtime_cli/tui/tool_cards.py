"""Tool calls as cards: begun by the server or by us, finished by an output, told twice if they take long."""

from __future__ import annotations

from typing import Any

from realtime_cli.client import effects, inputs
from realtime_cli.tui.block_order import BlockOrder
from realtime_cli.tui.blocks import ToolCard, ToolState
from realtime_cli.tui.wire_facts import error_text


class ToolCards:
    """The cards by call id, in the order of the conversation."""

    def __init__(self, order: BlockOrder) -> None:
        self._order = order
        self._cards: dict[str, ToolCard] = {}

    def item(self, item: Any) -> None:
        """A ``function_call`` or ``mcp_call`` item, whole or just begun."""
        mcp = item.type == "mcp_call"
        name = f"{item.server_label}.{item.name}" if mcp else item.name or ""
        card = self._card((item.id if mcp else item.call_id) or "", name)
        if item.arguments and not card.final:
            card.arguments = item.arguments

    def arguments(self, event: Any) -> None:
        card = self._card(event.call_id or "", event.name or "")
        card.arguments = event.arguments or card.arguments

    def called(self, call: effects.CallTool) -> None:
        card = self._card(call.call_id, call.name)
        card.at, card.arguments = self._order.at, call.arguments

    def started(self, started: inputs.ToolStarted) -> None:
        """The waiting for a permission is over: the call itself begins."""
        card = self._cards.get(started.call_id)
        if card and card.state == "running":
            card.at = self._order.at

    def progressed(self, progress: inputs.ToolProgress) -> None:
        card = self._cards.get(progress.call_id)
        if card:
            card.progress = progress.text

    def finished(self, finished: inputs.ToolFinished) -> None:
        state: ToolState = "failed" if finished.failed else "done"
        self._finish(finished.call_id, finished.output, state, finished.seconds)

    def output_sent(self, call_id: str, output: str) -> None:
        """In a log of another tool the output on the wire is all that tells of the end."""
        card = self._cards.get(call_id)
        if card:
            self._finish(call_id, output, "done", self._order.at - card.at)

    def mcp_done(self, item: Any) -> None:
        card = self._cards.get(item.id or "")
        if card and (item.error is not None or item.output is not None):
            failed = item.error is not None
            text = error_text(item.error) if failed else item.output or ""
            self._finish(card.call_id, text, "failed" if failed else "done", self._order.at - card.at)

    def cancelled(self, cancel: effects.CancelTool) -> None:
        self._finish(cancel.call_id, "", "cancelled", None)

    def _card(self, call_id: str, name: str) -> ToolCard:
        card = self._cards.get(call_id)
        if card is None:
            card = self._cards[call_id] = ToolCard(self._order.at, call_id, name)
            self._order.append(card)
        card.name = card.name or name
        return card

    def _finish(self, call_id: str, output: str, state: ToolState, seconds: float | None) -> None:
        card = self._cards.get(call_id)
        if card is None or card.state != "running":
            return
        if card.left_running:
            shown, card = card, ToolCard(card.at, call_id, card.name)
            self._cards[call_id] = card
            shown.state = "running"  # it stands in the scrollback as that
            self._order.append(card)
        card.output, card.state, card.seconds, card.final = output, state, seconds, True
