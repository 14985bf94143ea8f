from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.peers.atmodem import AtModem
from tests.peers.atmodem_hosts import ANSWER, NUMBER, gammu, gammu_smsd, kannel, smstools

pytestmark = pytest.mark.peer

ORDER = "【烽火】县防指命令：红旗镇转移，收到回复1"
Host = Callable[[AtModem, Path, str], Awaitable[str]]
REPORTED: dict[Host, str] = {gammu_smsd: "Delivery report", smstools: "Status: 0", kannel: "created DLR message"}


@pytest.mark.timeout(90)
@pytest.mark.parametrize("host", [smstools, *(pytest.param(host, marks=pytest.mark.soak) for host in (gammu, gammu_smsd, kannel))])
async def test_a_foreign_host_takes_it_for_a_modem(host: Host, tmp_path: Path) -> None:
    """It sends a text with a report, receives an answer, and reads both; nothing that it wrote was unreadable."""
    async with AtModem(tmp_path / "modem") as modem:
        seen = await host(modem, tmp_path, ORDER)
        assert [(NUMBER, ORDER, True)] == [(sent.to, sent.text, sent.wants_report) for sent in modem.submits if sent.to == NUMBER]
        assert [] == modem.bad
        assert ANSWER in seen or host is kannel
        assert REPORTED.get(host, "") in seen
