"""Answers that need no knowledge: a table from what is said to what is answered."""

from __future__ import annotations

import re

WHAT_I_AM = "I am the local voice of realtime-cli: a small set of rules, not a language model."
ONLY_RULES = "I am only a small set of rules: ask me what I can do."
WHAT_I_CAN = (
    "I can tell you the time and date, here or in another city, do sums, count as far as you like,"
    " read you a long text, say something after you, tell you the size of a picture,"
    " and call the tools of this session."
)
NOT_HEARD = "I did not hear any words. Are you still there?"

_HELP = r"\b(what|how) (all )?can you (do|help)|what do you do\b|^help( me)?$|your (abilities|skills)\b"
_WHO = r"\bwho are you\b|what are you\b|are you (a|an|real|human|the)\b|your name\b|introduce yourself"
_STOP = r"^((please|no|ok|okay|just|now) )*(stop|(be )?quiet|shut up|silence|enough|wait|hold on|cancel)\b"
_BYE = r"\b(goodbye|bye|see you|good night|that is (everything|all))\b"
_YES = r"^(yes|yeah|yep|sure|ok|okay|alright|right|fine|great|good)( please)?$"
_TABLE: tuple[tuple[str, str], ...] = (
    (_HELP, WHAT_I_CAN),
    (_WHO, f"{WHAT_I_AM} Ask me what I can do."),
    (
        r"\bhow are you\b|how is it going\b|are you (well|ok|okay|fine)\b",
        "I am well, thank you. How are you?",
    ),
    (_BYE, "Goodbye, and thank you for talking to me!"),
    (r"\b(thank you|thanks|cheers)\b", "You are welcome!"),
    (r"\b(can|do) you (hear|understand) me\b|^(testing|test|mic check)( \d+)*$", "Yes, I can hear you."),
    (r"^(hello|hi|hey|good (morning|afternoon|evening)|greetings)\b", "Hello! What can I do for you?"),
    (_STOP, "Okay."),
    (_YES, "Good. What else can I do for you?"),
    (r"^(no|nope|never mind|nothing)( thank you| thanks)?$", "All right."),
    (r"^(sorry|pardon|excuse me)\b", "No harm done."),
)
_AFTER_ME = re.compile(
    r"^(?:please |now |can you |could you )*(?:repeat(?: after me)?|say(?: after me)?|tell me exactly)\b"
    r"[\s:,]+(?P<text>.+)$",
    re.IGNORECASE | re.DOTALL,
)
_KEYS = re.compile(r"^\W*dtmf\W*(?:digits?|keys?|event)?\W{0,3}(?P<keys>[0-9*#a-d ]+)\W*$")


def small_talk(normalised: str) -> str | None:
    """The answer of the first line whose pattern is in the utterance."""
    return next((answer for pattern, answer in _TABLE if re.search(pattern, normalised)), None)


def say_after(said: str) -> str | None:
    """What to say after the user: "repeat after me: ...", "say ..."."""
    found = _AFTER_ME.match(said.strip())
    text = found["text"].strip(" \"'“”") if found else ""
    return text[:1].upper() + text[1:] or None


def pressed_keys(normalised: str) -> str | None:
    """The keys of a telephone, as a gateway reports them: "dtmf 5", "[dtmf] 1 2 #"."""
    found = _KEYS.match(normalised)
    return f"You pressed {' '.join(found['keys'].replace(' ', ''))}." if found else None
