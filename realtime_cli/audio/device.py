"""PortAudio through sounddevice: the only place that knows either.

Imported without PortAudio, it works until a device is asked for.

Two streams, never one duplex stream: those died silently at start in 4 of 130 runs. Blocks of 10 ms;
24 kHz mono int16 where the device takes it, else its own rate and channels, converted by our side.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime_cli.audio.device_choice import Device, Direction, pick
from realtime_cli.audio.device_rescan import DeviceRescan
from realtime_cli.audio.microphone import DeviceMicrophone, InputCallback
from realtime_cli.audio.pcm import RATE_HZ, Samples
from realtime_cli.audio.speaker import DeviceSpeaker, OutputCallback
from realtime_cli.audio.supervised_stream import Level, Report
from realtime_cli.errors import AudioDeviceError
from realtime_cli.install_hint import install

BLOCK_MS = 10
INPUT_LATENCY_S = 0.02
COMMON_RATES_HZ = (48_000, 44_100, 16_000, 8_000)
INSTALL = (
    "Install it: sudo apt-get install -y libportaudio2 (Debian, Ubuntu), dnf install portaudio (Fedora)."
)
_FOREIGN = ("ALSA lib", "Expression '", "Cannot connect to server", "jack server", "JackShm", "connect(2)")

log = logging.getLogger(__name__)
_portaudio = threading.RLock()  # opening and closing are not thread-safe there
_open_streams: set[int] = set()
_relisting = DeviceRescan()


def list_devices() -> list[Device]:
    """All devices of this machine, in PortAudio's order. Raises :class:`AudioDeviceError`."""
    with _foreign("The devices cannot be listed"):
        library = _library()
        hosts = library.query_hostapis()
        default_input, default_output = _defaults(library)
        return [
            Device(
                index,
                found["name"],
                hosts[found["hostapi"]]["name"],
                found["max_input_channels"],
                found["max_output_channels"],
                round(found["default_samplerate"]),
                index == default_input,
                index == default_output,
            )
            for index, found in enumerate(library.query_devices())
        ]


def library_version() -> str:
    """PortAudio's version text. Raises :class:`AudioDeviceError` where there is none."""
    with _foreign("PortAudio does not respond"):
        return str(_library().get_portaudio_version()[1])


def rates(device: Device, direction: Direction) -> list[int]:
    """The usual rates (Hz) that the device takes in int16."""
    requested = sorted({RATE_HZ, device.rate_hz, *COMMON_RATES_HZ})
    with _foreign("The device does not respond"):
        return [rate_hz for rate_hz in requested if _takes(device, direction, rate_hz, 1)]


def open_microphone(
    choice: str | int | None = None,
    *,
    process: Callable[[Samples], Samples] | None = None,
    report: Report | None = None,
    block_ms: int = BLOCK_MS,
) -> DeviceMicrophone:
    """The microphone that ``choice`` means (index, name, part of a name, ``default``), opened, not started.

    ``process`` sees each frame before it is delivered; ``report(level, topic, text)`` is called on the
    loop's thread with what the user may want to know; ``block_ms`` is 10 or 20.
    Raises :class:`AudioDeviceError`.
    """
    return DeviceMicrophone(partial(_open_input, choice, block_ms), report or _log, process, block_ms)


def open_speaker(
    choice: str | int | None = None,
    *,
    on_played: Callable[[Samples], None] | None = None,
    report: Report | None = None,
    block_ms: int = BLOCK_MS,
    latency_ms: float = 20,
) -> DeviceSpeaker:
    """The loudspeaker that ``choice`` means, opened, not started.

    ``on_played`` gets every block given to the device, zeros too, on the audio thread. ``latency_ms`` is
    where the device's buffer begins; it is widened when it proves too small.
    Raises :class:`AudioDeviceError`.
    """
    return DeviceSpeaker(
        partial(_open_output, choice, block_ms), report or _log, on_played, latency_ms / 1000
    )


class PortAudioStream:
    """One open stream; its errors are ours."""

    def __init__(self, stream: Any, device: Device, rate_hz: int, channels: int) -> None:
        self._stream = stream
        self.device_name = device.name
        self.rate_hz = rate_hz
        self.channels = channels
        _open_streams.add(id(self))

    @property
    def active(self) -> bool:
        return bool(self._stream.active) and not _relisting.requested

    @property
    def latency_s(self) -> float:
        return float(self._stream.latency)

    def start(self) -> None:
        with _foreign(f"{self.device_name} cannot be started", quiet=False):
            self._stream.start()

    def abort(self) -> None:
        with _foreign(f"{self.device_name} cannot be stopped", quiet=False):
            self._stream.abort(ignore_errors=False)

    def close(self) -> None:
        """Abort and release; never raises, a dead device is closed as well."""
        with _portaudio:
            self._stream.close(ignore_errors=True)
            _open_streams.discard(id(self))


def _open_input(choice: str | int | None, block_ms: int, callback: InputCallback) -> PortAudioStream:
    def on_block(indata: npt.NDArray[np.int16], frames: int, time: Any, status: Any) -> None:
        callback(indata)

    return _open("input", choice, on_block, block_ms, INPUT_LATENCY_S)


def _open_output(
    choice: str | int | None, block_ms: int, callback: OutputCallback, latency_s: float
) -> PortAudioStream:
    def on_pull(outdata: npt.NDArray[np.int16], frames: int, time: Any, status: Any) -> None:
        callback(outdata, time.outputBufferDacTime - time.currentTime, status.output_underflow)

    return _open("output", choice, on_pull, block_ms, latency_s)


def _open(
    direction: Direction, choice: Any, callback: Any, block_ms: int, latency_s: float
) -> PortAudioStream:
    """Open by the present list; a stale one is made again, at once if nothing else is open."""
    if _relisting.requested:
        _rescan_devices()
    try:
        return _open_listed(direction, choice, callback, block_ms, latency_s)
    except AudioDeviceError:
        if not _rescan_devices():
            _relisting.ask(list_devices(), choice, direction)
            raise
        return _open_listed(direction, choice, callback, block_ms, latency_s)


def _open_listed(
    direction: Direction, choice: Any, callback: Any, block_ms: int, latency_s: float
) -> PortAudioStream:
    device = pick(list_devices(), choice, direction)
    with _foreign(f"{device.name} cannot be opened"):
        rate_hz, channels = _settings(device, direction)
        library = _library()
        kind = library.InputStream if direction == "input" else library.OutputStream
        stream = kind(
            device=device.index,
            samplerate=rate_hz,
            channels=channels,
            dtype="int16",
            blocksize=rate_hz * block_ms // 1000,
            latency=latency_s,
            callback=callback,
        )
    return PortAudioStream(stream, device, rate_hz, channels)


def _settings(device: Device, direction: Direction) -> tuple[int, int]:
    """Rate and channels: ours if the device takes them, else as near as it gets."""
    for rate_hz in dict.fromkeys((RATE_HZ, device.rate_hz, *COMMON_RATES_HZ)):
        for channels in dict.fromkeys((1, 2, device.channels(direction))):
            if channels <= device.channels(direction) and _takes(device, direction, rate_hz, channels):
                return rate_hz, channels
    raise AudioDeviceError(
        f"{device.name} does not support any known sample format.",
        "Choose another device: realtime-cli devices",
    )


def _takes(device: Device, direction: Direction, rate_hz: int, channels: int) -> bool:
    library = _library()
    check = library.check_input_settings if direction == "input" else library.check_output_settings
    try:
        check(device=device.index, channels=channels, dtype="int16", samplerate=rate_hz)
    except (library.PortAudioError, ValueError):
        return False
    return True


def _rescan_devices() -> bool:
    """PortAudio sees new devices only when restarted, which ends every stream: only if there is none."""
    with _portaudio:
        if _open_streams:
            return False
        with _foreign("The devices cannot be listed"):
            library = _library()
            library._terminate()
            library._initialize()
        _relisting.done()
        return True


def _defaults(library: Any) -> tuple[int, int]:
    found = []
    for kind in ("input", "output"):
        try:
            found.append(int(library.query_devices(kind=kind)["index"]))
        except (library.PortAudioError, ValueError):
            found.append(-1)
    return found[0], found[1]


# -- keeping PortAudio and ALSA quiet ------------------------------------------------------------


@cache
def _library() -> Any:
    """sounddevice, imported when it is needed: the import loads and starts PortAudio."""
    try:
        import sounddevice
    except OSError as error:
        raise AudioDeviceError("PortAudio is not installed, so no device can be opened.", INSTALL) from error
    except ImportError as error:
        raise AudioDeviceError(
            "sounddevice is not installed.", f"Install it: {install('sounddevice')}"
        ) from error
    _silence_alsa()
    return sounddevice


def _silence_alsa() -> None:
    """ALSA prints every failed attempt to stderr, unless it is given an error handler."""
    import ctypes

    try:
        alsa = ctypes.CDLL("libasound.so.2")
        alsa.snd_lib_error_set_handler(_ignore_alsa())
    except (OSError, AttributeError):
        return


@cache
def _ignore_alsa() -> Any:
    import ctypes

    texts = ctypes.c_char_p
    kind = ctypes.CFUNCTYPE(None, texts, ctypes.c_int, texts, ctypes.c_int, texts)
    return kind(lambda file, line, function, code, text: None)


@contextlib.contextmanager
def _foreign(what: str, *, quiet: bool = True) -> Iterator[None]:
    """Turn PortAudio's errors into ours, and send what it prints to the log."""
    with _portaudio, _quiet() if quiet else contextlib.nullcontext():
        try:
            yield
        except AudioDeviceError:
            raise
        except Exception as error:
            if type(error).__name__ not in ("PortAudioError", "ValueError", "OSError"):
                raise
            text = str(error.args[0] if error.args else error)
            remedy = "List the devices: realtime-cli devices. Is another program using it?"
            raise AudioDeviceError(f"{what}: {text}.", remedy) from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Catch descriptor 2 for a moment. What other threads wrote to it meanwhile is passed on after it."""
    if os.name != "posix":
        yield
        return
    with tempfile.TemporaryFile() as caught:
        kept = os.dup(2)
        _flush_stderr()
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            _flush_stderr()
            os.dup2(kept, 2)
            os.close(kept)
            caught.seek(0)
            _pass_on(caught.read().decode(errors="replace"))


def _flush_stderr() -> None:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.flush()


def _pass_on(text: str) -> None:
    for line in text.splitlines(keepends=True):
        if line.startswith(_FOREIGN):
            log.debug("%s", line.rstrip())
        else:
            os.write(2, line.encode())


def _log(level: Level, topic: str, text: str) -> None:
    log.log(logging.getLevelNamesMapping()[level.upper()], "%s: %s", topic, text)
