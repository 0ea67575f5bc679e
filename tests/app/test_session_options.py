"""What the agent file decides for a session before it is opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime_cli.app.session_options import prices_of, require_price
from realtime_cli.client.cost import load_prices
from realtime_cli.errors import ConfigError
from tests.config.agents import loader

CUSTOM = 'provider = "custom"\nbase_url = "ws://h"\nmodel = "gpt-realtime-2.1"\n'


def test_a_model_elsewhere_has_not_the_price_of_openais(tmp_path: Path) -> None:
    load = loader(tmp_path)
    assert load_prices(prices_of(load(""))).of("gpt-realtime-2.1")
    assert load_prices(prices_of(load(f"[connection]\n{CUSTOM}"))).of("gpt-realtime-2.1") is None
    own = f'[connection]\n{CUSTOM}[prices."gpt-realtime-2.1"]\nper_session_minute = 0.1\naudio_in = 3\n'
    priced = load_prices(prices_of(load(own))).of("gpt-realtime-2.1")
    assert priced == {"per_session_minute": 0.1, "audio": {"input": 3.0}}


HEARD_BY_NEW_ONE = '[session.audio.input]\ntranscription = { model = "new-one" }\n'


@pytest.mark.parametrize(
    ("written", "missing"),
    [
        (f"[connection]\n{CUSTOM}", "gpt-realtime-2.1"),
        ('[connection]\nmodel = "new-model"\n', "new-model"),
        ('[session.audio.input]\ntranscription = { model = "gpt-4o-transcribe" }\n', ""),
        (HEARD_BY_NEW_ONE, "new-one"),
        (
            '[session.audio.input]\ntranscription = { model = "new-one" }\n[prices.new-one]\naudio_in = 1\n',
            "",
        ),
        ("", ""),
        ('[connection]\nprovider = "xai"\n', ""),
        ('[connection]\nprovider = "local"\n', ""),
        (f'[connection]\n{CUSTOM}[prices."gpt-realtime-2.1"]\nper_session_minute = 0.1\n', ""),
    ],
)
def test_a_limit_that_cannot_be_enforced_is_refused_before_the_conversation(
    tmp_path: Path, written: str, missing: str
) -> None:
    agent = loader(tmp_path)(f"{written}[limits]\ncost = 1\n")
    if missing:
        with pytest.raises(
            ConfigError, match=f"limits.cost cannot be enforced: no price is known for {missing}"
        ):
            require_price(agent)
    else:
        require_price(agent)
