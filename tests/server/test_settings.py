"""How settings merge."""

from __future__ import annotations

import copy

import pytest

from realtime_cli.server import settings
from realtime_cli.server.api_error import ApiError
from realtime_cli.server.settings import Defaults

SESSION = settings.realtime_session("m", "sess", 0, Defaults())


def updated(voice_is_fixed: bool = False, session: dict | None = None, **patch: object) -> dict:
    patch = {"type": "realtime", **patch}
    return settings.updated(session or SESSION, patch, Defaults(), voice_is_fixed=voice_is_fixed)


def test_absent_keys_keep_their_value_and_the_old_session_is_untouched():
    before = copy.deepcopy(SESSION)
    new = updated(audio={"input": {"noise_reduction": {"type": "near_field"}}})
    assert new["audio"]["input"]["noise_reduction"] == {"type": "near_field"}
    assert new["audio"]["input"]["turn_detection"] == before["audio"]["input"]["turn_detection"]
    assert new["audio"]["output"] == before["audio"]["output"]
    assert before == SESSION


def test_lists_are_replaced_and_nulls_clear():
    tools = [{"type": "function", "name": "a"}]
    with_tools = updated(tools=tools, instructions="x")
    assert updated(session=with_tools, tools=[], instructions="")["tools"] == []
    assert updated(audio={"input": {"turn_detection": None}})["audio"]["input"]["turn_detection"] is None


def test_detection_that_comes_back_has_all_defaults():
    manual = updated(audio={"input": {"turn_detection": None}})
    again = updated(
        session=manual, audio={"input": {"turn_detection": {"type": "server_vad", "threshold": 0.7}}}
    )
    assert again["audio"]["input"]["turn_detection"] == {**settings.SERVER_VAD, "threshold": 0.7}


def test_another_kind_of_detection_brings_no_old_keys():
    semantic = updated(audio={"input": {"turn_detection": {"type": "semantic_vad", "eagerness": "low"}}})
    assert semantic["audio"]["input"]["turn_detection"] == {**settings.SEMANTIC_VAD, "eagerness": "low"}
    server = updated(session=semantic, audio={"input": {"turn_detection": {"type": "server_vad"}}})
    assert server["audio"]["input"]["turn_detection"] == settings.SERVER_VAD


def test_formats_are_told_in_full():
    law = updated(audio={"output": {"format": {"type": "audio/pcmu"}}})
    assert law["audio"]["output"]["format"] == {"type": "audio/pcmu"}
    pcm = updated(session=law, audio={"output": {"format": {"type": "audio/pcm"}}})
    assert pcm["audio"]["output"]["format"] == {"type": "audio/pcm", "rate": 24000}


@pytest.mark.parametrize(("patch", "param"), [({"type": "transcription"}, "session.type")])
def test_what_may_not_change(patch: dict, param: str):
    with pytest.raises(ApiError) as fault:
        updated(**patch)
    assert fault.value.param == param


def test_tracing_stays_once_it_is_on():
    traced = updated(tracing={"workflow_name": "w"})
    assert updated(session=traced, tracing={"workflow_name": "w"})["tracing"] == {"workflow_name": "w"}
    with pytest.raises(ApiError, match="tracing"):
        updated(session=traced, tracing=None)


def test_a_custom_voice_is_fixed_as_well():
    spoken = updated(audio={"output": {"voice": {"id": "voice_1"}}})
    assert updated(True, spoken, audio={"output": {"voice": {"id": "voice_1"}}})
    with pytest.raises(ApiError) as fault:
        updated(True, spoken, audio={"output": {"voice": {"id": "voice_2"}}})
    assert fault.value.code == "cannot_update_voice"
