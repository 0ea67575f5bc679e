"""Fixtures: the models, loaded once for each test process that wants them."""

from __future__ import annotations

from functools import cache

import pytest

from realtime_cli.server.engine.recogniser import Recogniser
from realtime_cli.server.engine.synthesiser import HibariVoice


@cache
def _recogniser() -> Recogniser:
    return Recogniser()


@cache
def _heart() -> HibariVoice:
    return HibariVoice()


@pytest.fixture
def recogniser() -> Recogniser:
    return _recogniser()


@pytest.fixture
def heart() -> HibariVoice:
    return _heart()
