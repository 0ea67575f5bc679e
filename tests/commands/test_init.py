"""init: a first agent file without a question."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime_cli.commands import init
from realtime_cli.config import load_agent
from realtime_cli.errors import ConfigError, ExitCode


@pytest.mark.parametrize("provider", init.CONNECTIONS)
@pytest.mark.parametrize("template", init.TEMPLATES)
def test_every_template_works_with_every_provider(tmp_path: Path, template: str, provider: str) -> None:
    path = tmp_path / "agent.toml"
    assert init.init(path, template=template, provider=provider, environ={}) == ExitCode.OK
    agent = load_agent(path, (), {})
    assert agent.warnings == ()
    assert agent.config.connection.effective_provider == provider
    assert agent.config.session.instructions
    assert "@" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("template", "environ", "provider"),
    [
        ("assistant", {}, "local"),
        ("assistant", {"OPENAI_API_KEY": "k"}, "openai"),
        ("assistant", {"XAI_API_KEY": "k"}, "xai"),
        ("local", {"OPENAI_API_KEY": "k"}, "local"),
    ],
)
def test_the_provider_is_the_one_that_can_work(
    tmp_path: Path, template: str, environ: dict[str, str], provider: str
) -> None:
    path = tmp_path / "agent.toml"
    init.init(path, template=template, environ=environ)
    assert load_agent(path, (), environ).config.connection.effective_provider == provider


def test_a_file_that_is_there_is_kept_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text("# mine\n")
    with pytest.raises(ConfigError, match="already exists") as refused:
        init.init(path, environ={})
    assert "--force" in refused.value.remedy
    assert path.read_text() == "# mine\n"
    init.init(path, force=True, environ={})
    assert "# mine" not in path.read_text()


@pytest.mark.parametrize(
    ("template", "provider", "named"), [("assistent", None, "assistant"), ("tutor", "opnai", "openai")]
)
def test_an_unknown_name_is_answered_with_the_known_ones(
    tmp_path: Path, template: str, provider: str | None, named: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        init.init(tmp_path / "agent.toml", template=template, provider=provider, environ={})
    assert named in refused.value.remedy
    assert not (tmp_path / "agent.toml").exists()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        init.init(tmp_path / "gone" / "agent.toml", environ={})
