"""The narrator of the Live protocol: derives turns, which that wire does not have, by stated rules.

- Who speaks is measured in the sound (``audio.voice_meter``); where a log has no measurement, the
  transcript's fragments stand for it, on their grid of 200 ms.
- An utterance of the agent is its speech without a pause of 800 ms (without sound: of 1 s between fragments).
- A turn of the user is all speech until the agent answers. It is reported 500 ms after its end.
- A fragment belongs to the speech of its side that overlaps its time, or is nearest to it.
- A side that falls silent within 2 s of being talked over was interrupted; so is an agent that happened to
  finish just then.
- What the agent says within the user's speech for at most 1 s is a backchannel: it answers no turn. The same
  of the user's within the agent's speech makes no turn.

Measured on synthetic conversations (``tests/conversation/live``): boundaries within 60 ms in the median.
"""

from realtime_cli.conversation.live.narrator import LiveNarrator

__all__ = ["LiveNarrator"]
