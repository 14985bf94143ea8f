"""The centre that our tests trust is tried by a client that nobody here wrote."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import smpplib.client
import smpplib.gsm

from tests.peers.smsc import Smsc

pytestmark = pytest.mark.peer

TEXT = "请红旗镇群众立即转移，联系人王志强，收到请回复1。请相互转告，注意安全，切勿返回危险区域，后续通知请关注本号码。" * 2


def submit_with_smpplib(port: int) -> list[str]:
    """The ids that smpplib got for the parts of TEXT, and `report` for each delivery report."""
    got: list[str] = []
    client: Any = smpplib.client.Client("127.0.0.1", port, allow_unknown_opt_params=True, timeout=5)
    client.set_message_sent_handler(lambda pdu: got.append(pdu.message_id.decode()))
    client.set_message_received_handler(lambda pdu: got.append("report"))
    client.connect()
    client.bind_transceiver(system_id="fenghuo", password="lab")
    parts, coding, esm_class = smpplib.gsm.make_parts(TEXT)
    for part in parts:
        client.send_message(
            source_addr="1069",
            destination_addr="8613800138000",
            short_message=part,
            data_coding=coding,
            esm_class=esm_class,
            registered_delivery=True,
        )
    while len(got) < 2 * len(parts):
        client.read_once()
    client.unbind()
    client.disconnect()
    return got


async def test_a_foreign_client_is_served_as_ours_is() -> None:
    """smpplib's parts are read back, its ids are those of the log, each is reported and acknowledged once."""
    async with Smsc() as smsc:
        got = await asyncio.to_thread(submit_with_smpplib, smsc.port)
        await smsc.wait_for(lambda: len(smsc.acks) == len(smsc.submits))
        assert TEXT == "".join(submit.text for submit in smsc.submits)
        assert [submit.id for submit in smsc.submits] == [word for word in got if word != "report"]
        assert len(smsc.submits) == got.count("report")
