"""Items as on the wire, and a reply collected: what the tests of both kinds of reply share."""

from __future__ import annotations

from typing import Any

from realtime_cli.server.engine.ports import EngineCall, EngineReply, EngineText, ReplyRequest

Item = dict[str, Any]


def user(text: str = "", *images: str) -> Item:
    words = [{"type": "input_text", "text": text}] if text else []
    pictures = [{"type": "input_image", "image_url": image} for image in images]
    return {"type": "message", "role": "user", "content": words + pictures}


def spoken(transcript: str | None) -> Item:
    return {"type": "message", "role": "user", "content": [{"type": "input_audio", "transcript": transcript}]}


def assistant(transcript: str) -> Item:
    parts = [{"type": "output_audio", "transcript": transcript}]
    return {"type": "message", "role": "assistant", "content": parts}


def called(name: str, call_id: str = "call_1", arguments: str = "{}") -> Item:
    return {"type": "function_call", "name": name, "call_id": call_id, "arguments": arguments}


def gave(output: str, call_id: str = "call_1") -> Item:
    return {"type": "function_call_output", "call_id": call_id, "output": output}


def function(name: str, description: str = "", required: tuple[str, ...] = (), **properties: Any) -> Item:
    schema = {"type": "object", "properties": properties, "required": list(required)}
    return {"type": "function", "name": name, "description": description, "parameters": schema}


async def pieces(reply: EngineReply, *items: Item, **settings: Any) -> list[EngineText | EngineCall]:
    return [piece async for piece in reply.reply(ReplyRequest(items=items, **settings))]


async def answer(reply: EngineReply, *items: Item, **settings: Any) -> str:
    """What is said, in one string."""
    found = await pieces(reply, *items, **settings)
    assert all(isinstance(piece, EngineText) for piece in found), found
    return " ".join(piece.text for piece in found if isinstance(piece, EngineText))
