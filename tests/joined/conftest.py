"""The servers that the talks between both sides are held with."""

from __future__ import annotations

import pytest

from tests.joined import pair
from tests.kit.fault_injection import Quirks


@pytest.fixture(params=[Quirks(), Quirks(null_conversation_ids=True)], ids=["usual", "null conversation ids"])
def each_server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test of a module that uses this is run against each of them."""
    monkeypatch.setattr(pair, "USUAL", request.param)
