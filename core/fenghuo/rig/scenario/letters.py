"""Makes what people hand in of the steps of a scenario: a CAP document, an order in our JSON, and what changes or ends them."""

from __future__ import annotations

import re
from datetime import timedelta, timezone
from pathlib import Path
from xml.sax.saxutils import escape

import msgspec

from fenghuo.clock import instant
from fenghuo.model.area import AreaRef
from fenghuo.model.directory import Directory
from fenghuo.model.traffic import Priority, Traffic
from fenghuo.rig.scenario.pictures import named, picture
from fenghuo.rig.scenario.schema import Do, Step
from fenghuo.rig.stamping import restamped
from fenghuo.rig.world.clients import Letter

__all__ = ["Writer"]

CHINA = timezone(timedelta(hours=8))
HOLD_S = 3600.0
"""For how long what is said holds, where a step does not say."""
LEAST_S = 60.0
"""Between the end of what cancels something and the end of the scenario."""
COLOURS = {"Extreme": Priority.P0, "Severe": Priority.P1, "Moderate": Priority.P2, "Minor": Priority.P3}
CAP = """<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{ident}</identifier><sender>{sender}</sender><sent>{sent}</sent>
<status>{status}</status><msgType>{action}</msgType><scope>{scope}</scope>{restriction}{references}<info><language>zh-CN</language>
<category>Met</category><event>{event}</event><urgency>Immediate</urgency><severity>{severity}</severity><certainty>Observed</certainty>
<expires>{expires}</expires><headline>{headline}</headline><description>{text}</description>{areas}</info></alert>"""
AREA = "<area><areaDesc>{name}</areaDesc><geocode><valueName>{system}</valueName><value>{code}</value></geocode></area>"

PLACED = re.compile(rb"<area>.*?</area>", re.DOTALL)
DESCRIBED = re.compile(rb"(<description>).*?(</description>)", re.DOTALL)
NAMES = tuple(re.compile(rb"<(?:\w+:)?%s\s*>\s*([^<\s]+)" % name) for name in (b"sender", b"identifier", b"sent"))


class Writer:
    """`wall`: UTC seconds now; `ends_at`: when the scenario is judged. A letter keeps its key, so that its sender may hand it in again."""

    def __init__(self, directory: Directory, ends_at: float) -> None:
        self._directory = directory
        self._ends_at = ends_at
        self._count = 0

    def letter(self, step: Step, about: Letter | None, ident: str, wall: float) -> Letter:
        """What a step hands in; `about`, `ident`: the letter that it changes or ends, and the id it was given."""
        self._count += 1
        if step.do is Do.REPEAT and about is not None:
            raw = DESCRIBED.sub(rb"\g<1>" + escape(step.text).encode() + rb"\g<2>", about.raw) if step.text else about.raw
            return msgspec.structs.replace(about, key=f"k{self._count}", actor=step.by or about.actor, raw=raw)
        if step.do in (Do.ORDER, Do.FROM_POST):
            return self._order(step, wall)
        if step.do is Do.CANCEL and about is not None and not about.ident:
            return self._cancel(step, about, ident, wall)
        return self._alert(step, about, wall)

    def _order(self, step: Step, wall: float) -> Letter:
        ends = instant(wall + (step.hold_s or HOLD_S))
        body = {
            "to": step.to or ("org:tc",),
            "text": step.text,
            "kind": step.kind or "Dispatch",
            "priority": step.priority or "P2",
            "traffic": step.traffic or "Actual",
            "expires": ends.isoformat(),
            **{name: value for name in ("needed", "via", "deadline_s") if (value := getattr(step, name))},
        }
        if step.picture_octets is not None:
            body["attachments"] = [named(picture(step.picture_octets))]
        return self._kept(step, body, ends.timestamp(), Priority[body["priority"]])

    def _cancel(self, step: Step, about: Letter, ident: str, wall: float) -> Letter:
        ends = instant(wall + self._shortest(HOLD_S, wall))
        body: dict[str, object] = {
            "to": ("everyone who got it",),
            "text": step.text or "此前消息作废",
            "action": "Cancel",
            "reference": ident,
        }
        body |= {"traffic": about.traffic.value, "expires": ends.isoformat()}
        return self._kept(step, body, ends.timestamp(), Priority.P0, about=about.tag)

    def _shortest(self, hold_s: float, wall: float) -> float:
        """What ends something else holds until the scenario is judged, at most."""
        return max(1.0, min(hold_s, self._ends_at - wall - LEAST_S))

    def _kept(self, step: Step, body: dict[str, object], ends: float, priority: Priority, *, about: str = "") -> Letter:
        return Letter(
            key=f"k{self._count}",
            tag=step.label or f"step {self._count}",
            raw=msgspec.json.encode(body),
            action=str(body.get("action", "New")),
            about=about,
            priority=priority,
            traffic=Traffic(str(body["traffic"])),
            expires_at=ends,
            people=step.to,
            actor=step.by or "centre",
        )

    def _alert(self, step: Step, about: Letter | None, wall: float) -> Letter:
        hold_s = step.hold_s or HOLD_S
        hold_s = self._shortest(hold_s, wall) if step.do is Do.CANCEL else hold_s
        sent = instant(wall + (step.sent_s or 0.0)).astimezone(CHINA)
        ends = (sent + timedelta(seconds=hold_s)).replace(microsecond=0)
        ident, at = f"SIM{self._count:04d}", sent.isoformat(timespec="seconds")
        action = {Do.UPDATE: "Update", Do.CANCEL: "Cancel"}.get(step.do, "Alert")
        severity, traffic = step.severity or "Severe", step.traffic or (about.traffic.value if about else "Actual")
        sender = step.by or (about.actor if about else "met")
        fields = {
            "ident": ident,
            "sender": sender,
            "sent": at,
            "status": traffic,
            "action": action,
            "scope": step.scope or "Public",
            "restriction": "<restriction>duty</restriction>" if step.scope == "Restricted" else "",
            "references": f"<references>{_named(about.raw)}</references>" if about and about.ident else "",
            "event": escape(step.event or "台风"),
            "severity": severity,
            "expires": ends.isoformat(),
            "headline": escape(step.label or step.text or "预警"),
            "text": escape(step.text or "请注意防范。"),
        }
        areas = step.areas or (about.people if about is not None else ())
        placed = "".join(map(self._area, areas)) or (b"".join(PLACED.findall(about.raw)).decode() if about is not None else "")
        raw = CAP.format(areas=placed, **fields).encode()
        if step.file:
            raw = restamped(Path(step.file).read_bytes(), now=sent, rename=lambda name: name + f"-{self._count}".encode())
        return Letter(
            key=f"k{self._count}",
            tag=step.label or f"step {self._count}",
            raw=raw,
            action={"Alert": "New"}.get(action, action),
            about=about.tag if about is not None else "",
            priority=COLOURS.get(severity, Priority.P3),
            traffic=Traffic(traffic),
            expires_at=ends.timestamp(),
            people=tuple(areas),
            ident=ident,
            sent=at,
            actor=sender,
        )

    def _area(self, ref: str) -> str:
        area = AreaRef.parse(ref)
        known = self._directory.area_by_ref.get(area)
        return AREA.format(name=escape(known.name if known else area.code), system=area.system.value, code=area.code)


def _named(raw: bytes) -> str:
    """The triple by which CAP names a document (CAP 1.2 §3.2.1, references)."""
    found = (name.search(raw) for name in NAMES)
    return ",".join(one[1].decode() if one is not None else "" for one in found)
