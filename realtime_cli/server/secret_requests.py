"""``POST /v1/realtime/client_secrets``: a client secret, and the settings of the sessions that it opens.

The same for translations at ``/v1/realtime/translations/client_secrets``.
"""

from __future__ import annotations

from typing import Any

from realtime_cli.protocol import client_events as c
from realtime_cli.server import settings
from realtime_cli.server.api_error import ApiError
from realtime_cli.server.client_frame import checked
from realtime_cli.server.event_queue import random_ids
from realtime_cli.server.settings import Defaults
from realtime_cli.untrusted_json import NotJson, parse_json
from realtime_cli.wire.client_secrets import DEFAULT_LIFE_S, MAX_LIFE_S, MIN_LIFE_S, ClientSecrets
from realtime_cli.wire.plain_http import PlainAnswer, refusal

Json = dict[str, Any]


def answer_secret_request(
    body: bytes, secrets: ClientSecrets, defaults: Defaults, *, translates: bool = False
) -> PlainAnswer:
    """The secret, or the API's words for what is wrong with the request."""
    try:
        fields = parse_json(body) if body.strip() else {}
        if not isinstance(fields, dict):
            raise ApiError("invalid_type", "The body must be a JSON object.")
        if unknown := sorted(fields.keys() - {"expires_after", "session"}):
            raise ApiError("unknown_parameter", f"Unknown parameter: '{unknown[0]}'.", unknown[0])
        life_s, given = _life_s(fields.get("expires_after")), fields.get("session")
        session_id = random_ids()("sess")
        if translates:
            patch, session = _translation(given, session_id)
        else:
            patch = _patch(given)
            session = settings.new_session(patch, session_id, 0, defaults)
    except NotJson as error:
        return refusal(400, "invalid_json", f"The body is not JSON: {error}.")
    except ApiError as error:
        return refusal(400, error.code or "invalid_value", error.message, error.param)
    secret = secrets.mint(life_s, patch)
    content = {"value": secret.value, "expires_at": secret.expires_at, "session": session}
    return PlainAnswer(200, content)


def _life_s(given: Any) -> int:
    if given is None:
        return DEFAULT_LIFE_S
    if not isinstance(given, dict) or given.get("anchor", "created_at") != "created_at":
        text = "Invalid value for 'expires_after': it counts from created_at."
        raise ApiError("invalid_value", text, "expires_after.anchor")
    seconds = given.get("seconds", DEFAULT_LIFE_S)
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not MIN_LIFE_S <= seconds <= MAX_LIFE_S:
        text = f"Invalid value for 'expires_after.seconds': from {MIN_LIFE_S} to {MAX_LIFE_S}."
        raise ApiError("invalid_value", text, "expires_after.seconds")
    return seconds


def _patch(given: Any) -> Json:
    """The session of the request by the rules of ``session.update``; its type may be left out here."""
    if given is not None and not isinstance(given, dict):
        raise ApiError("invalid_type", "Invalid type for 'session': expected an object.", "session")
    event = checked(
        c.SessionUpdate, {"type": "session.update", "session": {"type": "realtime", **(given or {})}}
    )
    patch: Json = event.session.model_dump(exclude_unset=True, mode="json")
    return patch


def _translation(given: Any, session_id: str) -> tuple[Json, Json]:
    """The settings of a translation, of which the request names the model too, and the session they make."""
    # Not loaded for all others.
    from realtime_cli.protocol.translation_session import TranslationUpdate
    from realtime_cli.server.translation import translation_session

    if given is not None and not isinstance(given, dict):
        raise ApiError("invalid_type", "Invalid type for 'session': expected an object.", "session")
    wanted = {key: value for key, value in (given or {}).items() if key != "model"}
    event = checked(TranslationUpdate, {"type": "session.update", "session": wanted})
    patch = {"type": "translation", **event.session.model_dump(exclude_unset=True, mode="json")}
    session = translation_session(str((given or {}).get("model") or ""), session_id, 0)
    return patch, settings.merged(session, patch)
