"""Sound in the formats of the wire: PCM (16 bit) and G.711 (``audio/pcmu``, ``audio/pcma``; 8 kHz).

Inside there are 24 kHz, which is PCM's rate, too, unless the format names another. Both directions keep
the state of one stream: the filter between the rates, and the odd byte of a delta that ends inside a sample.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from realtime_cli.audio import g711
from realtime_cli.audio.pcm import RATE_HZ, Samples
from realtime_cli.audio.resample import Resampler
from realtime_cli.protocol.objects import BYTES_PER_MS, WireFormat

G711_HZ = 8_000
_ENCODERS = {"audio/pcmu": g711.encode_mu_law, "audio/pcma": g711.encode_a_law}
_DECODERS = {"audio/pcmu": g711.decode_mu_law, "audio/pcma": g711.decode_a_law}


def _rate_hz(format: WireFormat) -> int:
    """Samples a second on the wire."""
    return G711_HZ if format in _ENCODERS else round(BYTES_PER_MS[format] * 1000 / 2)


class AudioEncoder:
    """int16 at 24 kHz to the bytes of one wire format."""

    def __init__(self, format: WireFormat) -> None:
        self.format = format
        self._encode = _ENCODERS.get(format)
        self._resampler = Resampler(RATE_HZ, _rate_hz(format))

    def encode(self, samples: npt.NDArray[np.int16]) -> bytes:
        """The bytes that are ready after these samples (G.711 holds back 2.4 ms)."""
        return self._bytes_of(self._resampler.feed(samples))

    def _bytes_of(self, samples: npt.NDArray[np.int16]) -> bytes:
        return self._encode(samples) if self._encode else samples.astype("<i2", copy=False).tobytes()

    def flush(self) -> bytes:
        """What is held back at the end of a stream."""
        return self._bytes_of(self._resampler.flush())


class AudioDecoder:
    """The bytes of one wire format to int16 at 24 kHz."""

    def __init__(self, format: WireFormat) -> None:
        self.format = format
        self._decode = _DECODERS.get(format)
        self._resampler = Resampler(_rate_hz(format), RATE_HZ)
        self._half_sample = b""

    def decode(self, data: bytes) -> Samples:
        """The samples that are ready after these bytes (G.711 holds back 2.5 ms)."""
        if self._decode is not None:
            return self._resampler.feed(self._decode(data))
        data = self._half_sample + data
        whole = len(data) & ~1
        self._half_sample = data[whole:]
        return self._resampler.feed(np.frombuffer(data[:whole], "<i2").astype(np.int16, copy=False))

    def flush(self) -> Samples:
        """What is held back at the end of a stream."""
        self._half_sample = b""
        return self._resampler.flush()
