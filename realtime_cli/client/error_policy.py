"""What an error from the server, or a close of the socket, means for the conversation: one table.

Ignore: a race that the protocol allows. Show: the user is told, the talk goes on (also for codes
nobody knows). Fatal: the session ends with an exit code and a remedy; no new socket is tried.
Source: the error and close tables of the Realtime API reference.
"""

from __future__ import annotations

from typing import Any, Literal

from realtime_cli.errors import ExitCode
from realtime_cli.value import value

Verdict = Literal["ignore", "show", "fatal", "renew"]


@value
class ErrorPolicy:
    """What to do about one code."""

    verdict: Verdict
    exit_code: ExitCode = ExitCode.SESSION
    remedy: str = ""


IGNORE = ErrorPolicy("ignore")
SHOW = ErrorPolicy("show")
_KEY = "Check the key and the account it belongs to; `realtime-cli doctor` shows which key is used."
_QUOTA = (
    "Check plan and billing of the account; the local server needs none: --set connection.provider=local."
)
_MODEL = "Set connection.model to a model that this endpoint serves."

ERRORS: dict[str, ErrorPolicy] = {
    "conversation_already_has_active_response": IGNORE,
    "response_cancel_not_active": IGNORE,
    "item_truncate_invalid_item_id": IGNORE,
    "item_delete_invalid_item_id": IGNORE,
    "input_audio_buffer_commit_empty": IGNORE,
    "unsupported_content_type": IGNORE,
    "session_expired": ErrorPolicy("renew"),
    "invalid_model": ErrorPolicy("fatal", ExitCode.CONNECTION, _MODEL),
    "model_not_found": ErrorPolicy("fatal", ExitCode.CONNECTION, _MODEL),
    "invalid_api_key": ErrorPolicy("fatal", ExitCode.CONNECTION, _KEY),
    "account_deactivated": ErrorPolicy("fatal", ExitCode.CONNECTION, _KEY),
    "forbidden": ErrorPolicy("fatal", ExitCode.CONNECTION, _KEY),
    "credit_balance_exhausted": ErrorPolicy("fatal", ExitCode.SESSION, _QUOTA),
    "insufficient_quota": ErrorPolicy("fatal", ExitCode.SESSION, _QUOTA),
    "billing_hard_limit_reached": ErrorPolicy("fatal", ExitCode.SESSION, _QUOTA),
    "beta_api_shape_disabled": ErrorPolicy(
        "fatal", ExitCode.SESSION, "Remove the OpenAI-Beta header from connection.headers."
    ),
}

# RFC 6455 §7.4.1, and what the API documents for each. 1002 and 1007: bytes were damaged on the way.
RECONNECT_CODES = frozenset({1001, 1002, 1005, 1006, 1007, 1011, 1012, 1013, 1015})
CLOSES: dict[int, ErrorPolicy] = {
    1000: ErrorPolicy("fatal", ExitCode.OK),
    1008: ErrorPolicy("fatal", ExitCode.CONNECTION, _KEY),
    1009: ErrorPolicy("fatal", ExitCode.SESSION, "An event was too big for the server."),
    4000: ErrorPolicy("fatal", ExitCode.SESSION, "The reason says which request the server refused."),
}


COLLISION = "conversation_already_has_active_response"
CANCEL_NOT_ACTIVE = "response_cancel_not_active"
UNSAFE_IMAGE = "input_image_safety_violation"


def of_error(*names: str | None) -> ErrorPolicy:
    """The policy of the first name that is known. Pass the code, then the type: servers use either."""
    return next((ERRORS[name] for name in names if name in ERRORS), SHOW)


def name_of(error: Any) -> str:
    """The code of an error object; empty if there is none.

    Some servers put it into ``type``, or send a lone text instead of an object.
    """
    for name in (error.code, error.type, error.message):
        if name in ERRORS or name == UNSAFE_IMAGE:
            return str(name)
    if "already has an active response" in (error.message or "").lower():
        return COLLISION
    return str(error.code or error.type or "")


def sentence(error: Any) -> str:
    """An error object for people: its message, and in brackets its code and what it is about."""
    about = ", ".join(str(part) for part in (error.code or error.type, error.param) if part)
    message = error.message or "The server reports an error without a message"
    return f"{message} ({about})" if about else message


def of_close(code: int, reason: str) -> ErrorPolicy:
    """A close's verdict; 4000 carries ``<type>.<code>`` as its reason."""
    if code in RECONNECT_CODES:
        return ErrorPolicy("renew")
    known = ERRORS.get(reason.rpartition(".")[2])
    if known and known.verdict == "fatal":
        return known
    return CLOSES.get(
        code, ErrorPolicy("fatal", ExitCode.SESSION, "The close code is specific to this server.")
    )
