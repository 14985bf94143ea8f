"""What other systems fell over, each tried on ours: from octets at the door to what left. Source: wire-formats.md §3."""

from __future__ import annotations

import itertools
from datetime import timedelta
from pathlib import Path

import pytest

from fenghuo.clock import instant
from fenghuo.formats.decode import decode
from fenghuo.model.delivery import Accepted, Refused
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import MessageState, is_active
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.ports import Capabilities
from tests.core.engine.house import RULES, House, opened
from tests.core.engine.values import NOW

STATUSES = ("Actual", "Exercise", "System", "Test", "Draft")
MESSAGE_TYPES = ("Alert", "Update", "Cancel", "Ack", "Error")
SCOPES = ("Public", "Restricted", "Private")
REAL_ONLY = Capabilities(form="sms", evidence_max=Evidence.DEVICE, concurrency=8, traffic=(Traffic.ACTUAL,))
UNSIGNED = RULES.replace('ladder = "both"\n[[rules]]', 'ladder = "both"\nsignatures = 0\n[[rules]]')


def cap(name: str, status: str = "Actual", action: str = "Alert", scope: str = "Public", *, ends: str = "", info: bool = True) -> bytes:
    """A small alert of now, for the informants."""
    sent = instant(NOW)
    reference = f"<references>met,{ends},{sent.isoformat()}</references>" if ends else ""
    more = {"Restricted": "<restriction>x</restriction>", "Private": "<addresses>x</addresses>"}.get(scope, "")
    words = f"""<info><language>zh-CN</language><category>Met</category><event>暴雨</event><urgency>Immediate</urgency>
      <severity>Minor</severity><certainty>Likely</certainty><expires>{(sent + timedelta(hours=1)).isoformat()}</expires>
      <headline>{name}</headline><description>{name}</description>
      <area><areaDesc>沙溪镇</areaDesc><geocode><valueName>mca</valueName><value>320585110</value></geocode></area></info>"""
    return f"""<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{name}</identifier><sender>met</sender>
      <sent>{sent.isoformat()}</sent><status>{status}</status><msgType>{action}</msgType><scope>{scope}</scope>{more}{reference}
      {words if info else ""}</alert>""".encode()


def left(house: House, name: str) -> set[str]:
    """Over which channels something with this name left."""
    return {mail.channel for mail in house.sent if name in mail.text}


@pytest.mark.parametrize("status", STATUSES)
async def test_the_traffic_decides_first_and_alone(tmp_path: Path, status: str) -> None:
    """An exercise with the scope Public went out by webhook elsewhere: here no scope and no type opens a channel to other traffic.

    Channel `a` carries what is real and nothing else, `r` carries everything. An Ack or an Error is never aired at all.
    """
    async with opened(tmp_path, rules=UNSIGNED, a=REAL_ONLY) as house:
        for action, scope in itertools.product(MESSAGE_TYPES, SCOPES):
            before, after = f"[before {action} {scope}]", f"[after {action} {scope}]"
            await house.take(cap(before, status), "anna", "bert")
            answer = await house.take(cap(after, status, action, scope, ends=before if action != "Alert" else ""), "anna", "bert")
            await house.later(200.0)
            assert isinstance(answer, Refused) == (status == "Draft"), answer
            if status == "Draft" or action in ("Ack", "Error"):
                assert set() == left(house, after)
            elif action in ("Alert", "Update"):
                assert "r" in left(house, after)
            assert ("a" in left(house, before) | left(house, after)) == (status == "Actual")
        assert {status == "Exercise"} >= {"【演练】" in mail.text for mail in house.sent}


async def test_an_info_less_cancel_is_not_expired(tmp_path: Path) -> None:
    """all(expired of no infos) is true elsewhere, so a legal Cancel was dropped."""
    async with opened(tmp_path, rules=UNSIGNED) as house:
        await house.take(cap("first"), "anna", "bert")
        answer = await house.take(cap("second", action="Cancel", ends="first", info=False), "anna", "bert")
        assert isinstance(answer, Accepted)
        assert "active" == answer.state
        assert ["cancelled", "active"] == await house.states(answer.id)


def test_the_last_info_to_expire_counts() -> None:
    """Not the first one in the file."""
    raw = cap("two").decode()
    start, end = raw.index("<info>"), raw.index("</info>") + len("</info>")
    early = raw[start:end].replace((instant(NOW) + timedelta(hours=1)).isoformat(), (instant(NOW) + timedelta(minutes=5)).isoformat())
    (decoded,) = decode(raw.replace("<info>", early + "<info>", 1).encode())
    assert decoded.content is not None
    assert instant(NOW) + timedelta(hours=1) == decoded.content.expires


@pytest.mark.parametrize("state", MessageState)
def test_one_predicate_says_what_is_active(state: MessageState) -> None:
    """Cancelled is not active, whoever asks; nor is anything past its end."""
    assert (state in (MessageState.ACTIVE, MessageState.HELD)) == is_active(state, expires_at=2.0, now=1.0)
    assert not is_active(state, expires_at=1.0, now=1.0)


async def test_what_is_gone_from_a_feed_is_not_cancelled(tmp_path: Path) -> None:
    """A feed without yesterday's alert, an empty feed, an error page: the alert stays in force, and nothing is taken for a test."""
    async with opened(tmp_path, rules=UNSIGNED) as house:
        first = await house.take(cap("first"), "anna", "bert")
        assert isinstance(first, Accepted)
        for raw in (b'<feed xmlns="http://www.w3.org/2005/Atom"/>', b"", b"<html><body>502 Bad Gateway</body></html>"):
            assert isinstance(await house.take(raw), Refused)
        assert ["active"] == await house.states(first.id)


async def test_a_restart_shows_no_alert_as_new(tmp_path: Path) -> None:
    """The store knows what is known: after a crash the same alert is a duplicate, and nobody gets it again."""
    async with opened(tmp_path, rules=UNSIGNED) as house:
        await house.take(cap("first"), "anna", "bert")
        count = len(left(house, "first"))
        clock = house.clock
    async with opened(tmp_path, rules=UNSIGNED, clock=clock) as house:
        again = await house.take(cap("first"), "anna", "bert")
        assert isinstance(again, Accepted)
        assert ("duplicate", set(), True) == (again.state, left(house, "first"), count > 0)


async def test_a_cancel_of_two_ends_the_one_that_is_here_and_waits_for_the_other(tmp_path: Path) -> None:
    """One reference was taken for all elsewhere, so the alert that came last stood."""
    async with opened(tmp_path, rules=UNSIGNED) as house:
        first = await house.take(cap("first"), "anna", "bert")
        answer = await house.take(of_two(), "anna", "bert")
        late = await house.take(cap("second"), "anna", "bert")
        assert isinstance(first, Accepted)
        assert isinstance(answer, Accepted)
        assert isinstance(late, Accepted)
        assert (["cancelled", "active"], first.id) == (await house.states(first.id), answer.id)
        assert ("cancelled", set()) == (late.state, left(house, "second"))


async def test_a_held_cancel_of_two_waits_for_the_other_once_it_is_signed(tmp_path: Path) -> None:
    """By nobody who may end these; until a person signs, neither is touched."""
    async with opened(tmp_path, rules=UNSIGNED) as house:
        first = await house.take(cap("first"), "anna", "bert")
        answer = await house.take(of_two().replace(b"<sender>met</sender>", b"<sender>stranger</sender>"))
        assert isinstance(first, Accepted)
        assert isinstance(answer, Accepted)
        assert ("held", ["active", "held"]) == (answer.state, await house.states(first.id))
        await house.room.release.sign(answer.id, "anna")
        await house.settle()
        late = await house.take(cap("second"), "anna", "bert")
        assert isinstance(late, Accepted)
        assert (["cancelled", "active"], "cancelled") == (await house.states(first.id), late.state)


def of_two() -> bytes:
    """A Cancel of `first` and of `second`."""
    sent = instant(NOW).isoformat()
    return cap("end", action="Cancel", ends="first").replace(b"</references>", f" met,second,{sent}</references>".encode())
