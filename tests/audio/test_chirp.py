"""A chirp is found where it is, as soft as it is, and not where it is not."""

from __future__ import annotations

import numpy as np
import pytest

from realtime_cli.audio import chirp
from realtime_cli.audio.pcm import RATE_HZ, Samples, dbfs, silence

TRAIN = chirp.chirps(3, 0.8)


def noise(count: int, level: float, seed: int = 1) -> Samples:
    return (np.random.default_rng(seed).standard_normal(count) * level).astype(np.int16)


def room(delay_ms: float, loss_db: float, noise_level: float = 0.0) -> Samples:
    """What a microphone hears of the train."""
    heard = np.concatenate([silence(round(delay_ms * RATE_HZ / 1000)), TRAIN, silence(RATE_HZ)])
    return (heard * 10 ** (-loss_db / 20)).astype(np.int16) + noise(len(heard), noise_level)


def test_a_train_has_its_chirps_in_time_and_no_edge_clicks() -> None:
    assert len(TRAIN) == round(3 * 0.8 * RATE_HZ)
    assert TRAIN[0] == 0
    assert abs(int(chirp.chirp()[-1])) < 50
    starts = [index * round(0.8 * RATE_HZ) for index in range(3)]
    assert all(TRAIN[start + 1000 : start + 2000].any() for start in starts)


@pytest.mark.parametrize("delay_ms", [0, 37.5, 250, 1100])
@pytest.mark.parametrize("loss_db", [0, 12, 30])
def test_delay_and_loss_are_those_of_the_room(delay_ms: float, loss_db: float) -> None:
    found = chirp.find(TRAIN, room(delay_ms, loss_db))
    assert found is not None
    assert found.delay_ms == pytest.approx(delay_ms, abs=0.1)
    assert found.loss_db == pytest.approx(loss_db, abs=0.5)


def test_it_is_found_in_noise_that_is_louder_than_the_echo() -> None:
    heard = room(120, 30, noise_level=400)
    assert dbfs(noise(1000, 400)) > dbfs(TRAIN) - 30
    found = chirp.find(TRAIN, heard)
    assert found is not None
    assert found.delay_ms == pytest.approx(120, abs=0.2)


@pytest.mark.parametrize("seed", range(5))
def test_noise_alone_is_no_echo(seed: int) -> None:
    assert chirp.find(TRAIN, noise(4 * RATE_HZ, 300, seed)) is None


@pytest.mark.parametrize("heard", [silence(0), silence(RATE_HZ)])
def test_silence_is_no_echo(heard: Samples) -> None:
    assert chirp.find(TRAIN, heard) is None


def test_nothing_played_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing was played"):
        chirp.find(silence(100), noise(100, 10))


def test_the_quietest_window_is_the_room() -> None:
    sound = np.concatenate([noise(RATE_HZ, 3000), noise(RATE_HZ, 30)])
    assert chirp.quietest_dbfs(sound) == pytest.approx(dbfs(noise(RATE_HZ, 30)), abs=1)
    assert chirp.quietest_dbfs(silence(10)) == -120
