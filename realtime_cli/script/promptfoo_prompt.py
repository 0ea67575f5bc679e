"""promptfoo's prompts and templates: what the user says in one test."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from realtime_cli.untrusted_json import NotJson, parse_json

Tree = dict[str, Any]
Vars = Mapping[str, Any]

_SLOT = re.compile(r"\{\{-?\s*([A-Za-z_][\w.]*)\s*-?\}\}")
_EARLIER = re.compile(r"\{%-?\s*for\s+\w+\s+in\s+_conversation\s*-?%\}.*?\{%-?\s*endfor\s*-?%\}", re.DOTALL)
_LEFT = re.compile(r"\{[{%#]")
MAX_NESTED = 3  # a variable may name another


class NotFilled(ValueError):
    """Something that only promptfoo itself can fill in: a template, a program."""


def filled(text: str, values: Vars) -> str:
    """``{{NAME}}`` and ``{{NAME.KEY}}`` replaced; one that nobody knows is empty, as there.

    Raises NotFilled for filters, blocks and comments.
    """
    for _ in range(MAX_NESTED):
        if not _SLOT.search(text):
            break
        text = _SLOT.sub(lambda found: _text(_value(found[1], values)), text)
    if found := _LEFT.search(text):
        raise NotFilled(" ".join(text[found.start() :].split())[:60])
    return text


def filled_tree(tree: Any, values: Vars) -> Any:
    """The same for all texts in a tree."""
    if isinstance(tree, str):
        return filled(tree, values)
    if isinstance(tree, list):
        return [filled_tree(each, values) for each in tree]
    if isinstance(tree, dict):
        return {key: filled_tree(each, values) for key, each in tree.items()}
    return tree


def _value(name: str, values: Vars) -> Any:
    found: Any = values
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def turn_of(prompt: Any, values: Vars, file_of: Callable[[str], str], left: list[str]) -> Tree | None:
    """What the user does. ``prompt``: text, or messages of which the last one of the user counts, as there.

    What cannot be taken over is added to ``left``. None where nothing remains. Raises NotFilled.
    """
    if isinstance(prompt, str):
        prompt = _EARLIER.sub("", prompt)  # what was said before is said before: the turns of one session
        prompt = _messages_in(prompt)
    if isinstance(prompt, dict):
        prompt = prompt.get("prompt", prompt)
    if isinstance(prompt, str):
        return {"user": filled(prompt, values)}
    said = [each for each in prompt if isinstance(each, dict) and each.get("role") == "user"]
    if not said:
        left.append("a prompt without a message of the user")
        return None
    if len(prompt) > 1:
        left.append("messages before the last one of the user, which promptfoo does not send either")
    content = said[-1].get("content", "")
    blocks = content if isinstance(content, list) else [{"type": "text", "text": str(content)}]
    made = Tree()
    for key, value in _parts(blocks, values, file_of, left):
        made[key] = f"{made[key]}\n{value}" if key in made and key != "image" else value
    if "wav" in made:
        left += [f"{key} beside the sound of one message" for key in made if key != "wav"]
        return {"wav": made["wav"]}
    return made or None


def _messages_in(text: str) -> Any:
    """The messages where the text is JSON, also with the comma that a loop left behind; else the text."""
    if not text.lstrip().startswith(("[", "{")):
        return text
    for written in (text, re.sub(r",(\s*[\]}])", r"\1", text)):
        try:
            return parse_json(written)
        except NotJson:
            continue
    return text


def _parts(
    blocks: list[Any], values: Vars, file_of: Callable[[str], str], left: list[str]
) -> Iterator[tuple[str, Any]]:
    pictures: list[str] = []
    for block in blocks:
        kind = block.get("type") if isinstance(block, dict) else None
        if kind in ("text", "input_text"):
            yield "user", filled(str(block.get("text", "")), values)
        elif kind == "input_audio":
            sound = block.get("audio") or (block.get("input_audio") or {}).get("data") or ""
            named = filled(str(sound), values)
            if named.startswith("file://") and named.endswith(".wav"):
                yield "wav", file_of(named.removeprefix("file://"))
            else:
                left.append("input_audio that is not a WAV file (file://NAME.wav)")
        elif kind in ("input_image", "image_url"):
            shown = block.get("image_url") or ""
            named = filled(str(shown.get("url", "") if isinstance(shown, dict) else shown), values)
            here = file_of(named.removeprefix("file://")) if named.startswith("file://") else named
            if named.startswith(("file://", "data:")):
                pictures.append(here)
            else:
                left.append("an image by its address: write a file, or a data URI")
        else:
            left.append(f"{kind} in a message")
    if pictures:
        yield "image", pictures
