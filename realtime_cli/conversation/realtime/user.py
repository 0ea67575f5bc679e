"""The user's side: speech, typed messages, images, and their transcripts."""

from __future__ import annotations

from collections import deque
from typing import Any

from realtime_cli.client import in_force, inputs
from realtime_cli.client.bounded_dict import REMEMBERED_IDS, BoundedDict
from realtime_cli.client.bounded_set import BoundedSet
from realtime_cli.client.conversation import MAX_ITEMS
from realtime_cli.client.cost import Tokens
from realtime_cli.conversation import events as e
from realtime_cli.conversation.realtime.scene import Scene
from realtime_cli.conversation.realtime.wire import base64_bytes, error_text, image_urls, message_text
from realtime_cli.protocol import client_events as c
from realtime_cli.protocol import server_events as s

NO_TRANSCRIPTION = "spoken; this session has no transcription"
REMEMBERED_S = 120.0  # longer than any server takes to report the end of speech
MAX_REMEMBERED = 6000  # frames, as many in that time; of a file that is sent faster there would be more


class UserSide:
    """Tells what the user does.

    Where a server counts the sound it was sent, the narrator knows when that sound went out. Turns that
    are ended by hand end at the commit; typed ones when they were sent.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._sent: deque[tuple[float, float]] = deque(maxlen=MAX_REMEMBERED)  # (ms appended so far, when)
        self._sent_ms = 0.0
        self._bytes_per_ms = scene.bytes_per_ms("input")
        self._speaking = False
        self._speech_id: str | None = None
        self._reports_ends = False  # true while the server is assumed to do it, as most do
        self._began: float | None = None
        self._ended: float | None = None
        self._ended_by: e.SpeechBy = "server"
        self._overtaken = False  # the user typed since: what is answered next need not be what was said
        self._by_hand: e.SpeechBy = "key"
        self._released_at: float | None = None
        self._measured_end: float | None = None
        self._taken = BoundedSet(REMEMBERED_IDS)
        self._taken_unnamed = False  # by us, before the server: its id may still come
        self._last_id = ""
        self._texts: BoundedDict[str, str] = BoundedDict()
        self._finals: BoundedDict[str, str] = BoundedDict()  # an empty text: told that it is missing
        self._growing: set[str] = set()  # called complete while it was still being said
        # Heard, but not a turn so far -> why there is no transcript.
        self._wordless: BoundedDict[str, str] = BoundedDict()
        # Of items with a transcript for each content part.
        self._parts: BoundedDict[str, dict[int, str]] = BoundedDict()
        self._paid: BoundedDict[tuple[str, int], None] = BoundedDict()
        self._typed: list[inputs.Typed] = []  # not sent yet
        self._raw_items = 0
        # (role, text) of what we sent and will be told of.
        self._echoes: deque[tuple[str, str]] = deque(maxlen=MAX_ITEMS)
        self._echo_ids = BoundedSet(REMEMBERED_IDS)
        self._frame: inputs.VideoFrameCaptured | None = None

    # -- connection and settings ------------------------------------------------------------------

    def connected(self) -> None:
        """A new socket counts its sound from 0."""
        self._sent.clear()
        self._parts.clear()
        self._sent_ms = 0.0
        self._speaking, self._began, self._ended = False, None, None

    def settings(self) -> None:
        self._bytes_per_ms = self._scene.bytes_per_ms("input")

    # -- speech -----------------------------------------------------------------------------------

    def appended(self, at: float, event: c.InputAudioBufferAppend) -> None:
        """Count an append; called for every frame of the microphone."""
        self._sent_ms += base64_bytes(event.audio or "") / self._bytes_per_ms
        self._sent.append((self._sent_ms, at))
        if at - self._sent[0][1] > REMEMBERED_S:
            self._sent.popleft()

    def _when_sent(self, ms: float | None) -> float:
        """When the sound at ``ms`` of all that was appended went out; now where nothing tells."""
        found = self._scene.at
        for sent_ms, sent_at in reversed(self._sent) if ms is not None else ():
            if sent_ms < (ms or 0.0):
                break
            found = sent_at
        return min(found, self._scene.at)

    def speech_started(self, event: s.InputAudioBufferSpeechStarted) -> None:
        self._scene.speech_seen = True
        if self._speaking and event.item_id == self._speech_id:
            return
        self._began, self._ended = self._when_sent(event.audio_start_ms), None
        self._speaking, self._speech_id = True, event.item_id
        self._scene.emit(e.UserSpeechBegan(self._scene.at, "server", self._began, event.item_id or ""))

    def speech_stopped(self, event: s.InputAudioBufferSpeechStopped) -> None:
        self._speech_id = event.item_id or self._speech_id
        self._reports_ends = True
        self._speech_over(self._when_sent(event.audio_end_ms), "server")
        if self._scene.answers_by_itself:
            self._scene.expect_answer(by_client=False)

    def _speech_over(self, ended: float, by: e.SpeechBy) -> None:
        self._speaking, self._ended, self._ended_by, self._overtaken = False, ended, by, False
        self._scene.emit(e.UserSpeechEnded(self._scene.at, by, ended, self._speech_id or ""))

    def key(self, key: inputs.Key) -> None:
        at = self._scene.at
        if key == "talk":
            self._scene.emit(e.UserSpeechBegan(at, "key", at))
        elif key == "release":
            self._released_at = at
            self._scene.emit(e.UserSpeechEnded(at, "key", at))

    def voice(self, found: inputs.VoiceDetected) -> None:
        """Measured here, where this program ends the user's turns."""
        at = self._scene.at
        when = at - found.ago_ms / 1000
        if found.speaking:
            self._began = when
            self._scene.emit(e.UserSpeechBegan(at, "sound", when))
        else:
            self._measured_end = when

    def microphone_ended(self) -> None:
        self._by_hand = "file"

    def commit_sent(self) -> None:
        at = self._scene.at
        measured, self._measured_end = self._measured_end, None
        if measured is not None:
            self._speech_over(measured, "sound")
        elif self._released_at == at:
            self._speaking, self._ended, self._ended_by = False, at, "key"
        else:
            self._speech_over(at, self._by_hand)

    def discarded(self) -> None:
        self._speaking, self._began, self._ended = False, None, None
        self._scene.emit(e.UserSpeechDiscarded(self._scene.at))

    def committed(self, event: s.InputAudioBufferCommitted) -> None:
        """The server made a turn of it. A commit is told again by some, or comes late: it counts once."""
        if self._speaking:
            self._speech_over(self._scene.at, "server")
        self._reports_ends = True
        if event.item_id in self._taken:
            return
        if self._taken_unnamed and self._ended is None and event.item_id:
            self._taken_unnamed = False
            self._taken.add(event.item_id)
            self._scene.turn_of[event.item_id] = self._scene.turn
            return
        self._take(event.item_id or self._speech_id, event.previous_item_id)
        if self._scene.answers_by_itself:
            self._scene.expect_answer(by_client=False)

    def response_began(self, *, asked_for: bool) -> None:
        """Servers may answer speech without reporting its commit, or even its end."""
        waits_for_no_end = self._scene.answers_by_itself and not (asked_for or self._reports_ends)
        if self._speaking and waits_for_no_end:
            self._speech_over(self._scene.at, "server")
        if self._ended is not None and self._began is not None and not self._overtaken:
            self._take(self._speech_id, None)

    def _take(self, item_id: str | None, previous_item_id: str | None) -> None:
        """What was said is a turn."""
        at = self._scene.at
        ended = at if self._ended is None else self._ended
        began = ended if self._began is None else self._began
        self._taken_unnamed = not item_id
        item_id = item_id or self._scene.made_up_id("user")
        self._taken.add(item_id)
        self._last_id = item_id
        turn = self._scene.turn_of[item_id] = self._scene.users_turn()
        self._scene.emit(
            e.UserTurnCommitted(at, turn, "voice", began, ended, self._ended_by, item_id, previous_item_id)
        )
        if not (self._scene.transcribes or item_id in self._texts or item_id in self._finals):
            self._missing(item_id, NO_TRANSCRIPTION)
        if why := self._wordless.pop(item_id, ""):
            self._missing(item_id, why)
        self._began = self._ended = self._speech_id = None
        self._ended_by = "server"

    # -- its transcript ---------------------------------------------------------------------------

    def _item_of(self, item_id: str | None, *, with_words: bool) -> str:
        """The item a transcript is of.

        Words that come ahead of the commit stand for the commit; without any it may have been a door that
        slammed.
        """
        item_id = item_id or self._speech_id or self._last_id
        if (
            with_words
            and not (item_id in self._taken or item_id in self._growing)
            and self._ended is not None
        ):
            self._take(item_id, None)
        return item_id or self._last_id

    def _turn_of(self, item_id: str) -> int:
        return self._scene.turn_of.get(item_id, self._scene.turn)

    def text_delta(self, event: s.ConversationItemInputAudioTranscriptionDelta) -> None:
        delta = event.delta or ""
        item_id = event.item_id or self._speech_id or self._last_id
        known = self._texts.get(item_id, "")
        if known and len(delta) > len(known) and delta.startswith(known):
            delta = delta[len(known) :]  # some servers repeat the whole transcript so far
        if delta and item_id not in self._finals:
            text = self._texts[item_id] = known + delta
            self._scene.emit(e.UserTextPartial(self._scene.at, self._turn_of(item_id), item_id, delta, text))

    def text_completed(self, event: s.ConversationItemInputAudioTranscriptionCompleted) -> None:
        text = (event.transcript or "").strip()
        item_id = self._item_of(event.item_id, with_words=bool(text))
        index = event.content_index or 0
        if event.usage is not None and (item_id, index) not in self._paid:
            self._paid[item_id, index] = None
            self._usage(item_id, event.usage)
        text = self._with_other_parts(item_id, index, text)
        if item_id not in self._taken and (item_id in self._growing or self._speaking):
            self._grows(item_id, text)
        elif text:
            self._final(item_id, text, spoken=True)
        else:
            self._missing(item_id, e.NOT_UNDERSTOOD)

    def _with_other_parts(self, item_id: str, index: int, text: str) -> str:
        """The words of the whole item, whose content parts are transcribed one by one."""
        parts = self._parts.setdefault(item_id, {})
        if text:
            parts[index] = text
        return " ".join(parts[known] for known in sorted(parts))

    def _grows(self, item_id: str, text: str) -> None:
        """Some servers say "completed" again and again, each with more; the last comes after the commit."""
        self._growing.add(item_id)
        known = self._texts.get(item_id, "")
        if text and text != known:
            self._texts[item_id] = text
            delta = text.removeprefix(known)
            self._scene.emit(e.UserTextPartial(self._scene.at, self._turn_of(item_id), item_id, delta, text))

    def no_more_text(self) -> None:
        """If no final transcript came, use what was transcribed so far."""
        for item_id in [item_id for item_id in self._growing if item_id in self._taken]:
            self._growing.discard(item_id)
            if item_id not in self._finals and (text := self._texts.get(item_id)):
                self._final(item_id, text, spoken=True)

    def text_failed(self, event: s.ConversationItemInputAudioTranscriptionFailed) -> None:
        self._missing(
            self._item_of(event.item_id, with_words=False),
            error_text(event.error) or "the transcription failed",
        )

    def _final(self, item_id: str, text: str, *, spoken: bool, **more: Any) -> None:
        """The last transcript wins; a repetition is ignored."""
        before = self._finals.get(item_id)
        if before == text:
            return
        self._finals[item_id] = text
        turn = self._turn_of(item_id)
        self._scene.emit(
            e.UserTextFinal(self._scene.at, turn, text, spoken, item_id, revised=before is not None, **more)
        )

    def _missing(self, item_id: str, why: str) -> None:
        """Nothing was understood. Of what is no turn that is not said: it may never become one."""
        if item_id not in self._taken:
            self._wordless[item_id] = why
        elif item_id not in self._finals:
            self._finals[item_id] = ""
            self._scene.emit(e.UserTextMissing(self._scene.at, self._turn_of(item_id), item_id, why))

    def _usage(self, item_id: str, usage: Any) -> None:
        model = in_force.at(self._scene.effective, "audio", "input", "transcription", "model")
        usd = self._scene.prices.transcription_usd(model, usage, self._scene.model)
        total = getattr(usage, "total_tokens", None) or 0
        turn = self._turn_of(item_id)
        self._scene.emit(
            e.UsageReported(self._scene.at, turn, "transcription", Tokens(), total, usd, item_id=item_id)
        )

    # -- messages ---------------------------------------------------------------------------------

    def typed(self, typed: inputs.Typed) -> None:
        self._typed.append(typed)
        self._written(typed.text, typed.images, detail=typed.detail, respond=typed.respond)

    def raw_event(self, raw: inputs.RawEvent) -> None:
        self._raw_items += raw.event.get("type") == "conversation.item.create"

    def frame(self, captured: inputs.VideoFrameCaptured) -> None:
        self._frame = captured if captured.image else None
        self._scene.emit(
            e.VideoFrameTaken(
                self._scene.at, bool(captured.image), captured.source, captured.width, captured.height
            )
        )

    def message_sent(self, item: Any) -> None:
        """A message that we create: typed, raw, a frame, or history told to a new socket."""
        text, images = message_text(item), image_urls(item)
        raw = self._raw_items > 0
        self._raw_items -= raw
        self._echoes.append((item.role or "", text))
        if item.role != "user":
            return
        typed = next((t for t in self._typed if (t.text, len(t.images)) == (text, len(images))), None)
        frame = typed is None and bool(images) and not text
        if typed:
            self._typed.remove(typed)
            if typed.at < self._scene.at:  # it had to wait
                self._commit_text(item.id)
        elif not frame and (raw or not self._scene.live):
            self._written(text, images, item_id=item.id or "")
        self._images(item, frame=frame)

    def _written(self, text: str, images: tuple[str, ...], *, item_id: str = "", **more: Any) -> None:
        turn = self._commit_text(item_id)
        if item_id:
            self._finals[item_id] = text
        self._scene.emit(e.UserTextFinal(self._scene.at, turn, text, False, item_id, images, **more))

    def _commit_text(self, item_id: str | None) -> int:
        at, turn = self._scene.at, self._scene.users_turn()
        self._overtaken = True
        if item_id:
            self._scene.turn_of[item_id] = turn
        self._scene.emit(e.UserTurnCommitted(at, turn, "text", at, at, "text", item_id or ""))
        return turn

    def _images(self, item: Any, *, frame: bool) -> None:
        seen = self._frame if frame else None
        for part in item.content or ():
            if part.type != "input_image":
                continue
            known = seen if seen and seen.image == part.image_url else None
            self._frame = None if known else self._frame
            self._scene.emit(
                e.ImageShown(
                    self._scene.at,
                    self._scene.turn,
                    part.image_url or "",
                    part.detail,
                    frame,
                    *((known.source, known.width, known.height, known.thumbnail) if known else ()),
                )
            )

    def is_echo(self, item: Any) -> bool:
        """The server tells of a message that we sent: it was told already, or is history."""
        if item.id in self._echo_ids:
            return True
        emitted = (item.role or "", message_text(item))
        if item.id in self._taken or emitted not in self._echoes:
            return False
        self._echoes.remove(emitted)
        if item.id:
            self._echo_ids.add(item.id)
            if item.role == "user":
                self._scene.turn_of.setdefault(item.id, self._scene.turn)
        return True

    def item(self, item: Any, previous_item_id: str | None) -> None:
        """A user's message that the server tells of: speech that it took, or words nobody here sent."""
        text, images = message_text(item).strip(), image_urls(item)
        spoken = any(part.type == "input_audio" for part in item.content or ())
        if item.id not in self._taken and item.id not in self._finals:
            if spoken:
                self._take(item.id, previous_item_id)
            else:
                self._commit_text(item.id)
                more = {"images": images, "previous_item_id": previous_item_id}
                self._final(item.id or self._scene.made_up_id("user"), text, spoken=False, **more)
        if spoken and text and not self._finals.get(item.id or ""):
            self._final(item.id or self._last_id, text, spoken=True)
