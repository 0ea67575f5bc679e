"""Echo in synthetic rooms: what is taken out, what would still wake a voice activity detection."""

from __future__ import annotations

import numpy as np
import pytest

from realtime_cli.audio import speex_echo
from realtime_cli.audio.echo_canceller import (
    AEC_DELAY_SAMPLES,
    CancellerTuning,
    EchoCanceller,
    TalkState,
    gains,
)
from realtime_cli.audio.pcm import RATE_HZ, SAMPLES_PER_MS, Samples, dbfs, silence
from realtime_cli.audio.speex_echo import SpeexEchoCanceller
from tests.audio.echo_rooms import ROOMS, cancelled, far_speech, frames, slipping, through_room

SLIPS = range(8)


@pytest.mark.parametrize("noise_suppression", [False, True])
@pytest.mark.parametrize("room", ROOMS)
def test_at_least_25_db_are_gone_after_2_s(room: str, noise_suppression: bool) -> None:
    far = far_speech()
    near = through_room(far, *ROOMS[room])
    cleaned, canceller = cancelled(far, near, noise_suppression=noise_suppression)
    after = slice(2 * RATE_HZ, None)
    assert dbfs(near[after]) - dbfs(cleaned[after]) >= 25
    erle_db = canceller.state.erle_db
    assert erle_db is not None
    assert erle_db >= 20


@pytest.mark.parametrize("room", ROOMS)
def test_nothing_is_left_that_would_wake_a_voice_activity_detection_from_the_first_sound_on(
    room: str,
) -> None:
    pytest.importorskip("onnxruntime", reason="the local engine's packages are not installed")
    from realtime_cli.server.engine.voice_activity import VoiceActivity

    far = far_speech()
    near = through_room(far, *ROOMS[room])
    cleaned, _ = cancelled(far, near)
    assert max(VoiceActivity().feed(near[2 * RATE_HZ :])) > 0.8, "without the canceller it would"
    probabilities = VoiceActivity().feed(cleaned)
    assert max(probabilities) < 0.5


def test_what_is_left_of_a_tone_is_no_leak_though_it_is_a_tone() -> None:
    seconds = np.arange(6 * RATE_HZ) / RATE_HZ
    far = (8000 * np.sin(2 * np.pi * 440 * seconds)).astype(np.int16)
    near = through_room(far, 80, 0, None)
    canceller = EchoCanceller(latency_s=0.02)
    converging = []
    for given, heard in zip(frames(far), frames(near), strict=True):
        canceller.played(given)
        canceller.process(heard)
        converging.append(canceller.converging)
    assert not any(converging[100:])


def answers_with_pauses() -> Samples:
    """Nine, of one to three seconds; the pauses are long enough to forget how loud the agent was."""
    chance = np.random.default_rng(3)
    spoken = np.split(far_speech(63), 9)
    parts = []
    for sound in spoken:
        sound = sound[np.argmax(np.abs(sound) > 300) :]
        parts += [sound[: int(chance.uniform(1, 3) * RATE_HZ)], silence(int(chance.uniform(1, 4) * RATE_HZ))]
    return np.concatenate(parts)


@pytest.mark.parametrize("noise_rms", [0, 100, 300])
def test_neither_noise_nor_the_first_word_after_a_pause_counts_as_a_voice(noise_rms: int) -> None:
    far = answers_with_pauses()
    noise = noise_rms * np.random.default_rng(4).standard_normal(len(far))
    near = (through_room(far, 60, 0, None) + noise).astype(np.int16)
    canceller = EchoCanceller(latency_s=0.02)
    spoke = []
    for at, (given, heard) in enumerate(zip(frames(far), frames(near), strict=True)):
        canceller.played(given)
        canceller.process(heard)
        if canceller.talk_state is TalkState.DOUBLE_TALK:
            spoke.append(at / 50)
    assert spoke == []


@pytest.mark.heavy
@pytest.mark.parametrize("was_louder_db", [-12, 0, 12])
@pytest.mark.parametrize("room", ROOMS)
def test_an_echo_that_is_louder_or_softer_than_it_was_wakes_no_voice_activity_detection(
    room: str, was_louder_db: float
) -> None:
    pytest.importorskip("onnxruntime", reason="the local engine's packages are not installed")
    from realtime_cli.server.engine.voice_activity import VoiceActivity

    far = far_speech(6)
    near = through_room(far, *ROOMS[room])
    _, canceller = cancelled(far, near)
    erl_db, heard_s = canceller.learned
    assert heard_s > 2
    cleaned, _ = cancelled(far, near, erl_db=erl_db - was_louder_db)
    assert max(VoiceActivity().feed(cleaned)) < 0.5


@pytest.mark.heavy
@pytest.mark.usefixtures("words_path")
@pytest.mark.parametrize("seed", SLIPS)
def test_where_the_microphone_loses_sound_the_echo_does_not_count_as_a_voice(seed: int) -> None:
    """It comes before its far end then: nothing can be taken out of it."""
    chance = np.random.default_rng(seed)
    far = far_speech(20)
    near = through_room(far, 60, 0, None, seed=seed)
    begins = [int(50 * (at + chance.uniform(0, 2))) for at in range(5, 18, 3)]
    lost = {begin + block for begin in begins for block in range(10)}
    canceller = EchoCanceller(latency_s=0.02)
    cleaned, spoke = [], 0
    for place, (given, heard) in enumerate(zip(frames(far), frames(near), strict=True)):
        canceller.played(given)
        if place not in lost:
            cleaned.append(canceller.process(heard))
            spoke += canceller.talk_state is TalkState.DOUBLE_TALK
    assert canceller.state.realigned == 5
    assert spoke <= 5


def beside_the_agent(begins_s: float = 4.0, delay_ms: int = 60) -> tuple[Samples, Samples, Samples]:
    """What the agent says, what the microphone hears, and what of that is a user, who begins then."""
    far = far_speech(begins_s + 2)
    near = through_room(far, delay_ms, 0, None) // 4
    user = far_speech(2)[::-1]  # backwards: nothing that the canceller could know
    user = user[np.argmax(np.abs(user) > 2000) :]
    begins = round(begins_s * RATE_HZ)
    near[begins : begins + len(user)] = np.clip(
        near[begins : begins + len(user)].astype(np.int32) + user, -32768, 32767
    )
    return far, near, user


@pytest.mark.heavy
@pytest.mark.usefixtures("words_path")
@pytest.mark.parametrize("seed", SLIPS)
def test_where_sound_is_lost_on_the_way_nothing_is_left_that_would_wake_a_voice_activity_detection(
    seed: int,
) -> None:
    pytest.importorskip("onnxruntime", reason="the local engine's packages are not installed")
    from realtime_cli.server.engine.voice_activity import VoiceActivity

    far = far_speech(20)
    near = slipping(through_room(far, 200, 0, None, seed=seed), seed)
    cleaned, _ = cancelled(far, near)
    assert max(VoiceActivity().feed(cleaned)) < 0.5


def test_a_canceller_learns_how_much_softer_the_echo_is() -> None:
    far = far_speech(8)
    softer_db = []
    for quarter in (1, 4):
        near = through_room(far, 60, 0, None) // quarter
        erl_db, heard_s = cancelled(far, near)[1].learned
        softer_db.append(erl_db)
        assert 3 < heard_s < 8
    assert softer_db[1] - softer_db[0] == pytest.approx(12, abs=2)


def test_the_user_opens_the_gate_in_double_talk() -> None:
    far, near, user = beside_the_agent()
    cleaned, _ = cancelled(far, near)
    assert dbfs(cleaned[4 * RATE_HZ :]) > dbfs(user) - 3


@pytest.fixture
def words_path() -> None:
    try:
        SpeexEchoCanceller()
    except OSError as error:
        pytest.skip(str(error))


@pytest.mark.usefixtures("words_path")
def test_the_user_is_sent_from_the_first_syllable_on() -> None:
    far, near, user = beside_the_agent()
    cleaned, _ = cancelled(far, near)
    first = user[: RATE_HZ // 5].astype(np.float64)
    alike = np.correlate(cleaned[3 * RATE_HZ :].astype(np.float64), first, "valid")
    assert alike.max() > 0.8 * first @ first


@pytest.mark.usefixtures("words_path")
@pytest.mark.parametrize("was_louder_db", [-6, 0])
def test_in_a_known_room_the_users_first_words_are_not_taken_for_its_echo(was_louder_db: float) -> None:
    far = far_speech(6)
    _, canceller = cancelled(far, through_room(far, 120, 0, None) // 4)
    erl_db = canceller.learned[0]
    far, near, user = beside_the_agent(0.8, delay_ms=120)
    said = user[:RATE_HZ].astype(np.float64)
    sent = {}
    for known_db in (None, erl_db - was_louder_db):
        cleaned, _ = cancelled(far, near, erl_db=known_db)
        sent[known_db] = np.correlate(cleaned.astype(np.float64), said, "valid").max() / (said @ said)
    assert sent[None] < 0.3 < 0.7 < sent[erl_db - was_louder_db]


@pytest.mark.usefixtures("words_path")
@pytest.mark.parametrize("begins_s", [1.1, 1.2, 1.3])
def test_who_speaks_into_the_first_answer_is_sent_whole(begins_s: float) -> None:
    """It has lasted for 0.6 s by then; until its loudest was heard, no voice has to be louder than that."""
    far, near, user = beside_the_agent(begins_s, delay_ms=80)
    cleaned, _ = cancelled(far, near)
    said = user[:RATE_HZ].astype(np.float64)
    alike = np.correlate(cleaned.astype(np.float64), said, "valid")
    assert alike.max() > 0.85 * said @ said


@pytest.mark.usefixtures("words_path")
def test_what_is_sent_late_is_made_up_for_in_silence() -> None:
    far, near, _ = beside_the_agent()
    far, near = (
        np.concatenate([far, far_speech(4)]),
        np.concatenate([near, through_room(far_speech(4), 60, 0, None) // 4]),
    )
    canceller = EchoCanceller(latency_s=0.02)
    ahead, sent = [], 0
    for at, (given, heard) in enumerate(zip(frames(far), frames(near), strict=True), 1):
        canceller.played(given)
        sent += len(canceller.process(heard))
        ahead.append(sent - at * len(heard))
    assert max(ahead) > 50 * SAMPLES_PER_MS
    assert ahead[-1] == 0


def test_without_libspeexdsp_a_share_of_the_microphone_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speex_echo, "NAMES", {})
    speex_echo.library.cache_clear()
    far, near, user = beside_the_agent()
    cleaned, _ = cancelled(far, near)
    speex_echo.library.cache_clear()
    assert len(cleaned) == len(near) // 480 * 480
    assert dbfs(cleaned[4 * RATE_HZ :]) > dbfs(user) - 9


def test_after_a_slip_it_is_half_duplex_until_it_has_learned() -> None:
    canceller = EchoCanceller()
    far = far_speech(8)
    near = through_room(far, 60, 0, None)
    cleaned = []
    for place, (given, heard) in enumerate(zip(frames(far), frames(near), strict=True)):
        if place != 200 and not 250 <= place < 260:  # the device lost 20 ms, then 200 ms for good
            canceller.played(given)
        cleaned.append(canceller.process(heard))
    assert canceller.state.realigned == 1
    after_slip = np.concatenate(cleaned[100:])
    assert dbfs(after_slip) < dbfs(near) - 25
    assert not canceller.converging


def test_the_user_alone_is_left_alone() -> None:
    near = far_speech(5)
    cleaned, _ = cancelled(silence(len(near)), near)
    assert dbfs(cleaned[RATE_HZ:]) == pytest.approx(dbfs(near[RATE_HZ:]), abs=1.5)


def test_while_nothing_is_played_the_user_is_passed_on_as_late_as_otherwise() -> None:
    near = far_speech(2)
    cleaned, _ = cancelled(silence(len(near)), near)
    assert np.array_equal(cleaned[AEC_DELAY_SAMPLES:], near[: len(cleaned) - AEC_DELAY_SAMPLES])


def test_where_the_canceller_wakes_and_rests_nothing_clicks() -> None:
    near = np.resize(tone_of(200, 4_000), 6 * RATE_HZ)
    far = silence(len(near))
    far[2 * RATE_HZ : 3 * RATE_HZ] = 20  # too soft for the gate, enough to wake it
    cleaned, canceller = cancelled(far, near)
    steps = np.abs(np.diff(cleaned[RATE_HZ // 10 :].astype(np.int32)))
    assert canceller.state.mode == "aec"
    assert steps.max() <= 1.5 * np.abs(np.diff(near.astype(np.int32))).max()


def tone_of(hz: int, peak: int) -> Samples:
    return (peak * np.sin(2 * np.pi * hz * np.arange(RATE_HZ) / RATE_HZ)).astype(np.int16)


def test_nothing_of_a_loud_room_is_left_when_the_canceller_takes_the_agent_for_over() -> None:
    """AEC3 does so 350 ms after the last sound; a room 6 dB louder than it was given rings on."""
    far = np.concatenate([far_speech(4), silence(2 * RATE_HZ)])
    near = through_room(far, 150, 0, None, decay_s=0.1).astype(np.int32)
    cleaned, _ = cancelled(far, np.clip(2 * near, -32768, 32767).astype(np.int16))
    afterwards = cleaned[round(4.25 * RATE_HZ) :]
    assert max(dbfs(afterwards[at : at + 240]) for at in range(0, len(afterwards), 240)) < -60


@pytest.mark.parametrize("delay_ms", [30, 150, 250])
def test_a_room_that_rings_on_leaves_no_blips_after_the_agent_has_ended(delay_ms: int) -> None:
    far = np.concatenate([far_speech(4), silence(2 * RATE_HZ)])
    near = through_room(far, delay_ms, 0, None, decay_s=0.1)
    cleaned, _ = cancelled(far, near)
    afterwards = cleaned[4 * RATE_HZ + (delay_ms + 250) * SAMPLES_PER_MS :]
    assert max(dbfs(afterwards[at : at + 240]) for at in range(0, len(afterwards), 240)) < -70


# -- the state table --------------------------------------------------------------------------


def states(far: Samples, near: Samples) -> list[TalkState]:
    """The states in the order in which they came, each once in a row."""
    canceller = EchoCanceller()
    seen: list[TalkState] = []
    for given, heard in zip(frames(far), frames(near), strict=True):
        canceller.played(given)
        canceller.process(heard)
        if not seen or canceller.talk_state is not seen[-1]:
            seen.append(canceller.talk_state)
    return seen


def test_a_conversation_goes_through_the_states() -> None:
    far = np.concatenate([silence(RATE_HZ), far_speech(4), silence(3 * RATE_HZ)])
    near = through_room(far, 60, 0, None)
    alone = states(far, near)
    assert list(dict.fromkeys(alone)) == [TalkState.IDLE, TalkState.FAR_END_ONLY, TalkState.CONVERGING]
    assert alone[-2:] == [TalkState.FAR_END_ONLY, TalkState.IDLE]
    user = far_speech(1)[::-1]
    near[4 * RATE_HZ : 5 * RATE_HZ] = np.clip(
        near[4 * RATE_HZ : 5 * RATE_HZ].astype(int) + user, -32768, 32767
    )
    assert TalkState.DOUBLE_TALK in states(far, near)


def test_with_headphones_the_near_end_is_sent_as_it_is() -> None:
    far = far_speech(6)
    user = far_speech(6)[::-1].copy()
    _, canceller = cancelled(far, silence(len(far)))
    assert canceller.talk_state is TalkState.NO_ECHO_PATH
    canceller.played(far[:480])
    assert canceller.process(user[:480]).tolist() == user[:480].tolist()


@pytest.mark.parametrize(
    ("state", "aec_output", "near_end"),
    [
        (TalkState.IDLE, 0, 1),
        (TalkState.FAR_END_ONLY, 1, 0),
        (TalkState.DOUBLE_TALK, 0.4, 0.6),
        (TalkState.CONVERGING, 0, 0),
        (TalkState.NO_ECHO_PATH, 0, 1),
    ],
)
def test_the_gains_of_each_state(state: TalkState, aec_output: float, near_end: float) -> None:
    gain = gains(CancellerTuning().double_talk_mix, processes_voice=False)[state]
    assert (gain.aec_output, gain.near_end) == (aec_output, near_end)
    ones = np.full(240, 1000, np.int16)
    assert gain.mix(ones, 2 * ones).tolist() == [1000 * aec_output + 2000 * near_end] * 240


@pytest.mark.parametrize("state", [TalkState.IDLE, TalkState.NO_ECHO_PATH])
def test_noise_suppression_is_not_gone_past(state: TalkState) -> None:
    gain = gains(0.6, processes_voice=True)[state]
    assert (gain.aec_output, gain.near_end) == (1, 0)
