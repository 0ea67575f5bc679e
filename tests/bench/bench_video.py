"""What seeing costs: from the captured frame to the wire, of the processor, and of the sound (nothing).

    python -m tests.bench.bench_video [--quick]

The same tone is played on a virtual loudspeaker with and without video beside it, in one run: ratios count,
not figures. The line in the way is a real socket to a server in the same process.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from realtime_cli.client.session import ClientSession, SessionOptions
from realtime_cli.config.video import Video
from realtime_cli.errors import ExitCode
from realtime_cli.loop import ConversationLoop, Outcome
from realtime_cli.video import capture as eyes_module
from realtime_cli.video import sources
from realtime_cli.video.capture import BackgroundCapture
from realtime_cli.wire import websocket
from tests.kit.live_session import serving
from tests.kit.scripted_engine import ScriptedEngine
from tests.video.material import film, screen

HD = (1920, 1080)


def desktop(size: tuple[int, int] = HD) -> Image.Image:
    """A page with text and a photograph-like corner: as hard to pack as a real screen."""
    noise = np.random.default_rng(1).integers(0, 40, (size[1] // 3, size[0] // 3, 3), np.uint8)
    ramp = np.linspace(0, 200, size[0] // 3, dtype=np.uint8)[None, :, None]
    image = Image.new("RGB", size, "white")
    image.paste(Image.fromarray(noise + ramp), (0, 0))
    draw = ImageDraw.Draw(image)
    for row in range(size[1] // 3, size[1], 20):
        draw.text(
            (20, row), f"{row}: the quick brown fox jumps over the lazy dog. " * 5, "black", font_size=14
        )
    return image


@contextlib.contextmanager
def watched(kind: str) -> Iterator[tuple[str, dict[str, str]]]:
    """A source: its name for the agent file, and the environment it needs."""
    with tempfile.TemporaryDirectory() as folder:
        if kind == "screen":
            with screen(Path(folder), HD) as display:
                display.paste(desktop())
                yield "screen", {"DISPLAY": display.display}
        else:
            width, height = map(int, kind.split("x"))
            scenes = tuple(desktop((width, height)).rotate(angle) for angle in (0, 180))
            path = film(Path(folder) / "film.mp4", scenes, seconds_each=40.0, size=(width, height))
            yield str(path), {}


def eyes_for(source: str, environ: dict[str, str], interval_s: float, **video: Any) -> BackgroundCapture:
    settings = Video(source=source, interval_s=interval_s, **video)
    said = lambda level, topic, text: print(f"  {level}: {text}", file=sys.stderr)  # noqa: E731
    return BackgroundCapture(settings, Path(), said, sys.platform, environ)


# -- from the frame to the wire -------------------------------------------------------------------


class Stamped:
    """A transport that notes when a picture was handed to the socket."""

    def __init__(self, transport: Any, sent: list[float]) -> None:
        self._transport, self._sent = transport, sent

    async def send(self, text: str) -> None:
        await self._transport.send(text)
        if "input_image" in text:
            self._sent.append(time.perf_counter())

    def send_now(self, text: str) -> bool:
        return False  # all through ``send``

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


async def to_wire(kind: str, seconds: float) -> dict[str, Any]:
    """From the frame that the library gave us to the end of its send: scaling, packing, step, socket."""
    captured: list[float] = []
    sent: list[float] = []
    real = sources.moments

    def stamped(
        place: Any, due: Callable[[], bool], sleep: Callable[[float], None]
    ) -> Iterator[sources.Show]:
        for show in real(place, due, sleep):
            captured.append(time.perf_counter())
            yield show

    eyes_module.moments = stamped  # type: ignore[attr-defined]
    with watched(kind) as (source, environ):
        async with serving(ScriptedEngine()) as server:

            async def connect() -> Any:
                return Stamped(await websocket.connect(server.url), sent)

            session = ClientSession(SessionOptions(video_when="interval"))
            duplex = ConversationLoop(session, connect, eyes=eyes_for(source, environ, 0.25))
            task = asyncio.create_task(duplex.run())
            await asyncio.sleep(seconds)
            duplex.finish(Outcome(ExitCode.OK))
            await task
    took = np.array([end - begin for begin, end in zip(captured, sent, strict=False)]) * 1000
    return {
        "frames": len(took),
        "median_ms": round(float(np.median(took)), 1),
        "p95_ms": round(float(np.percentile(took, 95)), 1),
        "loop_late_ms": round(duplex.lag_s * 1000, 1),
    }


# -- the processor --------------------------------------------------------------------------------


async def processor(kind: str, seconds: float, interval_s: float = 1.0) -> dict[str, Any]:
    """All threads of this process, eyes only; capture, decoding, packing and change detection."""
    sources.load()
    with watched(kind) as (source, environ):
        seen: list[int] = []
        eyes = eyes_for(source, environ, interval_s)
        eyes.start(lambda sight: seen.append(len(sight.image)))
        await asyncio.sleep(2.0)
        before, count = resource.getrusage(resource.RUSAGE_SELF), len(seen)
        await asyncio.sleep(seconds)
        after = resource.getrusage(resource.RUSAGE_SELF)
        await eyes.close()
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "frames": len(seen) - count,
        "kilobytes": round(np.mean(seen) / 1000) if seen else 0,
        "percent_of_a_core": round(100 * used / seconds, 1),
    }


# -- the sound ------------------------------------------------------------------------------------


async def sound(kind: str, seconds: float, interval_s: float) -> dict[str, Any]:
    """Underruns and gaps of a tone on the loudspeaker; ``kind`` empty: without video."""
    from realtime_cli.audio import device
    from tests.audio.device_child import sine
    from tests.bench.sound.capture import Capture

    sources.load()
    with contextlib.ExitStack() as stack:
        eyes = None
        if kind:
            eyes = eyes_for(*stack.enter_context(watched(kind)), interval_s)
        speaker, capture = device.open_speaker(), Capture("speaker.monitor", dict(os.environ))
        speaker.start()
        frames: list[float] = []
        if eyes:
            eyes.start(lambda sight: frames.append(time.perf_counter()))
        await asyncio.sleep(1.5)
        began, found = time.monotonic(), 0
        for turn in range(round(seconds / 5)):
            speaker.playout.push(f"turn {turn}", 0, sine(4))
            speaker.playout.end(f"turn {turn}", 0)
            await speaker.drained()
            await asyncio.sleep(0.7)
            found += len([gap_ms for gap_ms in capture.sound_ms(began)[1] if gap_ms < 400])
            began = time.monotonic()
        result = {
            "frames": len(frames),
            "gaps": found,
            "device_gaps": speaker.device_gaps,
            "underruns": speaker.playout.underruns,
        }
        if eyes:
            await eyes.close()
        capture.close()
        await speaker.close()
    return result


PARTS: dict[str, Any] = {"to_wire": to_wire, "processor": processor, "sound": sound}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--part", choices=PARTS)
    parser.add_argument("arguments", nargs="*", type=json.loads)
    options = parser.parse_args()
    if options.part:
        print(json.dumps(asyncio.run(PARTS[options.part](*options.arguments))))
        return
    _all(8.0 if options.quick else 30.0)


def _all(seconds: float) -> None:
    from tests.kit.virtual_devices import running

    with running() as devices:

        def part(name: str, *arguments: Any) -> dict[str, Any]:
            """In a process of its own, so that no part has the threads of another."""
            words = ["-m", "tests.bench.bench_video", "--part", name, *map(json.dumps, arguments)]
            done = devices.run(words, timeout_s=600)
            assert done.returncode == 0, done.stderr
            return dict(json.loads(done.stdout.splitlines()[-1]))

        print(f"load of the machine: {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
        for kind in ("640x480", "1920x1080", "screen"):
            print(f"frame to wire, {kind:9}: {part('to_wire', kind, seconds)}")
        for kind in ("640x480", "1920x1080", "screen"):
            print(f"processor at 1 frame a second, {kind:9}: {part('processor', kind, seconds)}")
        print(f"sound without video: {part('sound', '', seconds, 1.0)}")
        for kind, interval_s in (("1920x1080", 1.0), ("screen", 1.0), ("screen", 0.2)):
            found = part("sound", kind, seconds, interval_s)
            print(f"sound beside {kind} every {interval_s:g} s: {found}")


if __name__ == "__main__":
    main()
