"""A source whose alerts are signed: what its key signed goes out by itself, anything else waits for a person or is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree

from tests.core.formats.alerts import GOOD
from tests.core.formats.signing import DSIG, Signer, forged, signature_of
from tests.e2e.node import Node, Person, sms
from tests.peers.smsc import Smsc

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(60)]

RULES = """
[ladders.text]
[[ladders.text.rungs]]
channels = ["sms"]
[[rules]]
name = "alerts"
match = { kind = ["Alert"] }
audience = { name = "informants", split = "person", roles = ["informant"], areas = "message" }
needed = "DEVICE"
deadline_s = 120
ladder = "text"
signatures = 0
"""
MET = """
[tokens.met]
file = "met.token"
rights = ["source"]
certificates = ["met.pem"]
"""


def stamped(name: str) -> str:
    """The good alert as of now."""
    now = datetime.now(UTC).replace(microsecond=0)
    text = GOOD.replace("T-1", name).replace("2026-07-15T08:00:00+08:00", now.isoformat())
    return text.replace("2026-07-15T20:00:00+08:00", (now + timedelta(hours=1)).isoformat())


async def test_only_what_the_pinned_key_signed_goes_out_by_itself(tmp_path: Path) -> None:
    """Signed: sent. Not signed, by another key, or without a value: held. Wrapped: refused, and an alarm says that somebody tries."""
    soon = datetime.now(UTC) + timedelta(days=1)
    station, stranger = (Signer(name, ec.generate_private_key(ec.SECP256R1()), until=soon) for name in ("met", "stranger"))
    (tmp_path / "met.pem").write_bytes(station.pem)
    (tmp_path / "met.token").write_text("met-0123456789abcdef0123456789abcdef")
    (tmp_path / "met.token").chmod(0o600)
    wrapped = etree.fromstring(forged(stamped("W-1")).encode())
    holder = etree.SubElement(wrapped, "wrapper")
    holder.append(signature_of(station.sign(stamped("W-2"))))
    unvalued = etree.fromstring(station.sign(stamped("A-4")))
    unvalued.findall(f".//{{{DSIG}}}SignatureValue")[0].text = None
    people = [Person("wang", "+8613800000001")]
    async with Smsc() as smsc, Node(tmp_path, channels={"sms": sms(smsc.port)}, persons=people, rules=RULES, extra=MET) as node:

        async def post(raw: bytes) -> tuple[int, str]:
            status, answer = await node.post("/api/v1/alerts", raw, who="met")
            return status, answer.get("state") or answer.get("reason") or str(answer)

        assert (202, "held") == await post(stamped("A-1").encode())
        assert (202, "held") == await post(stranger.sign(stamped("A-2")))
        assert (202, "held") == await post(etree.tostring(unvalued))
        status, reason = await post(etree.tostring(wrapped))
        assert (422, True) == (status, "wrapping" in reason), reason
        assert (202, "active") == await post(station.sign(stamped("A-3").replace("停止户外作业", "立即上楼避险")))
        await smsc.wait_for(lambda: any("立即上楼避险" in submit.text for submit in smsc.submits))
        assert [] == [submit.text for submit in smsc.submits if "停止户外作业" in submit.text]
        events = (await node.ask("log.read", limit=1000))["events"]
        assert ["wrapping"] == [event["body"]["code"] for event in events if event["type"] == "alarm.message_refused"]
