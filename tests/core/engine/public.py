"""A public of three thousand telephones in two areas, and alerts to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec

from fenghuo.clock import instant
from fenghuo.model.delivery import (
    Accepted,
)
from fenghuo.model.evidence import Evidence
from fenghuo.model.roll import Roll
from fenghuo.plugin.ports import Capabilities, Doubt
from fenghuo.store import Tx
from fenghuo.store.records import PageRow
from fenghuo.store.rolls import next_roll, pages, put_in_force
from fenghuo.store.tables import PAGE, ROLL
from tests.core.engine.house import RULES, House, Sheet
from tests.core.engine.values import NOW

BULK = Capabilities(form="sms", evidence_max=Evidence.HUMAN, doubt=Doubt.OPAQUE, concurrency=8, batch=True)
PUBLIC_RULES = (
    """
[ladders.bulk]
[[ladders.bulk.rungs]]
channels = ["a", "b"]
[[rules]]
name = "public"
match = { kind = ["Alert"] }
audience = { name = "everybody", split = "public", areas = "message" }
ladder = "bulk"
signatures = 0
needed = "ACCEPTED"
"""
    + RULES
)
NEED_DEVICE = PUBLIC_RULES.replace('needed = "ACCEPTED"', 'needed = "DEVICE"')


def numbers(first: int, count: int) -> list[str]:
    return [f"+86138{number:08d}" for number in range(first, first + count)]


NORTH_AREA, SOUTH_AREA = "mca:320585105", "mca:320585109"
NORTH, SOUTH = numbers(0, 2_300), numbers(5_000, 700)


async def enrol(house: House, north: Sequence[str], south: Sequence[str]) -> None:
    """Put a roll in force."""
    areas = {NORTH_AREA: north, SOUTH_AREA: south}
    entries = sorted((name, "msisdn", address) for name, held in areas.items() for address in held)

    def write(tx: Tx) -> Roll:
        number, first = next_roll(tx)
        tx.insert_all(ROLL, [msgspec.structs.replace(row, id=first + place) for place, row in enumerate(pages(number, entries))])
        return put_in_force(tx, Roll(number=number, digest=str(number)))

    house.office.roll = await house.store.run(write)


def cap(name: str, *areas: str, action: str = "Alert", ends: str = "", severity: str = "Severe", after_s: float = 0.0) -> bytes:
    """An alert of now to the public of some areas (`system:code`)."""
    sent = instant(NOW + after_s)
    reference = f"<references>met,{ends},{instant(NOW).isoformat()}</references>" if ends else ""
    pairs = (area.partition(":")[::2] for area in areas)
    codes = "".join(f"<geocode><valueName>{system}</valueName><value>{code}</value></geocode>" for system, code in pairs)
    return f"""<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{name}</identifier><sender>met</sender>
      <sent>{sent.isoformat()}</sent><status>Actual</status><msgType>{action}</msgType><scope>Public</scope>{reference}
      <info><language>zh-CN</language><category>Met</category><event>暴雨</event><urgency>Immediate</urgency>
      <severity>{severity}</severity><certainty>Likely</certainty><expires>{(sent + timedelta(hours=1)).isoformat()}</expires>
      <headline>{name}</headline><description>{name}</description><area><areaDesc>area</areaDesc>{codes}</area></info></alert>""".encode()


async def alert(house: House, name: str, *areas: str, **more: Any) -> Accepted:
    """An alert to the public, accepted, and everything that follows at once."""
    answer = await house.take(cap(name, *areas, **more), "anna", "bert")
    assert isinstance(answer, Accepted), answer
    return answer


def told(house: House, *channels: str) -> list[str]:
    """Everybody to whom something left, once for each time."""
    sheets: list[Sheet] = [sheet for name in channels or tuple(house.channel) for sheet in house.channel[name].pages]
    return sorted(address for sheet in sheets for address in sheet.addresses)


async def rows(house: House) -> list[PageRow]:
    return await house.store.find(PAGE, "1 = 1 ORDER BY objective, number")
