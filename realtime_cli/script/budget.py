"""What a run may cost, and which sessions cost nothing."""

from __future__ import annotations

from collections.abc import Sequence

from realtime_cli.app.session_options import prices_of
from realtime_cli.client.cost import load_prices
from realtime_cli.config import LoadedAgent
from realtime_cli.errors import ConfigError
from realtime_cli.script.result import Case, CaseResult


class Budget:
    """What a run may cost. A model without a price is refused at once, since it would count as free."""

    def __init__(self, max_usd: float | None, cases: Sequence[Case], agents: Sequence[LoadedAgent]) -> None:
        self.max_usd = max_usd
        self._free = {id(case) for case, agent in zip(cases, agents, strict=True) if _is_free(agent)}
        unpriced = {
            agent.config.connection.model or "?"
            for agent in agents
            if not _is_free(agent) and not _has_price(agent)
        }
        if max_usd is not None and unpriced:
            raise ConfigError(
                f"--max-cost: the price of {', '.join(sorted(unpriced))} is not known.",
                'Add it to the agent file under [prices."MODEL"], or remove --max-cost.',
            )

    def usd_of(self, result: CaseResult) -> float | None:
        """What a session cost; the local server costs nothing, and so does one that made no tokens."""
        return 0.0 if id(result.case) in self._free or not result.tokens else result.usd


def _is_free(agent: LoadedAgent) -> bool:
    return agent.config.connection.effective_provider == "local" and not agent.config.local.chat_url


def _has_price(agent: LoadedAgent) -> bool:
    return load_prices(prices_of(agent)).of(agent.config.connection.model) is not None
