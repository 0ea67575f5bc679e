"""``[conversation]``: the history before the first word, and who speaks first."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from realtime_cli.config.section import Section, empty_list
from realtime_cli.config.session import JsonObject
from realtime_cli.protocol.objects import ItemType


class SeedMessage(Section):
    role: Literal["system", "user", "assistant"]
    """Who said it."""
    text: str
    """What was said."""

    def item(self) -> JsonObject:
        """The message as the API has it (protocol: assistants' text is ``output_text``)."""
        kind = "output_text" if self.role == "assistant" else "input_text"
        content = [{"type": kind, "text": self.text}]
        return {"type": "message", "role": self.role, "content": content}


class SeedItem(Section):
    """An item as the API has it; the server judges its content."""

    model_config = Section.model_config | {"extra": "allow"}

    type: ItemType
    """Kind of item."""

    def item(self) -> JsonObject:
        """The item, unchanged."""
        return self.model_dump(mode="json", exclude_unset=True)


def seed_kind(value: Any) -> str:
    """An item names its type; a short message does not."""
    raw = "type" in value if isinstance(value, dict) else isinstance(value, SeedItem)
    return "item" if raw else "message"


Seed = Annotated[
    Annotated[SeedMessage, Tag("message")] | Annotated[SeedItem, Tag("item")], Discriminator(seed_kind)
]


class ConversationStart(Section):
    greet: bool = False
    """The agent opens the conversation; a greeting turns this on."""
    greeting: str | None = Field(default=None, min_length=1)
    """Instructions for the opening response only, such as: Say hello and ask for the order number."""
    items: list[Seed] = Field(default_factory=empty_list)
    """History to start with: {role, text}, or items as the API has them."""

    @property
    def greets(self) -> bool:
        """Whether the agent speaks first: with a greeting it does, unless ``greet = false``."""
        return self.greet or (self.greeting is not None and "greet" not in self.model_fields_set)

    def seed(self) -> tuple[JsonObject, ...]:
        """The history as items of the API, in order."""
        return tuple(entry.item() for entry in self.items)
