"""Where things are published over MQTT, and what a recipient's name is, by whichever way it is told. Pure. docs/reference/mqtt.md."""

from __future__ import annotations

import re

import msgspec

__all__ = ["LONGEST_NAME", "Topics", "is_name"]

LONGEST_NAME = 64
_NAME = re.compile(r"[^\s/+#$\x00-\x1f\x7f][^\s/+#\x00-\x1f\x7f]*")
_BACK = ("receipt", "answer")


class Topics(msgspec.Struct, frozen=True):
    """Below `base`. The last level is always the recipient, so that an access rule can fence it by its name. `reports`: whether what
    devices publish of their own accord is meant too."""

    base: str

    def out(self, recipient: str) -> str:
        """Messages to a recipient, by us alone."""
        return f"{self.base}/out/{recipient}"

    def receipt(self, recipient: str) -> str:
        """Its receipts for them, by it alone."""
        return f"{self.base}/receipt/{recipient}"

    def listening(self, *, reports: bool) -> tuple[str, ...]:
        """What we subscribe to."""
        return tuple(f"{self.base}/{word}/+" for word in _words(reports=reports))

    def told_apart(self, topic: str, *, reports: bool = True) -> tuple[str, str] | None:
        """The word (receipt, answer, in) and the sender of a topic; None for one that is none of ours."""
        front, _, sender = topic.rpartition("/")
        base, _, word = front.rpartition("/")
        return (word, sender) if base == self.base and word in _words(reports=reports) and is_name(sender) else None


def is_name(text: str) -> bool:
    """Whether it is one level of a topic, as the name of a device or post is."""
    return bool(_NAME.fullmatch(text)) and len(text.encode("utf-8", "replace")) <= LONGEST_NAME


def _words(*, reports: bool) -> tuple[str, ...]:
    return (*_BACK, "in") if reports else _BACK
