from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fenghuo import (
    AuthFailed,
    ConfigError,
    Evidence,
    Inbound,
    InboundKind,
    LinkError,
    NotReady,
    Outcome,
    Permanent,
    ProbeBudget,
    Reached,
    Rendition,
    Scope,
    Transient,
    Unknown,
    Withdrawn,
)
from fenghuo_adapters import short_message_joining
from fenghuo_sms.channel import SmsChannel
from tests.adapters.smpp_script import scripted
from tests.peers.smsc import Smsc
from tests.plugins.ear import Ear
from tests.plugins.sms_fakes import FakeContext, FakeJob, settings_for
from tests.scale import TIMEOUT_SCALE

pytestmark = pytest.mark.peer

PATIENCE_S = 40.0 * TIMEOUT_SCALE


@contextlib.asynccontextmanager
async def started(smsc: Smsc, **settings: object) -> AsyncIterator[tuple[SmsChannel, FakeContext, Ear]]:
    ctx = FakeContext(settings_for(smsc.port, **settings))
    channel = SmsChannel(ctx)
    await channel.start()
    ear = Ear(channel)
    try:
        yield channel, ctx, ear
    finally:
        await channel.stop(ctx.clock.monotonic() + 1.0)
        await ear.end()


async def until_bound(channel: SmsChannel, ctx: FakeContext, times: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while sum(up for up, _ in ctx.told) < times:
            await asyncio.sleep(0.01)


def reports(heard: list[Inbound]) -> list[Inbound]:
    return [inbound for inbound in heard if inbound.kind is InboundKind.RECEIPT]


async def test_an_order_reaches_the_telephone_and_is_reported() -> None:
    """ACCEPTED with the centre's id, then DEVICE by the report with the same id; both as the centre's own log says."""
    async with Smsc() as smsc, started(smsc) as (channel, _, ear):
        outcome = await channel.send(FakeJob("+8613800138000", "【烽火】请立即转移 17"))
        await ear.until(lambda heard: len(reports(heard)) == 1)
        await smsc.wait_for(lambda: len(smsc.acks) == 1)
        (submit,) = smsc.submits
        assert Reached(Evidence.ACCEPTED, (submit.id,)) == outcome
        assert ("8613800138000", 1, "1069000001", "【烽火】请立即转移 17", 8, 1) == (
            submit.dst,
            submit.ton,
            submit.src,
            submit.text,
            submit.coding,
            submit.report,
        )
        assert (submit.id, Evidence.DEVICE, "+8613800138000") == (ear.heard[0].ref, ear.heard[0].level, ear.heard[0].address)


async def test_validity_is_pushed_down() -> None:
    """The centre stops trying when the content expires."""
    async with Smsc() as smsc, started(smsc) as (channel, _, _ear):
        await channel.send(FakeJob("13800138000"))
        await smsc.wait_for(lambda: len(smsc.submits) == 1)
        assert smsc.submits[0].validity_s is not None
        assert 3590 <= smsc.submits[0].validity_s <= 3601


async def test_a_long_text_goes_out_in_parts_that_the_centre_reads_back() -> None:
    """UDH parts in order, each with its id and its report; joined they are the text."""
    text = "青龙河水位已超警戒线，请红旗镇群众立即转移。" * 8
    async with Smsc() as smsc, started(smsc) as (channel, _, ear):
        outcome = await channel.send(FakeJob("13800138000", text))
        await ear.until(lambda heard: len(reports(heard)) == 3)
        assert Reached(Evidence.ACCEPTED, tuple(submit.id for submit in smsc.submits)) == outcome
        assert text == "".join(submit.text for submit in smsc.submits)
        assert [0x40] * 3 == [submit.esm for submit in smsc.submits]
        assert ["0301", "0302", "0303"] == [submit.udh[0][-4:] for submit in smsc.submits]
        assert {submit.id for submit in smsc.submits} == {inbound.ref for inbound in ear.heard}


async def test_a_long_text_goes_out_as_one_payload() -> None:
    """The other way to send it: one submission, one id."""
    text = "转移" * 100
    async with Smsc() as smsc, started(smsc, long="payload") as (channel, _, _ear):
        await channel.send(FakeJob("13800138000", text))
        await smsc.wait_for(lambda: len(smsc.submits) == 1)
        assert (True, text) == (smsc.submits[0].payload, smsc.submits[0].text)


async def test_latin_text_takes_the_gsm_alphabet() -> None:
    """160 characters and the extension table, read back by the centre."""
    text = "FLOOD {A} [1] €5 ~ |" * 8
    async with Smsc() as smsc, started(smsc) as (channel, _, _ear):
        await channel.send(FakeJob("13800138000", text))
        await smsc.wait_for(lambda: sum(len(submit.text) for submit in smsc.submits) >= len(text))
        assert ({0}, text) == ({submit.coding for submit in smsc.submits}, "".join(submit.text for submit in smsc.submits))


async def test_a_number_that_fails_is_reported_as_failed() -> None:
    """UNDELIV: no level, and why."""
    async with Smsc() as smsc, started(smsc) as (channel, _, ear):
        await channel.send(FakeJob("13800138099"))
        await ear.until(lambda heard: len(heard) == 1)
        assert (None, Permanent(Scope.RECIPIENT, "undeliv:005")) == (ear.heard[0].level, ear.heard[0].failure)


async def test_hexadecimal_answers_and_decimal_reports_meet() -> None:
    """The id of the outcome is among the other forms of the report's."""
    async with Smsc(id_form="mixed") as smsc, started(smsc) as (channel, _, ear):
        outcome = await channel.send(FakeJob("13800138000"))
        await ear.until(lambda heard: len(heard) == 1)
        assert isinstance(outcome, Reached)
        assert outcome.refs[0] != ear.heard[0].ref
        assert outcome.refs[0] in ear.heard[0].alternate_refs


async def test_throttling_steps_aside_and_others_go_on() -> None:
    """A throttled number comes back later; the next one is taken at once."""
    async with Smsc() as smsc, started(smsc) as (channel, _, _ear):
        throttled = await channel.send(FakeJob("13800138088"))
        taken = await channel.send(FakeJob("13800138000"))
        assert isinstance(throttled, Transient)
        assert (Scope.MESSAGE, "throttled") == (throttled.scope, throttled.code)
        assert throttled.retry_after_s is not None
        assert isinstance(taken, Reached)


async def test_a_bad_number_is_the_recipients_failure() -> None:
    """Refused by the centre, or already by us; no channel is blamed."""
    async with Smsc() as smsc, started(smsc) as (channel, _, _ear):
        assert Permanent(Scope.RECIPIENT, "invdstadr") == await channel.send(FakeJob("13800138066"))
        job = FakeJob("not a number")
        assert Permanent(Scope.RECIPIENT, "not-a-number") == await channel.send(job)
        assert 0 == job.begun


async def test_what_is_withdrawn_never_leaves() -> None:
    """begin() says no, the refusal passes through, and the centre sees nothing."""
    async with Smsc() as smsc, started(smsc) as (channel, _, _ear):
        with pytest.raises(Withdrawn):
            await channel.send(FakeJob("13800138000", denied=Withdrawn("met")))
        await channel.probe(ProbeBudget())
        assert [] == smsc.submits


async def test_answers_come_in_whole() -> None:
    """A short one, and one of three parts."""
    long = "已组织转移三十二户，共九十七人，老人和学生先走。" * 7
    async with Smsc() as smsc, started(smsc) as (_, _ctx, ear):
        smsc.mo("8613800138000", "1069000001", "收到17")
        smsc.mo("8613800138001", "1069000001", long, parts=3)
        await smsc.wait_for(lambda: len(smsc.mo_acks) == 4)
        answers = [(inbound.address, inbound.text) for inbound in ear.heard if inbound.kind is InboundKind.ANSWER]
        assert [("+8613800138000", "收到17"), ("+8613800138001", long)] == answers


async def test_odd_reports_end_nothing() -> None:
    """A date of twelve digits and an error with a letter; the next order still goes out."""
    async with Smsc() as smsc, started(smsc) as (channel, _, ear):
        smsc.raw_report(
            "8613800138000", "1069", "id:77 sub:001 dlvrd:001 submit date:261124120000 done date:261124120159 stat:DELIVRD err:E0F"
        )
        await ear.until(lambda heard: len(heard) == 1)
        assert ("77", Evidence.DEVICE) == (ear.heard[0].ref, ear.heard[0].level)
        assert isinstance(await channel.send(FakeJob("13800138000")), Reached)


async def test_a_killed_centre_leaves_doubt_and_comes_back() -> None:
    """Unanswered: Unknown. Unbound: Transient without begin(). Back: bound by itself, health told each time, nothing sent again."""
    async with Smsc() as smsc, started(smsc) as (channel, ctx, _ear):
        under_way = [asyncio.create_task(channel.send(FakeJob("13800138077", token=f"t-{at}"))) for at in range(8)]
        await smsc.wait_for(lambda: len(smsc.submits) == 8)
        await smsc.kill()
        assert [Unknown("link-lost")] * 8 == await asyncio.gather(*under_way)
        job = FakeJob("13800138000")
        assert Transient(Scope.CHANNEL, "not-bound") == await channel.send(job)
        assert 0 == job.begun
        with pytest.raises(LinkError):
            await channel.probe(ProbeBudget(timeout_s=0.5))
        await smsc.start()
        await until_bound(channel, ctx, 2)
        assert isinstance(await channel.send(FakeJob("13800138000")), Reached)
        assert [True, False, True] == [up for up, _ in ctx.told]
        assert 9 == len(smsc.submits)


async def test_reports_that_were_not_acknowledged_come_again(tmp_path: Path) -> None:
    """Killed before our acknowledgement: the centre reports again after its restart, and only then is quiet."""
    async with Smsc(store=tmp_path / "reports") as smsc, started(smsc) as (channel, ctx, ear):
        ear.deaf = True
        await channel.send(FakeJob("13800138000"))
        await ear.until(lambda heard: len(heard) == 1)
        assert [] == smsc.acks
        await smsc.kill()
        ear.deaf = False
        await smsc.start()
        await until_bound(channel, ctx, 2)
        await smsc.wait_for(lambda: len(smsc.acks) == 1)
        assert ear.heard[0].ref == ear.heard[1].ref


async def test_an_answer_that_never_comes_is_unknown() -> None:
    """The centre took it and says nothing."""
    async with Smsc() as smsc, started(smsc, response_s=0.1) as (channel, ctx, _ear):
        assert Unknown("no-response") == await channel.send(FakeJob("13800138077"))
        assert [True] == [up for up, _ in ctx.told]


async def test_a_wrong_password_is_no_matter_of_time() -> None:
    """AuthFailed names the account and not the password."""
    async with Smsc(password="other") as smsc:
        channel = SmsChannel(FakeContext(settings_for(smsc.port)))
        with pytest.raises(AuthFailed, match="refused the account 'fenghuo'"):
            await channel.start()
        await channel.stop(0.0)


@pytest.mark.parametrize(("status", "error"), [(0x0D, NotReady), (0x0E, AuthFailed), (0x0F, AuthFailed), (0x08, NotReady)])
async def test_a_refused_bind_says_who_has_to_mend_it(status: int, error: type[Exception]) -> None:
    """RINVPASWD and RINVSYSID are the operator's; a refusal without a reason (RBINDFAIL) may be a session left over: asked again soon."""
    async with scripted(lambda far, _: far.accept_bind(status=status)) as port:
        with pytest.raises(error):
            await SmsChannel(FakeContext(settings_for(port))).start()


async def test_an_absent_centre_is_not_ready() -> None:
    """The daemon starts without it."""
    async with Smsc() as smsc:
        port = smsc.port
    with pytest.raises(NotReady, match="no connection to"):
        await SmsChannel(FakeContext(settings_for(port))).start()


async def test_a_password_that_does_not_fit_is_said_so() -> None:
    """SMPP has room for eight characters."""
    with pytest.raises(ConfigError, match="at most 8 characters"):
        await SmsChannel(FakeContext(settings_for(1), password="far too long")).start()


async def test_stop_means_silence() -> None:
    """After stop() nothing is sent and no health is told; stopping twice is stopping once."""
    async with Smsc() as smsc, started(smsc) as (channel, ctx, _ear):
        await channel.stop(ctx.clock.monotonic() + 1.0)
        await channel.stop(ctx.clock.monotonic() + 1.0)
        assert Transient(Scope.CHANNEL, "not-bound") == await channel.send(FakeJob("13800138000"))
        await smsc.wait_for(lambda: smsc.counts.get("GONE", 0) == 1)
        assert ([], [(True, "bound")]) == (smsc.submits, ctx.told)


async def test_a_thousand_orders_each_go_out_once() -> None:
    """A full window: every number exactly one submission and one report."""
    async with Smsc() as smsc, started(smsc, window=64) as (channel, _, ear):
        numbers = [f"139{at:07d}0" for at in range(1000)]
        outcomes = await asyncio.gather(*(channel.send(FakeJob(number)) for number in numbers))
        await ear.until(lambda heard: len(heard) == 1000)
        assert all(isinstance(outcome, Reached) for outcome in outcomes)
        assert sorted(f"86{number}" for number in numbers) == sorted(submit.dst for submit in smsc.submits)


@pytest.mark.parametrize(
    ("text", "parts"), [("转" * 70, 1), ("转" * 71, 2), ("转" * 134, 2), ("转" * 135, 3), ("t" * 160, 1), ("t" * 161, 2)]
)
def test_cost_is_counted_in_parts(text: str, parts: int) -> None:
    """70 characters alone and 67 a part, 160 and 153 of the GSM alphabet: as they will be sent."""
    assert parts == SmsChannel(FakeContext(settings_for(1))).estimate(Rendition("sms", text, text.encode()), "").fragments


def test_an_estimate_has_fee_and_receipt_time() -> None:
    """Two parts at five fen."""
    text = "转" * 100
    estimate = SmsChannel(FakeContext(settings_for(1))).estimate(Rendition("sms", text, text.encode()), "+8613800138000")
    assert (10.0, 60.0, 2) == (estimate.fee_fen, estimate.latency_q95_s, estimate.fragments)


@pytest.mark.timeout(60)
async def test_a_centre_killed_in_mid_flight_loses_nothing_and_gets_nothing_twice(tmp_path: Path) -> None:
    """Three thousand orders, one kill: what was ACCEPTED is reported, what is in doubt is said to be, no number has two submissions."""
    async with Smsc(store=tmp_path / "reports") as smsc, started(smsc, window=64) as (channel, _, ear):
        outcomes: dict[str, Outcome] = {}
        numbers = iter([f"139{at:07d}0" for at in range(3000)])

        async def carry() -> None:
            for number in numbers:
                while isinstance(outcome := await channel.send(FakeJob(number)), Transient):
                    await asyncio.sleep(0.02)
                outcomes[number] = outcome

        async def kill() -> None:
            await smsc.wait_for(lambda: len(smsc.submits) > 1000)
            await smsc.restart()

        await asyncio.gather(kill(), *(carry() for _ in range(64)))
        taken = {ref for outcome in outcomes.values() if isinstance(outcome, Reached) for ref in outcome.refs}
        await ear.until(lambda heard: taken <= {inbound.ref for inbound in reports(heard)})
        assert {Reached, Unknown} >= {type(outcome) for outcome in outcomes.values()}
        assert 3000 == len(outcomes)
        assert 64 >= sum(isinstance(outcome, Unknown) for outcome in outcomes.values())
        assert len({submit.dst for submit in smsc.submits}) == len(smsc.submits)


async def test_a_late_answer_comes_in_as_a_late_outcome() -> None:
    """The centre stands still beyond our patience, then takes the text after all: first Unknown, then which attempt it was."""
    async with Smsc() as smsc, started(smsc, response_s=0.2) as (channel, _, ear):
        smsc.pause()
        assert Unknown("no-response") == await channel.send(FakeJob("13800138000", token="t-late", n=3))
        smsc.resume()
        await ear.until(lambda heard: len(heard) == 2)
        late = next(inbound for inbound in ear.heard if inbound.kind is InboundKind.LATE_OUTCOME)
        assert ("t-late", 3, Reached(Evidence.ACCEPTED, (smsc.submits[0].id,))) == (late.token, late.n, late.outcome)
        assert 1 == len(smsc.submits)


async def test_national_numbers_go_out_as_the_centre_wants_them() -> None:
    """Without country code and type of number."""
    async with Smsc() as smsc, started(smsc, numbers="national") as (channel, _, _ear):
        await channel.send(FakeJob("+8613800138000"))
        await smsc.wait_for(lambda: len(smsc.submits) == 1)
        assert ("13800138000", 0) == (smsc.submits[0].dst, smsc.submits[0].ton)


async def test_a_text_beyond_all_parts_is_the_messages_failure() -> None:
    """Nothing is written, and nobody else is blamed."""
    async with Smsc() as smsc, started(smsc) as (channel, _, _ear):
        assert Permanent(Scope.MESSAGE, "too-long") == await channel.send(FakeJob("13800138000", "火" * 20_000))
        assert isinstance((await channel.probe(ProbeBudget())).round_trip_s, float)
        assert [] == smsc.submits


async def test_an_answer_with_a_gap_comes_in_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest never comes; that a person has answered is told all the same."""
    monkeypatch.setattr(short_message_joining, "LONGEST_GAP_S", 0.1)
    async with Smsc() as smsc, started(smsc) as (_, _ctx, ear):
        smsc.mo("8613800138000", "1069000001", "收" * 90, parts=2, drop_last=True)
        await ear.until(lambda heard: any(inbound.kind is InboundKind.ANSWER for inbound in heard))
        assert "收" * 45 + "…" == ear.heard[-1].text
