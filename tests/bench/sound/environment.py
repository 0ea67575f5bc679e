"""The rivals in an environment of their own: ``python -m tests.bench.sound.environment`` makes it from PyPI.

``pipecat-ai``'s local transport needs PyAudio, which is built from source and asks for PortAudio's header;
where the system has none, it is taken out of Debian's package without installing that.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(os.environ.get("RIVALS", Path.home() / ".cache" / "realtime-cli-rivals"))
PACKAGES = ("openai-agents", "sounddevice", "pipecat-ai[openai,local,websocket]", "livekit-agents[openai]")
MODULES = ("agents", "sounddevice", "pipecat", "pyaudio", "livekit.agents", "livekit.plugins.openai")


def python() -> Path:
    """The interpreter of the environment, made when it is not there yet."""
    interpreter = FOLDER / "venv" / "bin" / "python"
    if not _complete(interpreter):
        FOLDER.mkdir(parents=True, exist_ok=True)
        _run([sys.executable, "-m", "venv", str(FOLDER / "venv")])
        _run([str(interpreter), "-m", "pip", "install", "-q", *PACKAGES], _with_header())
    return interpreter


def versions() -> str:
    """Which versions of the rivals are there."""
    ask = (
        "import importlib.metadata as m; "
        "print(*(f'{n} {m.version(n)}' for n in ('openai-agents', 'pipecat-ai', 'livekit-agents')), sep=', ')"
    )
    return subprocess.run([python(), "-c", ask], capture_output=True, text=True, check=True).stdout.strip()


def _complete(interpreter: Path) -> bool:
    ask = f"import importlib.util as i, sys; sys.exit(not all(map(i.find_spec, {MODULES})))"
    return (
        interpreter.exists() and not subprocess.run([interpreter, "-c", ask], capture_output=True).returncode
    )


def _with_header() -> dict[str, str]:
    if Path("/usr/include/portaudio.h").exists():
        return dict(os.environ)
    _run(["apt-get", "download", "-q", "portaudio19-dev"])
    (package,) = FOLDER.glob("portaudio19-dev*.deb")
    _run(["dpkg", "-x", package.name, "header"])
    (library,) = Path("/usr/lib").glob("*/libportaudio.so.2")
    link = FOLDER / "libportaudio.so"
    link.unlink(missing_ok=True)
    link.symlink_to(library)
    flags = {"CFLAGS": f"-I{FOLDER}/header/usr/include", "LDFLAGS": f"-L{FOLDER}"}
    return {**os.environ, **flags}


def _run(command: list[str], environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, cwd=FOLDER, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}:\n{done.stderr[-2000:]}")


if __name__ == "__main__":
    print(python(), versions())
