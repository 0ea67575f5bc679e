"""What the fuzzers begin with: files that are right, and every input that once showed a fault."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOUND = Path(__file__).parent / "corpus"
MAX_RECORDING_LINES = 45
OPENING_LINES = 2
PIECE_LINES = 8
PIPECAT = b"""p
scenarios:
  - name: a
    judge: {llm: {provider: openai, model: m}}
    turns:
      - user: hi
        expect: [{event: response, text_contains: a, eval: is kind, within_ms: 900}]
"""


def found(target: str) -> list[Path]:
    """Inputs that once showed a fault."""
    return sorted((FOUND / target).glob("*"))


def beginnings(target: str) -> Iterator[bytes]:
    """Small inputs that are right, made of the files that the project has anyway."""
    match target:
        case "recording":
            for path in sorted((ROOT / "tests/data/recordings").glob("*.jsonl")):
                yield b"\n".join(path.read_bytes().split(b"\n")[:MAX_RECORDING_LINES])
        case "agent":
            yield from (path.read_bytes() for path in sorted((ROOT / "configs").glob("*.toml")))
        case "script":
            yield PIPECAT
            yield from (
                b"t" + path.read_bytes() for path in sorted((ROOT / "configs/scripts").glob("*.toml"))
            )
        case "wire":
            yield from _talks()


def _talks() -> Iterator[bytes]:
    """Both sides of each recording in short pieces, without their sound: short ones are tried often."""
    for path in sorted((ROOT / "tests/data/recordings").glob("*.jsonl")):
        sides: dict[str, list[str]] = {"received": [], "sent": []}
        for line in path.read_text(encoding="utf-8").splitlines()[1:]:
            entry = json.loads(line)
            if (wire := entry.get("wire")) and entry["kind"] in sides:
                short = {key: value for key, value in wire.items() if key not in ("audio", "event_id")}
                sides[entry["kind"]].append(json.dumps(short))
        for piece in _pieces(sides["received"]):
            yield "\n".join(["g", *piece, "@", "@progress"]).encode()
        for piece in _pieces(sides["sent"]):
            yield "\n".join(["s", *piece]).encode()


def _pieces(lines: list[str]) -> Iterator[list[str]]:
    """Of both sides: the opening events stand before each piece, without them little happens."""
    opening, rest = lines[:OPENING_LINES], lines[OPENING_LINES:MAX_RECORDING_LINES]
    for begin in range(0, max(1, len(rest)), PIECE_LINES):
        yield [*opening, *rest[begin : begin + PIECE_LINES]]
