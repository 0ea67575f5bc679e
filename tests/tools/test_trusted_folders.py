"""What a person said yes to, as it is kept."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from realtime_cli.config import load_agent
from realtime_cli.tools import trusted_folders
from realtime_cli.tools.permissions import Permissions, permissions_of


def agent_in(folder: Path, command: str = "date") -> Permissions:
    folder.mkdir(exist_ok=True)
    (folder / "agent.toml").write_text(
        f'[connection]\nprovider = "local"\n[[tools]]\ncommand = ["{command}"]\n'
    )
    return permissions_of(load_agent(folder / "agent.toml", (), {}))


def test_an_agent_is_trusted_once_it_was_said_and_its_neighbours_are_not(tmp_path: Path) -> None:
    mine, other = agent_in(tmp_path / "mine"), agent_in(tmp_path / "other")
    assert not trusted_folders.is_trusted(mine)
    trusted_folders.trust(mine)
    trusted_folders.trust(mine)
    assert trusted_folders.is_trusted(mine)
    assert not trusted_folders.is_trusted(other)


def test_trust_ends_when_the_file_changes_and_is_there_again_when_it_is_changed_back(tmp_path: Path) -> None:
    trusted_folders.trust(agent_in(tmp_path))
    assert not trusted_folders.is_trusted(agent_in(tmp_path, "reboot"))
    assert trusted_folders.is_trusted(agent_in(tmp_path))


def test_what_changed_is_told(tmp_path: Path) -> None:
    (tmp_path / "own.sh").write_text("date")
    before = agent_in(tmp_path, "./own.sh")
    assert trusted_folders.changes(before) == []
    trusted_folders.trust(before)
    (tmp_path / "own.sh").write_text("reboot")
    assert trusted_folders.changes(agent_in(tmp_path, "./own.sh")) == ["changed file: own.sh"]
    assert trusted_folders.changes(agent_in(tmp_path, "reboot")) == [
        "new: it runs the command reboot, asking before each call",
        "no longer: it runs the command ./own.sh, asking before each call",
        "no longer there: own.sh",
    ]


def test_a_change_of_what_is_masked_is_told(tmp_path: Path) -> None:
    def server(key: str) -> Permissions:
        path = tmp_path / "agent.toml"
        path.write_text(f'[connection]\nprovider = "local"\n[mcp.x]\nurl = "http://127.0.0.1:1/?key={key}"\n')
        return permissions_of(load_agent(path, (), {}))

    trusted_folders.trust(server("1"))
    assert trusted_folders.changes(server("2")) == [
        "changed where it is not shown: it calls the tools of the MCP server x "
        "at http://127.0.0.1:1/?key=***, asking before each call"
    ]


def test_the_last_few_states_of_a_file_are_kept(tmp_path: Path) -> None:
    for number in range(20):
        trusted_folders.trust(agent_in(tmp_path, f"run{number}"))
    assert trusted_folders.is_trusted(agent_in(tmp_path, "run19"))
    assert not trusted_folders.is_trusted(agent_in(tmp_path, "run0"))
    (kept,) = json.loads(trusted_folders.file().read_text()).values()
    assert len(kept) == trusted_folders.MAX_KEPT


def test_an_agent_is_the_same_by_every_way_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = agent_in(tmp_path / "mine")
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    trusted_folders.trust(permissions_of(load_agent(tmp_path / "link" / "agent.toml", (), {})))
    assert trusted_folders.is_trusted(mine)
    monkeypatch.chdir(tmp_path / "mine")
    assert trusted_folders.is_trusted(permissions_of(load_agent("agent.toml", (), {})))


OLD = '["FOLDER"]'


@pytest.mark.parametrize(
    "written", ["", "{", '"text"', '{"a": 1}', "[1, null]", "\xff", OLD, '{"FOLDER/agent.toml": [1]}']
)
def test_a_list_of_folders_or_a_damaged_one_trusts_nobody_and_is_written_anew(
    tmp_path: Path, written: str
) -> None:
    mine = agent_in(tmp_path)
    trusted_folders.file().parent.mkdir(parents=True)
    trusted_folders.file().write_text(written.replace("FOLDER", str(tmp_path)), encoding="latin-1")
    assert not trusted_folders.is_trusted(mine)
    assert trusted_folders.changes(mine) == []
    trusted_folders.trust(mine)
    assert trusted_folders.is_trusted(mine)


def test_where_nothing_can_be_written_one_is_only_asked_again(tmp_path: Path) -> None:
    mine = agent_in(tmp_path)
    trusted_folders.file().parent.parent.mkdir(parents=True)
    trusted_folders.file().parent.write_text("a file where the folder should be")
    trusted_folders.trust(mine)
    assert not trusted_folders.is_trusted(mine)


def test_what_is_trusted_is_the_owners_business(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        trusted_folders.trust(agent_in(tmp_path))
    finally:
        os.umask(before)
    assert stat.S_IMODE(trusted_folders.file().stat().st_mode) == 0o600
    assert stat.S_IMODE(trusted_folders.file().parent.stat().st_mode) == 0o700


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has other rights")
@pytest.mark.parametrize("way", ["others may write it", "others may write its folder", "another's"])
def test_what_somebody_else_could_have_written_trusts_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    mine = agent_in(tmp_path / "mine")
    trusted_folders.trust(mine)
    kept = trusted_folders.file()
    if way == "others may write it":
        kept.chmod(0o622)
    elif way == "others may write its folder":
        os.chmod(kept.parent, 0o777)
    elif os.geteuid() == 0:
        os.chown(kept, 12345, -1)
    else:
        pytest.skip("only root can give a file away")
    with monkeypatch.context() as patched:
        patched.setattr(Path, "chmod", lambda *_: None)  # as if the folder were not ours to close
        assert not trusted_folders.is_trusted(mine)
    trusted_folders.trust(mine)
    assert trusted_folders.is_trusted(mine)
    assert [stat.S_IMODE(each.stat().st_mode) for each in (kept, kept.parent)] == [0o600, 0o700]
