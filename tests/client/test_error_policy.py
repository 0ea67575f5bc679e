"""One table decides what an error means."""

from __future__ import annotations

import pytest

from realtime_cli.client import error_policy
from realtime_cli.errors import ExitCode
from realtime_cli.protocol.objects import ErrorDetail


@pytest.mark.parametrize("code", [1001, 1005, 1006, 1011, 1012, 1013, 1015])
def test_network_trouble_deserves_another_socket(code):
    assert error_policy.of_close(code, "").verdict == "renew"


@pytest.mark.parametrize(
    ("code", "reason", "exit_code"),
    [
        (1000, "", ExitCode.OK),
        (1008, "bad key", ExitCode.CONNECTION),
        (4000, "invalid_request_error.invalid_model", ExitCode.CONNECTION),
        (4000, "invalid_request_error.beta_api_shape_disabled", ExitCode.SESSION),
        (4999, "", ExitCode.SESSION),
    ],
)
def test_other_closes_end_the_session(code, reason, exit_code):
    fault = error_policy.of_close(code, reason)
    assert (fault.verdict, fault.exit_code) == ("fatal", exit_code)


def test_unknown_codes_are_shown():
    assert error_policy.of_error("never_heard_of").verdict == "show"
    assert error_policy.of_error(None).verdict == "show"


ACCOUNT = ["credit_balance_exhausted", "forbidden", "account_deactivated", "billing_hard_limit_reached"]


@pytest.mark.parametrize("code", ACCOUNT)
@pytest.mark.parametrize("where", ["code", "type", "message"])
def test_the_end_of_an_account_is_found_wherever_a_server_writes_it(where: str, code: str) -> None:
    error = ErrorDetail(**{"type": "invalid_request_error", "message": "No.", where: code})
    assert error_policy.of_error(error_policy.name_of(error)).verdict == "fatal"
    assert error_policy.of_close(4000, f"invalid_request_error.{code}").verdict == "fatal"
