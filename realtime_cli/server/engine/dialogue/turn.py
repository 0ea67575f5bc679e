"""The conversation as the rules see it: what was said, what is shown, which tool results are new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from realtime_cli.server.engine.dialogue.normalise import normalise
from realtime_cli.server.engine.ports import WireObject
from realtime_cli.value import value


@value
class ToolOutcome:
    """What a called function gave back, as text."""

    name: str
    output: str


@value
class DialogueTurn:
    """Read from the items once for each reply."""

    said: str  # the user's last words as written or recognised
    normalised: str  # the same in the form that rules match
    images: tuple[str, ...]  # the image_url of those that nothing was said about yet, or else of all
    outcomes: tuple[ToolOutcome, ...]  # at the conversation's end: results that were not mentioned yet
    user_items: int
    assistant_items: int
    new_images: bool


def read_turn(items: Sequence[WireObject]) -> DialogueTurn:
    """The newest user message with words counts; a later one with a picture alone belongs to it."""
    users = [item for item in items if item.get("role") == "user"]
    waiting = [item for item in since_last_answer(items) if item.get("role") == "user"]
    said = next((text for item in reversed(waiting or users[-1:]) if (text := words_of(item))), "")
    new = [url for item in waiting for url in images_of(item)]
    return DialogueTurn(
        said=said,
        normalised=normalise(said),
        images=tuple(new or [url for item in users for url in images_of(item)]),
        outcomes=tuple(outcomes(items)),
        user_items=len(users),
        assistant_items=sum(item.get("role") == "assistant" for item in items),
        new_images=bool(new),
    )


def since_last_answer(items: Sequence[WireObject]) -> Sequence[WireObject]:
    answers = [at for at, item in enumerate(items) if item.get("role") == "assistant"]
    return items[answers[-1] + 1 :] if answers else items


def words_of(item: WireObject) -> str:
    """Text and transcripts of a message, in order."""
    parts = item.get("content") or ()
    return " ".join(filter(None, ((part.get("text") or part.get("transcript")) for part in parts))).strip()


def images_of(item: WireObject) -> list[str]:
    parts = item.get("content") or ()
    return [str(part.get("image_url") or "") for part in parts if part.get("type") == "input_image"]


def outcomes(items: Sequence[WireObject]) -> list[ToolOutcome]:
    """Results since the last message of anybody, oldest first, with the names of their calls."""
    names = {item.get("call_id"): item.get("name") for item in items if item.get("type") == "function_call"}
    found: list[ToolOutcome] = []
    for item in reversed(items):
        if item.get("type") == "message":
            break
        if item.get("type") == "function_call_output":
            name = str(names.get(item.get("call_id")) or "the tool")
            found.append(ToolOutcome(name, str(item.get("output") or "")))
        elif item.get("type") == "mcp_call" and (item.get("output") is not None or item.get("error")):
            error = item.get("error")
            message = error.get("message") if isinstance(error, Mapping) else error
            output = f"Error: {message}" if error else str(item["output"])
            found.append(ToolOutcome(str(item.get("name")), output))
    return found[::-1]
