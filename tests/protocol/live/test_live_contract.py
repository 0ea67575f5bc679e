"""Our vocabulary of Live against the ``openai`` package's types, both ways."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from openai import BaseModel as OpenAIModel
from openai.types.live.client_event import ClientEvent
from openai.types.live.connect_server_event import ConnectServerEvent
from openai.types.live.server_event import ServerEvent

from realtime_cli.protocol import strict
from realtime_cli.protocol.live import codec
from realtime_cli.protocol.live.client_events import LIVE_CLIENT_EVENTS
from realtime_cli.protocol.live.server_events import LIVE_SERVER_EVENTS, UnknownLiveServerEvent
from realtime_cli.protocol.rules import Problem
from tests.kit.samples import of_model, strangers


def _by_type(union: Any) -> dict[str, type[OpenAIModel]]:
    members = get_args(get_args(union)[0])
    return {get_args(member.model_fields["type"].annotation)[0]: member for member in members}


THEIR_PRIMARY = _by_type(ServerEvent)
THEIR_SERVER = _by_type(ConnectServerEvent)  # the sideband's: the primary's, and two more
THEIR_CLIENT = _by_type(ClientEvent)
DEPTH = 12  # triggers nest deeper than anything in Realtime


def test_both_sides_know_the_same_events():
    assert LIVE_SERVER_EVENTS.keys() == THEIR_SERVER.keys()
    assert LIVE_CLIENT_EVENTS.keys() == THEIR_CLIENT.keys()
    assert (len(THEIR_PRIMARY), len(LIVE_SERVER_EVENTS), len(LIVE_CLIENT_EVENTS)) == (28, 30, 15)


@pytest.mark.parametrize("kind", sorted(THEIR_SERVER))
def test_every_server_event_of_theirs_is_read_whole(kind: str):
    for sample in of_model(THEIR_SERVER[kind], DEPTH):
        event = codec.decode_live_server_event(json.dumps(sample))
        assert not isinstance(event, UnknownLiveServerEvent)
        assert strangers(event) == []
        assert json.loads(codec.encode(event)) == sample


@pytest.mark.parametrize("kind", sorted(THEIR_CLIENT))
def test_every_client_event_of_theirs_is_in_order(kind: str):
    for sample in of_model(THEIR_CLIENT[kind], DEPTH):
        found = strict.problems(LIVE_CLIENT_EVENTS[kind], sample)
        assert [problem for problem in found if not _beyond_types(problem)] == []
        event = codec.live_client_event(sample)
        assert strangers(event) == []
        assert json.loads(codec.encode(event)) == sample


def _beyond_types(problem: Problem) -> bool:
    """Their types allow any text and any mixture of encoding and rate; the service does not."""
    return problem.code == "invalid_value" and problem.path[-1] in ("rate", "type", "connector_id")


@pytest.mark.parametrize("kind", sorted(LIVE_CLIENT_EVENTS))
def test_every_client_event_of_ours_is_in_order_for_them(kind: str):
    ours_type = LIVE_CLIENT_EVENTS[kind]
    samples = [sample for sample in of_model(ours_type) if not strict.problems(ours_type, sample)]
    if "item" in ours_type.model_fields:  # an item is a JSON object to us, and a union to them
        samples = [{"type": kind, "item": {"type": "message", "role": "user", "content": "text"}}]
    assert samples, f"no sample of {kind} is in order"
    for sample in samples:
        ours = codec.encode(ours_type.model_validate(sample))
        theirs = THEIR_CLIENT[kind].model_validate_json(ours)
        assert strangers(theirs) == []
        assert theirs.to_dict(mode="json") == json.loads(ours)
