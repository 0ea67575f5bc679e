"""A known secret is found however it is written."""

from __future__ import annotations

import base64
import json
import time
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


def test_the_end_of_a_growing_text_is_held_while_it_may_become_one() -> None:
    assert KNOWN.held("The key is Zk-hu") == 5
    assert KNOWN.held("The key is") == 0
    assert KNOWN.held(KEY[:-1]) == len(KEY) - 1


def test_sound_is_looked_through_quickly() -> None:
    known = KnownSecrets([f"{KEY}{number}" for number in range(5)])
    line = '{"type":"response.output_audio.delta","delta":"' + "QUJD" * 2_500_000 + '"}'
    began = time.process_time()
    assert known.mask(line) == line
    assert time.process_time() - began < 1.0
