from __future__ import annotations

import asyncio

import pytest

from fenghuo import (
    Evidence,
    InboundKind,
    Outcome,
    Permanent,
    ProbeBudget,
    Reached,
    Rendition,
    Scope,
    Transient,
    Unknown,
)
from fenghuo_adapters.pdu_framing import deliver_pdu
from fenghuo_adapters.short_message_framing import split
from tests.plugins.tiantong_fakes import EPOCH, Far, VirtualJob, on_virtual_time, started, stopped

ORDER = "【烽火】请立即转移至县一中 17"
NUMBER = "+8617401234567"


@pytest.mark.parametrize(("takes_s", "outcome"), [(20.0, Reached), (59.0, Reached), (61.0, Unknown)])
def test_sixty_seconds_of_the_terminal_are_the_limit(takes_s: float, outcome: type[Outcome]) -> None:
    """A text takes twenty; at 59 it was sent, at 61 nobody knows, and it was on the air once in any case."""

    async def scenario() -> None:
        async with Far(takes_s).listening() as far:
            channel, ctx, _, ear = await started(far)
            began = asyncio.get_running_loop().time()
            found = await channel.send(VirtualJob(NUMBER, ORDER, ctx.settings))
            took_s = asyncio.get_running_loop().time() - began
            assert outcome is type(found)
            assert min(takes_s, 60.0) == pytest.approx(took_s, abs=0.5)
            assert [ORDER] == [arrival.text for arrival in far.arrivals]
            await stopped(channel, ear)

    on_virtual_time(scenario())


def test_an_answer_after_the_limit_is_a_late_outcome() -> None:
    """At 61 s it was sent after all, and its report names it; the terminal stays in use."""

    async def scenario() -> None:
        async with Far(61.0).listening() as far:
            channel, ctx, heard, ear = await started(far)
            assert Unknown("no-response") == await channel.send(VirtualJob(NUMBER, ORDER, ctx.settings))
            await asyncio.sleep(5.0)
            far.modem.report(NUMBER, 1, 0)
            await asyncio.sleep(30.0)
            late, report = heard
            assert InboundKind.LATE_OUTCOME is late.kind
            assert isinstance(late.outcome, Reached)
            assert set(late.outcome.refs) <= {report.ref, *report.alternate_refs}
            assert (Evidence.DEVICE, "satphone", NUMBER) == (report.level, report.address_kind, report.address)
            far.takes_s = 20.0
            assert isinstance(await channel.send(VirtualJob(NUMBER, ORDER, ctx.settings)), Reached)
            await stopped(channel, ear)

    on_virtual_time(scenario())


def test_a_terminal_without_a_satellite_has_not_failed_and_is_not_up() -> None:
    """It has started, nothing begins, and it is up as soon as it is registered; a flap in between is told each time."""

    async def scenario() -> None:
        async with Far().listening() as far:
            far.modem.answers["AT+CREG?"] = "+CREG: 0,2"
            channel, ctx, _, ear = await started(far)
            job = VirtualJob(NUMBER, ORDER, ctx.settings)
            assert [(False, "not registered (stat 2)")] == ctx.told
            assert Transient(Scope.CHANNEL, "terminal-not-ready", 30.0) == await channel.send(job)
            assert (0, []) == (job.begun, far.arrivals)
            for stat in (1, 2, 5):
                far.modem.answers["AT+CREG?"] = f"+CREG: 0,{stat}"
                await asyncio.sleep(ctx.settings.poll_s + 1)
            assert [False, True, False, True] == [up for up, _ in ctx.told]
            assert isinstance(await channel.send(VirtualJob(NUMBER, ORDER, ctx.settings)), Reached)
            await stopped(channel, ear)

    on_virtual_time(scenario())


def test_another_makers_terminal_is_a_matter_of_settings() -> None:
    """Its own set-up, its own query for the satellite and the signal, its own word for registered."""

    async def scenario() -> None:
        async with Far().listening() as far:
            far.modem.answers |= {"AT^SATREG?": "+CGREG: 0,7", "AT^BEAM?": "^BEAM: 12,-98.5", "AT+CREG?": "+CREG: 0,0"}
            channel, ctx, _, ear = await started(
                far,
                init=("AT^SATMODE=1", "-AT^NOSUCH"),
                registration_queries=("AT^SATREG?",),
                registered=(7,),
                signal_query="AT^BEAM?",
                signal_pattern=r"\^BEAM: *\d+,(-[\d.]+)",
                signal_least=-110.0,
            )
            assert [(True, "registered")] == ctx.told
            result = await channel.probe(ProbeBudget())
            assert (True, "registered (stat 7), signal -98.5") == (result.answered, result.detail)
            far.modem.answers["AT^BEAM?"] = "^BEAM: 12,-120.0"
            await asyncio.sleep(ctx.settings.poll_s + 1)
            assert (False, "signal -120 is below -110") == ctx.told[-1]
            await stopped(channel, ear)

    on_virtual_time(scenario())


def test_a_bad_number_leaves_the_terminal_in_use() -> None:
    """Refused by the satellite's centre, or no number at all."""

    async def scenario() -> None:
        async with Far(20.0).listening() as far:
            channel, ctx, _, ear = await started(far)
            outcomes = [await channel.send(VirtualJob(to, ORDER, ctx.settings)) for to in (far.bad_address, "tower", NUMBER)]
            assert Permanent(Scope.RECIPIENT, "cms-1") == outcomes[0]
            assert Permanent(Scope.RECIPIENT, "not-a-number") == outcomes[1]
            assert isinstance(outcomes[2], Reached)
            assert [(True, "registered")] == ctx.told
            await stopped(channel, ear)

    on_virtual_time(scenario())


def test_an_answer_by_satellite_is_an_answer() -> None:
    """From the telephone's number; its place in the storage is emptied after that."""

    async def scenario() -> None:
        async with Far().listening() as far:
            channel, _, heard, ear = await started(far)
            coding, parts = split("收到，已组织转移32户", 1)
            far.modem.store(deliver_pdu(NUMBER, coding, parts[0], at=EPOCH).digits)
            await asyncio.sleep(5.0)
            assert [(InboundKind.ANSWER, "satphone", NUMBER, "收到，已组织转移32户")] == [
                (one.kind, one.address_kind, one.address, one.text) for one in heard
            ]
            assert 1 == far.acknowledged
            await stopped(channel, ear)

    on_virtual_time(scenario())


def test_a_long_answer_is_whole_for_the_next_process_too() -> None:
    """Its first part stays in the terminal until the whole is kept."""

    async def scenario() -> None:
        async with Far().listening() as far:
            text = "收到，已组织转移" * 12
            coding, parts = split(text, 1)
            first, second = (deliver_pdu(NUMBER, coding, part, at=EPOCH).digits for part in parts)
            channel, _, heard, ear = await started(far)
            far.modem.store(first)
            await asyncio.sleep(30.0)
            assert ([], 0) == (heard, far.acknowledged)
            await stopped(channel, ear)
            channel, _, heard, ear = await started(far)
            far.modem.store(second)
            await asyncio.sleep(30.0)
            assert ([text], 2) == ([one.text for one in heard], far.acknowledged)
            await stopped(channel, ear)

    on_virtual_time(scenario())


def test_a_part_alone_is_told_after_a_minute_and_once() -> None:
    """With a gap, for a person has read; then it is taken off."""

    async def scenario() -> None:
        async with Far().listening() as far:
            coding, parts = split("收到，已组织转移" * 12, 1)
            channel, _, heard, ear = await started(far)
            far.modem.store(deliver_pdu(NUMBER, coding, parts[0], at=EPOCH).digits)
            await asyncio.sleep(300.0)
            assert ([(InboundKind.ANSWER, "…")], 1) == ([(one.kind, one.text[-1]) for one in heard], far.acknowledged)
            await stopped(channel, ear)

    on_virtual_time(scenario())


def test_an_estimate_counts_seconds_money_and_joules() -> None:
    """Each part: 20 s, ¥1, 120 J of the transmitter as shipped."""

    async def scenario() -> None:
        async with Far().listening() as far:
            channel, _, _, ear = await started(far)
            one, two = (channel.estimate(Rendition("sms", text, text.encode()), NUMBER) for text in (ORDER, "转" * 71))
            assert (1, 20.0, 100.0, 120.0) == (one.fragments, one.airtime_s, one.fee_fen, one.joules)
            assert (2, 40.0, 200.0, 240.0) == (two.fragments, two.airtime_s, two.fee_fen, two.joules)
            await stopped(channel, ear)

    on_virtual_time(scenario())
