"""Answers from any OpenAI-compatible chat endpoint, streamed sentence by sentence.

The endpoint's answer is a server-sent event stream of ``chat.completion.chunk`` objects that ends with
``data: [DONE]``. Function calls come in pieces, matched by their ``index``.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from realtime_cli.config.header_value import sendable_key
from realtime_cli.errors import ConfigError
from realtime_cli.install_hint import install_extra, socks_over_http
from realtime_cli.server.engine.chat_messages import chat_messages, chat_tool_choice, chat_tools
from realtime_cli.server.engine.ports import DELEGATE, EngineCall, EngineError, EngineText, ReplyRequest
from realtime_cli.server.engine.sentence_stream import SentenceStream
from realtime_cli.untrusted_json import parse_json
from realtime_cli.wire.tls import trusted_over_http

if TYPE_CHECKING:
    from types import ModuleType

    import httpx2

    from realtime_cli.server.engine.config import EngineConfig

CONNECT_TIMEOUT_S = 5.0
EXCERPT_LENGTH = 200
MAX_ANSWER = 1_000_000  # characters of text and arguments in one answer; beyond it the stream is cut


@dataclass(frozen=True)
class ChatEndpoint:
    """Where to ask. The key is not shown in a repr."""

    url: str  # ends in /v1
    model: str
    key: str = field(default="", repr=False)
    timeout_s: float = 60.0  # to the first word, and between two
    sees: bool = False  # the model takes pictures


class Chat:
    """An ``EngineReply``: chat messages go out, the answer comes back as it is written."""

    def __init__(self, endpoint: ChatEndpoint) -> None:
        self.endpoint = endpoint
        self._http = _http_client()

    @classmethod
    def from_config(cls, config: EngineConfig) -> Chat:
        """Raises ConfigError without a model, or when the key's environment variable is not set."""
        if not config.chat_url or not config.chat_model:
            raise ConfigError("A chat endpoint needs chat_url and chat_model.", "Set both in [local].")
        key = os.environ.get(config.chat_key_env, "").strip() if config.chat_key_env else ""
        if config.chat_key_env and not key:
            raise ConfigError(
                f"The chat endpoint's key is not set: {config.chat_key_env} is empty.",
                f"Set it: export {config.chat_key_env}=...",
            )
        if key:
            sendable_key(key, f"in {config.chat_key_env}")
        return cls(
            ChatEndpoint(config.chat_url, config.chat_model, key, config.chat_timeout_s, config.chat_sees)
        )

    async def models(self) -> tuple[str, ...]:
        """The models that the endpoint lists; none where it keeps no list, or is too busy to show it.

        Raises EngineError when the endpoint cannot be reached or refuses the key.
        """
        timeout = self._http.Timeout(CONNECT_TIMEOUT_S)
        verify = await trusted_over_http()
        async with self._chat_errors(), self._http.AsyncClient(verify=verify, timeout=timeout) as client:
            try:
                response = await client.get(f"{self._url}/models", headers=self._headers)
            except self._http.ReadTimeout:
                return ()
            if response.status_code in (401, 403):
                raise self._refused(response.status_code, response.text)
        with suppress(ValueError, TypeError, LookupError):
            return tuple(str(model["id"]) for model in parse_json(response.content)["data"])
        return ()

    async def reply(self, request: ReplyRequest) -> AsyncIterator[EngineText | EngineCall]:
        """Each sentence as soon as it is complete; calls at the end. Raises EngineError in one sentence."""
        answer = ChatAnswer()
        async with self._chat_errors(), self._stream(request) as response:
            async for chunk in self._chunks(response):
                for sentence in answer.take(chunk):
                    yield EngineText(sentence)
                if answer.length > MAX_ANSWER:
                    break
        for sentence in answer.rest():
            yield EngineText(sentence)
        for call in answer.calls():
            yield call

    @asynccontextmanager
    async def _stream(self, request: ReplyRequest) -> AsyncIterator[httpx2.Response]:
        """One request on a connection of its own, which is closed with it: a cancelled answer stops there."""
        timeout = self._http.Timeout(self.endpoint.timeout_s, connect=CONNECT_TIMEOUT_S)
        url, body = f"{self._url}/chat/completions", self._body(request)
        async with (
            self._http.AsyncClient(verify=await trusted_over_http(), timeout=timeout) as client,
            client.stream("POST", url, json=body, headers=self._headers) as response,
        ):
            yield response

    @property
    def _url(self) -> str:
        return self.endpoint.url.rstrip("/")

    @property
    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.endpoint.key}"} if self.endpoint.key else {}

    def _body(self, request: ReplyRequest) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.endpoint.model,
            "stream": True,
            "messages": chat_messages(request.items, request.instructions, self.endpoint.sees),
        }
        tools = chat_tools((*request.tools, DELEGATE) if request.delegates else request.tools)
        if tools:
            body |= {"tools": tools, "tool_choice": chat_tool_choice(request.tool_choice)}
        return body

    async def _chunks(self, response: httpx2.Response) -> AsyncIterator[dict[str, Any]]:
        """The objects of the stream; a whole answer in plain JSON is one too: some servers cannot stream."""
        if response.status_code != 200:
            raise self._refused(response.status_code, (await response.aread()).decode(errors="replace"))
        if "json" in response.headers.get("content-type", ""):
            yield _parsed(await response.aread())
            return
        ended = False
        async for line in response.aiter_lines():
            data = line.removeprefix("data:").strip()
            if not line.startswith("data:") or not data:
                continue
            if data == "[DONE]":
                return
            chunk = _parsed(data)
            ended = ended or _finished(chunk)
            yield chunk
        if not ended:
            raise EngineError("The chat endpoint's answer broke off in the middle.")

    def _refused(self, status: int, body: str) -> EngineError:
        """What an HTTP status means, with what the endpoint said about it."""
        said = _error_text(body)
        where = self.endpoint.url
        match status:
            case 401 | 403:
                return EngineError(f"The chat endpoint {where} refuses the key (HTTP {status}){said}.")
            case 404:
                return EngineError(
                    f"The chat endpoint {where} has no model {self.endpoint.model!r},"
                    f" or chat_url is not its /v1 address (HTTP 404){said}."
                )
            case 429:
                return EngineError(f"The chat endpoint {where} has had too many requests (HTTP 429){said}.")
            case _ if status >= 500:
                return EngineError(f"The chat endpoint {where} failed (HTTP {status}){said}.")
            case _:
                return EngineError(f"The chat endpoint {where} refused the request (HTTP {status}){said}.")

    @asynccontextmanager
    async def _chat_errors(self) -> AsyncIterator[None]:
        """Turns the HTTP library's errors into EngineError."""
        where = self.endpoint.url
        try:
            yield
        except ImportError as error:
            raise EngineError(f"The chat endpoint {where} cannot be asked. {socks_over_http()}") from error
        except self._http.ConnectTimeout as error:
            raise EngineError(f"The chat endpoint {where} does not respond.") from error
        except self._http.ConnectError as error:
            raise EngineError(f"The chat endpoint {where} cannot be reached: {_reason(error)}.") from error
        except self._http.TimeoutException as error:
            raise EngineError(
                f"The chat endpoint {where} was silent for {self.endpoint.timeout_s:g} s."
            ) from error
        except (self._http.HTTPError, self._http.InvalidURL) as error:
            raise EngineError(
                f"The connection to the chat endpoint {where} broke off: {_reason(error)}."
            ) from error


class ChatAnswer:
    """The pieces of one answer put together."""

    def __init__(self) -> None:
        self.length = 0
        self._text = SentenceStream()
        self._calls: dict[int, dict[str, str]] = {}

    def take(self, chunk: dict[str, Any]) -> list[str]:
        """The sentences that this piece completes. Raises EngineError when it carries an error."""
        if chunk.get("error"):
            raise EngineError(f"The chat endpoint failed while it answered{_error_text(json.dumps(chunk))}.")
        choices = chunk.get("choices")
        if not isinstance(choices, list) or not choices:
            return []
        delta = choices[0].get("delta") or choices[0].get("message") or {}
        for at, piece in enumerate(delta.get("tool_calls") or ()):
            self._take_call(at, piece)
        content = delta.get("content")
        self.length += len(content) if isinstance(content, str) else 0
        return self._text.feed(content) if isinstance(content, str) else []

    def _take_call(self, at: int, piece: dict[str, Any]) -> None:
        """Name and arguments grow; a new id without an index is a new call."""
        known = self._calls.setdefault(piece.get("index", at), {"name": "", "arguments": ""})
        function = piece.get("function") or {}
        known["name"] += function.get("name") or ""
        arguments = function.get("arguments") or ""
        known["arguments"] += arguments if isinstance(arguments, str) else json.dumps(arguments)
        self.length += len(arguments)

    def rest(self) -> list[str]:
        """The text after the last full stop."""
        return self._text.flush()

    def calls(self) -> list[EngineCall]:
        """In the order of their index; one without a name is dropped."""
        found = (self._calls[index] for index in sorted(self._calls))
        return [EngineCall(call["name"], call["arguments"] or "{}") for call in found if call["name"]]


def _http_client() -> ModuleType:
    try:
        import httpx2
    except ImportError as error:
        raise ConfigError(
            "A chat endpoint needs the package 'httpx2'.", f"Install it: {install_extra('local')}"
        ) from error
    return httpx2


def _parsed(data: str | bytes) -> dict[str, Any]:
    try:
        value = parse_json(data)
    except ValueError as error:
        raise EngineError("The chat endpoint sent something that is not JSON.") from error
    if not isinstance(value, dict):
        raise EngineError("The chat endpoint sent JSON that is not a chat answer.")
    return value


def _finished(chunk: dict[str, Any]) -> bool:
    choices = chunk.get("choices")
    return isinstance(choices, list) and bool(choices) and choices[0].get("finish_reason") is not None


def _error_text(body: str) -> str:
    """`: "model not found"` from an error body, or nothing."""
    try:
        error = parse_json(body).get("error")
        message = error.get("message") if isinstance(error, dict) else error
    except (ValueError, AttributeError):
        message = ""
    return f": {str(message)[:EXCERPT_LENGTH].rstrip('.')}" if message else ""


def _reason(error: Exception) -> str:
    return str(error).strip().rstrip(".") or type(error).__name__
