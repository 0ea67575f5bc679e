"""A known secret is found however it is written."""

from __future__ import annotations

import base64
import json
import random
import re
import time
from collections.abc import Iterator
from html import escape
from urllib.parse import quote

import pytest

from realtime_cli.recording.known_secrets import KnownSecrets

KEY = "Zk-hunter/2+Lé\"x'&9"
KNOWN = KnownSecrets([KEY])
UNITS = [f"{ord(letter):04x}" for letter in KEY]


@pytest.mark.parametrize(
    "written",
    [
        KEY,
        json.dumps(KEY),
        json.dumps(json.dumps(KEY)),
        json.dumps(KEY).replace("/", "\\/"),
        "".join(f"\\u{unit}" for unit in UNITS),
        "".join(f"\\U{unit.upper()}".replace("\\U", "\\u") for unit in UNITS),
        "".join(f"\\\\u{unit}" for unit in UNITS),
        KEY.replace("Z", "\\u005a"),
        KEY.replace("Z", "\\u005A"),
        "".join(f"\\x{ord(letter):02x}" for letter in KEY),
        quote(KEY, safe=""),
        quote(KEY, safe="").lower().replace("z", "Z").replace("l", "L"),
        escape(KEY),
        "".join(f"&#{ord(letter)};" for letter in KEY),
        "".join(f"&#x{ord(letter):X};" for letter in KEY),
        base64.b64encode(KEY.encode()).decode(),
        base64.b64encode(f"user:{KEY}".encode()).decode(),
        base64.b64encode(f"me:{KEY}".encode()).decode(),
        base64.urlsafe_b64encode(f"a:{KEY}:z".encode()).decode(),
        KEY.encode().hex(),
        KEY.encode().hex().upper(),
        f"{KEY[:7]}\n{KEY[7:]}",
        f"{KEY[:7]}\r\n   {KEY[7:]}",
        f"{KEY[:7]}\\n{KEY[7:]}",
    ],
)
def test_no_way_of_writing_it_is_missed(written: str) -> None:
    assert KNOWN.mask(f"before {written} after").replace('"', "").replace("\\", "") == "before *** after"


def test_ordinary_text_stays() -> None:
    text = 'Ze "hunter" said: 100 % sure & \\u0041 \\n &amp; Wmst\nnext line'
    assert KNOWN.mask(text) == text
    assert KnownSecrets(["pass"]).mask("it will pa\nss") == "it will pa\nss", "short ones are words"


def told(secrets: list[str], said: str, sizes: Iterator[int], free: int = 0) -> list[str]:
    mask, shown, at = KnownSecrets(secrets).in_pieces(free), [], 0
    while at < len(said):
        size = next(sizes)
        shown.append(mask.take(said[at : at + size]))
        at += size
    return [*shown, mask.rest()]


@pytest.mark.parametrize(
    ("secrets", "said", "shown"),
    [
        ([KEY], f"The key is {KEY}.", "The key is ***."),
        ([KEY], f"{KEY}{KEY}", "******"),
        ([KEY], f"It begins with {KEY[:-1]}", f"It begins with {KEY[:-1]}"),
        (["abcdXabcd"], "abcdXabcd abcdX", "*** abcdX"),  # ends as it begins
        (["abcdef", "abcdefghij"], "abcdefghij abcdef, abcdefgh", "*** ***, ***gh"),  # one within another
        (["abcdef", "xxabcdefyy"], "xxabcdefyy xxabcdefy", "*** xx***y"),
        ([], "anything", "anything"),
    ],
)
def test_a_secret_in_pieces_is_masked_wherever_it_is_cut(secrets: list[str], said: str, shown: str) -> None:
    at_random = random.Random(1)
    for _ in range(200):
        sizes = iter(lambda: at_random.choice((1, 1, 2, 3, 5, 8, 20)), None)
        assert "".join(told(secrets, said, sizes)) == shown
        freely = "".join(told(secrets, said, sizes, free=3))
        assert re.fullmatch(_letters_before_masks(shown), freely)
        assert not any(secret in freely for secret in secrets)


def _letters_before_masks(shown: str) -> str:
    return re.escape(shown).replace(re.escape("***"), r"[\w-]{0,3}\*\*\*")


def test_only_what_may_be_the_beginning_of_a_secret_waits_for_more() -> None:
    mask = KnownSecrets([KEY]).in_pieces(free=3)
    assert mask.take(f"The key is {KEY[:3]}") == f"The key is {KEY[:3]}", "words begin like this"
    assert mask.take(KEY[3:5]) == ""
    assert mask.take("!") == f"{KEY[3:5]}!"


def test_less_than_half_of_a_short_secret_is_shown() -> None:
    assert "".join(told(["abcd"], "ab" + "cd", iter([2, 2]), 3)) == "***"
    assert "".join(told(["abcd"], "abcd", iter([1, 3]), 3)) == "a***"


def test_sound_is_looked_through_quickly() -> None:
    known = KnownSecrets([f"{KEY}{number}" for number in range(5)])
    line = '{"type":"response.output_audio.delta","delta":"' + "QUJD" * 2_500_000 + '"}'
    began = time.process_time()
    assert known.mask(line) == line
    assert time.process_time() - began < 1.0
