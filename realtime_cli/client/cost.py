"""Tokens by modality, and what they cost by a dated table. What is not known is None, never 0."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from importlib import resources
from typing import Any

from realtime_cli.client.bounded_dict import BoundedDict
from realtime_cli.client.effects import Send
from realtime_cli.client.entry import Entry
from realtime_cli.client.inputs import Connected, Disconnected, Received
from realtime_cli.config.providers import family
from realtime_cli.protocol import server_events as s
from realtime_cli.protocol.client_events import ConversationItemCreate
from realtime_cli.protocol.objects import InputText, Message
from realtime_cli.value import value

MILLION = 1_000_000


@value
class Tokens:
    """Counts of one or more responses. Cached tokens are part of the input counts, as on the wire.

    ``unsplit``: tokens of which the server did not say the modality.
    """

    text_in: int = 0
    text_cached: int = 0
    audio_in: int = 0
    audio_cached: int = 0
    image_in: int = 0
    image_cached: int = 0
    text_out: int = 0
    audio_out: int = 0
    unsplit_in: int = 0
    unsplit_out: int = 0

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Tokens)))

    def __bool__(self) -> bool:
        return any(getattr(self, f.name) for f in fields(self))

    @property
    def input(self) -> int:
        return self.text_in + self.audio_in + self.image_in + self.unsplit_in

    @property
    def cached(self) -> int:
        return self.text_cached + self.audio_cached + self.image_cached

    @property
    def output(self) -> int:
        return self.text_out + self.audio_out + self.unsplit_out

    @classmethod
    def of(cls, usage: Any) -> Tokens:
        """The counts of a ``response.done``'s ``usage`` (an object, or None)."""
        if usage is None:
            return cls()
        spent = _counts(getattr(usage, "input_token_details", None))
        made = _counts(getattr(usage, "output_token_details", None))
        cached = _cached(getattr(usage, "input_token_details", None), spent)
        known_in, known_out = sum(spent.values()), sum(made.values())
        return cls(
            text_in=spent["text"],
            text_cached=cached["text"],
            audio_in=spent["audio"],
            audio_cached=cached["audio"],
            image_in=spent["image"],
            image_cached=cached["image"],
            text_out=made["text"],
            audio_out=made["audio"],
            unsplit_in=max(0, (getattr(usage, "input_tokens", None) or 0) - known_in),
            unsplit_out=max(0, (getattr(usage, "output_tokens", None) or 0) - known_out),
        )


def _counts(details: Any) -> dict[str, int]:
    return {kind: getattr(details, f"{kind}_tokens", None) or 0 for kind in ("text", "audio", "image")}


def _cached(details: Any, spent: dict[str, int]) -> dict[str, int]:
    """Cached tokens by modality; without details they are counted to text first, then to sound."""
    split = _counts(getattr(details, "cached_tokens_details", None))
    rest = (getattr(details, "cached_tokens", None) or 0) - sum(split.values())
    for kind in ("text", "audio", "image"):
        more = min(max(0, rest), max(0, spent[kind] - split[kind]))
        split[kind] = min(spent[kind], split[kind] + more)
        rest -= more
    return split


@value
class Prices:
    """USD per million tokens by model and modality; those that transcribe may be paid by the minute."""

    as_of: str
    models: Mapping[str, Mapping[str, Any]]
    transcription: Mapping[str, Mapping[str, Any]]

    def of(self, model: str | None) -> Mapping[str, Any] | None:
        """The price of a model; one with a date in its name has its family's."""
        name = model or ""
        return self.models.get(name) or self.models.get(family(name))

    def by_the_minute(self, model: str | None) -> bool:
        """Whether the session itself is paid, and not its tokens."""
        return "per_session_minute" in (self.of(model) or {})

    def covers(self, model: str | None, transcriber: str | None) -> bool:
        """Whether the cost of such a session is known; ``transcriber`` None: nothing is transcribed."""
        if self.by_the_minute(model):
            return True
        return self.of(model) is not None and (
            transcriber is None or self.of_transcriber(transcriber) is not None
        )

    def of_transcriber(self, name: str | None) -> Mapping[str, Any] | None:
        """The price of a model that transcribes; the agent file has all of its prices in one table."""
        own = self.transcription.get(name or "") or self.transcription.get(family(name or ""))
        return own or self.of(name)

    def usd(self, model: str | None, tokens: Tokens) -> float | None:
        """What the tokens cost; None when the model, or a modality that was used, has no price here."""
        price = self.of(model)
        if self.by_the_minute(model):
            return 0.0
        if price is None or tokens.unsplit_in or tokens.unsplit_out:
            return None
        total = 0.0
        for kind in ("text", "audio", "image"):
            part = _usd(
                price.get(kind), *(getattr(tokens, f"{kind}_{way}", 0) for way in ("in", "cached", "out"))
            )
            if part is None:
                return None
            total += part
        return total

    def fees_usd(self, model: str | None, connected_s: float, text_items: int) -> float:
        """What a session costs beside its tokens: by the minute, and by the typed message."""
        price = self.of(model) or {}
        minutes = connected_s / 60
        return float(
            price.get("per_session_minute", 0.0) * minutes + price.get("per_text_item", 0.0) * text_items
        )

    def transcription_usd(self, transcriber: str | None, usage: Any, model: str | None) -> float | None:
        """What a transcription cost by its ``usage``, in seconds or in tokens; None when there is no price.

        A session (of ``model``) that is paid by the minute has it in its price.
        """
        price = self.of_transcriber(transcriber) or {}
        per_minute = price.get("per_minute", price.get("per_session_minute"))
        seconds = getattr(usage, "seconds", None)
        if per_minute is not None and seconds is not None:
            return float(per_minute * seconds / 60)
        tokens = Tokens.of(usage)
        heard = _usd(price.get("audio"), tokens.audio_in + tokens.unsplit_in, 0, 0)
        read = _usd(price.get("text"), tokens.text_in, 0, tokens.text_out + tokens.unsplit_out)
        if tokens and heard is not None and read is not None:
            return heard + read
        return 0.0 if self.by_the_minute(model) else None


def _usd(price: Mapping[str, float] | None, spent: int, cached: int, made: int) -> float | None:
    counts = {"input": spent - cached, "cached": cached, "output": made}
    used = {name: count for name, count in counts.items() if count}
    if not used:
        return 0.0
    if price is None or any(name not in price for name in used):
        return None
    return sum(price[name] * count for name, count in used.items()) / MILLION


def load_prices(overrides: Mapping[str, Any] | None = None) -> Prices:
    """The package's table, with whole models replaced or added by ``overrides``.

    ``overrides`` has the shape of the table's ``models``. ``{"transcription": {…}}`` in it changes those;
    ``{"builtin": False}`` leaves the package's models out, for a server whose models only have the same
    names.
    """
    table = _table()
    changed = dict(overrides or {})
    builtin = changed.pop("builtin", True)
    spoken = {**(table["transcription"] if builtin else {}), **changed.pop("transcription", {})}
    return Prices(str(table["as_of"]), {**(table["models"] if builtin else {}), **changed}, spoken)


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    return tomllib.loads(resources.files("realtime_cli.client").joinpath("prices.toml").read_text("utf-8"))


@dataclass(slots=True)
class FeeMeter:
    """Folds entries into what fees are charged for."""

    connected_s: float = 0.0
    text_items: int = 0
    _connected_at: float | None = None

    def observe(self, entry: Entry) -> None:
        if self._connected_at is not None:
            self.connected_s += max(0.0, entry.at - self._connected_at)
            self._connected_at = entry.at
        match entry.value:
            case Received(event=s.SessionCreated() | s.SessionUpdated()):
                self._connected_at = entry.at
            case Disconnected():
                self._connected_at = None
            case Send(event=ConversationItemCreate(item=Message(content=parts))):
                self.text_items += any(isinstance(part, InputText) for part in parts or ())


@dataclass(slots=True)
class CostFold:
    """Folds entries into tokens and cost. ``model`` is learnt from the session when it is not given."""

    prices: Prices
    model: str | None = None
    tokens: Tokens = field(default_factory=Tokens)
    _usd: float = 0.0
    _unpriced: set[str] = field(default_factory=set)
    _transcriber: str | None = None
    _counted: BoundedDict[str, None] = field(default_factory=BoundedDict)
    _transcribed_usd: BoundedDict[tuple[str, int], float] = field(default_factory=BoundedDict)
    _fees: FeeMeter = field(default_factory=FeeMeter)

    @property
    def total_usd(self) -> float | None:
        """All that was spent; None as soon as a part of it is unknown (``known_usd`` is the rest)."""
        return None if self.unpriced else self.known_usd

    @property
    def known_usd(self) -> float:
        """What was spent at least: all that has a known price."""
        fees = self.prices.fees_usd(self.model, self._fees.connected_s, self._fees.text_items)
        return self._usd + fees

    @property
    def unpriced(self) -> list[str]:
        """The models without a known price for something that they did."""
        without = {self.model or "this model"} if self.prices.of(self.model) is None else set()
        return sorted(without | self._unpriced)

    def observe(self, entry: Entry) -> None:
        self._fees.observe(entry)
        match entry.value:
            case Received(event=event):
                self._received(event)
            case Connected():
                self._connected()

    def _received(self, event: Any) -> None:
        match event:
            case s.SessionCreated() | s.SessionUpdated():
                self._settings(event.session)
            case s.ResponseDone() if event.response is not None:
                self._response(event.response)
            case s.ConversationItemInputAudioTranscriptionCompleted() if event.usage is not None:
                self._transcription(event)

    def _settings(self, session: Any) -> None:
        self.model = self.model or getattr(session, "model", None)
        audio = getattr(session, "audio", None)
        transcription = getattr(getattr(audio, "input", None), "transcription", None)
        self._transcriber = getattr(transcription, "model", None) or self._transcriber

    def _response(self, response: Any) -> None:
        if response.id in self._counted:
            return
        if response.id:
            self._counted[response.id] = None
        tokens = Tokens.of(response.usage)
        self.tokens += tokens
        if tokens:
            self._spend(self.prices.usd(self.model, tokens), self.model)

    def _transcription(self, event: s.ConversationItemInputAudioTranscriptionCompleted) -> None:
        """Some servers tell a growing transcript again and again: the last one is what is paid."""
        usd = self.prices.transcription_usd(self._transcriber, event.usage, self.model)
        part = (event.item_id or "", event.content_index or 0)
        if usd is not None and part[0]:
            self._usd -= self._transcribed_usd.get(part, 0.0)
            self._transcribed_usd[part] = usd
        self._spend(usd, self._transcriber)

    def _connected(self) -> None:
        """Servers may use the same ids again on each socket."""
        self._counted.clear()
        self._transcribed_usd.clear()

    def _spend(self, usd: float | None, model: str | None) -> None:
        if usd is None:
            self._unpriced.add(model or "this model")
        else:
            self._usd += usd
