"""Whatever a peer sends is an event, or is said to be none; never a surprise."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from realtime_cli.client import inputs
from realtime_cli.client.session import ClientSession, SessionOptions
from realtime_cli.protocol import codec
from realtime_cli.protocol.client_events import CLIENT_EVENTS
from realtime_cli.protocol.server_events import SERVER_EVENTS
from realtime_cli.server import inputs as server_inputs
from realtime_cli.server.session import ServerSession

FIELDS = (
    "session",
    "response",
    "item",
    "item_id",
    "response_id",
    "delta",
    "audio",
    "transcript",
    "text",
    "content_index",
    "output_index",
    "call_id",
    "name",
    "arguments",
    "error",
    "event_id",
    "part",
    "previous_item_id",
    "content",
    "output",
    "status",
    "status_details",
    "usage",
    "tools",
    "code",
    "message",
    "turn_detection",
    "format",
    "input",
    "id",
    "role",
    "audio_end_ms",
    "expires_at",
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["message", "function_call", "audio/pcm", "realtime", "user", "AAAA", "server_vad"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(FIELDS) | st.just("type"), inner, max_size=5)
    ),
    max_leaves=12,
)


def events(types: list[str]) -> st.SearchStrategy[str]:
    fields = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=5)
    return st.builds(
        lambda type, fields: json.dumps({"type": type, **fields}), st.sampled_from(types), fields
    )


SERVER_LINES = st.lists(events(sorted(SERVER_EVENTS)), max_size=12)
CLIENT_LINES = st.lists(events(sorted(CLIENT_EVENTS)), max_size=12)


@given(st.text() | st.binary())
def test_any_bytes_are_an_event_or_undecodable(raw: str | bytes):
    for decode in (codec.decode_server_event, codec.decode_client_event):
        try:
            event = decode(raw)
        except codec.UndecodableEvent as error:
            told = error.reason
        else:
            told = event.type
            assert json.loads(codec.encode(event))["type"] == event.type
        assert told


@given(SERVER_LINES)
def test_a_client_survives_every_server(lines: list[str]):
    session, decoder = ClientSession(SessionOptions(greet=True)), codec.ServerDecoder()
    session.handle(inputs.Connected(0.0, "", 0, 1.0))
    session.handle(
        inputs.Received(0.0, codec.decode_server_event('{"type": "session.created", "session": {}}'))
    )
    session.handle(
        inputs.Received(0.0, codec.decode_server_event('{"type": "session.updated", "session": {}}'))
    )
    for at, line in enumerate(lines):
        if event := decoder.decode(line):
            for effect in session.handle(inputs.Received(float(at), event, line)):
                assert effect
    session.handle(inputs.Disconnected(99.0, 1006))
    session.handle(inputs.Connected(100.0, "", 1, 100.0))


@given(CLIENT_LINES)
def test_a_server_survives_every_client(lines: list[str]):
    session = ServerSession()
    session.handle(server_inputs.ClientConnected(0.0, 1, "m", False, False))
    for at, line in enumerate(lines):
        session.handle(server_inputs.Frame(float(at), line))
