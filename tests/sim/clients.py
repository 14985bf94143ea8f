"""Makes the letters of a simulated day: orders, reports and alerts, each with its own tag."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec

from fenghuo.clock import instant
from fenghuo.model.traffic import Priority, Traffic
from fenghuo.rig.world.clients import Letter
from fenghuo.rig.world.log import World
from tests.sim.ground import PEOPLE

COLOURS = {"Extreme": Priority.P0, "Severe": Priority.P1, "Moderate": Priority.P2, "Minor": Priority.P3}
CAP = """<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{ident}</identifier><sender>met</sender><sent>{sent}</sent>
<status>{status}</status><msgType>{action}</msgType><scope>{scope}</scope>{restriction}{references}<info><language>zh-CN</language>
<category>Met</category><event>大风{tag}</event><urgency>Immediate</urgency><severity>{severity}</severity><certainty>Observed</certainty>
<expires>{expires}</expires><headline>{tag}</headline><description>{words}</description><area><areaDesc>沙溪镇</areaDesc>
<geocode><valueName>mca</valueName><value>320585110</value></geocode></area></info></alert>"""


class Writers:
    """Makes letters; every one says its own tag, by which devices and judge know it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._count = 0

    def order(self, *, hold_s: float = 3600.0, **fields: Any) -> Letter:
        """A dispatch order or a report to some people."""
        chance = self.world.chance
        self._count += 1
        tag, words = f"〔{self._count}〕", fields.pop("words", "")
        people = fields.pop("to", None) or tuple(chance.sample(PEOPLE, chance.choice((1, 1, 2, 3))))
        priority = fields.pop("priority", None) or chance.choice(("P1", "P1", "P2", "P2", "P2", "P3", "P4"))
        ends = instant(self.world.true() + hold_s)
        body = {
            "to": people,
            "text": f"{tag}立即到岗{words}",
            "kind": chance.choice(("Dispatch", "Dispatch", "Report")),
            "priority": priority,
            "traffic": chance.choice(("Actual",) * 8 + ("Exercise", "Test")),
            "expires": ends.isoformat(),  # its end is the same however long the client has to try
            **fields,
        }
        return Letter(
            key=f"k{self._count}",
            tag=tag,
            raw=msgspec.json.encode(body),
            action=body.get("action", "New"),
            about="",
            priority=Priority[priority],
            traffic=Traffic(body["traffic"]),
            expires_at=ends.timestamp(),
            people=people,
        )

    def alert(
        self,
        *,
        hold_s: float = 3600.0,
        action: str = "Alert",
        about: Letter | None = None,
        public: bool = False,
        is_drill: bool = True,
        severity: str = "",
    ) -> Letter:
        """A CAP alert; `about`: the one that it updates or ends."""
        chance, now = self.world.chance, instant(self.world.true())
        self._count += 1
        tag = about.tag if about is not None and action == "Cancel" else f"〔{self._count}〕"
        severity = severity or chance.choice(("Extreme", "Severe", "Moderate", "Minor"))
        traffic = about.traffic if about is not None else Traffic(chance.choice(("Actual",) * 5 + ("Exercise", "Test") * is_drill))
        sent, ends = now.isoformat(timespec="seconds"), (now + timedelta(seconds=hold_s)).replace(microsecond=0)
        ident = f"A{self._count}"
        references = f"<references>met,{about.ident},{about.sent}</references>" if about is not None else ""
        raw = CAP.format(
            ident=ident,
            sent=sent,
            status=traffic.value,
            action=action,
            scope="Public" if public else "Restricted",
            restriction="" if public else "<restriction>duty</restriction>",
            references=references,
            tag=tag,
            severity=severity,
            expires=ends.isoformat(timespec="seconds"),
            words="预计出现十级大风，请注意防范。" * chance.choice((1, 1, 6)),
        )
        return Letter(
            key=f"k{self._count}",
            tag=tag,
            raw=raw.encode(),
            action={"Alert": "New"}.get(action, action),
            about=about.tag if about is not None else "",
            priority=COLOURS[severity],
            traffic=traffic,
            expires_at=ends.timestamp(),
            people=PEOPLE[:4],
            ident=ident,
            sent=sent,
            actor="met",
        )
