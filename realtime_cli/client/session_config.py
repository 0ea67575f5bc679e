"""The session's settings: what was asked for, what the server took, what it refused."""

from __future__ import annotations

import copy
from typing import Any, Literal

from realtime_cli.client import in_force, settings
from realtime_cli.client.effect_queue import EffectQueue
from realtime_cli.client.options import SessionOptions
from realtime_cli.client.session_part import SessionPart
from realtime_cli.config.providers import for_provider
from realtime_cli.config.session import keep_types
from realtime_cli.protocol import codec
from realtime_cli.value import value

Refusal = Literal["not ours", "asked again", "nothing left"]

OTHER_MODEL = (
    "The model is chosen when the connection is opened: it cannot be changed in a session. "
    "Start a new one with --set connection.model=..."
)


@value
class SettingsUpdate:
    """Settings that were asked for: in the API's shape, and as they were sent to the provider.

    ``by_user``: changed during the session, by somebody who wants to hear the result.
    """

    patch: dict[str, Any]
    wire: dict[str, Any]
    by_user: bool = False


class SessionConfig(SessionPart):
    """``requested`` is what the user asked for, ``effective`` what the server said is in force."""

    def __init__(self, effects: EffectQueue, options: SessionOptions) -> None:
        self._effective: dict[str, Any] = {}
        self.speech_seen = False
        """Whether the server has ever said that it hears the user."""
        self.requested = (
            _own_interruptions(options) if options.barge_in != "immediate" else dict(options.patch)
        )
        self._asks_for_answers = options.barge_in == "reversible" and not _says_who_answers(options.patch)
        self._effects = effects
        self._provider = options.provider
        self._updates: dict[str, SettingsUpdate] = {}
        self._reported: set[str] = set()  # differences that a reconnect need not report again

    # -- what is in force -------------------------------------------------------------------------

    @property
    def requested(self) -> dict[str, Any]:
        return self._requested

    @requested.setter
    def requested(self, session: dict[str, Any]) -> None:
        self._requested = session
        self._work_out()

    @property
    def effective(self) -> dict[str, Any]:
        return self._effective

    @effective.setter
    def effective(self, session: dict[str, Any]) -> None:
        self._effective = session
        self._work_out()

    def _work_out(self) -> None:
        """What is asked with every frame of sound is found once for each change."""
        sessions = (self._effective, self._requested)
        self.input_format = in_force.audio_format("input", *sessions)
        self.output_format = in_force.audio_format("output", *sessions)
        self.turn_detection = in_force.turn_detection(*sessions, speech_seen=self.speech_seen)
        """The detection in force; None means manual turns."""

    @property
    def only_transcribes(self) -> bool:
        """Whether this is a transcription session, in which nobody answers."""
        return in_force.only_transcribes(self.effective, self.requested)

    @property
    def transcribes(self) -> bool:
        """Whether a transcript of the user's speech will come."""
        return in_force.transcribes(self.effective, self.requested)

    @property
    def server_interrupts(self) -> bool:
        return in_force.interrupts_by_itself(self.turn_detection)

    @property
    def server_answers(self) -> bool:
        """Whether the server answers the end of a turn by itself."""
        return in_force.answers_by_itself(self.turn_detection)

    @property
    def client_answers(self) -> bool:
        """Whether this program asks for the answers to the turns that the server finds."""
        return self._asks_for_answers and self.turn_detection is not None and not self.server_answers

    def saw_speech(self) -> bool:
        """The server detects speech; True if its settings say that it does not."""
        before = self.turn_detection
        self.speech_seen = True
        self._work_out()
        return self.turn_detection != before

    def to_parts(self) -> in_force.InForce:
        """What the parts of the session need to know."""
        tool_choice = self.effective.get("tool_choice", self.requested.get("tool_choice"))
        return in_force.InForce(self.input_format, self.turn_detection is None, tool_choice)

    # -- asking -----------------------------------------------------------------------------------

    def created(self, session: Any) -> None:
        """The server sent its defaults: ask for our settings."""
        self.effective = _wire(session)
        self._ask(self.requested)

    def ask_again(self) -> None:
        """Ask for the same settings once more, to hear the answer."""
        self._ask(dict(self.requested))

    def patch(self, patch: dict[str, Any]) -> None:
        """Change settings in the middle of a session. Raises ConfigError for what the API does not take."""
        model = patch.get("model")
        if model is not None and model != self.effective.get("model"):
            self._effects.note("error", "settings", OTHER_MODEL)
            patch = {key: value for key, value in patch.items() if key != "model"}
        patch = copy.deepcopy(patch)
        keep_types(patch, settings.merged(self.requested, self.effective))
        kind = self.requested.get("type", "realtime")
        patch = {"type": kind, **{key: value for key, value in patch.items() if key != "type"}}
        if len(patch) > 1:
            self._ask(patch, by_user=True)

    @property
    def settled(self) -> bool:
        """The server has answered all that was asked for."""
        return not self._updates

    def _ask(
        self, patch: dict[str, Any], wire: dict[str, Any] | None = None, *, by_user: bool = False
    ) -> None:
        wire = for_provider(patch, self._provider) if wire is None else wire
        self._updates[self._effects.send(codec.session_update(wire))] = SettingsUpdate(patch, wire, by_user)

    def updated(self, session: Any) -> None:
        """The server took settings: report where it has others than were asked for."""
        self.effective = _wire(session)
        if self._updates:
            update = self._updates.pop(next(iter(self._updates)))
            self.requested = settings.merged(self.requested, update.patch)
            differences = settings.differences(update.wire, self.effective)
            for difference in differences:
                if update.by_user or difference not in self._reported:
                    self._effects.note("warning", "settings", difference)
            self._reported.update(differences)
            if update.by_user and not differences:
                told = settings.in_words(update.wire, self.effective)
                self._effects.note("info", "settings", f"In force now: {told}.")

    def refused(self, error: Any) -> Refusal:
        """One bad key must not lose the rest: report it, and send the others again."""
        update = self._updates.pop(error.event_id or "", None)
        if update is None:
            return "not ours"
        about = f", {error.param}" if error.param else ""
        self._effects.note("error", "settings", f"{error.message} ({error.code or error.type}{about})")
        wire = settings.without(update.wire, error.param or "")
        patch = settings.without(update.patch, error.param or "") or update.patch
        if update.patch is self.requested:
            self.requested = patch
        if wire and settings.says_something(wire):
            self._ask(patch, wire, by_user=update.by_user)
            return "asked again"
        if wire is None and (lost := sorted(update.wire.keys() - {"type"})):
            text = f"The server refused a key without naming it, so none is in force: {', '.join(lost)}."
            self._effects.note("error", "settings", text)
        return "nothing left"

    def on_disconnect(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Expect no answer any more; the settings are sent again on the next socket."""
        for update in self._updates.values():
            self.requested = settings.merged(self.requested, update.patch)
        self._updates.clear()


def _own_interruptions(options: SessionOptions) -> dict[str, Any]:
    """The settings with ``interrupt_response`` off, unless the user set it.

    Who ducks, or is not to be interrupted, must not have the server cut the answer at the first sound.
    """
    detection = in_force.at(options.patch, "audio", "input", "turn_detection")
    explicit = isinstance(detection, dict) and "interrupt_response" in detection
    manual = detection is None and "turn_detection" in (in_force.at(options.patch, "audio", "input") or {})
    if manual or explicit or options.patch.get("type") == "transcription":
        return dict(options.patch)
    own = {**(detection or {"type": "server_vad"}), "interrupt_response": False}
    if options.barge_in == "reversible":
        own.setdefault("create_response", False)
    return settings.merged(options.patch, {"audio": {"input": {"turn_detection": own}}})


def _says_who_answers(patch: dict[str, Any]) -> bool:
    detection = in_force.at(patch, "audio", "input", "turn_detection")
    return isinstance(detection, dict) and bool({"create_response", "interrupt_response"} & detection.keys())


def _wire(model: Any) -> dict[str, Any]:
    if model is None:
        return {}
    return model if isinstance(model, dict) else model.model_dump(mode="json", exclude_unset=True)
