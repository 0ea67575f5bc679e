"""What can be sent as the value of an HTTP header: keys above all. An error never repeats the value."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, SecretStr

from realtime_cli.errors import ConfigError

_QUOTES = "\"'`\u2018\u2019\u201c\u201d\u00ab\u00bb"
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110, token


def fault_in(value: str) -> str:
    """Why a header cannot carry this text: ``a line break``; nothing if it can."""
    for letter in value:
        if letter in "\r\n\u2028\u2029":
            return "a line break"
        if unicodedata.category(letter) in ("Cf", "Co", "Cn"):  # byte order mark, zero-width letters
            return "an invisible character (a byte order mark, for example)"
        if unicodedata.category(letter) == "Cc":
            return "a control character"
        if not letter.isascii():
            return "a character outside ASCII"
    return ""


def sendable_key(key: str, where: str) -> str:
    """The key itself, if a header can carry it; ``where`` says where it is from: ``in OPENAI_API_KEY``.

    Raises ConfigError, which shows no part of the key.
    """
    if fault := _fault_in_key(key):
        raise ConfigError(f"The key {where} has {fault}.", "Copy it again, the key and nothing else.")
    return key


def _fault_in_key(key: str) -> str:
    if key[:1] in _QUOTES or key[-1:] in _QUOTES:
        return "quotes around it"
    if key.casefold().startswith("bearer "):
        return 'the word "Bearer" in front of it'
    return fault_in(key) or ("a blank in it" if " " in key else "")


def _checked_text(text: str) -> str:
    if fault := fault_in(text):
        raise ValueError(f"has {fault} in it; a header cannot carry that")
    return text


def _checked_secret(secret: SecretStr) -> SecretStr:
    _checked_text(secret.get_secret_value())
    return secret


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("is not the name of a header: letters, digits and hyphens")
    return name


HeaderText = Annotated[str, AfterValidator(_checked_text)]
Headers = dict[
    Annotated[str, AfterValidator(_checked_name)], Annotated[SecretStr, AfterValidator(_checked_secret)]
]
