"""Tools of local MCP servers, over stdio or streamable HTTP, through the official package.

A server is held open by a task of its own, because the package wants a connection closed by the task
that opened it. One that died is started again by the next call.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import os
import re
import sys
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, suppress
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from realtime_cli.config.tools import McpServer
from realtime_cli.errors import RealtimeCliError
from realtime_cli.install_hint import install_extra, socks_over_http
from realtime_cli.tools import process
from realtime_cli.tools.output import fitted, last_lines
from realtime_cli.tools.tool import Progress, Rules, Tool, ToolFailed
from realtime_cli.untrusted_json import NotJson, parse_json
from realtime_cli.wire.tls import trusted_over_http

if TYPE_CHECKING:
    import httpx2
    from mcp import Client

# The package prints tracebacks for lines of a server that are no JSON: they are nothing to the user.
_PACKAGE_LOG = logging.getLogger("mcp")
_PACKAGE_LOG.addHandler(logging.NullHandler())
_PACKAGE_LOG.propagate = False

MAX_PAGES = 50
SESSION_GONE = 404  # streamable HTTP: the client has to begin a new session
LIST_CHANGED = "notifications/tools/list_changed"
NOT_AUTHORISED = (401, 403)
# The package gives a server 2 s to end by itself and 2 s more after SIGTERM; a session ends within 2 s.
EXIT_GRACE_S, KILL_GRACE_S = 0.5, 0.3


class Unavailable(RealtimeCliError):
    """A server that cannot be used; the conversation goes on without its tools."""


class Complaints:
    """A pipe for a child's stderr, of which the last lines are kept. ``end`` is given to the child.

    On Windows, whose loop waits for sockets only, nothing of it is kept.
    """

    def __init__(self) -> None:
        self._kept = b""
        self._reading: int | None = None
        reading, writing = os.pipe()
        try:
            asyncio.get_running_loop().add_reader(reading, self._read)
            if sys.platform != "win32":
                os.set_blocking(reading, False)
        except NotImplementedError:
            os.close(reading)
            os.close(writing)
            self.end: TextIO = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  closed with the server
            return
        self._reading = reading
        self.end = os.fdopen(writing, "w")

    def _read(self) -> None:
        if self._reading is None:
            return
        with suppress(BlockingIOError):
            self._kept = (self._kept + os.read(self._reading, 65_536))[-4096:]

    @property
    def last(self) -> str:
        self._read()
        return last_lines(self._kept, 2)

    def close(self) -> None:
        self.end.close()
        if self._reading is not None:
            asyncio.get_running_loop().remove_reader(self._reading)
            os.close(self._reading)


class Server:
    """One MCP server of the agent file."""

    def __init__(self, name: str, written: McpServer, folder: Path, environ: Mapping[str, str]) -> None:
        self.name, self._written = name, written
        self._folder, self._environ = folder, environ
        self._client: Client | None = None
        self._holding: asyncio.Task[None] | None = None
        self._leave = asyncio.Event()
        self._starting = asyncio.Lock()
        self._refusal: int | None = None
        """The last HTTP status that was no success."""
        self._has_changed = False
        self._asked: list[asyncio.Task[Any]] = []
        """Calls that have no answer yet."""
        self.notify: Callable[[str], None] = lambda text: None
        """Takes what the user should know while the session runs."""

    async def open(self) -> list[Tool]:
        """Connect and list. Raises Unavailable with the reason and what to do."""
        client = await self._connected()
        try:
            async with asyncio.timeout(self._written.start_timeout_s):
                listed = await _listed(client)
        except Exception as error:
            raise Unavailable(
                f"The MCP server {self.name!r} did not list its tools: {self._why(error)}."
            ) from error
        requested = self._written.allowed_tools
        missing = sorted(set(requested or ()) - {tool.name for tool in listed})
        if missing:
            there = ", ".join(tool.name for tool in listed)
            raise Unavailable(
                f"The MCP server {self.name!r} has no tool {', '.join(missing)}.", f"It has: {there}."
            )
        return [self._tool(tool) for tool in listed if requested is None or tool.name in requested]

    def _tool(self, listed: Any) -> Tool:
        return Tool(
            namespaced(self.name, listed.name),
            listed.description or listed.title or "",
            listed.input_schema or {"type": "object", "properties": {}},
            McpToolAdapter(self, listed.name),
            Rules.of(self._written, "ask"),
            group=self.name,
            origin=f"MCP server {self.name}",
        )

    async def call(self, tool: str, arguments: dict[str, Any], report: Progress) -> str:
        """The result as text. Raises ToolFailed with what the server says."""
        from mcp import MCPError

        async def on_progress(progress: float, total: float | None, message: str | None) -> None:
            report(message or (f"{progress:g} of {total:g}" if total else f"{progress:g}"))

        try:
            client = await self._connected()
            self._refusal = None
            try:
                result = await self._result(client.call_tool(tool, arguments, progress_callback=on_progress))
            except MCPError:
                if self._refusal != SESSION_GONE:
                    raise
                self._leave.set()  # the server no longer knows the session, so it has not run the tool
                client = await self._connected()
                result = await self._result(client.call_tool(tool, arguments, progress_callback=on_progress))
        except Unavailable as error:
            raise ToolFailed(str(error)) from error
        except MCPError as error:
            if _is_gone(error):
                self._leave.set()
                raise ToolFailed(
                    f"The MCP server {self.name!r} has ended; the next call starts it again."
                ) from error
            raise ToolFailed(f"The MCP server {self.name!r} refused: {self._why(error)}.") from error
        except (OSError, RuntimeError, ValueError) as error:
            raise ToolFailed(f"The MCP server {self.name!r} failed: {self._why(error)}.") from error
        text = fitted(text_of_result(result), self._written.max_output_bytes)
        if result.is_error:
            raise ToolFailed(text)
        return text

    async def _result(self, call: Coroutine[Any, Any, Any]) -> Any:
        """Of one call. Raises ToolFailed for an answer that the package only logs."""
        asked = asyncio.create_task(call)
        self._asked.append(asked)
        try:
            await asyncio.wait([asked])
        finally:
            self._asked.remove(asked)
            if not asked.done():
                asked.cancel()
                await asyncio.gather(asked, return_exceptions=True)
        if asked.cancelled():
            raise ToolFailed(f"The MCP server {self.name!r} answered null instead of a result.")
        return asked.result()

    async def _connected(self) -> Client:
        async with self._starting:
            if self._holding and self._leave.is_set():
                await asyncio.gather(self._holding, return_exceptions=True)
            if self._client is None:
                await self._connect()
            assert self._client
            return self._client

    async def _connect(self) -> None:
        self._leave = asyncio.Event()
        opened: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
        self._holding = asyncio.create_task(self._hold(opened, self._leave), name=f"mcp {self.name}")
        try:
            async with asyncio.timeout(self._written.start_timeout_s):
                self._client = await asyncio.shield(opened)
        except TimeoutError as error:
            self._holding.cancel()
            await asyncio.gather(self._holding, return_exceptions=True)
            raise Unavailable(
                f"The MCP server {self.name!r} did not respond within {self._written.start_timeout_s:g} s.",
                f"Set mcp.{self.name}.start_timeout_s if it needs longer.",
            ) from error

    async def _hold(self, opened: asyncio.Future[Client], leave: asyncio.Event) -> None:
        """Open the connection, keep it until ``leave``, close it: all in this task."""
        complaints = Complaints()
        try:
            async with AsyncExitStack() as stack:
                client = await self._client_of(stack, complaints)
                opened.set_result(client)
                await leave.wait()
        except Exception as error:
            if not opened.done():
                opened.set_exception(self._unavailable(error, complaints.last))
        finally:
            self._client = None
            complaints.close()

    def _unavailable(self, error: Exception, said: str) -> Unavailable:
        if isinstance(error, Unavailable):
            return error
        reason = f"{self._why(error)}: {said}" if said else self._why(error)
        remedy = f"Check [mcp.{self.name}]."
        if self._refusal in NOT_AUTHORISED:
            remedy = f"Add a key under [mcp.{self.name}.headers], or another one."
        return Unavailable(f"The MCP server {self.name!r} cannot be used: {reason}.", remedy)

    def _why(self, error: BaseException) -> str:
        """By the status that an HTTP server answered with, which the package's errors leave out."""
        if self._refusal is None:
            return _reason(error)
        try:
            words = HTTPStatus(self._refusal).phrase
        except ValueError:
            words = "unknown"
        return f"it answered {self._refusal} ({words})"

    async def _client_of(self, stack: AsyncExitStack, complaints: Complaints) -> Client:
        try:
            from mcp import Client
        except ImportError as error:
            raise Unavailable(
                f"The MCP server {self.name!r} needs the package mcp.", f"Install it: {install_extra('mcp')}"
            ) from error
        transport = self._by_stdio(complaints) if self._written.command else await self._by_http(stack)
        return await stack.enter_async_context(Client(transport, message_handler=self._told))

    async def _told(self, message: Any) -> None:
        """The model knows the tools of the beginning: that there are others is said, once.

        A result of null is none to the package, whose call waits on. Which call it is for is known if there
        is but one; of several each ends at its tool's limit.
        """
        if isinstance(message, ValueError) and _is_null_result(message) and len(self._asked) == 1:
            self._asked[0].cancel()
        if getattr(message, "method", "") == LIST_CHANGED and not self._has_changed:
            self._has_changed = True
            self.notify(
                f"The MCP server {self.name!r} has changed its tools; the next session has the new ones."
            )

    def _by_stdio(self, complaints: Complaints) -> Any:
        from mcp.client import stdio

        stdio.PROCESS_TERMINATION_TIMEOUT, stdio.FORCE_KILL_TIMEOUT = EXIT_GRACE_S, KILL_GRACE_S
        written = self._written
        assert written.command
        seen = process.seen(self._environ)
        program = process.found(written.command[0], self._folder, seen["PATH"])
        if program is None:
            raise Unavailable(
                f"The MCP server {self.name!r} needs {written.command[0]!r}, which is not installed.",
                "Install it, or write its path (relative to the agent file).",
            )
        given = {**seen, **{name: value.get_secret_value() for name, value in written.env.items()}}
        cwd = self._folder / written.cwd if written.cwd else self._folder
        parameters = stdio.StdioServerParameters(
            command=program, args=written.command[1:], env=given, cwd=cwd, encoding_error_handler="replace"
        )
        return stdio.stdio_client(parameters, errlog=complaints.end)

    async def _by_http(self, stack: AsyncExitStack) -> Any:
        import httpx2
        from mcp.client.streamable_http import streamable_http_client

        written = self._written
        assert written.url
        headers = {name: value.get_secret_value() for name, value in written.headers.items()}
        timeout = httpx2.Timeout(written.timeout_s, connect=written.start_timeout_s)
        self._refusal = None
        hooks = {"response": [self._answered]}
        verify = await trusted_over_http()
        try:
            made = httpx2.AsyncClient(verify=verify, headers=headers, timeout=timeout, event_hooks=hooks)
        except ImportError as error:
            raise Unavailable(f"The MCP server {self.name!r} cannot be used.", socks_over_http()) from error
        client = await stack.enter_async_context(made)
        return streamable_http_client(written.url, http_client=client)

    async def _answered(self, response: httpx2.Response) -> None:
        if response.status_code >= 400 and response.request.method == "POST":  # it may have no GET
            self._refusal = response.status_code

    async def close(self) -> None:
        """Let the server end; kill it after a moment."""
        self._leave.set()
        if self._holding:
            await asyncio.gather(self._holding, return_exceptions=True)


class McpToolAdapter:
    """Calls one tool of a server."""

    def __init__(self, server: Server, tool: str) -> None:
        self._server, self._tool = server, tool

    async def run(self, arguments: dict[str, Any], progress: Progress) -> str:
        return await self._server.call(self._tool, arguments, progress)


def namespaced(server: str, tool: str) -> str:
    """A name that the API takes: letters, digits, - and _, at most 64."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", f"{server}__{tool}")[:64]


def text_of_result(result: Any) -> str:
    """All parts of a result as text; what is no text is said to be there."""
    parts = [_part(block) for block in result.content]
    if result.structured_content is not None and not _says(parts, result.structured_content):
        parts.append(json.dumps(result.structured_content, ensure_ascii=False))
    return "\n".join(parts) or "(no output)"


def _says(parts: list[str], structured: Any) -> bool:
    """Whether the texts say it already: whole, or what the official package wraps into ``result``."""
    bare = structured["result"] if isinstance(structured, dict) and list(structured) == ["result"] else None
    values = [value for part in parts for value in (part, _value(part))]
    one_by_one = isinstance(bare, list) and len(bare) == len(parts)
    return (
        structured in values
        or (bare is not None and bare in values)
        or (
            one_by_one
            and all(each in (part, _value(part)) for each, part in zip(bare or (), parts, strict=True))
        )
    )


def _value(text: str) -> Any:
    try:
        return parse_json(text)
    except NotJson:
        return text


def _part(block: Any) -> str:
    match block.type:
        case "text":
            return str(block.text)
        case "image" | "audio":
            return f"[{block.type} {block.mime_type}, {len(base64.b64decode(block.data))} bytes: not shown]"
        case "resource_link":
            about = [block.name, block.description, block.mime_type]
            return f"[resource {block.uri}: {', '.join(str(one) for one in about if one)}]"
        case "resource":
            return str(getattr(block.resource, "text", None) or f"[resource {block.resource.uri}: not text]")
        case other:
            return f"[{other}: not shown]"


async def _listed(client: Client) -> list[Any]:
    tools: list[Any] = []
    cursor = None
    for _ in range(MAX_PAGES):
        page = await client.list_tools(cursor=cursor)
        tools += page.tools
        cursor = page.next_cursor
        if not cursor:
            break
    return tools


def _is_null_result(unreadable: ValueError) -> bool:
    """Whether a line that is no JSON-RPC would be an answer, but for its null."""
    faults: Any = getattr(unreadable, "errors", list)()
    lines = [fault["input"] for fault in faults if isinstance(fault["input"], dict)]
    return any("id" in line and line.get("result", "") is None for line in lines)


def _is_gone(error: Any) -> bool:
    return "closed" in str(error).lower()


def _reason(error: BaseException) -> str:
    """The first plain error within groups of them, in a few words."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return (str(error) or type(error).__name__).rstrip(".")
