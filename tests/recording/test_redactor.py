"""Nothing of a key reaches what is written, and ordinary words stay as they are."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from realtime_cli.recording import redactor
from realtime_cli.recording.redactor import MASK, Redactor

SECRET = 'p@ss/w"ord+7ü'


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        json.dumps({"key": SECRET}),
        json.dumps({"key": SECRET}, ensure_ascii=False),
        json.dumps({"arguments": json.dumps({"key": SECRET})}),
        f"wss://host/v1/realtime?x={quote(SECRET, safe='')}",
        f"Basic {base64.b64encode(SECRET.encode()).decode()}",
    ],
)
def test_a_known_secret_goes_in_every_form(text: str) -> None:
    scrubbed = Redactor([SECRET]).scrub(text)

    assert MASK in scrubbed
    for form in (
        SECRET,
        json.dumps(SECRET)[1:-1],
        quote(SECRET, safe=""),
        base64.b64encode(SECRET.encode()).decode(),
    ):
        assert form not in scrubbed


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Incorrect API key provided: sk-proj-abcDEF12345678.", "Incorrect API key provided: ***."),
        ('{"value":"ek_abcdefgh12345678"}', '{"value":"***"}'),
        ("Authorization: Bearer abc.def.ghi", "Authorization: ***"),
        ("the header was Bearer eyJ0eXAi1.eyJ", "the header was Bearer ***"),
        ('{"authorization":"tok"}', '{"authorization":"***"}'),
        ('{"arguments":"{\\"api_key\\":\\"abc\\"}"}', '{"arguments":"{\\"api_key\\":\\"***\\"}"}'),
        ("wss://h/v1?model=m&api-key=abc123&x=1", "wss://h/v1?model=m&api-key=***&x=1"),
        ("wss://user:word@host/v1", "wss://***@host/v1"),
        ("openai-insecure-api-key.abcdef", "openai-insecure-api-key.***"),
        ('{"headers":{"X-Team":"blue \\"1\\"","Y":"z"}}', '{"headers":{"X-Team":"***","Y":"***"}}'),
        ('{"set-cookie":"a=b"}', '{"set-cookie":"***"}'),
        *(
            (f"use {prefix}0123456789abcdefABCD, please", "use ***, please")
            for prefix in ("gho_", "ghs_", "github_pat_", "glpat-", "npm_", "xoxb-", "xai-", "hf_")
        ),
        ("id AKIAIOSFODNN7EXAMPLE.", "id ***."),
        ("token eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSMeKKF2 sent", "token *** sent"),
    ],
)
def test_what_looks_like_a_secret_goes_too(text: str, left: str) -> None:
    assert Redactor().scrub(text) == left


@pytest.mark.parametrize(
    "text",
    [
        '{"transcript":"basic arithmetic, and a bearer of good news"}',
        '{"logprobs":[{"token":"hello","logprob":-0.1}]}',
        '{"name":"task-force-nine-to-five"}',
        '{"delta":"my mail is anna@example.org"}',
        '{"max_output_tokens":"inf","output_token_details":{"text_tokens":3}}',
    ],
)
def test_ordinary_text_is_not_touched(text: str) -> None:
    assert Redactor(["abc"]).scrub(text) == text


def test_a_longer_secret_goes_whole_though_it_contains_a_shorter_one() -> None:
    assert Redactor(["tiger", "tiger-lily"]).scrub("tiger-lily") == MASK


@pytest.mark.parametrize(
    "secret",
    [
        "Authorization: Bearer abcdefgh12345678",
        '"api_key": "0123456789abcdef"',
        '"headers":{"X-Any":"0123456789abcdef"}',
        "wss://me:0123456789abcdef@host/",
        "sk-0123456789abcdef",
        "Bearer " + "0123456789abcdef" * 500,
    ],
)
@pytest.mark.parametrize("offset", [-9000, -300, -64, -20, -5, 0, 5])
def test_a_secret_anywhere_in_a_long_text_is_masked(secret: str, offset: int) -> None:
    padding = "lorem ipsum " * (redactor.MAX_SLICE // 12 + 1)
    text = f"{padding[: redactor.MAX_SLICE + offset]} {secret} {padding}"

    scrubbed = Redactor().scrub(text)

    assert MASK in scrubbed
    assert "0123456789abcdef" not in scrubbed
    assert "abcdefgh12345678" not in scrubbed
    assert len(scrubbed) < len(text)


def test_each_look_at_a_long_text_is_short_so_that_others_can_run() -> None:
    text = "see wss://example.org/a?key=v and authorization: x " * 20_000 + "basic" * 100_000

    sizes = [end - begin for begin, end in redactor._pieces(text)]

    assert sum(sizes) > len(text) // 2
    assert max(sizes) <= 2 * redactor.MAX_PIECE + 200


def test_capitals_that_become_two_letters_move_nothing() -> None:
    text = "İ" * 100 + " AUTHORIZATION: Bearer 0123456789abcdef"

    assert Redactor().scrub(text) == "İ" * 100 + f" AUTHORIZATION: {MASK}"
