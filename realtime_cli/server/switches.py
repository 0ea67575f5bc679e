"""Ways in which the local server can be made to behave like odder servers, for tests of clients."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quirks:
    """All off: the server behaves as the reference does."""

    beta_names: bool = False
    """Write events, content and session in the words of the protocol's beta."""
    output_item_done_first: bool = False
    """``response.output_item.done`` before ``conversation.item.done``, as many compatible servers have it."""
    no_event_ids: bool = False
    """Leave ``event_id`` out."""
    unknown_events: bool = False
    """An event that no reference knows behind every ``session.*`` and ``response.created``."""
    text_status_details: bool = False
    """``status_details`` as a plain string."""
    two_messages: bool = False
    """The first sentence of an answer is an item of its own (``phase`` commentary)."""
    drop_after_events: int | None = None
    """Cut the socket without a word after so many events."""
    close_after_events: int | None = None
    """Close after so many events with ``close_code``."""
    close_code: int = 1001
    """1001: as if the session had expired; 4000: as after a fatal request error."""
    refuse_model: bool = False
    """Answer the opening with ``invalid_model`` and close 4000."""
    session_limit_s: float = 3600.0
    """Length of a session."""
    fail_transcription: bool = False
    """Every transcription event is ``failed``."""
    transcription_delay_s: float = 0.0
    """Transcription events come this much later, maybe behind ``response.done``."""
