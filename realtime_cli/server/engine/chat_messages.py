"""A realtime conversation as the messages of a chat completion request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from realtime_cli.server.engine.ports import WireObject

Message = dict[str, Any]


def chat_messages(items: Sequence[WireObject], instructions: str, sees: bool) -> list[Message]:
    """Oldest first, instructions in front. Pictures become a remark where the model does not see.

    Calls without an output are left out, and so are outputs without a call: endpoints refuse both.
    """
    messages: list[Message] = [{"role": "system", "content": instructions}] if instructions else []
    answered = {item.get("call_id") for item in items if item.get("type") == "function_call_output"}
    called: set[Any] = set()
    for item in items:
        match item.get("type", "message"):
            case "message":
                messages += _message(item, sees)
            case "function_call" if item.get("call_id") in answered:
                called.add(item.get("call_id"))
                _add_call(messages, item, str(item.get("call_id")))
            case "function_call_output" if item.get("call_id") in called:
                messages.append(_output(str(item.get("call_id")), item.get("output")))
            case "mcp_call" if item.get("output") is not None or item.get("error"):
                _add_call(messages, item, str(item.get("id")))
                messages.append(_output(str(item.get("id")), item.get("output") or item.get("error")))
    return messages


def chat_tools(tools: Sequence[WireObject]) -> list[Message]:
    """The realtime form is flat, the chat form has the function inside."""
    return [
        {
            "type": "function",
            "function": {
                key: tool[key] for key in ("name", "description", "parameters") if tool.get(key) is not None
            },
        }
        for tool in tools
        if tool.get("type", "function") == "function" and tool.get("name")
    ]


def chat_tool_choice(choice: str | WireObject) -> str | Message:
    if isinstance(choice, Mapping):
        return {"type": "function", "function": {"name": choice.get("name")}}
    return choice


def _message(item: WireObject, sees: bool) -> list[Message]:
    """No message at all for one without words and pictures, such as an unheard answer."""
    role = str(item.get("role") or "user")
    parts = [seen for part in item.get("content") or () if (seen := _part(part, sees))]
    if not parts:
        return []
    if all(part["type"] == "text" for part in parts):
        return [{"role": role, "content": " ".join(part["text"] for part in parts)}]
    return [{"role": role, "content": parts}]


def _part(part: WireObject, sees: bool) -> Message | None:
    if part.get("type") == "input_image":
        if not sees:
            return {"type": "text", "text": "(The user shows a picture that you cannot see.)"}
        image = {"url": part.get("image_url"), "detail": part.get("detail") or "auto"}
        return {"type": "image_url", "image_url": image}
    words = part.get("text") or part.get("transcript")
    return {"type": "text", "text": words} if words else None


def _add_call(messages: list[Message], item: WireObject, call_id: str) -> None:
    """Calls that follow each other belong to one assistant message."""
    call = {
        "id": call_id,
        "type": "function",
        "function": {"name": item.get("name"), "arguments": item.get("arguments") or "{}"},
    }
    if messages and messages[-1].get("tool_calls"):
        messages[-1]["tool_calls"].append(call)
    else:
        messages.append({"role": "assistant", "content": None, "tool_calls": [call]})


def _output(call_id: str, output: object) -> Message:
    return {
        "role": "tool",
        "tool_call_id": call_id,
        "content": output if isinstance(output, str) else str(output),
    }
