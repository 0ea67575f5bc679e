"""``expect(reply)``: the expectations of scripts, in Python."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from realtime_cli.script.expectations import verdicts
from realtime_cli.script.format import Expect
from realtime_cli.session_api.reply import Reply

NAMES = tuple(name for name in Expect.model_fields if name not in ("judge", "check"))


class Expectation:
    """Each method is an expectation of ``[turns.expect]``, with its name and what stands behind it there.

    ``not`` is ``excludes`` here. Each raises AssertionError that says what was expected and what was found,
    and returns the expectation, so that the next one can follow.
    """

    def __init__(self, reply: Reply) -> None:
        self._reply = reply

    def __getattr__(self, name: str) -> Any:
        if name not in NAMES:
            raise AttributeError(f"There is no expectation {name!r}. There are: {', '.join(NAMES)}.")

        def expected(*values: Any) -> Expectation:
            __tracebackhide__ = True
            self._check(name, *values)
            return self

        return expected

    def _check(self, name: str, *values: Any) -> None:
        __tracebackhide__ = True
        field = Expect.model_fields[name]
        value = True if not values else values[0] if len(values) == 1 else list(values)
        try:
            wanted = Expect.model_validate({field.alias or name: value})
        except ValidationError as error:
            raise TypeError(f"{name}: {error.errors()[0]['msg']}") from None
        wrong = [verdict for verdict in verdicts(wanted, self._reply.metrics) if verdict.bad]
        if wrong:
            raise AssertionError("\n".join(map(str, wrong)))


def expect(reply: Reply) -> Expectation:
    """``expect(reply).contains("Tokyo").calls([{"name": "clock"}]).within_ms(900)``."""
    return Expectation(reply)
