"""What an agent file may do, read without running any of it: for the question of trust and ``config check``.

What can be seen before it runs is here: a Python file that reads or loads others by itself can do more.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.machinery
import json
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from realtime_cli.config import LoadedAgent
from realtime_cli.config.address import address_of
from realtime_cli.config.audio import STREAMS, names_a_file
from realtime_cli.config.interpolation import referred
from realtime_cli.config.providers import PROVIDERS, is_providers_own
from realtime_cli.config.toml_file import KeyPath
from realtime_cli.config.tools import BuiltinTool, CommandTool, HttpTool, McpServer, PythonTool
from realtime_cli.errors import ConfigError
from realtime_cli.protocol.session import McpTool
from realtime_cli.tools.http import READING
from realtime_cli.tools.preflight import tool_name
from realtime_cli.tools.python import function_of, is_function
from realtime_cli.user_path import user_path
from realtime_cli.video.address import kind_of, without_secrets
from realtime_cli.wire.auth import is_loopback

HASH_DIGITS = 32
_HOOKS = ("on_conversation_item_created", "on_conversation_item_updated")
SETTINGS = ("video.source", "audio.output")
"""Keys that are as if they had not been written where the agent is not trusted."""


@dataclass(frozen=True, slots=True)
class Demand:
    """Something that needs trust, in words that follow "it".

    ``name``: the tool, server, hook or setting that is left out without trust; empty where the session as a
    whole needs it.
    """

    text: str
    name: str = ""


@dataclass
class Permissions:
    """What one agent may do. ``files``: digests of the code that it would run, by path within the folder.

    ``hosts``, ``variables``, ``commands``, ``functions`` and ``folders`` (also files and devices) also name
    what needs no trust. ``subject``: what stands in ``path``, an agent or a script.
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

    @cached_property
    def hash(self) -> str:
        """Of all that needs trust; the same wherever the folder is, and another once anything changed."""
        content = json.dumps([sorted(demand.text for demand in self.demands), sorted(self.files.items())])
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:HASH_DIGITS]

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
        self.made = Permissions((agent.path or self._folder).resolve())
        self._foreign = False  # the server is neither the provider's nor on this machine
        self._of_server()
        self._of_local()
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
        for name, server in self._config.mcp.items():
            self._of_mcp(name, server)
        self._of_hooks()
        self._of_video()
        self._of_files()
        for file in agent.files[1:]:
            if not file.resolve().is_relative_to(self._folder.resolve()):
                self.made.folders.append(str(file.parent.resolve()))
                self._demand(f"puts the file {file.resolve()} into its instructions")

    def _demand(self, text: str, name: str = "") -> None:
        self.made.demands.append(Demand(in_one_line(text), name))

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

    def _of_local(self) -> None:
        local = self._config.local
        if not local.chat_url or self._by_user(("local", "chat_url")):
            return
        url = self._shown["local"]["chat_url"]
        names = self._named("local") + ([local.chat_key_env] if local.chat_key_env else [])
        self.made.hosts[host_of(url)] = None
        self.made.variables |= dict.fromkeys(names)
        if names or not is_loopback(urlsplit(local.chat_url).hostname or ""):
            self._demand(f"lets {url} answer{_with(names)}")

    def _of_http(self, index: int, tool: HttpTool) -> None:
        request = self._shown["tools"][index]["http"]
        names = self._named_in(self._agent.raw["tools"][index].get("http"), ("tools", index, "http"))
        self.made.hosts[host_of(request["url"])] = None
        self.made.variables |= dict.fromkeys(names)
        if names or not is_loopback(urlsplit(tool.http.url).hostname or ""):
            rule = tool.approve or ("always" if tool.http.method in READING else "ask")
            self._demand(
                f"requests {request['method']} {request['url']}{_with(names)}{_asked(rule)}", tool.name
            )

    def _sends(self, names: Iterable[str], host: str) -> None:
        self.made.variables |= dict.fromkeys(names)
        self._demand(f"sends {', '.join(sorted(set(names)))} to {host}")

    # -- what it runs -------------------------------------------------------------------------

    def _of_command(self, index: int, tool: CommandTool) -> None:
        line = shlex.join(self._shown["tools"][index]["command"])
        self.made.commands.append(line)
        self.made.variables |= dict.fromkeys(tool.env)
        self._digest_words(tool.command, tool.cwd)
        where = f" in {tool.cwd}" if tool.cwd else ""
        sees = f", which sees {', '.join(tool.env)}" if tool.env else ""
        self._demand(f"runs the command {line}{where}{sees}{_asked(tool.approve or 'ask')}", tool_name(tool))

    def _of_python(self, tool: PythonTool) -> None:
        source, function = function_of(tool.python)
        self.made.functions.append(tool.python)
        self._digest_source(source)
        text = f"runs the Python function {function} of {source}, which sees all of your environment"
        self._demand(text + _asked(tool.approve or "always"), tool_name(tool))

    def _of_mcp(self, name: str, server: McpServer) -> None:
        shown, raw = self._shown["mcp"][name], self._agent.raw.get("mcp", {}).get(name)
        names = self._named_in(raw, ("mcp", name))
        self.made.variables |= dict.fromkeys(names)
        if server.command:
            line = shlex.join(shown["command"])
            self.made.commands.append(line)
            self._digest_words(server.command, server.cwd)
            # Not only secrets: LD_PRELOAD and the like decide what runs.
            env = "".join(f" {key}={value}" for key, value in shown["env"].items())
            where = f" in {server.cwd}" if server.cwd else ""
            text = f"starts the MCP server {name}: {line}{where}{env and f', with{env}'}"
        else:
            self.made.hosts[host_of(shown["url"])] = None
            text = f"calls the tools of the MCP server {name} at {shown['url']}{_with(names)}"
        self._demand(text + _asked(server.approve), name)

    def _of_hooks(self) -> None:
        for key in _HOOKS:
            written = getattr(self._config.hooks, key)
            if not written:
                continue
            line = self._shown["hooks"][key]
            line = line if isinstance(line, str) else shlex.join(line)
            if isinstance(written, str) and is_function(written):
                self.made.functions.append(line)
                self._digest_source(function_of(written)[0])
            else:
                self.made.commands.append(line)
                self._digest_words(shlex.split(written) if isinstance(written, str) else written, None)
            self._demand(f"gives all that is said to the hook {line}, without asking", key)

    def _of_folder(self, root: str, name: str) -> None:
        place = user_path(root, self._folder)
        self.made.folders.append(root)
        if self._outside(place):
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
        """A sound file is written over, so another kind of file elsewhere must not be named for one."""
        for key in ("input", "output"):
            written = str(getattr(self._config.audio, key))
            if written in STREAMS or not names_a_file(written) or self._by_user(("audio", key)):
                continue
            place = user_path(written)
            self.made.folders.append(written)
            if key == "output" and place.suffix.lower() not in (".wav", ".wave") and self._outside(place):
                self._demand(f"writes its sound to {place.resolve()}", "audio.output")

    def _outside(self, place: Path) -> bool:
        return not place.resolve().is_relative_to(self._folder.resolve())

    # -- code ---------------------------------------------------------------------------------

    def _digest_words(self, words: list[str], cwd: str | None) -> None:
        """The words of a command that are files of the folder: the program, a script for an interpreter."""
        bases = {self._folder / (cwd or ""), self._folder}
        for before, word in zip(("", *words), words, strict=False):
            for base in bases:
                digest(self.made, self._folder, *(_found(word, base) if before == "-m" else (base / word,)))

    def _digest_source(self, source: str) -> None:
        digest(self.made, self._folder, *files_of(source, self._folder))

    # -- who named it -------------------------------------------------------------------------

    def _named(self, *sections: str) -> list[str]:
        """The variables that the agent file names there."""
        return [name for part in sections for name in self._named_in(self._agent.raw.get(part), (part,))]

    def _named_in(self, raw: Any, path: KeyPath) -> list[str]:
        if isinstance(raw, Mapping):
            return [name for key, value in raw.items() for name in self._named_in(value, (*path, key))]
        if isinstance(raw, list):
            return [name for i, value in enumerate(raw) for name in self._named_in(value, (*path, i))]
        return [] if self._by_user(path) else list(referred(raw))

    def _by_user(self, path: KeyPath) -> bool:
        """Whether the key is from the command line or the environment, not from a file."""
        origin = self._agent.origins.of(path)
        return origin.layer == "environment" or origin.place.startswith(("--set ", "--base-url"))


def files_of(source: str, folder: Path) -> list[Path]:
    """The files of ``tools.py`` or of a dotted module, as far as they are in the folder."""
    return [user_path(source, folder)] if source.endswith(".py") else list(_found(source, folder))


def digest(made: Permissions, folder: Path, *files: Path) -> None:
    """These and, of Python files, all that they import from their own folder and the agent's."""
    waiting, root = list(files), folder.resolve()
    while waiting:
        try:
            file = waiting.pop().resolve()
            within = file.is_relative_to(root)
            name = file.relative_to(root).as_posix() if within else str(file)
            is_code = within or file.suffix == ".py"
            if name in made.files or not is_code or not file.is_file():
                continue
            with file.open("rb") as opened:
                made.files[name] = hashlib.file_digest(opened, "sha256").hexdigest()
            if file.suffix == ".py":
                waiting += _imported(file.read_bytes(), file.parent, (file.parent, folder))
        except (OSError, ValueError):  # then it cannot run either
            continue


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


def _imported(content: bytes, package: Path, roots: Iterable[Path]) -> Iterator[Path]:
    """The files that a Python file imports, as far as they are there."""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names, places = [alias.name for alias in node.names], tuple(roots)
        elif isinstance(node, ast.ImportFrom):
            base = f"{node.module}." if node.module else ""
            names = [f"{base}{alias.name}" for alias in node.names] + ([node.module] if node.module else [])
            places = (package, *package.parents)[node.level - 1 : node.level] if node.level else tuple(roots)
        else:
            continue
        for name in names:
            for place in places:
                yield from _found(name, place)


def _found(module: str, root: Path) -> Iterator[Path]:
    """The files of a dotted name below a folder: each package on the way, and the module in any form."""
    place = root
    for part in module.split("."):
        for suffix in importlib.machinery.all_suffixes():
            yield from (
                file
                for file in (place / f"{part}{suffix}", place / part / f"__init__{suffix}")
                if file.is_file()
            )
        place /= part
