"""The conversation as blocks in order: a fold of conversation events.

A user's transcript often comes after the answer has begun; it fills the place that was kept for it
above the answer.
"""

from __future__ import annotations

from realtime_cli.conversation import events as e
from realtime_cli.conversation.agent_turns import AgentTurns
from realtime_cli.conversation.block_order import BlockOrder
from realtime_cli.conversation.tool_cards import ToolCards
from realtime_cli.conversation.user_turns import UserTurns

# Whether there is a listener, so that text is shown as it is heard.
_LISTENED = (
    e.MicrophoneOpened,
    e.LevelsMeasured,
    e.SoundMeasured,
    e.AgentHeard,
    e.AgentSoundQueued,
)

ECHO_CUTS = 3
ECHO_MS = 2500.0  # an agent that is cut this early again and again probably hears itself


class Transcript:
    """``observe`` events; read ``order``, ``approvals`` and ``pictures_sent``."""

    def __init__(self) -> None:
        self.order = BlockOrder()
        self.approvals: dict[str, str] = {}  # call id of an open question -> its kind
        self.pictures_sent = 0
        self._early_cuts = 0
        self._lost_by = ""  # why there is no connection
        self._parts = (UserTurns(self.order), AgentTurns(self.order), ToolCards(self.order))

    def observe(self, event: e.ConversationEvent) -> None:
        self.order.at = event.at
        self.order.paced = self.order.paced or isinstance(event, _LISTENED)
        if isinstance(event, e.LevelsMeasured):  # ten of these a second: they only tell the time
            self.order.settle()
            return
        for part in self._parts:
            part.observe(event)
        match event:
            case e.NoticeIssued() if event.level != "debug":
                if not self._told_again(event):
                    self.order.notice(event.level, event.topic, event.text)
            case e.ConnectionRenewed():
                self._lost_by = ""
            case e.ToolWaiting():
                self._ask(event)
            case e.ToolAnswered():
                self.approvals.pop(event.call_id, None)
            case e.ImageShown(frame=True):
                self.pictures_sent += 1
            case e.AgentInterrupted():
                self._suspect_echo(event)
            case e.SessionEnded() if event.reason:
                self.order.notice("error", "session", f"{event.reason} {event.remedy}".strip())
        self.order.settle()

    def _told_again(self, notice: e.NoticeIssued) -> bool:
        """Whether it tells of one more try to connect, which fails for the same reason as the last one."""
        reason, again, _ = notice.text.partition("; try ")
        if notice.topic != "reconnect" or not again:
            return False
        before, self._lost_by = self._lost_by, reason
        if reason != before:
            return False
        for pending in self.order.pending:
            if pending.text.startswith(f"{reason}; try "):
                pending.text = notice.text
        return True

    def _ask(self, event: e.ToolWaiting) -> None:
        """The arguments are told in full: it is they that are decided on."""
        self.approvals[event.call_id] = event.question
        question = "May it run?" if event.question == "run" else "What is its result?"
        text = f"{event.name} {event.arguments} - {question}"
        self.order.notice("warning", "approval", text, at_once=True)

    def _suspect_echo(self, stopped: e.AgentInterrupted) -> None:
        early = stopped.cause == "server_vad" and all(part.heard_ms < ECHO_MS for part in stopped.parts)
        self._early_cuts = self._early_cuts + 1 if early else 0
        if self._early_cuts == ECHO_CUTS:
            self.order.notice(
                "warning",
                "echo",
                "The agent was interrupted three times as it began to speak: it may be hearing itself. "
                "Use headphones, or turn echo cancellation on.",
            )
