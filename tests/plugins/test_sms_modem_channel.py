from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fenghuo import Denied, Evidence, InboundKind, NotReady, Permanent, ProbeBudget, Reached, Scope, Transient, Unknown
from fenghuo_sms.modem_channel import ModemChannel
from tests.peers.atmodem import AtModem
from tests.plugins.modem_fakes import answers, modem_settings, reports, started, until_told
from tests.plugins.sms_fakes import FakeContext, FakeJob
from tests.scale import PATIENCE_S

pytestmark = pytest.mark.peer

ORDER = "【烽火】请立即转移至县一中 17"
NUMBER, SENDER = "+8613800138000", "+8613912345678"
TEXTS = {1: ORDER, 2: ORDER * 5, 5: ORDER * 18}


async def test_an_order_reaches_the_telephone_and_is_reported(tmp_path: Path) -> None:
    """ACCEPTED when the modem has sent it, then DEVICE by its report; both as libgammu reads them."""
    async with AtModem(tmp_path / "modem") as modem, started(modem) as (channel, _, ear):
        outcome = await channel.send(FakeJob("13800138000", ORDER))
        await ear.until(lambda heard: len(reports(heard)) == 1)
        (submit,) = modem.submits
        assert (NUMBER, ORDER, True) == (submit.to, submit.text, submit.wants_report)
        (report,) = reports(ear.heard)
        assert isinstance(outcome, Reached)
        assert Evidence.ACCEPTED == outcome.level
        assert set(outcome.refs) <= {report.ref, *report.alternate_refs}
        assert (Evidence.DEVICE, NUMBER) == (report.level, report.address)
        await modem.wait_for(lambda: len(modem.deleted) == 1)
        assert [] == modem.bad


@pytest.mark.parametrize("text", [TEXTS[2], TEXTS[5], "{FLOOD} [2] ~ \\ ^ | € 5 " * 12], ids=["2 parts", "5 parts", "escapes"])
async def test_a_long_text_goes_out_in_parts_that_are_each_reported(text: str, tmp_path: Path) -> None:
    """Joined they are the text; every part has its own reference, and its own report names it."""
    async with AtModem(tmp_path / "modem") as modem, started(modem) as (channel, _, ear):
        outcome = await channel.send(FakeJob(NUMBER, text))
        parts = len(modem.submits)
        assert text == "".join(modem.texts())
        assert [(number, parts) for number in range(1, parts + 1)] == [(sent.part, sent.parts) for sent in modem.submits]
        await ear.until(lambda heard: len(reports(heard)) == parts)
        assert isinstance(outcome, Reached)
        assert parts == len(set(outcome.refs))
        named = [{report.ref, *report.alternate_refs} & set(outcome.refs) for report in reports(ear.heard)]
        assert [1] * parts == [len(one) for one in named]
        assert set(outcome.refs) == set().union(*named)


async def test_a_report_of_failure_is_the_recipients(tmp_path: Path) -> None:
    """Status 46: the validity is over, and the telephone never had it."""
    async with AtModem(tmp_path / "modem") as modem, started(modem) as (channel, _, ear):
        await channel.send(FakeJob("+8613800138099", ORDER))
        await ear.until(lambda heard: len(reports(heard)) == 1)
        (report,) = reports(ear.heard)
        assert (None, Permanent(Scope.RECIPIENT, "report-46")) == (report.level, report.failure)


async def test_a_bad_number_never_stops_the_modem(tmp_path: Path) -> None:
    """Refused for the number's sake, three times in a row: it stays up, and the next order goes out at once."""
    async with AtModem(tmp_path / "modem") as modem, started(modem) as (channel, ctx, _):
        for _ in range(4):
            assert Permanent(Scope.RECIPIENT, "cms-1") == await channel.send(FakeJob("+8613800138066", ORDER))
        assert isinstance(await channel.send(FakeJob(NUMBER, ORDER)), Reached)
        assert [(True, "registered")] == ctx.told
        assert [NUMBER] == [sent.to for sent in modem.submits]


async def test_an_unknown_error_is_tried_again_and_sent_once(tmp_path: Path) -> None:
    """+CMS ERROR: 500 twice: nothing was on the air, and the modem is not blamed yet."""
    async with AtModem(tmp_path / "modem") as modem, started(modem) as (channel, ctx, _):
        await modem.behave(errors=[500, 500])
        outcomes = [await channel.send(FakeJob(NUMBER, ORDER, n=n)) for n in (1, 2, 3)]
        assert [Transient, Transient, Reached] == [type(outcome) for outcome in outcomes]
        assert [ORDER] == modem.texts()
        assert [(True, "registered")] == ctx.told


async def test_a_modem_that_refuses_everything_without_a_reason_is_opened_anew(tmp_path: Path) -> None:
    """Three numbers in a row: down, then up again, as after a fault of its own."""
    async with AtModem(tmp_path / "modem") as modem, started(modem) as (channel, ctx, _):
        await modem.behave(errors=[500, 500, 500])
        for n in (1, 2, 3):
            await channel.send(FakeJob(f"+861380013800{n}", ORDER, n=n))
        await until_told(ctx, up=True)
        assert any(not up and "without a reason" in reason for up, reason in ctx.told)
        assert isinstance(await channel.send(FakeJob(NUMBER, ORDER, n=4)), Reached)


async def test_a_lost_registration_is_known_before_a_send_is_tried(tmp_path: Path) -> None:
    """Told unasked: the channel is down, and nothing begins."""
    async with AtModem(tmp_path / "modem") as modem, started(modem, poll_s=30.0) as (channel, ctx, _):
        await modem.register(0)
        await until_told(ctx, up=False, reason="not registered")
        job = FakeJob(NUMBER, ORDER)
        assert Transient(Scope.CHANNEL, "modem-not-ready", 5.0) == await channel.send(job)
        assert (0, []) == (job.begun, modem.submits)
        await modem.register(5)
        await until_told(ctx, up=True)
        assert isinstance(await channel.send(job), Reached)


async def test_a_lost_signal_is_known_at_the_next_look(tmp_path: Path) -> None:
    """Nobody tells it unasked; a probe asks for it too."""
    async with AtModem(tmp_path / "modem") as modem, started(modem, poll_s=0.1) as (channel, ctx, _):
        await modem.behave(csq=0)
        await until_told(ctx, up=False, reason="signal 0 is below 1")
        result = await channel.probe(ProbeBudget(timeout_s=PATIENCE_S))
        assert (False, "signal 0 is below 1") == (result.answered, result.detail)


async def test_a_modem_that_hangs_in_a_submission_leaves_it_in_doubt_and_is_reset(tmp_path: Path) -> None:
    """send() returns by its deadline; the modem is restarted by AT+CFUN, and nothing is sent a second time by us."""
    async with AtModem(tmp_path / "modem") as modem, started(modem, send_s=0.4, command_s=0.2, poll_s=0.3) as (channel, ctx, _):
        await modem.behave(delay_s=60.0, silent=True)
        outcome = await channel.send(FakeJob(NUMBER, ORDER))
        await modem.behave(hang=True, hang_until_reset=True, delay_s=0.0)
        assert Unknown("no-response") == outcome
        await until_told(ctx, up=False)
        await modem.wait_for(lambda: modem.counts.get("RESET", 0) > 0)
        await until_told(ctx, up=True)
        assert [ORDER] == modem.texts()
        assert isinstance(await channel.send(FakeJob(NUMBER, "下一条")), Reached)


async def test_a_modem_that_not_even_a_reset_wakes_is_cut_off_from_its_power(tmp_path: Path) -> None:
    """The last rung: the program of the settings is run."""
    mark = tmp_path / "power"
    async with (
        AtModem(tmp_path / "modem") as modem,
        started(modem, command_s=0.1, poll_s=0.2, power_command=("/usr/bin/touch", str(mark))) as (channel, ctx, _),
    ):
        await modem.behave(hang=True)
        await until_told(ctx, up=False)
        async with asyncio.timeout(PATIENCE_S):
            while not mark.exists():
                await asyncio.sleep(0.02)
        await modem.behave(hang=False)
        await until_told(ctx, up=True)
        assert isinstance(await channel.send(FakeJob(NUMBER, ORDER)), Reached)


async def test_a_late_answer_is_a_late_outcome(tmp_path: Path) -> None:
    """It came after send() had given up: the attempt is told to have left after all, with the reference of its report."""
    async with AtModem(tmp_path / "modem") as modem, started(modem, send_s=0.3) as (channel, _, ear):
        await modem.behave(delay_s=0.6)
        assert Unknown("no-response") == await channel.send(FakeJob(NUMBER, ORDER, token="t-9", n=2))
        await ear.until(lambda heard: any(one.kind is InboundKind.LATE_OUTCOME for one in heard) and bool(reports(heard)))
        (late,) = (one for one in ear.heard if one.kind is InboundKind.LATE_OUTCOME)
        assert ("t-9", 2) == (late.token, late.n)
        assert isinstance(late.outcome, Reached)
        (report,) = reports(ear.heard)
        assert set(late.outcome.refs) <= {report.ref, *report.alternate_refs}


async def test_a_modem_without_a_prompt_has_certainly_sent_nothing(tmp_path: Path) -> None:
    """No digit was written: it may be tried elsewhere."""
    async with AtModem(tmp_path / "modem") as modem, started(modem, prompt_s=0.2) as (channel, ctx, _):
        await modem.behave(no_prompt=True)
        assert Transient(Scope.CHANNEL, "modem-not-ready", 5.0) == await channel.send(FakeJob(NUMBER, ORDER))
        await modem.behave(no_prompt=False)
        await until_told(ctx, up=True)
        assert isinstance(await channel.send(FakeJob(NUMBER, ORDER)), Reached)
        assert [ORDER] == modem.texts()


async def test_a_later_part_that_is_refused_for_the_moment_is_offered_again(tmp_path: Path) -> None:
    """The first is out, and a text with a gap helps nobody."""
    async with AtModem(tmp_path / "modem") as modem, started(modem) as (channel, _, _ear):
        job = FakeJob(NUMBER, TEXTS[2])
        sending = asyncio.create_task(channel.send(job))
        await modem.wait_for(lambda: len(modem.submits) == 1)
        await modem.behave(errors=[42])
        assert isinstance(await sending, Reached)
        assert TEXTS[2] == "".join(modem.texts())


async def test_a_modem_that_restarted_by_itself_is_set_up_before_it_sends(tmp_path: Path) -> None:
    """Its echo betrays it; in text mode it would have sent the PDU's digits to a number of two."""
    async with AtModem(tmp_path / "modem") as modem, started(modem, poll_s=30.0) as (channel, ctx, _):
        await modem.reboot()
        assert isinstance(await channel.send(FakeJob(NUMBER, ORDER)), Transient)
        assert ([], []) == (modem.submits, modem.bad)
        await until_told(ctx, up=True)
        assert isinstance(await channel.send(FakeJob(NUMBER, ORDER)), Reached)
        assert ([ORDER], []) == (modem.texts(), modem.bad)


async def test_a_report_that_comes_before_the_answer_is_told(tmp_path: Path) -> None:
    """Some networks are that fast."""
    async with AtModem(tmp_path / "modem") as modem, started(modem) as (channel, _, ear):
        await modem.behave(hasty=True, delay_s=0.2)
        outcome = await channel.send(FakeJob(NUMBER, ORDER))
        await ear.until(lambda heard: len(reports(heard)) == 1)
        assert isinstance(outcome, Reached)
        assert set(outcome.refs) <= {reports(ear.heard)[0].ref, *reports(ear.heard)[0].alternate_refs}


async def test_what_is_no_pdu_is_kept_and_taken_off_all_the_same(tmp_path: Path) -> None:
    """It proves nothing, and must not fill the storage."""
    async with AtModem(tmp_path / "modem") as modem, started(modem) as (_, _ctx, ear):
        await modem.raw("00062AFF91")
        await modem.wait_for(lambda: modem.deleted == ["00062AFF91"])
        assert [(None, "")] == [(one.level, one.ref) for one in ear.heard]


async def test_a_modem_that_is_pulled_out_and_put_back_goes_on(tmp_path: Path) -> None:
    """Down at once, up again by itself, with what came meanwhile."""
    async with AtModem(tmp_path / "modem") as modem, started(modem) as (channel, ctx, ear):
        await modem.unplug()
        await until_told(ctx, up=False)
        assert Transient(Scope.CHANNEL, "modem-not-ready", 5.0) == await channel.send(FakeJob(NUMBER, ORDER))
        await modem.message(SENDER, "收到")
        await modem.plug()
        await until_told(ctx, up=True)
        await ear.until(lambda heard: len(answers(heard)) == 1)
        assert isinstance(await channel.send(FakeJob(NUMBER, ORDER)), Reached)


async def test_a_device_that_is_absent_at_the_start_is_said_by_name(tmp_path: Path) -> None:
    """The core tries again; nothing keeps running."""
    modem = AtModem(tmp_path / "modem")
    channel = ModemChannel(FakeContext(modem_settings(modem)))
    with pytest.raises(NotReady, match="modem cannot be opened: no such device"):
        await channel.start()
    await channel.stop(0.0)


async def test_two_modems_are_one_pool(tmp_path: Path) -> None:
    """Both carry; with one of them gone the channel stays up, and says which."""
    async with AtModem(tmp_path / "a") as first, AtModem(tmp_path / "b") as second:
        await second.behave(imsi="460009876543210")
        async with started(first, second) as (channel, ctx, ear):
            await asyncio.gather(*(channel.send(FakeJob(f"+861380013800{number}", ORDER)) for number in range(6)))
            assert 6 == len(first.submits) + len(second.submits)
            assert first.submits
            assert second.submits
            await ear.until(lambda heard: len(reports(heard)) == 6)
            await first.unplug()
            await until_told(ctx, up=True, reason="1 of 2 modems registered")
            assert isinstance(await channel.send(FakeJob(NUMBER, ORDER)), Reached)
            assert NUMBER == second.submits[-1].to


async def test_a_pool_starts_with_one_of_two_and_takes_the_other_when_it_comes(tmp_path: Path) -> None:
    """An absent modem holds nobody up."""
    async with AtModem(tmp_path / "a") as first, AtModem(tmp_path / "b") as second:
        await second.unplug()
        async with started(first, second) as (_, ctx, _ear):
            assert "no such device" in ctx.told[-1][1]
            await second.plug()
            await until_told(ctx, up=True, reason="2 of 2 modems registered")


async def test_a_refusal_by_the_core_leaves_nothing_on_the_line(tmp_path: Path) -> None:
    """What begin() denies was never written."""
    async with AtModem(tmp_path / "modem") as modem, started(modem) as (channel, _, _ear):
        before = len(modem.commands)
        with pytest.raises(Denied):
            await channel.send(FakeJob(NUMBER, ORDER, denied=Denied("withdrawn")))
        assert not any(command.startswith("AT+CMGS") for command in modem.commands[before:])


async def test_stop_means_silence(tmp_path: Path) -> None:
    """Afterwards no octet leaves, and a send is answered."""
    async with AtModem(tmp_path / "modem") as modem:
        async with started(modem) as (channel, _, _ear):
            pass
        for _ in range(2):  # what lay on its line when the first was said it has read before the second, and we what it printed
            await modem.behave()
        before = len(modem.commands)
        assert isinstance(await channel.send(FakeJob(NUMBER, ORDER)), Transient)
        await modem.message(SENDER, "收到")
        assert before == len(modem.commands)
