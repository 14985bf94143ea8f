"""Alarms as a receiver outside reads them: our own JSON, and what a Prometheus Alertmanager takes. Pure.

Neither holds what the alarm's event says, which may name people: a code, what it is about, and the catalogue's words are enough to send
somebody to the console. Source: Alertmanager API v2, POST /api/v2/alerts (postableAlerts); docs/reference/alarms.md.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from fenghuo.engine.alarm_kinds import AlarmKind, Words
from fenghuo.model.alarm import Alarm, AlarmPriority
from fenghuo.service.showing import rfc3339

__all__ = ["FORMS", "SIGNATURE", "Form", "signature"]

Told = tuple[Alarm, AlarmKind]
Form = Callable[[str, Sequence[Told], float], bytes]
"""(node, alarms with their kinds, now) → the octets of the body, application/json."""
SIGNATURE = "Fenghuo-Signature"
SEVERITIES = {AlarmPriority.HIGH: "critical", AlarmPriority.MEDIUM: "warning", AlarmPriority.LOW: "info"}
STANDS_S = 7 * 86_400.0
"""An Alertmanager takes an alert for over when its endsAt has passed: for so long one stands there if this node says nothing more."""


def signature(secret: str, body: bytes, at: float) -> str:
    """`t=SECONDS,v1=HEX`: HMAC-SHA-256 by the secret over `SECONDS.` and the body, so that a copy that is sent again later is seen."""
    stamp = str(int(at))
    mark = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={mark}"


def own(node: str, alarms: Sequence[Told], now: float) -> bytes:
    """`{"version", "node", "sent", "alarms": [...]}`, as docs/reference/alarms.md has it."""
    return msgspec.json.encode({"version": 1, "node": node, "sent": rfc3339(now), "alarms": [_own(*one) for one in alarms]})


def _own(alarm: Alarm, kind: AlarmKind) -> dict[str, Any]:
    return {
        "id": alarm.id,
        "rev": alarm.rev,
        "kind": alarm.kind,
        "subject": alarm.subject,
        "status": "raised" if _stands(alarm) else "cleared",
        "state": alarm.state.value,
        "priority": alarm.priority.value,
        "owner": kind.owner.value,
        "traffic": alarm.traffic.value,
        "count": alarm.count,
        "raised": rfc3339(alarm.raised_at),
        "cleared": None if _stands(alarm) else rfc3339(_ended_at(alarm)),
        "respond_by": rfc3339(alarm.respond_by) if alarm.respond_by else None,
        "zh": _words(kind.zh),
        "en": _words(kind.en),
    }


def alertmanager(node: str, alarms: Sequence[Told], now: float) -> bytes:
    """A list of alerts: the labels of one are the same from its raising to its end, which is how an Alertmanager knows it again."""
    return msgspec.json.encode([_alert(node, *one, now) for one in alarms])


def _alert(node: str, alarm: Alarm, kind: AlarmKind, now: float) -> dict[str, Any]:
    return {
        "labels": {
            "alertname": alarm.kind.removeprefix("alarm."),
            "job": "fenghuo",
            "node": node,
            "subject": alarm.subject,
            "severity": SEVERITIES[kind.priority],
            "owner": kind.owner.value,
            "traffic": alarm.traffic.value,
        },
        "annotations": {
            "summary": kind.en.title,
            "summary_zh": kind.zh.title,
            "description": f"{kind.en.consequence} {kind.en.action}",
            "description_zh": f"{kind.zh.consequence}{kind.zh.action}",
            "state": alarm.state.value,
            "alarm": str(alarm.id),
        },
        "startsAt": rfc3339(alarm.raised_at),
        "endsAt": rfc3339(now + STANDS_S if _stands(alarm) else _ended_at(alarm)),
    }


FORMS: dict[str, Form] = {"fenghuo": own, "alertmanager": alertmanager}


def _stands(alarm: Alarm) -> bool:
    """Whether its condition holds: one that has returned and was never acknowledged is over for a machine, and not for a person."""
    return alarm.stands and not alarm.is_over


def _ended_at(alarm: Alarm) -> float:
    return alarm.returned_at or alarm.changed_at


def _words(words: Words) -> dict[str, str]:
    return {"title": words.title, "consequence": words.consequence, "action": words.action}
