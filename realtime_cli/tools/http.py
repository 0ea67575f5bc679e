"""Tools that are HTTP requests: method, address template, headers; nothing is followed elsewhere."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from realtime_cli.config.tools import Approve, HttpTool
from realtime_cli.errors import ConfigError
from realtime_cli.install_hint import socks_over_http
from realtime_cli.tools.command import PLACE
from realtime_cli.tools.output import fitted, text_of
from realtime_cli.tools.tool import Progress, Rules, Tool, ToolFailed
from realtime_cli.wire.tls import trusted_over_http

if TYPE_CHECKING:
    import httpx2

READING = ("GET", "HEAD")


def http_tool(written: HttpTool) -> Tool:
    """The tool of an entry with ``http``. Raises ConfigError if an argument would choose the host."""
    url, method = written.http.url, written.http.method
    if PLACE.search(urlsplit(url).netloc):
        raise ConfigError(
            f"The tool {written.name!r} lets an argument choose the host of {url}.",
            "Write {name} only after the host.",
        )
    by_kind: Approve = "always" if method in READING else "ask"
    parameters = written.parameters or _parameters(url)
    description = written.description or f"{method} {url}"
    body = Http(written)
    rules = Rules.of(written, by_kind)
    return Tool(
        written.name, description, parameters, body, rules, origin="HTTP request", describe=body.describe
    )


def _parameters(url: str) -> dict[str, Any]:
    names = list(dict.fromkeys(PLACE.findall(url)))
    return {
        "type": "object",
        "properties": {name: {"type": "string"} for name in names},
        "required": names,
        "additionalProperties": False,
    }


class Http:
    """Makes the request; one client serves all calls."""

    def __init__(self, written: HttpTool) -> None:
        self._request = written.http
        self._timeout_s, self._limit = written.timeout_s, written.max_output_bytes
        self._client: httpx2.AsyncClient | None = None

    def describe(self, arguments: dict[str, Any]) -> str:
        """Method and address, and what is sent with them; headers hold secrets and are left out."""
        url, rest = address(self._request.url, arguments)
        more = f" {json.dumps(rest, ensure_ascii=False)}" if rest else ""
        return f"{self._request.method} {url}{more}"

    async def run(self, arguments: dict[str, Any], progress: Progress) -> str:
        import httpx2

        method = self._request.method
        url, rest = address(self._request.url, arguments)
        headers = {name: value.get_secret_value() for name, value in self._request.headers.items()}
        more: dict[str, Any] = {}
        if rest and method in READING:
            more["params"] = rest
        elif method not in READING:
            more["json"] = rest
        verify = await trusted_over_http()
        if self._client is None:
            try:
                self._client = httpx2.AsyncClient(verify=verify, follow_redirects=False)
            except ImportError as error:
                raise ToolFailed(socks_over_http()) from error
        try:
            async with self._client.stream(
                method, url, headers=headers, timeout=self._timeout_s, **more
            ) as answer:
                return await self._answer(answer)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise ToolFailed(f"The request failed: {type(error).__name__} {error}".rstrip() + ".") from error

    async def _answer(self, answer: httpx2.Response) -> str:
        kept, total = bytearray(), 0
        async for chunk in answer.aiter_bytes():
            total += len(chunk)
            kept += chunk[: max(0, self._limit - len(kept))]
            if total > 64 * self._limit:
                break  # enough to know that it is too long
        text = fitted(text_of(bytes(kept), total, answer.encoding or "utf-8"), self._limit, total)
        status = f"HTTP {answer.status_code} {answer.reason_phrase}".strip()
        if answer.is_redirect:
            raise ToolFailed(f"{status}: the address has moved to {answer.headers.get('location', '?')}.")
        if answer.is_error:
            raise ToolFailed(fitted(f"{status}\n{text}".strip(), self._limit))
        return text or status

    async def close(self) -> None:
        if self._client:
            await self._client.aclose()


def address(template: str, arguments: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The address with its ``{name}`` filled in, and the arguments that it does not name.

    Raises ToolFailed for a value that would climb up the path: ``..`` is not changed by quoting.
    """
    named: set[str] = set()

    def fill(place: re.Match[str]) -> str:
        named.add(place[1])
        value = arguments.get(place[1])
        text = "" if value is None else str(value)
        if text in (".", ".."):
            raise ToolFailed(f"The argument {place[1]} must not be {text!r}.")
        return quote(text, safe="")

    url = PLACE.sub(fill, template)
    return url, {key: value for key, value in arguments.items() if key not in named}
