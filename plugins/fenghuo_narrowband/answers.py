"""What a frame that came in means: a person's answer, a terminal's receipt, or only that somebody was heard. Pure.

The forms are public, so that anybody's terminal can speak them: docs/reference/radio-text.md.
"""

from __future__ import annotations

import re

import msgspec

__all__ = ["Answer", "Device", "Order", "reading"]

_DEVICE = re.compile(r"DEV #?([0-9]{1,4})", re.IGNORECASE)
# Our own orders, heard from another post, must not be taken for an answer to one of ours.
_PART = re.compile(r"\([0-9]{1,3}/[0-9]{1,3}\)")
_ASKS = "收到请回复"


class Device(msgspec.Struct, frozen=True):
    """A terminal says by itself that it holds message `number` (1-9999)."""

    number: int


class Answer(msgspec.Struct, frozen=True):
    """Words of a person, as they came; which message they belong to is the core's to find out."""

    text: str


class Order(msgspec.Struct, frozen=True):
    """An order of another post that was addressed to us; nobody's answer."""


def reading(info: bytes) -> Device | Answer | Order | None:
    """What the information of a frame addressed to us says; None: nothing that a person wrote."""
    text = _text(info)
    if not text:
        return None
    if device := _DEVICE.fullmatch(text):
        return Device(int(device[1])) if int(device[1]) else None
    if _ASKS in text or _PART.match(text):
        return Order()
    return Answer(text)


def _text(info: bytes) -> str:
    """The text, or nothing if it is not UTF-8 or holds control characters: then a machine sent it for a machine."""
    try:
        text = info.decode("utf-8").strip("\x00\r\n\t ")
    except UnicodeDecodeError:
        return ""
    return "" if any(ord(char) < 32 and char not in "\r\n\t" for char in text) else text
