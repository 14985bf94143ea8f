"""In which language the desk's sentences are printed: that of --lang, else of the terminal. Chinese where it is a Chinese one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

__all__ = ["LANG", "language", "sentence_of", "sentences_of"]

LANG = "FENGHUO_LANG"
"""What --lang sets; a script may set it itself."""
_BY_RANK = (LANG, "LC_ALL", "LC_MESSAGES", "LANG")


def language(environment: Mapping[str, str] = os.environ) -> str:
    """zh or en, by the first of these variables that says anything (POSIX.1-2024, XBD 8.2)."""
    named = next((value for name in _BY_RANK if (value := environment.get(name))), "")
    return "zh" if named.lower().startswith("zh") else "en"


def sentences_of(data: Mapping[str, Any]) -> list[str]:
    """What an answer says, in this language; a daemon that is older says it in English."""
    if language() == "en" or "said" not in data:
        return list(data.get("says", ()))
    return [_in_words(one) for one in data["said"]]


def sentence_of(data: Mapping[str, Any], says: str = "says", said: str = "said") -> str:
    """The same where an answer says one thing."""
    return str(data[says]) if language() == "en" or not data.get(said) else _in_words(data[said])


def _in_words(one: Mapping[str, Any]) -> str:
    from fenghuo.formats.sentences import in_words  # no other command waits for the table

    return in_words(one, "zh")
