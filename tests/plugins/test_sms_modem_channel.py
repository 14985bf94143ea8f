from __future__ import annotations

from pathlib import Path

import pytest

from fenghuo import Evidence, Reached
from tests.peers.atmodem import AtModem
from tests.plugins.modem_fakes import reports, started
from tests.plugins.sms_fakes import FakeJob

pytestmark = pytest.mark.peer

ORDER = "【烽火】请立即转移至县一中 17"


async def test_an_order_reaches_the_telephone_and_is_reported(tmp_path: Path) -> None:
    """ACCEPTED when the modem has sent it, then DEVICE by its report; both as libgammu reads them."""
    async with AtModem(tmp_path / "modem") as modem, started(modem) as (channel, _, ear):
        outcome = await channel.send(FakeJob("13800138000", ORDER))
        await ear.until(lambda heard: len(reports(heard)) == 1)
        (submit,) = modem.submits
        assert ("+8613800138000", ORDER, True) == (submit.to, submit.text, submit.wants_report)
        (report,) = reports(ear.heard)
        assert isinstance(outcome, Reached)
        assert Evidence.ACCEPTED == outcome.level
        assert set(outcome.refs) <= {report.ref, *report.alternate_refs}
        assert (Evidence.DEVICE, "+8613800138000") == (report.level, report.address)
        await modem.wait_for(lambda: len(modem.deleted) == 1)
        assert [] == modem.bad
