"""A chat endpoint that does what a Live agent hands over to this program, with all tools of the agent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from realtime_cli.app.local_server import engine_config
from realtime_cli.app.session_options import CHAT_DELEGATE
from realtime_cli.config.agent import DelegationConfig
from realtime_cli.notices import BackendCalled, BackendCallEnded, Noted, ToolNotice
from realtime_cli.ports import ToolsPort
from realtime_cli.server.engine.chat import Chat
from realtime_cli.server.engine.ports import EngineCall, EngineError, EngineText, ReplyRequest, WireObject
from realtime_cli.tools.result import ToolResult
from realtime_cli.tools.tool import LastWords, Progress, Rules, Tool, ToolFailed

MAX_WORK_S = 900.0  # all rounds together, with what the user is asked meanwhile
INSTRUCTIONS = (
    "You work for a voice agent, which says your answer aloud. Do what the user wants, with the functions if "
    "they help. Answer in the user's language, in one or two short sentences without markup."
)
UNREACHABLE = "That cannot be done right now."  # is said aloud; the user reads the reason
PARAMETERS = {
    "type": "object",
    "properties": {"task": {"type": "string"}, "transcript": {"type": "string"}},
    "required": ["task", "transcript"],
}


class ChatDelegate:
    """Asks, calls what the endpoint wants called, and asks again until there is an answer.

    ``tools`` and ``functions`` are what it may call. ``notify`` is told of each call, and why the
    endpoint cannot be asked.
    """

    def __init__(self, written: DelegationConfig, rounds: int) -> None:
        self._chat = Chat.from_config(engine_config(written))
        self._instructions = written.instructions or INSTRUCTIONS
        self._rounds = rounds
        self._calls = 0
        self.tools: ToolsPort | None = None
        self.functions: Sequence[WireObject] = ()
        self.notify: Callable[[ToolNotice], None] = lambda notice: None

    def tool(self) -> Tool:
        """As a tool that the session calls."""
        origin = f"chat endpoint {self._chat.endpoint.url}"
        return Tool(CHAT_DELEGATE, "", PARAMETERS, self, Rules(timeout_s=MAX_WORK_S), origin=origin)

    def is_(self, schema: WireObject) -> bool:
        return schema.get("name") == CHAT_DELEGATE

    async def run(self, arguments: dict[str, Any], progress: Progress) -> str:
        said, task = arguments["transcript"], arguments["task"]
        items = [_message(f"The conversation so far:\n{said}\n\nThe user wants: {task}")]
        hangs_up = False
        for _ in range(self._rounds + 1):
            words, calls = await self._asked(items)
            if not calls:
                return LastWords(words) if hangs_up else words
            ids = [self._id() for _ in calls]
            results = await asyncio.gather(*map(self._called, ids, calls))
            hangs_up |= any(result.hang_up for result in results)
            items += [_call(*made) for made in zip(ids, calls, strict=True)]
            items += [_output(*made) for made in zip(ids, results, strict=True)]
        text = f"Limit reached: more than limits.tool_rounds = {self._rounds} rounds of tool calls."
        self.notify(Noted(0.0, "warning", "delegation", text))
        raise ToolFailed(UNREACHABLE)

    async def _asked(self, items: Sequence[WireObject]) -> tuple[str, list[EngineCall]]:
        words, calls = [], []
        request = ReplyRequest(tuple(items), self._instructions, tuple(self.functions))
        try:
            async for piece in self._chat.reply(request):
                match piece:
                    case EngineText(text):
                        words.append(text.strip())
                    case EngineCall():
                        calls.append(piece)
        except EngineError as error:
            self.notify(Noted(0.0, "warning", "delegation", error.message))
            raise ToolFailed(UNREACHABLE) from error
        return " ".join(words), calls

    def _id(self) -> str:
        self._calls += 1
        return f"{CHAT_DELEGATE}_{self._calls}"

    async def _called(self, call_id: str, call: EngineCall) -> ToolResult:
        assert self.tools
        self.notify(BackendCalled(0.0, call_id, call.name, call.arguments))
        result = await self.tools.call(call_id, call.name, call.arguments)
        self.notify(BackendCallEnded(0.0, call_id, result.output, result.failed, result.seconds))
        return result


def _message(text: str) -> WireObject:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def _call(call_id: str, call: EngineCall) -> WireObject:
    return {"type": "function_call", "call_id": call_id, "name": call.name, "arguments": call.arguments}


def _output(call_id: str, result: ToolResult) -> WireObject:
    return {"type": "function_call_output", "call_id": call_id, "output": result.output}
