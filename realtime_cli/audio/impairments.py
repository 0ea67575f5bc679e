"""What rooms, microphones and telephone lines do to speech: mono, 24 kHz, alike for the same ``chance``.

Float sounds are float32 in [-1, 1): a room and a gain may go beyond, and only ``to_int16`` clips them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from realtime_cli.audio import g711
from realtime_cli.audio.pcm import FRAME_MS, FRAME_SAMPLES, RATE_HZ, SAMPLES_PER_MS, Floats, Samples, silence
from realtime_cli.audio.resample import convert

TELEPHONE_HZ = 8_000
JITTER_BUFFER_MS = 60.0  # a packet that comes later than this is lost
PITCH_LAGS = (RATE_HZ // 400, RATE_HZ // 66)  # ITU-T G.711 appendix I searches for a pitch of 66 to 200 Hz
FADE_AFTER_MS, SILENT_AFTER_MS = 10, 60  # the same: repeated sound fades, and is silence after 60 ms
MEND_SAMPLES = 4 * SAMPLES_PER_MS  # cross-fade from the repeated sound to the next packet
STRETCH_SAMPLES = 30 * SAMPLES_PER_MS
SEARCH_SAMPLES = 10 * SAMPLES_PER_MS
DIRECT_SHARE = 0.8  # of the energy arrives without a detour: half a metre from a microphone


def in_room(sound: Floats, reverb_ms: float, chance: np.random.Generator) -> Floats:
    """With the echo of a room in which sound falls by 60 dB in ``reverb_ms``; as long and loud as before."""
    count = round(reverb_ms * SAMPLES_PER_MS)
    tail = chance.standard_normal(count) * 10 ** (-3 * np.arange(count) / count)
    tail[: 2 * SAMPLES_PER_MS] = 0
    tail *= np.sqrt((1 - DIRECT_SHARE) / (np.sum(tail**2) or 1.0))
    tail[0] = np.sqrt(DIRECT_SHARE)
    size = len(sound) + count
    heard = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(tail, size), size)[: len(sound)]
    return heard.astype(np.float32)


def amplified(sound: Floats, gain_db: float) -> Floats:
    return (sound * np.float32(10 ** (gain_db / 20))).astype(np.float32)


def overdriven(sound: Floats, clip_db: float) -> Floats:
    """Amplified until its loudest sample is so far over full scale, then clipped."""
    peak = float(np.abs(sound).max(initial=0.0)) or 1.0
    cut: Floats = np.clip(sound * np.float32(10 ** (clip_db / 20) / peak), -1.0, 1.0)
    return cut


def stretched(sound: Floats, speed: float) -> Floats:
    """Faster (above 1) or slower at the same pitch: pieces that overlap where they are most alike (WSOLA)."""
    if speed == 1 or len(sound) < 2 * STRETCH_SAMPLES:
        return sound
    hop = STRETCH_SAMPLES // 2
    window = np.hanning(STRETCH_SAMPLES).astype(np.float32)
    padded = np.pad(sound, (SEARCH_SAMPLES, STRETCH_SAMPLES + SEARCH_SAMPLES + hop))
    count = int(len(sound) / speed) // hop
    out = np.zeros((count + 2) * hop, np.float32)
    start = SEARCH_SAMPLES
    for number in range(count):
        out[number * hop : number * hop + STRETCH_SAMPLES] += window * padded[start : start + STRETCH_SAMPLES]
        wanted = padded[start + hop : start + hop + STRETCH_SAMPLES]  # the natural continuation
        around = SEARCH_SAMPLES + round((number + 1) * hop * speed)
        near = padded[around - SEARCH_SAMPLES : around + SEARCH_SAMPLES + STRETCH_SAMPLES]
        if len(near) < STRETCH_SAMPLES:
            break
        start = around - SEARCH_SAMPLES + int(np.correlate(near, wanted, "valid").argmax())
        start = min(start, len(padded) - STRETCH_SAMPLES - hop)
    return out[: int(len(sound) / speed)]


def through_g711(sound: Samples, *, a_law: bool = False) -> Samples:
    """By telephone: 8 kHz, eight bits a sample."""
    narrow = convert(sound, RATE_HZ, TELEPHONE_HZ)
    coded = (
        g711.decode_a_law(g711.encode_a_law(narrow))
        if a_law
        else g711.decode_mu_law(g711.encode_mu_law(narrow))
    )
    wide = convert(coded, TELEPHONE_HZ, RATE_HZ)
    return np.concatenate([wide, silence(max(0, len(sound) - len(wide)))])[: len(sound)]


def lost_packets(
    count: int, share: float, burst_packets: float, jitter_ms: float, chance: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Which of this many packets are lost, or too late for the jitter buffer.

    Losses come in bursts of ``burst_packets`` on average (Gilbert's model); delays vary by ``jitter_ms`` on
    average.
    """
    lost = np.zeros(count, np.bool_)
    if share > 0:
        ends = 1 / max(burst_packets, 1.0)
        begins = min(1.0, ends * share / max(1 - share, 1e-9))
        bad = bool(chance.random() < share)
        for number, draw in enumerate(chance.random(count)):
            lost[number] = bad
            bad = draw >= ends if bad else draw < begins
    if jitter_ms > 0:
        lost |= chance.exponential(jitter_ms, count) > JITTER_BUFFER_MS
    return lost


def concealed(sound: Samples, lost: npt.NDArray[np.bool_]) -> Samples:
    """The sound without its lost packets of 20 ms, their gaps filled by repeating the pitch before them."""
    missing = -len(sound) % FRAME_SAMPLES
    packets = np.concatenate([sound, silence(missing)]).reshape(-1, FRAME_SAMPLES).astype(np.float32)
    period, gap = np.zeros(PITCH_LAGS[1], np.float32), 0
    heard = packets.copy()
    for number, gone in enumerate(lost[: len(packets)]):
        if gone and gap == 0:
            period = _period(heard[max(0, number - 2) : number].ravel())
        if gone:
            heard[number] = _repeated(period, gap, FRAME_SAMPLES)
            gap += 1
        elif gap:
            ramp = np.linspace(0, 1, MEND_SAMPLES, dtype=np.float32)
            before = _repeated(period, gap, MEND_SAMPLES)
            heard[number, :MEND_SAMPLES] = ramp * heard[number, :MEND_SAMPLES] + (1 - ramp) * before
            gap = 0
    return np.rint(heard.ravel()[: len(sound)]).astype(np.int16)


def _period(before: Floats) -> Floats:
    """The last period of a voice; of the last 15 ms where there is none."""
    shortest, longest = PITCH_LAGS
    if len(before) < 2 * longest:
        return np.zeros(longest, np.float32)
    last = before[-longest:]
    alike = [float(np.dot(last, before[-longest - lag : -lag])) for lag in range(shortest, longest)]
    return before[-(shortest + int(np.argmax(alike))) :]


def _repeated(period: Floats, gap: int, count: int) -> Floats:
    """So many samples of it repeated, for the ``gap``-th lost packet in a row."""
    places = gap * FRAME_SAMPLES + np.arange(count)
    into_ms = gap * FRAME_MS + np.arange(count) / SAMPLES_PER_MS
    fade = np.clip(1 - (into_ms - FADE_AFTER_MS) / (SILENT_AFTER_MS - FADE_AFTER_MS), 0, 1)
    return (period[places % len(period)] * fade).astype(np.float32)
