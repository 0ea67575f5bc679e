"""``barge_in = "reversible"``, in a real ``talk`` with the local server: a cough, and a "stop"."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from realtime_cli.audio.pcm import FRAME_SAMPLES, RATE_HZ, Samples, silence
from realtime_cli.audio.wav_file import read_wav, wav_header
from realtime_cli.client import effects, inputs
from realtime_cli.recording.export import text
from realtime_cli.recording.reader import Recording, read
from realtime_cli.recording.timeline import timeline
from realtime_cli.server.engine.synthesiser import HibariVoice
from tests.bench.interjections import interjections
from tests.kit.cli import run_cli
from tests.kit.verified import differing

ROOT = Path(__file__).parents[2]
AUDIBLE = 300  # of 32768
pytestmark = pytest.mark.xdist_group("taken back")


def pause(seconds: float) -> Samples:
    return silence(round(seconds * RATE_HZ))


def load(path: Path) -> Samples:
    with path.open("rb") as file:
        return np.concatenate(list(read_wav(file, str(path))))


@pytest.fixture(scope="module")
def talked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Recording, Path]:
    """The agent reads; somebody coughs, and later says stop. The recording, and what was played."""
    voice, folder = HibariVoice(), tmp_path_factory.mktemp("talked")

    def says(words: str) -> Samples:
        return np.concatenate(list(voice.speak(words))).astype(np.int16)

    cough = next(one.sound for one in interjections() if one.name == "cough 1")
    stop = says("Stop it now, please. I want to ask you something.")
    heard = [says("Please read me a long text."), pause(5), cough, pause(3), stop, pause(1)]
    spoken, recording, played = (folder / name for name in ("spoken.wav", "talk.jsonl", "played.wav"))
    sound = np.concatenate(heard)
    spoken.write_bytes(wav_header(2 * len(sound)) + sound.astype("<i2").tobytes())
    files = ("--input", spoken, "--output", played, "--record", recording)
    policy = ("--set", "audio.barge_in=reversible", "--set", "conversation.greet=false")
    done = run_cli("talk", "--config", ROOT / "configs/local.toml", *files, *policy, timeout_s=120)
    assert done.returncode == 0, done.stderr
    return read(recording), played


def test_a_cough_is_taken_back_and_a_stop_is_not(talked: tuple[Recording, Path]) -> None:
    recording, _ = talked
    values = [entry.value for entry in recording.entries()]
    notes = [value.text for value in values if isinstance(value, inputs.Noted) and value.topic == "barge_in"]
    went_on, stopped = (text.split(" ms and ") for text in notes)
    assert went_on[1] == "goes on: a noise."
    assert stopped[1] == "stopped: you went on."
    (cut,) = [value for value in values if isinstance(value, inputs.PlaybackStopped)]
    sent = [value.event for value in values if isinstance(value, effects.Send)]
    (truncated,) = [event for event in sent if event.type == "conversation.item.truncate"]
    assert (cut.cause, truncated.audio_end_ms) == ("voice", int(cut.items[-1].heard_ms))


def test_the_recording_verifies_and_the_exports_tell_of_both(talked: tuple[Recording, Path]) -> None:
    recording, _ = talked
    assert differing(recording.path) == ""
    told = timeline(recording)
    marks = [mark.text for mark in told.events if mark.kind == "interruption"]
    assert [mark.rpartition(" ")[2] for mark in marks if "held" in mark] == ["noise.", "on."]
    (cut_ms,) = [said.cut_ms for said in told.said if said.cut_ms is not None]
    assert f"interrupted after {cut_ms:.0f} ms" in " ".join(marks)
    assert f"[interrupted after {cut_ms / 1000:.1f} s]" in text.plain_text(told)


def test_the_voice_goes_on_at_the_same_sample(talked: tuple[Recording, Path]) -> None:
    """What was played is what came, sample by sample, but for the silence of the hold."""
    recording, path = talked
    played = load(path).astype(int)
    (came,) = recording.path.parent.glob("*.received.wav")
    whole = load(came).astype(int)
    begin = int(np.flatnonzero(np.abs(played) > AUDIBLE)[0])
    start = place_of(played[begin : begin + RATE_HZ], whole)
    same = min(len(played) - begin, len(whole) - start)
    faded = begin + int(np.flatnonzero(played[begin : begin + same] != whole[start : start + same])[0])
    held = faded - faded % FRAME_SAMPLES  # it is played frame by frame
    sounds = held + FRAME_SAMPLES + int(np.flatnonzero(played[held + FRAME_SAMPLES :])[0])
    resumed = sounds - sounds % FRAME_SAMPLES
    after = resumed + FRAME_SAMPLES  # the ramp is over
    assert resumed - held > RATE_HZ / 4
    assert place_of(played[after : after + RATE_HZ], whole) == start + held - begin + FRAME_SAMPLES


def place_of(piece: np.ndarray, whole: np.ndarray) -> int:
    """Where exactly these samples stand."""
    size = 1 << (len(whole) + len(piece)).bit_length()
    likeness = np.fft.irfft(np.fft.rfft(whole, size) * np.conj(np.fft.rfft(piece, size)), size)
    place = int(np.argmax(likeness[: len(whole)]))
    assert (whole[place : place + len(piece)] == piece).all()
    return place
