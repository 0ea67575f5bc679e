"""The eleven events that a client sends."""

from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from realtime_cli.protocol.objects import Item, ResponseParams
from realtime_cli.protocol.rules import Rule, TypedObject
from realtime_cli.protocol.session import Session

APPEND_BYTES = 15 * 1024 * 1024  # most that one append may hold
EVENT_ID_CHARS = 512


class ClientEventBase(TypedObject):
    """``event_id`` is free text; it serves only to match errors, never to make an event idempotent."""

    type: str
    event_id: Annotated[str | None, Rule(max_length=EVENT_ID_CHARS)] = None


class SessionUpdate(ClientEventBase):
    """Merge settings into the session; one unknown key makes the server refuse all of it."""

    type: Literal["session.update"] = "session.update"
    session: Session


class SoundAppend:
    """The user's sound, base64: what a stalled line may lose, and what recordings keep beside their lines."""

    type: str
    event_id: str | None
    audio: str


class InputAudioBufferAppend(ClientEventBase, SoundAppend):
    """Base64 sound in the input format; never answered."""

    type: Literal["input_audio_buffer.append"] = "input_audio_buffer.append"
    audio: str = Field(repr=False)


class InputAudioBufferCommit(ClientEventBase):
    """Make the buffer a user item. Needs 100 ms of sound; starts no response."""

    type: Literal["input_audio_buffer.commit"] = "input_audio_buffer.commit"


class InputAudioBufferClear(ClientEventBase):
    type: Literal["input_audio_buffer.clear"] = "input_audio_buffer.clear"


class ConversationItemCreate(ClientEventBase):
    """Insert an item: at the end, first (``root``), or behind the item that is named."""

    type: Literal["conversation.item.create"] = "conversation.item.create"
    item: Item
    previous_item_id: Annotated[str | None, Rule(nullable=True)] = None


class ConversationItemRetrieve(ClientEventBase):
    type: Literal["conversation.item.retrieve"] = "conversation.item.retrieve"
    item_id: str


class ConversationItemTruncate(ClientEventBase):
    """Cut assistant sound behind ``audio_end_ms``, counted from the start of that item's own sound."""

    type: Literal["conversation.item.truncate"] = "conversation.item.truncate"
    item_id: str
    content_index: Annotated[int, Rule(ge=0)] = 0
    audio_end_ms: Annotated[int, Rule(ge=0)]

    def model_post_init(self, context: Any, /) -> None:
        self.__pydantic_fields_set__.update(("type", "content_index"))


class ConversationItemDelete(ClientEventBase):
    type: Literal["conversation.item.delete"] = "conversation.item.delete"
    item_id: str


class ResponseCreate(ClientEventBase):
    """Start inference; ``response`` overrides the session for this once."""

    type: Literal["response.create"] = "response.create"
    response: ResponseParams | None = None


class ResponseCancel(ClientEventBase):
    """Stop the response that is named, else the active one of the default conversation."""

    type: Literal["response.cancel"] = "response.cancel"
    response_id: str | None = None


class OutputAudioBufferClear(ClientEventBase):
    """WebRTC and SIP only."""

    type: Literal["output_audio_buffer.clear"] = "output_audio_buffer.clear"


class UnknownClientEvent(ClientEventBase):
    """An event that is not in the reference, or that has another shape than the reference says."""


ClientEvent = (
    SessionUpdate
    | InputAudioBufferAppend
    | InputAudioBufferCommit
    | InputAudioBufferClear
    | ConversationItemCreate
    | ConversationItemRetrieve
    | ConversationItemTruncate
    | ConversationItemDelete
    | ResponseCreate
    | ResponseCancel
    | OutputAudioBufferClear
    | UnknownClientEvent
)

CLIENT_EVENTS: dict[str, type[ClientEventBase]] = {
    event.model_fields["type"].default: event
    for event in get_args(ClientEvent)
    if event is not UnknownClientEvent
}
