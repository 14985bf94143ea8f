"""The channel and its modem's agent, which is net-snmp's: Es/N0 sinks, comes back, and the agent falls silent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fenghuo_vsat import HttpSettings
from fenghuo_vsat.http_channel import VsatHttp
from tests.peers.snmpd import OID, Snmpd
from tests.plugins.vsat_fakes import FakeContext
from tests.scale import PATIENCE_S

pytestmark = pytest.mark.peer


def settings(port: int, **more: Any) -> HttpSettings:
    """A poll every 50 ms, tenths of a decibel, degraded below 7 dB and good from 8 dB on."""
    modem: dict[str, Any] = {"snmp_host": "127.0.0.1", "snmp_port": port, "snmp_oid": OID, "snmp_community_file": "community"}
    pace: dict[str, Any] = {"snmp_scale": 0.1, "snmp_poll_s": 0.05, "snmp_timeout_s": 0.3, "degraded_below": 7.0, "good_from": 8.0}
    return HttpSettings(source="127.0.0.1", **(modem | pace | more))


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.01)


async def test_a_sinking_link_is_told_before_anything_is_lost_and_silence_is_never_down(tmp_path: Path) -> None:
    """12.0 dB: nothing is said. 6.1 dB: strained, again and again. 8.2 dB: no more. No answers: unknown, and of health not a word."""
    async with Snmpd(tmp_path, value=120) as snmpd:
        ctx = FakeContext(settings(snmpd.port))
        vsat = VsatHttp(ctx)
        await vsat.start()
        try:
            await until(lambda: vsat.modem_says == "the modem reads 12")
            assert [] == ctx.strains
            await snmpd.set(61)
            await until(lambda: len(ctx.strains) >= 2)
            assert {"the modem reads 6.1, below 7"} == set(ctx.strains)
            await snmpd.set(82)
            await until(lambda: vsat.modem_says == "the modem reads 8.2")
            said = len(ctx.strains)
            snmpd.be_silent()
            await until(lambda: vsat.modem_says.startswith("3 questions to the modem without an answer"))
            assert said == len(ctx.strains)
            snmpd.speak()
            await until(lambda: vsat.modem_says == "the modem reads 8.2")
            assert [] == ctx.told
        finally:
            await vsat.stop(time.monotonic() + 1)


async def test_an_object_that_the_modem_does_not_have_is_unknown_and_says_why(tmp_path: Path) -> None:
    """A slip in the OID is seen by whoever looks, and takes nothing away."""
    async with Snmpd(tmp_path) as snmpd:
        ctx = FakeContext(settings(snmpd.port, snmp_oid="1.3.6.1.4.1.6247.999.7.0"))
        vsat = VsatHttp(ctx)
        await vsat.start()
        try:
            await until(lambda: "the agent knows no such object" in vsat.modem_says)
            assert [] == ctx.told
        finally:
            await vsat.stop(time.monotonic() + 1)
