"""Both directions of a session's sound, between samples and the wire's bytes."""

from __future__ import annotations

from realtime_cli.audio.pcm import Samples
from realtime_cli.audio.wire_format import AudioDecoder, AudioEncoder
from realtime_cli.protocol.objects import WireFormat


class WireSound:
    """One stream each way; a change of format begins a new one."""

    def __init__(self, input_format: WireFormat, output_format: WireFormat) -> None:
        self._to_wire = AudioEncoder(input_format)
        self._from_wire = AudioDecoder(output_format)

    def encode(self, samples: Samples, format: WireFormat) -> bytes:
        """The user's sound (int16, 24 kHz) as it is sent."""
        if self._to_wire.format != format:
            self._to_wire = AudioEncoder(format)
        return self._to_wire.encode(samples)

    def decode(self, audio: bytes, format: WireFormat) -> Samples:
        """The agent's sound as it is played."""
        if self._from_wire.format != format:
            self._from_wire = AudioDecoder(format)
        return self._from_wire.decode(audio)

    def end_of_input(self) -> bytes:
        """The rest of the user's sound, which the filter still held."""
        return self._to_wire.flush()

    def end_of_output(self) -> Samples:
        """The rest of the agent's sound: the filter for G.711 holds 2.5 ms."""
        return self._from_wire.flush()
