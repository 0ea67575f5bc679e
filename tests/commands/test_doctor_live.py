"""`doctor` with an agent that speaks Live: the server is silent until the session is started."""

from __future__ import annotations

import json

from tests.kit.cli import run_cli


def test_a_live_agents_session_is_started_and_its_settings_judged():
    ended = run_cli("doctor", "--config", "configs/live-local.toml", "--json")
    assert "the agent's Live session starts" in ended.stdout
    assert json.loads(ended.stdout)
