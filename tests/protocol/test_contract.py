"""Our vocabulary against the ``openai`` package's, which is the published contract, both ways.

Theirs → ours: no event of theirs is unknown to us, no field of theirs undeclared, nothing is lost or
changed on the way through. Ours → theirs: whatever we can build they can read, without a field that
they do not know.
"""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from openai import BaseModel as OpenAIModel
from openai.types.realtime import RealtimeClientEvent, RealtimeServerEvent
from openai.types.realtime.response_create_event_with_references_param import (
    ResponseCreateEventWithReferencesParam,
)
from pydantic import TypeAdapter

from realtime_cli.protocol import codec, strict
from realtime_cli.protocol.client_events import CLIENT_EVENTS
from realtime_cli.protocol.rules import Problem
from realtime_cli.protocol.server_events import SERVER_EVENTS, UnknownServerEvent
from tests.kit.samples import of_model, strangers


def _by_type(union: Any) -> dict[str, type[OpenAIModel]]:
    members = get_args(get_args(union)[0])
    return {get_args(member.model_fields["type"].annotation)[0]: member for member in members}


THEIR_SERVER = _by_type(RealtimeServerEvent)
THEIR_CLIENT = _by_type(RealtimeClientEvent)
OLD = {"conversation.item.created": "conversation.item.added"}
# Theirs has one wide content part; which of its fields belong to which type is in their docstrings.
CONTENT = {
    "input_text": {"type", "text"},
    "input_audio": {"type", "audio", "transcript"},
    "input_image": {"type", "image_url", "detail"},
    "output_text": {"type", "text"},
    "output_audio": {"type", "audio", "transcript"},
}


def _their_samples(model: type[OpenAIModel]) -> list[Any]:
    return [_narrow(sample) for sample in of_model(model)]


def _narrow(value: Any) -> Any:
    if isinstance(value, list):
        return [_narrow(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    narrow = {key: _narrow(entry) for key, entry in value.items()}
    for part in narrow.get("content", ()):
        for name in part.keys() - CONTENT[part["type"]]:
            del part[name]
    return narrow


def test_both_sides_know_the_same_events():
    assert SERVER_EVENTS.keys() == THEIR_SERVER.keys()
    assert CLIENT_EVENTS.keys() == THEIR_CLIENT.keys()
    assert (len(SERVER_EVENTS), len(CLIENT_EVENTS)) == (46, 11)


@pytest.mark.parametrize("kind", sorted(THEIR_SERVER))
def test_every_server_event_of_theirs_is_read_whole(kind: str):
    for sample in _their_samples(THEIR_SERVER[kind]):
        event = codec.decode_server_event(json.dumps(sample))
        assert not isinstance(event, UnknownServerEvent)
        assert event.type == OLD.get(kind, kind)
        assert strangers(event) == []
        assert json.loads(codec.encode(event)) == {**sample, "type": event.type}


@pytest.mark.parametrize("kind", sorted(THEIR_CLIENT))
def test_every_client_event_of_theirs_is_in_order(kind: str):
    for sample in _their_samples(THEIR_CLIENT[kind]):
        assert [p for p in strict.problems(CLIENT_EVENTS[kind], sample) if not _beyond_types(p)] == []
        event = codec.client_event(sample)
        assert strangers(event) == []
        assert json.loads(codec.encode(event)) == sample


def _beyond_types(problem: Problem) -> bool:
    """What the API refuses although its types allow it: any mixture of kind and content occurs in samples."""
    return problem.path[-1] in ("type", "rate") and problem.code in ("invalid_value", "unknown_parameter")


@pytest.mark.parametrize("kind", sorted(CLIENT_EVENTS))
def test_every_client_event_of_ours_is_in_order_for_them(kind: str):
    for sample in _allowed(kind):
        ours = codec.encode(CLIENT_EVENTS[kind].model_validate(sample))
        if "item_reference" in ours:  # for these they have only the type of a dictionary
            TypeAdapter(ResponseCreateEventWithReferencesParam).validate_json(ours)
            continue
        theirs = THEIR_CLIENT[kind].model_validate_json(ours)
        assert strangers(theirs) == []
        assert theirs.to_dict(mode="json") == json.loads(ours)


def _allowed(kind: str) -> list[dict[str, Any]]:
    """Samples of our own model, as far as our own rules allow them."""
    samples = [
        sample for sample in of_model(CLIENT_EVENTS[kind]) if not strict.problems(CLIENT_EVENTS[kind], sample)
    ]
    assert samples, f"no sample of {kind} is in order"
    return samples
