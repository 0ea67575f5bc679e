"""``[connection]``: which server, how to reach it, and with which credentials."""

import re
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from realtime_cli.config.header_value import Headers, HeaderText
from realtime_cli.config.section import NotEmpty, Section, empty_table, in_words
from realtime_cli.protocol.routes import LIVE_MODEL_PREFIX

ProviderName = Literal["openai", "azure", "xai", "local", "custom"]
AuthStyle = Literal["bearer", "api-key", "query", "none"]
ProtocolName = Literal["realtime", "live"]

ResourceName = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9-]+$", json_schema_extra=in_words("letters, digits and hyphens"))
]


def _checked_address(text: str) -> str:
    if not re.match(r"(ws|wss|http|https)://[^/]", text):
        raise PydanticCustomError("found", "it must start with ws:// or wss://")
    try:
        usable = urlsplit(text).hostname and urlsplit(text).port != 0
    except ValueError as error:
        port = "ort" in str(error)
        words = "a port is a number from 1 to 65535" if port else "it is not a valid address"
        raise PydanticCustomError("found", "{words}", {"words": words}) from None
    if not usable:
        raise PydanticCustomError("found", "it is not a valid address")
    return text


NO_LIVE = "xAI speaks Realtime only: it has no Live models."


class Connection(Section):
    provider: ProviderName | None = None
    """openai (default), azure, xai, local (the server in this program), or custom (default with base_url)."""
    protocol: ProtocolName | None = None
    """realtime or live (OpenAI's newer one); by default live for models named gpt-live-..., else realtime."""
    model: NotEmpty | None = None
    """Goes into the URL only; OpenAI: gpt-realtime-2.1 (1.5 costs less); Azure: the deployment."""
    base_url: Annotated[str, AfterValidator(_checked_address)] | None = Field(
        default=None, examples=["ws://127.0.0.1:8765/v1/realtime"]
    )
    """Another server. A bare host, or what ends in /v1, gets the rest of the path; its own query is kept."""
    resource: ResourceName | None = None
    """Azure: the resource's name, as in https://NAME.openai.azure.com."""
    api_key: SecretStr | None = None
    """Better: api_key_env. If you must, write ${NAME} here; a key in the file draws a warning."""
    api_key_env: str | None = None
    """The variable with the key: OPENAI_API_KEY, AZURE_OPENAI_API_KEY or XAI_API_KEY by provider."""
    auth: AuthStyle | None = None
    """How the key is sent: bearer, api-key (a header), query (?api-key=), none. By provider."""
    headers: Headers = Field(default_factory=empty_table)
    """More headers; write secrets as ${NAME}."""
    query: dict[str, str] = Field(default_factory=empty_table)
    """More of the URL's query."""
    organization: HeaderText | None = None
    """OpenAI-Organization."""
    project: HeaderText | None = None
    """OpenAI-Project."""
    safety_identifier: HeaderText | None = None
    """OpenAI-Safety-Identifier: a hash that stands for your user."""
    proxy: str | Literal[False] | None = None
    """http:// or socks5:// proxy, false for none; by default the environment's (https_proxy, all_proxy)."""
    ca_file: str | None = None
    """Certificates (PEM) to trust besides the system's."""
    connect_timeout_s: float = Field(default=10, gt=0)
    """For an open WebSocket."""
    first_event_timeout_s: float = Field(default=10, gt=0)
    """For the server's first event."""
    progress_timeout_s: float = Field(default=30, gt=0)
    """For a response that shows no progress."""
    close_timeout_s: float = Field(default=2, gt=0)
    """For the closing handshake."""
    ping_interval_s: float = Field(default=10, gt=0)
    """Between pings."""
    ping_timeout_s: float = Field(default=15, gt=0)
    """A server that does not answer a ping for this long counts as gone."""
    reconnect_tries: int = Field(default=5, ge=0)
    """How many times to reconnect after a lost connection."""
    reconnect_first_s: float = Field(default=0.5, gt=0)
    """Pause before the first try; doubles each time."""
    reconnect_longest_s: float = Field(default=8, gt=0)
    """Longest wait."""

    @model_validator(mode="after")
    def _has_live(self) -> Self:
        if self.provider == "xai" and self.effective_protocol == "live":
            raise ValueError(NO_LIVE.rstrip("."))
        return self

    @property
    def effective_provider(self) -> ProviderName:
        """The provider; ``custom`` when only ``base_url`` is given, so that no key goes to a stranger."""
        return self.provider or ("custom" if self.base_url else "openai")

    @property
    def effective_protocol(self) -> ProtocolName:
        """The protocol that is spoken: as written, else by the model's name."""
        return self.protocol or ("live" if (self.model or "").startswith(LIVE_MODEL_PREFIX) else "realtime")

    @property
    def embedded(self) -> bool:
        """Whether the server runs inside this process."""
        return self.effective_provider == "local" and self.base_url is None
