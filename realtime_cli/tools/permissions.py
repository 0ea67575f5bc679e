"""What an agent file may do, read without running any of it: for the question of trust and ``config check``.

What can be seen before it runs is here: a Python file that reads or loads others by itself can do more.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from realtime_cli.config import LoadedAgent
from realtime_cli.config.address import MASK, address_of, masked
from realtime_cli.config.agent import ChatEndpointConfig
from realtime_cli.config.audio import STREAMS, names_a_file
from realtime_cli.config.interpolation import referred, refers
from realtime_cli.config.providers import PROVIDERS, is_providers_own
from realtime_cli.config.redaction import is_secret_name
from realtime_cli.config.toml_file import KeyPath
from realtime_cli.config.tools import BuiltinTool, CommandTool, HttpTool, McpServer, PythonTool
from realtime_cli.errors import ConfigError
from realtime_cli.protocol.rules import has
from realtime_cli.protocol.session import McpTool
from realtime_cli.tools.code_files import CodeFiles
from realtime_cli.tools.http import READING
from realtime_cli.tools.preflight import tool_name
from realtime_cli.tools.python import function_of, is_function
from realtime_cli.user_path import user_path
from realtime_cli.value import value
from realtime_cli.video.address import kind_of, without_secrets
from realtime_cli.wire.auth import is_loopback

HASH_DIGITS = 32
_OF_MCP = ("command", "url", "headers", "env", "cwd")
_PLAIN_URL = re.compile(r"[a-z][\w.+-]*://[\w.~%@:/?&=+,-]*")
_HOOKS = ("on_conversation_item_created", "on_conversation_item_updated")
SETTINGS = ("video.source", "audio.output", "audio.input")
"""Keys that are as if they had not been written where the agent is not trusted."""


@value
class Demand:
    """Something that needs trust, in words that follow "it".

    ``name``: the tool, server, hook or setting that is left out without trust; empty where the session as a
    whole needs it.
    """

    text: str
    name: str = ""
    written: str = ""
    """A digest of what the file says about it, of which the text hides what may be a secret."""


@dataclass
class Permissions:
    """What one agent may do. ``files``: digests of the code that it would run, by path within the folder.

    ``hosts``, ``variables``, ``commands``, ``functions`` and ``folders`` (also files and devices) also name
    what needs no trust. ``subject``: what stands in ``path``, an agent or a script. ``script`` sets what
    its agent may do.
    """

    path: Path
    subject: str = "agent"
    demands: list[Demand] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    hosts: dict[str, None] = field(default_factory=dict)
    variables: dict[str, None] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    script: Path | None = None

    @cached_property
    def hash(self) -> str:
        """Of all that needs trust; the same wherever the folder is, and another once anything changed."""
        demands = sorted((demand.text, demand.written) for demand in self.demands)
        return _digest([demands, sorted(self.files.items())])[:HASH_DIGITS]

    def lines(self) -> list[str]:
        """The same in six lines."""
        rows = {
            "hosts": self.hosts,
            "variables": self.variables,
            "commands": self.commands,
            "functions": self.functions,
            "files and devices": self.folders,
            "needs trust": [f"yes, {self.hash}"] if self.demands else ["no"],
        }
        return [f"{title}: {'; '.join(row) or 'none'}" for title, row in rows.items()]


def permissions_of(agent: LoadedAgent) -> Permissions:
    """What an agent may do. A file that cannot be read is as one that is not there."""
    return _Survey(agent).made


class _Survey:
    """Goes through an agent once. Texts are as they are shown: no secret, ``${NAME}`` as it is written."""

    def __init__(self, agent: LoadedAgent) -> None:
        self._agent, self._config, self._shown = agent, agent.config, agent.shown()
        self._folder = Path.cwd() / agent.folder
        script = agent.script.resolve() if agent.script else None
        place = agent.path.resolve() if agent.path else script or self._folder.resolve()
        self.made = Permissions(place, script=script)
        self._code = CodeFiles(self._folder, self.made.files)
        self._foreign = False  # the server is neither the provider's nor on this machine
        self._of_server()
        self._of_chat("local")
        self._of_chat("delegation")
        for index, tool in enumerate(self._config.tools):
            match tool:
                case CommandTool():
                    self._of_command(index, tool)
                case PythonTool():
                    self._of_python(tool)
                case HttpTool():
                    self._of_http(index, tool)
                case BuiltinTool() if tool.root is not None:
                    self._of_folder(tool.root, tool_name(tool))
                case BuiltinTool(builtin="note") if self._foreign:
                    self._demand("reads your notes, and adds to them", tool_name(tool))
        for name, server in self._config.mcp.items():
            self._of_mcp(name, server)
        self._of_hooks()
        self._of_video()
        self._of_files()
        for file in agent.files[1:]:
            if not file.resolve().is_relative_to(self._folder.resolve()):
                self.made.folders.append(str(file.parent.resolve()))
                self._demand(f"puts the file {file.resolve()} into its instructions")

    def _demand(self, text: str, name: str = "", *written: KeyPath) -> None:
        """``written``: where in the file it stands; what the user has put there is not the file's."""
        tables = [self._of_file(self._raw(path), path) for path in written]
        self.made.demands.append(Demand(in_one_line(text), name, _digest(tables) if written else ""))

    def _of_file(self, raw: Any, path: KeyPath) -> Any:
        if isinstance(raw, Mapping):
            return {key: self._of_file(value, (*path, key)) for key, value in raw.items()}
        if isinstance(raw, list):
            return [self._of_file(value, (*path, i)) for i, value in enumerate(raw)]
        return None if self._by_user(path) else str(raw)

    # -- where it sends to --------------------------------------------------------------------

    def _of_server(self) -> None:
        """The server of the session: what stands in the session and in ``[connection]`` goes there."""
        connection, raw = self._config.connection, self._agent.raw
        names = self._named("session", "conversation")
        for index, tool in enumerate(raw.get("tools") or ()):  # name, description and schema are told
            kept = {key: value for key, value in tool.items() if key not in ("http", "command")}
            names += self._named_in(kept, ("tools", index))
        for entry in (*self._config.tools, *(self._config.session.tools or ())):
            if isinstance(entry, McpTool) and (url := entry.model_dump().get("server_url")):
                self.made.hosts[host_of(str(url))] = None
        if connection.embedded:
            if (url := self._config.local.chat_url) and names:
                self._sends(names, host_of(url))
            return
        try:
            url = address_of(connection)
        except ConfigError:  # reported when it is to be connected
            return
        provider = connection.effective_provider
        host = host_of(self._shown["connection"]["base_url"] or url)
        own = is_providers_own(url, provider)
        self._foreign = not own and not is_loopback(urlsplit(url).hostname or "")
        self.made.hosts[host] = None
        names += self._named("connection")
        key = self._key(own)
        if key and own and key == PROVIDERS[provider].key_env:
            self.made.variables[key] = None
        elif key:
            names.append(key)
        if names:
            self._sends(names, host)
        if connection.ca_file and not self._by_user(("connection", "ca_file")):
            self._demand(f"trusts the certificates in {connection.ca_file}")
        if connection.proxy and not self._by_user(("connection", "proxy")):
            proxy = host_of(str(self._shown["connection"]["proxy"]))
            self.made.hosts[proxy] = None
            if not is_loopback(urlsplit(str(connection.proxy)).hostname or ""):
                self._demand(f"goes through the proxy {proxy}")

    def _key(self, own: bool) -> str:
        """The variable with the key, if one is sent and the user did not name it for this very server."""
        connection = self._config.connection
        provider = PROVIDERS[connection.effective_provider]
        if (connection.auth or provider.auth) == "none":
            return ""
        if connection.api_key is not None:
            origin = self._agent.origins.of(("connection", "api_key"))
            return origin.place.removeprefix("$") if origin.layer == "environment" and not own else ""
        if connection.api_key_env:
            return "" if self._by_user(("connection", "api_key_env")) else connection.api_key_env
        mine = ("connection", "provider"), ("connection", "base_url")
        return "" if all(map(self._by_user, mine)) else provider.key_env or ""

    def _of_chat(self, section: Literal["local", "delegation"]) -> None:
        chat: ChatEndpointConfig = getattr(self._config, section)
        if not chat.chat_url or self._by_user((section, "chat_url")):
            return
        url = self._shown[section]["chat_url"]
        names = self._named(section) + ([chat.chat_key_env] if chat.chat_key_env else [])
        self.made.hosts[host_of(url)] = None
        self.made.variables |= dict.fromkeys(names)
        if names or not is_loopback(urlsplit(chat.chat_url).hostname or ""):
            does = {"local": "answer", "delegation": "work for the agent"}[section]
            self._demand(f"lets {url} {does}{_with(names)}")

    def _of_http(self, index: int, tool: HttpTool) -> None:
        request = self._shown["tools"][index]["http"]
        names = self._named_in(self._agent.raw["tools"][index].get("http"), ("tools", index, "http"))
        self.made.hosts[host_of(request["url"])] = None
        self.made.variables |= dict.fromkeys(names)
        rule = tool.approve or ("always" if tool.http.method in READING else "ask")
        text = f"requests {request['method']} {request['url']}{_with(names)}{_asked(rule)}"
        self._demand(text, tool.name, ("tools", index, "http"))  # also of this machine: what is here is ours

    def _sends(self, names: Iterable[str], host: str) -> None:
        self.made.variables |= dict.fromkeys(names)
        self._demand(f"sends {', '.join(sorted(set(names)))} to {host}")

    # -- what it runs -------------------------------------------------------------------------

    def _of_command(self, index: int, tool: CommandTool) -> None:
        place: KeyPath = ("tools", index, "command")
        line = self._line(place)
        self.made.commands.append(line)
        self.made.variables |= dict.fromkeys((*self._named_in(self._raw(place), place), *tool.env))
        self._code.add_command(tool.command, tool.cwd)
        where = f" in {tool.cwd}" if tool.cwd else ""
        sees = f", which sees {', '.join(tool.env)}" if tool.env else ""
        text = f"runs the command {line}{where}{sees}{_asked(tool.approve or 'ask')}"
        self._demand(text, tool_name(tool), place)

    def _of_python(self, tool: PythonTool) -> None:
        source, function = function_of(tool.python)
        self.made.functions.append(tool.python)
        self._code.add_source(source)
        text = f"runs the Python function {function} of {source}, which sees all of your environment"
        self._demand(text + _asked(tool.approve or "always"), tool_name(tool))

    def _of_mcp(self, name: str, server: McpServer) -> None:
        shown, raw = self._shown["mcp"][name], self._agent.raw.get("mcp", {}).get(name)
        names = self._named_in(raw, ("mcp", name))
        self.made.variables |= dict.fromkeys(names)
        if server.command:
            line = self._line(("mcp", name, "command"))
            self.made.commands.append(line)
            given = [value.get_secret_value() for value in server.env.values()]
            self._code.add_command(server.command, server.cwd, given)
            env = "".join(f" {key}={self._variable(('mcp', name, 'env', key))}" for key in server.env)
            where = f" in {server.cwd}" if server.cwd else ""
            text = f"starts the MCP server {name}: {line}{where}{env and f', with{env}'}"
        else:
            self.made.hosts[host_of(shown["url"])] = None
            text = f"calls the tools of the MCP server {name} at {shown['url']}{_with(names)}"
        self._demand(text + _asked(server.approve), name, *(("mcp", name, key) for key in _OF_MCP))

    def _of_hooks(self) -> None:
        for key in _HOOKS:
            written = getattr(self._config.hooks, key)
            if not written:
                continue
            place: KeyPath = ("hooks", key)
            line = self._line(place)
            self.made.variables |= dict.fromkeys(self._named_in(self._raw(place), place))
            if isinstance(written, str) and is_function(written):
                self.made.functions.append(line)
                self._code.add_source(function_of(written)[0])
            else:
                self.made.commands.append(line)
                self._code.add_command(shlex.split(written) if isinstance(written, str) else written, None)
            self._demand(f"gives all that is said to the hook {line}, without asking", key, place)

    def _of_folder(self, root: str, name: str) -> None:
        place = user_path(root, self._folder)
        self.made.folders.append(root)
        if self._foreign or self._outside(place):
            self._demand(f"reads files in {place.resolve()}", name)

    # -- devices and files --------------------------------------------------------------------

    def _of_video(self) -> None:
        """A stream; and what a server that is neither the provider's nor on this machine would be shown."""
        source = self._shown["video"]["source"]
        if not source or self._by_user(("video", "source")):
            return
        kind = kind_of(str(self._config.video.source), self._folder)
        if kind == "stream":
            source = without_secrets(source)
            self.made.hosts[host_of(source)] = None
            self._demand(f"opens the stream {source} and shows it to the server", "video.source")
            return
        self.made.folders.append(source)
        if not self._foreign:
            return
        if kind in ("camera", "screen"):
            self._demand(f"shows the {source.replace(':', ' ')} to the server", "video.source")
        elif self._outside(place := user_path(source, self._folder)):
            self._demand(f"shows {place} to the server", "video.source")

    def _of_files(self) -> None:
        """A sound file is written over, so another kind of file elsewhere must not be named for one.

        And what is not the user's server must not hear the user's files.
        """
        for key in ("input", "output"):
            written = str(getattr(self._config.audio, key))
            if written in STREAMS or not names_a_file(written) or self._by_user(("audio", key)):
                continue
            place = user_path(written).resolve()  # a link may have another ending
            self.made.folders.append(written)
            if not self._outside(place):
                continue
            if key == "output" and place.suffix.lower() not in (".wav", ".wave"):
                self._demand(f"writes its sound to {place}", "audio.output")
            elif key == "input" and self._foreign:
                self._demand(f"plays {place} to the server", "audio.input")

    def _outside(self, place: Path) -> bool:
        return not place.resolve().is_relative_to(self._folder.resolve())

    def _line(self, path: KeyPath) -> str:
        """A command line as it is written, in full: only a plain address hides what may be a secret."""
        written = self._raw(path)
        if isinstance(written, str):
            return written
        words = map(str, written)
        return shlex.join(masked(word) if _PLAIN_URL.fullmatch(word) else word for word in words)

    def _variable(self, path: KeyPath) -> str:
        """A value that a server is started with: it may decide what runs, as LD_PRELOAD does."""
        written = str(self._raw(path))
        if is_secret_name(str(path[-1])) and not refers(written):
            return MASK
        return written if refers(written) else shlex.quote(written)

    def _raw(self, path: KeyPath) -> Any:
        """What is written there, with ``${NAME}`` as it is; None where nothing is."""
        node: Any = self._agent.raw
        for part in path:
            node = node[part] if has(node, part) else None
        return node

    # -- who named it -------------------------------------------------------------------------

    def _named(self, *sections: str) -> list[str]:
        """The variables that the agent file names there."""
        return [name for part in sections for name in self._named_in(self._agent.raw.get(part), (part,))]

    def _named_in(self, raw: Any, path: KeyPath) -> list[str]:
        if isinstance(raw, Mapping):
            return [name for key, value in raw.items() for name in self._named_in(value, (*path, key))]
        if isinstance(raw, list):
            return [name for i, value in enumerate(raw) for name in self._named_in(value, (*path, i))]
        found = list(referred(raw))
        return found if found and not self._by_user(path) else []

    def _by_user(self, path: KeyPath) -> bool:
        """Whether the key is from the command line or the environment, not from a file."""
        origin = self._agent.origins.of(path)
        return origin.layer == "environment" or origin.on_command_line


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode("utf-8", "surrogatepass")).hexdigest()


def in_one_line(text: str) -> str:
    """Shows on one line, in reading order, what the user says yes to."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text
    )


def host_of(url: str) -> str:
    """Host and port, for people; the text itself if it has none."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2] or url
    except ValueError:
        return url


def _with(names: Iterable[str]) -> str:
    told = ", ".join(sorted(set(names)))
    return f" with {told}" if told else ""


def _asked(rule: str) -> str:
    return {"always": ", without asking", "never": ", but never"}.get(rule, ", asking before each call")
