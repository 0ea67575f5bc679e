"""What settings mean, for the client's session and for whoever reads its entries.

Each function takes session objects of the API as dictionaries, the one that counts most first: what the
server said is in force, then what it was asked for. Where none of them tells, the API's default holds.
"""

from __future__ import annotations

from typing import Any, Literal

from realtime_cli.protocol.objects import WireFormat, wire_format
from realtime_cli.value import value

Json = dict[str, Any]
SERVER_VAD: Json = {"type": "server_vad"}


@value
class InForce:
    """What the parts of the client session need to know of the settings in force.

    ``manual``: the client commits the user's turns. ``tool_choice``: as on the wire.
    """

    input_format: WireFormat
    manual: bool
    tool_choice: str | Json | None = None


def at(tree: Any, *path: str) -> Any:
    """The value at a path of keys; None where it leads nowhere."""
    for name in path:
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree


def audio_format(side: Literal["input", "output"], *sessions: Json) -> WireFormat:
    """The format of the sound in one direction; PCM by default."""
    for session in sessions:
        format = at(session, "audio", side, "format") or {}
        if found := wire_format(format.get("type"), format.get("rate")):
            return found
    return "audio/pcm"


def only_transcribes(*sessions: Json) -> bool:
    """Whether it is a transcription session, in which nobody answers."""
    return any(session.get("type") == "transcription" for session in sessions)


def only_translates(*sessions: Json) -> bool:
    """Whether it is a translation session, which has events of its own."""
    return any(session.get("type") == "translation" for session in sessions)


def turn_detection(effective: Json, requested: Json, *, speech_seen: bool = False) -> Json | None:
    """The turn detection; None means manual turns. By default the server detects turns.

    In a transcription session it answers and interrupts nothing, whatever its settings say.

    ``speech_seen``: the server said that the user speaks. That outweighs a null that it reports, unless
    manual turns were asked for.
    """
    found = _turn_detection(effective, requested, speech_seen=speech_seen)
    if found is None or not only_transcribes(effective, requested):
        return found
    return {**found, "create_response": False, "interrupt_response": False}


def _turn_detection(effective: Json, requested: Json, *, speech_seen: bool) -> Json | None:
    for session in (effective, requested):
        audio_input = at(session, "audio", "input")
        if isinstance(audio_input, dict) and "turn_detection" in audio_input:
            detection: Json | None = audio_input["turn_detection"]
            if detection is None and speech_seen and not _asks_for_manual_turns(requested):
                return SERVER_VAD
            return detection
    return SERVER_VAD


def _asks_for_manual_turns(requested: Json) -> bool:
    audio_input = at(requested, "audio", "input") or {}
    return "turn_detection" in audio_input and audio_input["turn_detection"] is None


def interrupts_by_itself(detection: Json | None) -> bool:
    """Whether the server cuts its answer when the user begins to speak."""
    return detection is not None and detection.get("interrupt_response") is not False


def answers_by_itself(detection: Json | None) -> bool:
    """Whether the server answers the end of a turn by itself."""
    return detection is not None and detection.get("create_response") is not False


def transcribes(*sessions: Json) -> bool:
    """Whether a transcript of the user's speech will come; assumed where nothing says otherwise."""
    for session in sessions:
        audio_input = at(session, "audio", "input")
        if isinstance(audio_input, dict) and "transcription" in audio_input:
            return audio_input["transcription"] is not None
    return True
