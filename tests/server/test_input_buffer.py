"""Positions in ms of the whole session, whatever was forgotten."""

from __future__ import annotations

from realtime_cli.server.input_buffer import MAX_BUFFER_MS, InputBuffer


def pcm(ms: int, byte: int = 1) -> bytes:
    return bytes([byte]) * (48 * ms)


def test_what_is_taken_is_gone_and_positions_go_on():
    buffer = InputBuffer()
    buffer.append(pcm(100, 1) + pcm(100, 2) + pcm(100, 3))
    assert buffer.take(100, 200) == pcm(100, 2)
    assert (buffer.start_ms, buffer.end_ms, buffer.kept_ms) == (200, 300, 100)
    assert buffer.between(0, 1000) == pcm(100, 3)


def test_clearing_does_not_turn_time_back():
    buffer = InputBuffer()
    buffer.append(pcm(250))
    buffer.clear()
    assert (buffer.start_ms, buffer.kept_ms) == (250, 0)


def test_cuts_are_between_samples():
    buffer = InputBuffer()
    buffer.append(bytes(range(100)))
    assert len(buffer.between(0, 1.03)) % 2 == 0


def test_g711_has_a_byte_a_sample():
    buffer = InputBuffer("audio/pcmu")
    buffer.append(bytes(800))
    assert buffer.end_ms == 100
    buffer.use_format("audio/pcm")
    assert (buffer.kept_ms, buffer.end_ms) == (0, 100)


def test_there_is_a_bound():
    buffer = InputBuffer()
    assert buffer.has_room(len(pcm(1)) * MAX_BUFFER_MS)
    buffer.append(pcm(1) * MAX_BUFFER_MS)
    assert not buffer.has_room(len(pcm(1)))
    assert buffer.kept_ms == MAX_BUFFER_MS
