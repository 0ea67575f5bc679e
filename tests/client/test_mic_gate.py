"""The gate between microphone and wire."""

from __future__ import annotations

from realtime_cli.client.mic_gate import MicGate

FRAME = b"\1\1" * 480


def gate(**fields: bool) -> MicGate:
    return MicGate(**{"push_to_talk": False, "manual": False, "muted": False, **fields})


def test_open_frames_pass():
    assert gate().frames(0.0, FRAME) == [FRAME]


def test_a_released_key_keeps_a_short_pre_roll():
    hearing = gate(push_to_talk=True, manual=True)
    for _ in range(30):
        assert hearing.frames(0.0, FRAME) == []
    assert hearing.talk()
    assert hearing.frames(0.6, FRAME) == [FRAME] * 16  # 300 ms before the key, and the frame itself


def test_muted_input_is_dropped_not_queued():
    hearing = gate(push_to_talk=False, muted=True)
    hearing.frames(0.0, FRAME)
    hearing.toggle_mute(0.1)
    assert hearing.frames(0.1, FRAME) == [FRAME]


def test_silence_follows_a_mute_for_a_moment():
    hearing = gate()
    hearing.toggle_mute(1.0)
    assert hearing.frames(1.5, FRAME) == [bytes(960)]
    assert hearing.frames(2.6, FRAME) == []


def test_silence_has_the_format_of_the_wire():
    hearing = gate()
    hearing.format = "audio/pcmu"
    hearing.toggle_mute(0.0)
    assert hearing.frames(0.1, b"\1" * 160) == [b"\xff" * 160]


def test_commit_needs_100_ms():
    hearing = gate(manual=True)
    for _ in range(4):
        hearing.frames(0.0, FRAME)
    assert not hearing.can_commit
    hearing.frames(0.0, FRAME)
    assert hearing.can_commit
    hearing.committed()
    assert not hearing.can_commit


def test_release_without_push_to_talk_means_nothing():
    assert not gate().release(0.0)
    assert not gate().talk()
