"""What a source is on each system; secrets of a stream are shown to nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from realtime_cli.errors import ConfigError
from realtime_cli.video.address import Address, address, without_secrets

HERE = Path("/agents")


def place(source: str, platform: str = "linux", interval_s: float = 1.0, **environ: str) -> Address:
    return address(source, HERE, interval_s, platform, environ)


@pytest.mark.parametrize(
    ("source", "platform", "name", "format"),
    [
        ("camera", "linux", "/dev/video0", "v4l2"),
        ("camera:1", "linux", "/dev/video1", "v4l2"),
        ("camera:2", "darwin", "2:none", "avfoundation"),
        ("screen", "linux", ":7.0", "x11grab"),
        ("screen:1", "linux", ":7.0", "x11grab"),
        ("screen:2", "linux", ":7.1", "x11grab"),
        ("screen", "darwin", "Capture screen 0:none", "avfoundation"),
        ("screen:2", "darwin", "Capture screen 1:none", "avfoundation"),
        ("screen", "win32", "desktop", "gdigrab"),
    ],
)
def test_devices(source: str, platform: str, name: str, format: str) -> None:
    found = place(source, platform, DISPLAY=":7.0")
    assert (found.name, found.format, found.shown, found.live) == (name, format, source, True)


@pytest.mark.parametrize(
    ("source", "kind", "name"),
    [
        ("film.mp4", "file", "/agents/film.mp4"),
        ("/abs/film.mkv", "file", "/abs/film.mkv"),
        ("photos/*.jpg", "photos", "/agents/photos/*.jpg"),
        ("one.PNG", "photos", "/agents/one.PNG"),
        ("cameraman.mp4", "file", "/agents/cameraman.mp4"),
    ],
)
def test_files_stand_beside_the_agent_file_and_wait(source: str, kind: str, name: str) -> None:
    found = place(source)
    assert (found.kind, found.name, found.live) == (kind, name, False)


def test_home_and_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert place("~/film.mp4").name == str(tmp_path / "film.mp4")
    assert place(str(tmp_path)).kind == "photos"


@pytest.mark.parametrize("scheme", ["rtsp", "RTSPS", "http", "https", "udp", "tcp", "srt", "rtmp"])
def test_streams(scheme: str) -> None:
    found = place(f"{scheme}://user:hunter2@host:554/path?key=k")
    assert (found.kind, found.live) == ("stream", True)
    assert found.name == f"{scheme}://user:hunter2@host:554/path?key=k"
    assert found.shown == f"{scheme}://host:554/path"
    assert found.options == ({"rtsp_transport": "tcp"} if scheme.lower().startswith("rtsp") else {})


def test_a_password_with_odd_characters_is_not_shown_either() -> None:
    assert without_secrets("rtsp://a:b@c@host/x") == "rtsp://host/x"
    assert without_secrets("rtsp://host/x@y") == "rtsp://host/x@y"


def test_the_screen_is_grabbed_no_more_often_than_it_is_shown() -> None:
    assert place("screen", interval_s=0.25, DISPLAY=":1").options["framerate"] == "4"
    assert place("screen", interval_s=5, DISPLAY=":1").options["framerate"] == "1"


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "There is no X display to record. Set DISPLAY"),
        ({"WAYLAND_DISPLAY": "w"}, "Wayland does not let"),
    ],
)
def test_without_a_display(environ: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        place("screen", **environ)
    assert said in str(refusal.value)


def test_windows_has_one_screen_and_cameras_by_name() -> None:
    with pytest.raises(ConfigError, match="all screens are captured as one picture"):
        place("screen:2", "win32")
    with pytest.raises(ConfigError, match=r"There is no camera 3\. Known cameras: "):
        place("camera:3", "win32")
