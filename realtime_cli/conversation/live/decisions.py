"""What a Live session's decision says, in words."""

from __future__ import annotations

from typing import Any


def decision_words(decision: Any) -> str:
    """``mood = angry (90 %), question 2 refused``; what is of no known shape stands as it came."""
    answers = decision.get("answers") if isinstance(decision, dict) else None
    if not isinstance(answers, list) or not answers:
        return str(decision)
    return ", ".join(_answer(number, answer) for number, answer in enumerate(answers, 1))


def _answer(number: int, answer: Any) -> str:
    match answer:
        case {"type": "choice", "choice": value, "confidence": int() | float() as share}:
            said = f"= {value} ({share:.0%})"
        case {"type": "score", "score": value, "confidence": int() | float() as share}:
            said = f"= {value} ({share:.0%})"
        case {"type": "predicate", "probability": int() | float() as share}:
            said = f"= {share:.0%} likely"
        case {"type": "refusal"}:
            said = "refused"
        case _:
            return str(answer)
    return f"{answer.get('name') or f'question {number}'} {said}"
