"""Answers that need no knowledge: a table from what is said to what is answered."""

from __future__ import annotations

import re
from random import Random

WHAT_I_AM = "I am the local voice of realtime-cli: a small set of rules, not a language model."
ONLY_RULES = "I am only a small set of rules: ask me what I can do."
WHAT_I_CAN = (
    "I can tell you the time and date, here or in another city, do sums, keep notes, roll dice, flip a coin,"
    " count as far as you like, read you a long text, say something after you,"
    " tell you the size of a picture, and call the tools of this session."
)
NOT_HEARD = "I did not hear any words. Are you still there?"

_TABLE: tuple[tuple[str, str], ...] = (
    (
        r"\b(what|how) (all )?can you (do|help)|what do you do\b|^help( me)?$|your (abilities|skills)\b",
        WHAT_I_CAN,
    ),
    (
        r"\bwho are you\b|what are you\b|are you (a|an|real|human|the)\b.*|your name\b|introduce yourself",
        WHAT_I_AM + " Ask me what I can do.",
    ),
    (
        r"\bhow are you\b|how do you do\b|how is it going\b|are you (well|ok|okay|fine)\b",
        "I am well, thank you. How are you?",
    ),
    (
        r"\b(goodbye|bye|see you|farewell|good night|that is (everything|all))\b",
        "Goodbye, and thank you for talking to me!",
    ),
    (r"\b(thank you|thanks|cheers|much appreciated)\b", "You are welcome!"),
    (r"\b(can|do) you (hear|understand) me\b|^(testing|test|mic check)( \d+)*$", "Yes, I can hear you."),
    (r"^(hello|hi|hey|good (morning|afternoon|evening)|greetings|howdy)\b", "Hello! What can I do for you?"),
    (
        r"^((please|no|ok|okay|just|now) )*(stop|(be )?quiet|shut up|silence|enough|wait|hold on|cancel)\b",
        "Okay.",
    ),
    (
        r"^(yes|yeah|yep|sure|ok|okay|alright|right|fine|great|good)( please)?$",
        "Good. What else can I do for you?",
    ),
    (r"^(no|nope|nah|never mind|nothing)( thank you| thanks)?$", "All right."),
    (r"^(sorry|pardon|excuse me)\b", "No harm done."),
)


def small_talk(normalised: str) -> str | None:
    """The answer of the first line whose pattern is in the utterance."""
    for pattern, answer in _TABLE:
        if re.search(pattern, normalised):
            return answer
    return None


def chance(normalised: str, dice: Random) -> str | None:
    """ "Roll two dice", "throw a twenty sided die", "flip a coin"."""
    if re.search(r"\b(flip|toss|throw)\b.*\bcoin\b|\bheads or tails\b", normalised):
        return f"It is {dice.choice(('heads', 'tails'))}."
    if not re.search(r"\b(roll|throw|toss|cast)\b.*\b(dice|die|d\d+)\b", normalised):
        return None
    sides = re.search(r"\bd(\d+)\b|\b(\d+) sided\b", normalised)
    without_sides = re.sub(r"\b\d+ sided\b|\bd\d+\b", "", normalised)
    several = re.search(r"\b(\d+)\b", without_sides) or (["2"] if "dice" in normalised else ["1"])
    faces = max(2, int(next(filter(None, sides.groups())))) if sides else 6
    rolls = [dice.randint(1, faces) for _ in range(max(1, min(int(several[0]), 20)))]
    shown = ", ".join(map(str, rolls[:-1])) + (" and " if rolls[1:] else "") + str(rolls[-1])
    return f"You rolled {shown}." if len(rolls) == 1 else f"You rolled {shown}: {sum(rolls)} in total."


def say_after(said: str) -> str | None:
    """What to say after the user: "repeat after me: ...", "say ..."."""
    found = re.match(
        r"^(?:please |now |can you |could you )*(?:repeat(?: after me)?|say(?: after me)?|tell me exactly)\b"
        r"[\s:,]+(?P<text>.+)$",
        said.strip(),
        re.IGNORECASE | re.DOTALL,
    )
    text = found["text"].strip(" \"'“”") if found else ""
    return text[:1].upper() + text[1:] or None


def pressed_keys(normalised: str) -> str | None:
    """The keys of a telephone, as a gateway reports them: "dtmf 5", "[dtmf] 1 2 #"."""
    found = re.match(r"^\W*dtmf\W*(?:digits?|keys?|event)?\W{0,3}(?P<keys>[0-9*#a-d ]+)\W*$", normalised)
    return f"You pressed {' '.join(found['keys'].replace(' ', ''))}." if found else None
