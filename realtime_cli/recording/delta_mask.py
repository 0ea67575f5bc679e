"""Masks the secrets that a server sends piece by piece, in the deltas of one text."""

from __future__ import annotations

import json
from typing import Any

from realtime_cli.recording.known_secrets import KnownSecrets, PiecewiseMask
from realtime_cli.untrusted_json import NotJson, parse_json

FREE_LETTERS = 3  # of a secret: many a word begins with these, and would be cut in two
MAX_TEXTS = 256  # that grow at the same time
_SOUND = '"delta":{"$audio"'
_OF_ONE_DELTA = ("delta", "event_id", "obfuscation", "logprobs", "start_ms", "end_ms")


class DeltaMask:
    """``frame(raw)`` returns a server's frame, its delta without what belongs to a secret.

    A delta whose end may be the beginning of a secret lacks it; the next delta of this text begins with it.
    If none comes, it is lost: the event that ends a text has all of it.
    """

    def __init__(self, known: KnownSecrets) -> None:
        self._known = known
        self._texts: dict[str, PiecewiseMask] = {}

    def frame(self, raw: str) -> str:
        if not self._known or '"delta"' not in raw or _SOUND in raw:
            return raw
        try:
            event = parse_json(raw)
        except NotJson:
            return raw
        if not isinstance(event, dict):
            return raw
        inner = (each for each in event.values() if isinstance(each, dict))  # Live: events of its backend
        changed = [self._masked(each) for each in (event, *inner)]
        return json.dumps(event, ensure_ascii=False) if any(changed) else raw

    def _masked(self, event: dict[str, Any]) -> bool:
        """Mask the event's delta in place; whether that changed it."""
        delta = event.get("delta")
        if not isinstance(delta, str):
            return False
        shown = self._text_of(event).take(delta)
        if shown == delta:
            return False
        event["delta"] = shown
        if event.get("logprobs"):
            event["logprobs"] = []
        return True

    def _text_of(self, event: dict[str, Any]) -> PiecewiseMask:
        """The text that the delta continues: the one whose events are alike in all else."""
        about = {name: each for name, each in event.items() if name not in _OF_ONE_DELTA}
        key = json.dumps(about, sort_keys=True, default=str)
        text = self._texts.pop(key, None) or self._known.in_pieces(FREE_LETTERS)
        self._texts[key] = text  # last, as the one that grew last
        if len(self._texts) > MAX_TEXTS:
            del self._texts[next(iter(self._texts))]
        return text
