"""Changing settings at run time."""

from __future__ import annotations

from realtime_cli.client import settings

SERVER = {"type": "server_vad", "threshold": 0.5}
SEMANTIC = {"type": "semantic_vad", "eagerness": "low"}


def test_objects_merge_deep_and_lists_whole():
    old = {"tools": [1, 2], "audio": {"input": {"a": 1}, "output": {"voice": "cedar"}}}
    new = settings.merged(old, {"tools": [3], "audio": {"input": {"b": 2}}})
    assert new == {"tools": [3], "audio": {"input": {"a": 1, "b": 2}, "output": {"voice": "cedar"}}}


def test_another_kind_of_detection_replaces_the_old_one():
    assert settings.merged({"turn_detection": SERVER}, {"turn_detection": SEMANTIC}) == {
        "turn_detection": SEMANTIC
    }


def test_only_the_difference():
    old = {"type": "realtime", "instructions": "a", "audio": {"output": {"voice": "cedar", "speed": 1}}}
    new = {"type": "realtime", "instructions": "a", "audio": {"output": {"voice": "marin", "speed": 1}}}
    assert settings.changes(old, new) == {"audio": {"output": {"voice": "marin"}}}
    assert settings.changes(old, old) == {}


def test_null_is_a_value():
    assert settings.changes({"turn_detection": SERVER}, {"turn_detection": None}) == {"turn_detection": None}


def test_differences_name_the_path():
    found = settings.differences({"audio": {"output": {"speed": 1.2}}}, {"audio": {"output": {"speed": 1.0}}})
    assert found == ["session.audio.output.speed: asked for 1.2, the server has 1.0"]


def test_what_is_in_force_is_told_in_words_and_lists_without_their_entries():
    patch = {"type": "realtime", "audio": {"output": {"speed": 1}}, "tools": [{"authorization": "s3cret"}]}
    told = settings.in_words({**patch, "tracing": None, "include": []}, {"audio": {"output": {"speed": 1.0}}})
    assert told == (
        "session.audio.output.speed = 1.0, session.tools, session.tracing = null, session.include"
    )


def test_what_the_server_does_not_show_is_no_difference():
    assert settings.differences({"include": ["x"]}, {}) == []


def test_the_refused_key_is_taken_out():
    patch = {"type": "realtime", "audio": {"output": {"voice": "x", "speed": 9}}}
    assert settings.without(patch, "session.audio.output.speed") == {
        "type": "realtime",
        "audio": {"output": {"voice": "x"}},
    }
    assert settings.without(patch, "session.nothing") is None
    assert settings.without(patch, "") is None


def test_what_is_missing_or_wrong_inside_takes_its_table_or_list_along():
    patch = {
        "audio": {"input": {"turn_detection": {"threshold": 0.7}}},
        "tools": [{"type": "function"}],
        "a": 1,
    }
    missing = settings.without(patch, "session.audio.input.turn_detection.type")
    assert missing == {"audio": {"input": {}}, "tools": [{"type": "function"}], "a": 1}
    listed = settings.without(patch, "session.tools[0].name")
    assert listed == {"audio": patch["audio"], "a": 1}


def test_empty_tables_are_no_settings():
    assert not settings.says_something({"type": "realtime", "audio": {"input": {}}})
    assert settings.says_something({"audio": {"input": {"turn_detection": {"type": "semantic_vad"}}}})
    assert settings.says_something({"tracing": None})


def test_what_was_taken_out():
    old = {"type": "realtime", "instructions": "a", "audio": {"output": {"voice": "cedar", "speed": 1}}}
    new = {"type": "realtime", "audio": {"output": {"voice": "cedar"}}}
    assert settings.dropped(old, new) == ["session.instructions", "session.audio.output.speed"]
    assert settings.dropped(old, old) == []
