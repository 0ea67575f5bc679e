"""What is fuzzed: each target takes any bytes and returns, or raises what no user should ever see."""

from __future__ import annotations

import base64
import io
import tempfile
from collections.abc import Callable
from pathlib import Path

from realtime_cli.app.redaction import OutputRedaction
from realtime_cli.client import effects, inputs
from realtime_cli.client.entry import Entry
from realtime_cli.client.session import ClientSession, SessionOptions
from realtime_cli.commands.export import FORMATS
from realtime_cli.config import load_agent
from realtime_cli.config.lint import lint
from realtime_cli.conversation.narrated import ConversationReader
from realtime_cli.conversation.realtime import RealtimeNarrator
from realtime_cli.conversation.status import Status
from realtime_cli.conversation.timeline import Timeline
from realtime_cli.conversation.transcript import Transcript
from realtime_cli.errors import RealtimeCliError
from realtime_cli.notices import HeardItem
from realtime_cli.protocol import codec
from realtime_cli.recording.export import text
from realtime_cli.recording.format import Header
from realtime_cli.recording.reader import read
from realtime_cli.recording.redactor import Redactor
from realtime_cli.recording.timeline import timeline
from realtime_cli.recording.verify import side_by_side, verify
from realtime_cli.safe_text import safe
from realtime_cli.script.load import load_script, parse_yaml
from realtime_cli.script.pipecat import scripts_of
from realtime_cli.script.promote import promote
from realtime_cli.server import effects as server_effects
from realtime_cli.server import inputs as server_inputs
from realtime_cli.server.session import ServerSession
from realtime_cli.tools.permissions import permissions_of
from realtime_cli.tui.json_lines import JsonLines

__all__ = ["TARGETS"]

EXPORTS = [make for name, (_, make) in FORMATS.items() if name not in ("wav", "flac", "html")]
ENVIRON = {"HOME": "/nowhere", "OPENAI_API_KEY": "sk-0123456789"}
SECRETS = ("hunter2-hunter2", 'quo"te/d')
REDACTOR = Redactor(SECRETS)  # takes longer to make than many a conversation here lasts
MAX_LINES = 40


def _refused(attempt: Callable[[], object]) -> bool:
    """Whether it was refused, in words."""
    try:
        attempt()
    except RealtimeCliError as refusal:
        if not str(refusal):
            raise AssertionError("refused without a word") from refusal
        return True
    return False


def _in_file(data: bytes, name: str, use: Callable[[Path], object]) -> None:
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        use(path)


def recording(data: bytes) -> None:
    """A recording: read, verified, exported, made a script."""

    def use(path: Path) -> None:
        if _refused(lambda: list(read(path).entries(sound=True))):
            return
        _refused(lambda: side_by_side(verify(read(path))))
        for make in EXPORTS:
            _refused(lambda make=make: make(read(path), timeline(read(path)), iter))  # type: ignore[misc]
        _refused(lambda: promote(read(path), "script", None))

    _in_file(data, "session.jsonl", use)


def agent(data: bytes) -> None:
    """An agent file: loaded, and asked what it may do."""

    def use(path: Path) -> None:
        loaded = load_agent(path, (), ENVIRON, {})
        lint(loaded.config, loaded.raw)
        permissions_of(loaded).lines()

    _in_file(data, "agent.toml", lambda path: _refused(lambda: use(path)))


def script(data: bytes) -> None:
    """A script in TOML or YAML, and one of Pipecat's; the first byte says which."""
    kind, data = data[:1], data[1:]
    if kind == b"p":
        words = data.decode("utf-8", "replace")
        _refused(lambda: scripts_of(parse_yaml(words, "x.yaml")[0]))
    else:
        name = "script.yaml" if kind == b"y" else "script.toml"
        _in_file(data, name, lambda path: _refused(lambda: load_script(path)))


# -- the wire -----------------------------------------------------------------------------------------


def wire(data: bytes) -> None:
    """One line per event; ``s`` at the very first: they go to a server, else to a client and its readers.

    A line ``@NAME`` is a timer that fires, ``@`` alone a socket that breaks, ``@@`` a line typed.
    """
    head, _, rest = data.partition(b"\n")
    lines = rest.decode("utf-8", "surrogateescape").split("\n")[:MAX_LINES]
    if head[:1] == b"s":
        _to_server(lines)
    else:
        _to_client(lines, head)


class _Client:
    """A session with its narrator and readers, whose tools, loudspeaker and clock obey at once."""

    def __init__(self, head: bytes) -> None:
        self.at = 0.0
        self.session = ClientSession(
            SessionOptions(
                greet=b"g" in head,
                push_to_talk=b"p" in head,
                tool_rounds=2,
                limit_cost_usd=0.5,
                video_when="on_turn" if b"v" in head else None,
            )
        )
        self.narrator = RealtimeNarrator()
        self.timeline, self.redactor = Timeline(None), REDACTOR
        self.out = io.StringIO()
        readers: list[ConversationReader] = [Status(), Transcript(), JsonLines(self.out)]
        redaction = OutputRedaction(SECRETS)
        self.readers = [self.timeline, *map(redaction.before, readers)]

    def entry(self, entry: Entry) -> None:
        for event in self.narrator.narrate(entry):
            for reader in self.readers:
                reader.observe(event)

    def give(self, happened: inputs.Input) -> None:
        waiting = [happened]
        for _ in range(200):
            if not waiting:
                return
            happened = waiting.pop(0)
            kind = "received" if isinstance(happened, inputs.Received) else "local"
            self.entry(Entry(self.at, kind, happened))  # type: ignore[arg-type]
            for effect in self.session.handle(happened):
                self.entry(Entry(self.at, "sent" if isinstance(effect, effects.Send) else "local", effect))
                waiting += self.perform(effect)
        raise AssertionError("one event has effects for ever")

    def perform(self, effect: effects.Effect) -> list[inputs.Input]:
        match effect:
            case effects.Send():
                self.redactor.scrub(codec.encode(effect.event))
            case effects.CallTool():
                return [inputs.ToolFinished(self.at, effect.call_id, "42", False)]
            case effects.RequestApproval():
                return [inputs.ApprovalAnswered(self.at, effect.call_id, "no", "no")]
            case effects.StopPlayback():
                return [inputs.PlaybackStopped(self.at, effect.cause, (HeardItem("a", 0, 10.0, False),))]
            case effects.CaptureFrame():
                return [inputs.VideoFrameCaptured(self.at, "", 0, 0)]
        return []

    def line(self, line: str, decoder: codec.ServerDecoder) -> None:
        self.at += 0.5
        try:
            event = decoder.decode(line)
        except codec.UndecodableEvent as error:
            self.give(inputs.UndecodableFrame(self.at, error.reason, error.excerpt))
            return
        if event is not None:
            self.give(inputs.Received(self.at, event, line))


def _to_client(lines: list[str], head: bytes) -> None:
    client, decoder = _Client(head), codec.ServerDecoder()
    client.give(inputs.Connected(0.0, "", 0, 1.0))
    attempt = 0
    for line in lines:
        if line == "@":
            attempt += 1
            client.give(inputs.Disconnected(client.at, 1006))
            client.give(inputs.Connected(client.at, "", attempt, 1.0 + client.at))
        elif line == "@@":
            client.give(inputs.Typed(client.at, "hello"))
        elif line.startswith("@"):
            client.at += 40
            client.give(inputs.TimerFired(client.at, line[1:]))
        else:
            client.line(line, decoder)
    client.give(inputs.Disconnected(client.at + 1, 1000))
    client.timeline.close()
    for make in (text.plain_text, text.audacity_labels, text.items_json):
        safe(client.redactor.scrub(make(client.timeline)))
    text.markdown(client.timeline, Header(tool="fuzz", started="", command="", config={}, session={}))


def _to_server(lines: list[str]) -> None:
    session, at, waits = ServerSession(), 0.0, list[server_inputs.Input]()
    waits.append(server_inputs.ClientConnected(0.0, 1, "m", False, False))
    for line in (*lines, ""):
        at += 0.5
        is_timer = line.startswith("@")
        waits.append(
            server_inputs.DeadlineReached(at, line[1:]) if is_timer else server_inputs.Frame(at, line)
        )
        for _ in range(200):
            if not waits:
                break
            for effect in session.handle(waits.pop(0)):
                waits += _engine(effect, at)
        assert not waits, "one event has effects for ever"


def _engine(effect: server_effects.Effect, at: float) -> list[server_inputs.Input]:
    match effect:
        case server_effects.Emit():
            sent = codec.encode(effect.event)
            assert codec.decode_server_event(sent).type == effect.event.type
        case server_effects.Transcribe():
            return [server_inputs.Transcribed(at, effect.ticket, "hello")]
        case server_effects.Generate():
            said = server_inputs.TextGenerated(at, effect.response_id, "Yes.")
            return [said, server_inputs.GenerationDone(at, effect.response_id)]
        case server_effects.Synthesize():
            sound = base64.b64decode(b"AAAA" * 40)
            spoken = server_inputs.AudioGenerated(at, effect.response_id, sound)
            return [spoken, server_inputs.AudioDone(at, effect.response_id)]
    return []


TARGETS: dict[str, Callable[[bytes], None]] = {
    "recording": recording,
    "agent": agent,
    "script": script,
    "wire": wire,
}
