"""``[[tools]]`` and ``[mcp.NAME]``: what the agent can do. Reading them runs nothing."""

from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, SecretStr, Tag, model_validator

from realtime_cli.config.header_value import Headers
from realtime_cli.config.section import HttpAddress, Section, empty_list, empty_table, in_words
from realtime_cli.config.session import JsonObject
from realtime_cli.protocol.session import TOOL_NAME, McpTool

Approve = Literal["always", "ask", "never"]
Name = Annotated[
    str,
    Field(pattern=f"^{TOOL_NAME.pattern}$", json_schema_extra=in_words(TOOL_NAME.pattern_words)),
]


class CallRules(Section):
    """What every kind of tool may set about its calls."""

    timeout_s: float = Field(default=30, gt=0)
    """A call that takes longer is stopped, and the model is told."""
    approve: Approve | None = None
    """always runs it, ask asks you first, never refuses. Default: commands, MCP and HTTP (except GET) ask."""
    respond: bool = True
    """Whether the model speaks about the result."""
    wait: bool = True
    """false: the conversation goes on, and the result is sent when it is ready."""
    cancel_on_interrupt: bool = False
    """End the running call when the user interrupts."""
    concurrency: int = Field(default=8, ge=1)
    """Calls of this tool that run at one time; others wait."""
    max_output_bytes: int = Field(default=32_768, ge=256)
    """Longer output is cut, with a mark."""


class PythonTool(CallRules):
    python: str = Field(
        pattern=r"^.+:.+$", json_schema_extra=in_words('"file.py:function" or "module:function"')
    )
    """A function, as "file.py:name" (beside this file) or "module:name"."""
    name: Name | None = None
    """Instead of the function's own name."""
    description: str | None = None
    """Instead of its docstring."""


class CommandTool(CallRules):
    command: list[str] = Field(min_length=1)
    """Program and arguments; {name} takes an argument of the call. No shell."""
    name: Name | None = None
    """Instead of the program's name."""
    description: str | None = None
    """When and how to use it."""
    parameters: JsonObject | None = None
    """JSON Schema of the arguments."""
    stdin: bool = True
    """Give the arguments as JSON on stdin."""
    cwd: str | None = None
    """Working directory, relative to this file."""
    env: list[str] = Field(default_factory=empty_list)
    """Names of the environment variables it may see, besides PATH, HOME and LANG."""


class HttpRequest(Section):
    url: HttpAddress
    """Address; {name} takes an argument of the call."""
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"] = "GET"
    """With GET the arguments that the address does not name become its query, else a JSON body."""
    headers: Headers = Field(default_factory=empty_table)
    """Write secrets as ${NAME}."""


class HttpTool(CallRules):
    http: HttpRequest
    """What to request."""
    name: Name
    """What the model calls it."""
    description: str | None = None
    """When and how to use it."""
    parameters: JsonObject | None = None
    """JSON Schema of the arguments."""


class BuiltinTool(CallRules):
    builtin: Literal["clock", "calculator", "read_file", "hang_up", "note"]
    """One of the tools that come with this program."""
    name: Name | None = None
    """Instead of its own name."""
    description: str | None = None
    """Instead of its own description."""
    root: str | None = None
    """For read_file: the folder that it cannot leave, relative to this file."""

    @model_validator(mode="after")
    def _root_for_files(self) -> Self:
        if (self.builtin == "read_file") != (self.root is not None):
            raise ValueError('read_file needs root = "folder", and only read_file takes it')
        return self


class SchemaTool(CallRules):
    """A raw function schema without a body: its calls are shown and answered by you or by a script."""

    type: Literal["function"]
    """A function without a body."""
    name: Name
    """What the model calls it."""
    description: str | None = None
    """When and how to use it."""
    parameters: JsonObject | None = None
    """JSON Schema of the arguments."""


KINDS = {"python": PythonTool, "command": CommandTool, "http": HttpTool, "builtin": BuiltinTool}


def kind(value: Any) -> str | None:
    """Which kind of tool a table is, by the key that only this kind has."""
    for key in KINDS:
        if (isinstance(value, dict) and key in value) or isinstance(value, KINDS[key]):
            return f"{key} tool"
    named = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    return f"{named} tool" if named in ("function", "mcp") else None


Tool = Annotated[
    Annotated[PythonTool, Tag("python tool")]
    | Annotated[CommandTool, Tag("command tool")]
    | Annotated[HttpTool, Tag("http tool")]
    | Annotated[BuiltinTool, Tag("builtin tool")]
    | Annotated[SchemaTool, Tag("function tool")]
    | Annotated[McpTool, Tag("mcp tool")],
    Discriminator(
        kind,
        custom_error_type="tool_kind",
        custom_error_message='needs one of python, command, http, builtin, type = "function" or type = "mcp"',
    ),
]


class McpServer(Section):
    """A local MCP server: ``command`` starts one on stdio, ``url`` finds one by streamable HTTP."""

    command: list[str] | None = Field(default=None, min_length=1)
    """Program and arguments."""
    url: HttpAddress | None = None
    """Or where it is."""
    headers: Headers = Field(default_factory=empty_table)
    """For url; write secrets as ${NAME}."""
    env: dict[str, SecretStr] = Field(default_factory=empty_table)
    """For command: variables beside PATH, HOME and LANG; write secrets as ${NAME}."""
    cwd: str | None = None
    """For command: working directory, relative to this file."""
    allowed_tools: list[str] | None = None
    """Only these of its tools (default: all)."""
    approve: Approve = "ask"
    """always runs its tools without asking, ask asks you, never refuses."""
    timeout_s: float = Field(default=30, gt=0)
    """For one call."""
    start_timeout_s: float = Field(default=15, gt=0)
    """For starting it and listing its tools."""
    concurrency: int = Field(default=8, ge=1)
    """Calls that run at one time."""
    max_output_bytes: int = Field(default=32_768, ge=256)
    """Longer output is cut, with a mark."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.command is None) == (self.url is None):
            raise ValueError('needs either command = [...] or url = "..."')
        return self
