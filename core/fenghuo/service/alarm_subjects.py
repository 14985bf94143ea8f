"""What an alarm is about, as people call it: the headline of a message, the audience of an objective, whom a delivery is for.

An id says nothing at three in the morning; it stands behind the name, and what has no other name has none here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from fenghuo.model.message import Message
from fenghuo.service.showing import headline
from fenghuo.store.store import Store
from fenghuo.store.tables import DELIVERY, MESSAGE, OBJECTIVE

__all__ = ["names_of"]

LONGEST = 60
"""Letters of a headline that are shown."""
_AMONG = "id IN (SELECT value FROM json_each(?))"


async def names_of(store: Store, subjects: Iterable[str]) -> dict[str, str]:
    """Subject → name; without those that have none: what is called by its own name already, and what is not kept any more."""
    by_topic: dict[str, set[str]] = {}
    for subject in subjects:
        topic, _, rest = subject.partition("/")
        by_topic.setdefault(topic, set()).add(rest)
    deliveries = await store.find(DELIVERY, _AMONG, _numbers(by_topic.get("delivery", ())))
    objectives = await store.find(OBJECTIVE, _AMONG, _numbers(by_topic.get("objective", ())))
    wanted = {*by_topic.get("message", ()), *(one.message for one in deliveries), *(one.message for one in objectives)}
    titles = await _titles(store, wanted)
    found = {f"message/{ident}": title for ident, title in titles.items()}
    found |= {f"objective/{one.id}": _joined(titles.get(one.message), one.audience) for one in objectives}
    found |= {f"delivery/{one.id}": _joined(titles.get(one.message), f"{one.recipient}, {one.channel}") for one in deliveries}
    return found


async def _titles(store: Store, wanted: Iterable[str]) -> dict[str, str]:
    """Number and headline of each message, by its id, as its newest revision has them."""
    idents = sorted(wanted)
    if not idents:
        return {}
    rows = await store.find(MESSAGE, f"{_AMONG} ORDER BY revision", msgspec.json.encode(idents).decode())
    return {row.id: f"#{row.number} {_headline(row.body)}".strip() for row in rows}


def _headline(body: bytes) -> str:
    """No alarm is missing from a list because a message cannot be read."""
    try:
        return headline(msgspec.msgpack.decode(body, type=Message))[:LONGEST]
    except msgspec.MsgspecError:
        return ""


def _joined(title: str | None, rest: str) -> str:
    return f"{title} ({rest})" if title else rest


def _numbers(texts: Iterable[str]) -> Any:
    return msgspec.json.encode(sorted(int(text) for text in texts if text.isdigit())).decode()
