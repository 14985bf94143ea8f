from __future__ import annotations

from pathlib import Path

import pytest

from fenghuo.errors import LinkBroken, LinkError, LinkTimeout
from fenghuo_adapters.at_ladder import Ladder, NoNetwork
from fenghuo_adapters.at_profile import Profile
from fenghuo_adapters.at_session import AtRefused
from fenghuo_adapters.at_setup import SimFault
from fenghuo_adapters.tcp_line import TcpLine
from tests.adapters.modem_air import Air, on_virtual_time

RESET = "AT+CFUN=1,1"
SILENT = LinkTimeout("it did not answer")


def resets(*failures: LinkError) -> list[int]:
    """How often the reset command had come after each failure."""

    async def scenario() -> list[int]:
        async with Air() as air:
            ladder = Ladder(TcpLine("127.0.0.1", air.port), Profile())
            counts = []
            for failed in failures:
                assert not await ladder.climb(failed)
                counts.append(air.commands.count(RESET))
            return counts

    return on_virtual_time(scenario())


def test_one_that_hangs_is_reset_at_the_second_failure() -> None:
    """The first was answered with AT again; without a power command the ladder begins anew."""
    assert [0, 1, 1, 1, 2] == resets(SILENT, SILENT, SILENT, SILENT, SILENT)


def test_one_without_a_network_is_reset_at_once() -> None:
    """It answers: asking again would change nothing."""
    assert [1] == resets(NoNetwork("not registered for 600 s"))


@pytest.mark.parametrize("failed", [AtRefused("AT+CPMS", "cms-314"), SimFault("the SIM is not ready"), LinkBroken("no such device")])
def test_one_that_is_starting_absent_or_without_a_sim_is_not_reset(failed: LinkError) -> None:
    """A reset would make it start once more, or do nothing."""
    assert [0, 0, 0, 0] == resets(failed, failed, failed, failed)


@pytest.mark.parametrize(
    ("command", "says"), [(("/bin/true",), ""), (("/bin/false",), "/bin/false ended with 1"), (("/no/such",), "/no/such cannot be run")]
)
async def test_the_last_rung_is_its_power(command: tuple[str, ...], says: str) -> None:
    """A program that fails is said by name."""
    ladder = Ladder(TcpLine("127.0.0.1", 9), Profile(power_command=command, power_s=0.0))
    assert ["", ""] == [await ladder.climb(LinkBroken("gone")) for _ in range(2)]
    assert says in await ladder.climb(LinkBroken("gone"))


async def test_one_that_is_well_begins_at_the_foot(tmp_path: Path) -> None:
    """Two failures, a good time, two failures: its power is left alone."""
    mark = tmp_path / "power"
    ladder = Ladder(TcpLine("127.0.0.1", 9), Profile(power_command=("/usr/bin/touch", str(mark)), power_s=0.0))
    for _ in range(2):
        await ladder.climb(LinkBroken("gone"))
        await ladder.climb(LinkBroken("gone"))
        ladder.descend()
    assert not mark.exists()
