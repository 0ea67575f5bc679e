"""How many users there are when: Locust's own ramp, a spike, a soak, or the stages of a file. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from realtime_cli.errors import ConfigError

SPIKE_BASE = 0.1
SOAK_RAMP, SOAK_DRAIN = 0.1, 0.05  # shares of the whole


@dataclass(frozen=True)
class LoadStage:
    """Until ``until_s`` after the start there are ``users``, started or stopped at ``rate`` a second."""

    until_s: float
    users: int
    rate: float


def spike(users: int, rate: float, duration_s: float) -> tuple[LoadStage, ...]:
    """A tenth of the users; all of them at once in the middle fifth; a tenth again."""
    few = max(1, round(users * SPIKE_BASE))
    return (
        LoadStage(0.4 * duration_s, few, rate),
        LoadStage(0.6 * duration_s, users, max(rate, users)),
        LoadStage(duration_s, few, max(rate, users)),
    )


def soak(users: int, rate: float, duration_s: float) -> tuple[LoadStage, ...]:
    """Slowly up over a tenth of the time, long there, and slowly down at the end."""
    slow = min(rate, users / (SOAK_RAMP * duration_s))
    down = users / (SOAK_DRAIN * duration_s)
    return (LoadStage((1 - SOAK_DRAIN) * duration_s, users, slow), LoadStage(duration_s, 0, down))


def users_at(stages: Sequence[LoadStage], at_s: float) -> tuple[int, float] | None:
    """How many users at what rate; None when all is over."""
    return next(((stage.users, stage.rate) for stage in stages if at_s < stage.until_s), None)


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid")
    seconds: float = Field(gt=0)
    users: int = Field(ge=0)
    rate: float = Field(10.0, gt=0)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    stages: list[_Row] = Field(min_length=1)


def read_stages(path: Path) -> tuple[LoadStage, ...]:
    """``[[stages]]`` with seconds, users and rate, one behind the other. Raises ConfigError."""
    try:
        rows = _File(**tomllib.loads(path.read_text(encoding="utf-8"))).stages
    except OSError as error:
        raise ConfigError(f"The shape {path} cannot be read: {error.strerror}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigError(
            f"{path}: {where}: {first['msg']}.", "A stage needs seconds, users and rate."
        ) from None
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{path}: {error}.") from None
    stages, until_s = [], 0.0
    for row in rows:
        until_s += row.seconds
        stages.append(LoadStage(until_s, row.users, row.rate))
    return tuple(stages)
