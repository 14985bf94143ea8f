"""The channel at a gateway whose every octet is read by ok-dmrlib and dmr-kaitai, in a process of their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from fenghuo import (
    Evidence,
    InboundKind,
    NotReady,
    Outcome,
    Permanent,
    PowerLevel,
    ProbeBudget,
    Reached,
    Rendition,
    Scope,
    Transient,
    Unknown,
    Withdrawn,
)
from fenghuo_narrowband.hrnp_channel import HrnpChannel
from fenghuo_narrowband.hrnp_outcomes import broken_off
from fenghuo_narrowband.hrnp_settings import HrnpSettings
from fenghuo_narrowband.sites import SiteState, SiteTable
from tests.peers.hrnp import HrnpGateway
from tests.plugins.hrnp_fakes import US, FakeContext, FakeJob, started
from tests.scale import PATIENCE_S

pytestmark = pytest.mark.peer


async def test_a_radio_that_has_it_is_a_receipt(gateway: HrnpGateway) -> None:
    """Both readers agree on the octets; send() knows ACCEPTED, and the radio's acknowledgement is DEVICE under the name it returned."""
    async with started(gateway) as (channel, _, ear):
        outcome = await channel.send(FakeJob("1002"))
        assert isinstance(outcome, Reached)
        assert Evidence.ACCEPTED is outcome.level
        (text,) = gateway.texts
        assert ("SendPrivateMessage", 1002, US, 10, "【应急】红旗镇立即转移", True) == (
            text["kind"],
            text["to"],
            text["by"],
            text["subnet"],
            text["text"],
            text["agrees"],
        )
        await ear.until(lambda heard: bool(heard))
        assert [(InboundKind.RECEIPT, outcome.refs[0], Evidence.DEVICE)] == [(one.kind, one.ref, one.level) for one in ear.heard]


async def test_a_group_is_told_once_and_never_more_than_aired(gateway: HrnpGateway) -> None:
    """One message on the air for ten radios; the gateway's acknowledgement says that it was aired."""
    async with started(gateway) as (channel, _, ear):
        assert isinstance(await channel.send(FakeJob("g9001")), Reached)
        await ear.until(lambda heard: bool(heard))
        assert [("SendGroupMessage", 9001, 0)] == [(one["kind"], one["to"], one["subnet"]) for one in gateway.aired]
        assert [Evidence.AIRED] == [one.level for one in ear.heard]


REFUSALS: dict[int, Outcome] = {
    4: Transient(Scope.CHANNEL, "channel-busy", 5.0),
    8: Transient(Scope.RECIPIENT, "no-ack", 30.0),
    10: Transient(Scope.RECIPIENT, "no-contact", 30.0),
    11: Permanent(Scope.CHANNEL, "transmit-denied"),
}


async def test_a_refusal_is_an_outcome(gateway: HrnpGateway) -> None:
    """As the gateway says it, each in its scope; it is no receipt, and nobody has the text."""
    async with started(gateway) as (channel, _, ear):
        for number, (result, outcome) in enumerate(REFUSALS.items()):
            await gateway.order(result=result)
            assert outcome == await channel.send(FakeJob("1002", token=f"t-{number}"))
        assert [] == ear.heard
        assert [] == gateway.aired


async def test_a_lost_acknowledgement_of_a_radio_is_asked_for_under_the_same_request(gateway: HrnpGateway) -> None:
    """The same request once more; the radio, which has it, shows it once."""
    async with started(gateway) as (channel, _, ear):
        await gateway.order(mute=1)
        assert isinstance(await channel.send(FakeJob("1002")), Reached)
        await ear.until(lambda heard: bool(heard))
        assert 2 == len(gateway.texts)
        assert 1 == len({text["request"] for text in gateway.texts})
        assert 1 == len(gateway.aired)
        assert Evidence.DEVICE is ear.heard[0].level


@pytest.mark.parametrize("muted", [0, 1])
async def test_what_is_booked_is_what_the_gateway_has_read(gateway: HrnpGateway, muted: int) -> None:
    """Every message that ok-dmrlib has read, those said again too, with keying and two octets a character; an estimate knows of no loss."""
    text = "沿江各村3组转移群众，带好被褥，" * 20
    async with started(gateway) as (channel, ctx, _):
        await gateway.order(mute=muted)
        job = FakeJob("1002", text)
        assert isinstance(await channel.send(job), Reached)
        read = [one["text"] for one in gateway.texts]
        settings: HrnpSettings = ctx.settings
    seconds = [settings.keying_s + len(one.encode("utf-16-le")) / settings.octets_per_s for one in read]
    guess = channel.estimate(Rendition("radio", text, text.encode()), "1002")
    assert (guess.fragments + muted, guess.fragments) == (len(read), job.cost.fragments)
    assert job.cost.airtime_s == pytest.approx(sum(seconds), rel=0.02)
    assert guess.airtime_s == pytest.approx(sum(seconds[muted:]), rel=0.02)


async def test_a_lost_acknowledgement_of_a_packet_costs_a_packet(gateway: HrnpGateway) -> None:
    """The same packet number is said again, and nothing is on the air twice."""
    async with started(gateway) as (channel, _, _):
        await gateway.order(lose=1)
        assert isinstance(await channel.send(FakeJob("1002")), Reached)
        packets = [one["packet"] for one in gateway.told if one["what"] == "FRAME" and one["operation"] == "DATA"]
        assert packets[0] == packets[1]
        assert 1 == len(gateway.aired)


async def test_a_radio_that_answers_late_is_still_heard(gateway: HrnpGateway) -> None:
    """Nobody waits any longer: ACCEPTED, and the late acknowledgement is the receipt."""
    async with started(gateway, tries=1, answer_s=0.1) as (channel, _, ear):
        await gateway.order(result=None)
        outcome = await channel.send(FakeJob("1002"))
        assert isinstance(outcome, Reached)
        assert Evidence.ACCEPTED is outcome.level
        await gateway.order(**{"late": gateway.texts[0]["request"], "from": 1002, "to": US})
        await ear.until(lambda heard: bool(heard))
        assert (outcome.refs[0], Evidence.DEVICE) == (ear.heard[0].ref, ear.heard[0].level)


@pytest.mark.parametrize("address", ["g9001", "1002"])
async def test_what_somebody_else_acknowledges_is_nobody_s_receipt(gateway: HrnpGateway, address: str) -> None:
    """A radio that acknowledges what went to a group, or to another radio: it names no message of ours, and none waits for it."""
    async with started(gateway, tries=1, answer_s=0.1) as (channel, _, ear):
        await gateway.order(result=None)
        outcome = await channel.send(FakeJob(address))
        assert isinstance(outcome, Reached)
        await gateway.order(**{"late": gateway.texts[0]["request"], "from": 7777, "to": US})
        await ear.until(lambda heard: bool(heard))
        assert not {one.ref for one in ear.heard} & set(outcome.refs)


async def test_a_refusal_by_somebody_else_fails_nothing(gateway: HrnpGateway) -> None:
    """The radio that was meant is still waited for, and heard."""
    async with started(gateway, answer_s=5.0) as (channel, _, ear):
        await gateway.order(by=7777, result=10)
        sending = asyncio.create_task(channel.send(FakeJob("1002")))
        await ear.until(lambda heard: bool(heard))
        assert not sending.done()
        await gateway.order(**{"late": gateway.texts[0]["request"], "from": 1002, "to": US})
        assert isinstance(await sending, Reached)


async def test_a_text_to_us_is_an_answer_and_acknowledged_once_it_is_kept(gateway: HrnpGateway) -> None:
    """Neither its packet nor its message is acknowledged before; a copy of it is acknowledged again, and is no second answer."""
    async with started(gateway) as (_, _, ear):
        ear.deaf = True
        await gateway.say("收到", by=1002, to=US, request=77)
        await ear.until(lambda heard: bool(heard))
        assert (InboundKind.ANSWER, "dmr", "1002", "收到") == (
            ear.heard[0].kind,
            ear.heard[0].address_kind,
            ear.heard[0].address,
            ear.heard[0].text,
        )
        assert 0 == gateway.frames("DATA_ACK")
        ear.deaf = False
        await ear.heard[0].ack()
        await gateway.until(lambda: bool(gateway.texts), "the radio is told that we have it")
        assert [("SendPrivateMessageAck", 77, 1002, 0)] == [
            (one["kind"], one["request"], one["to"], one["result"]) for one in gateway.texts
        ]
        await gateway.say("收到", by=1002, to=US, request=77)
        await gateway.until(lambda: len(gateway.texts) == 2, "the copy is acknowledged")
        assert 1 == sum(one.kind is InboundKind.ANSWER for one in ear.heard)


async def test_a_radio_that_was_switched_off_and_on_is_heard_again(gateway: HrnpGateway) -> None:
    """It counts its requests from 1 again: other words under the same request are another answer, and each is acknowledged."""
    async with started(gateway) as (_, _, ear):
        await gateway.say("收到", by=1002, to=US, request=1)
        await gateway.until(lambda: len(gateway.texts) == 1, "it is acknowledged")
        await gateway.say("堤坝决口请求支援", by=1002, to=US, request=1)
        await gateway.until(lambda: len(gateway.texts) == 2, "it is acknowledged as well")
        assert [(InboundKind.ANSWER, "收到"), (InboundKind.ANSWER, "堤坝决口请求支援")] == [(one.kind, one.text) for one in ear.heard]


async def test_a_long_text_goes_in_parts_and_can_be_withdrawn_between_them(gateway: HrnpGateway) -> None:
    """Numbered, each within its limit, each with a request of its own; a cancel keeps the rest off the air."""
    text = "请立即转移沿江各村危险区群众。" * 8
    async with started(gateway, characters=60) as (channel, _, _):
        outcome = await channel.send(FakeJob("1002", text))
        assert isinstance(outcome, Reached)
        assert len(outcome.refs) == len(gateway.aired) > 1
        assert max(len(one["text"]) for one in gateway.aired) <= 60
        assert text == "".join(one["text"].partition("#0017 ")[2] for one in gateway.aired)
        with pytest.raises(Withdrawn):
            await channel.send(FakeJob("1003", text, token="t-2", urgent=Withdrawn("cancelled")))
        assert 1 == sum(one["to"] == 1003 for one in gateway.aired)


async def test_a_long_text_that_breaks_off_tells_what_was_taken(gateway: HrnpGateway) -> None:
    """The second part is refused: the first one's receipt is that of a part, the names say of which, and the whole goes again."""

    async def refuse() -> None:
        await gateway.order(result=8)

    async with started(gateway, characters=60) as (channel, _, ear):
        outcome = await channel.send(FakeJob("1002", "请立即转移沿江各村危险区群众。" * 8, between=refuse))
        await ear.until(lambda heard: bool(heard))
        assert isinstance(outcome, Unknown)
        assert (outcome.refs, True) == ((ear.heard[0].ref,), outcome.is_short)
        assert outcome.parts > 1
        assert f"1 of {outcome.parts} parts taken, then no-ack" == outcome.cause


@pytest.mark.parametrize(
    ("taken", "may_have_left", "parts", "is_short"), [(0, True, 1, False), (0, True, 2, True), (1, True, 2, False), (1, False, 2, True)]
)
def test_what_broke_off_goes_again_where_a_part_has_certainly_not_left(taken: int, may_have_left: bool, parts: int, is_short: bool) -> None:
    """The last part may be on the air, and then the whole is."""
    found = broken_off("gone", ("a",)[:taken], parts, may_have_left=may_have_left)
    assert (is_short, ("a",)[:taken]) == (found.is_short, found.refs)


async def test_a_gateway_that_dies_is_told_and_found_again(gateway: HrnpGateway) -> None:
    """UDP says nothing: silence is noticed by asking; what was under way is unknown, and afterwards nothing is begun."""
    async with started(gateway) as (channel, ctx, _):
        await gateway.kill()
        assert isinstance(await channel.send(FakeJob("1002")), Unknown | Transient)
        await ctx.until(lambda: len(ctx.told) >= 2)
        job = FakeJob("1002")
        assert Transient(Scope.CHANNEL, "line-down") == await channel.send(job)
        assert 0 == job.begun
        await gateway.start()
        await ctx.until(lambda: len(ctx.told) >= 3)
        assert [True, False, True] == [up for up, _ in ctx.told]
        assert isinstance(await channel.send(FakeJob("1002")), Reached)


async def test_a_gateway_that_says_goodbye_is_down_at_once(gateway: HrnpGateway) -> None:
    """CLOSE is acknowledged, told, and followed by a new CONNECT."""
    async with started(gateway) as (_, ctx, _):
        await gateway.order(close=True)
        await gateway.until(lambda: gateway.frames("CLOSE_ACK") == 1 and gateway.frames("CONNECT") >= 2, "it is connected again")
        await ctx.until(lambda: len(ctx.told) >= 3)
        assert "closed the connection" in ctx.told[1][1]


async def test_the_address_that_a_gateway_gives_is_used(gateway: HrnpGateway) -> None:
    """ACCEPT names it, and every frame afterwards comes from it."""
    async with started(gateway) as (channel, _, _):
        await channel.send(FakeJob("1002"))
        assert {0x21} == {one["source"] for one in gateway.told if one["what"] == "FRAME" and one["operation"] == "DATA"}


async def test_a_site_that_lost_its_core_is_a_strain_and_one_that_is_gone_takes_the_channel_down(gateway: HrnpGateway) -> None:
    """Local trunking still carries those at the site; direct mode of every site carries nobody from here; it comes back by its word."""
    async with started(gateway, sites={"BS-3": 8003}) as (_, ctx, ear):
        await gateway.say("SITE LOCAL", by=8003, to=US, request=1)
        await ctx.until(lambda: bool(ctx.strains))
        assert "BS-3 local_trunking" in ctx.strains[0]
        assert [True] == [up for up, _ in ctx.told]
        await gateway.say("SITE DIRECT", by=8003, to=US, request=2)
        await ctx.until(lambda: len(ctx.told) == 2)
        assert "direct mode: no base station of BS-3" in ctx.told[1][1]
        await gateway.say("site core", by=8003, to=US, request=3)
        await ctx.until(lambda: len(ctx.told) == 3)
        assert (True, "BS-3 is back (core_connected)") == ctx.told[2]
        assert {InboundKind.HEARD} == {one.kind for one in ear.heard}


async def test_a_radio_at_a_site_that_is_cut_off_is_not_called_and_the_rest_are(gateway: HrnpGateway) -> None:
    """Nothing is on the air for it, and the channel says why; when the site is with its core again it is called."""
    sites = {"BS-3": SiteTable(reporter=8003, stations=("1002",)), "BS-4": SiteTable(state=SiteState.DIRECT_MODE, stations=("1004",))}
    async with started(gateway, sites=sites) as (channel, ctx, _):
        await gateway.say("SITE LOCAL", by=8003, to=US, request=1)
        await ctx.until(lambda: any("BS-3" in strain for strain in ctx.strains))
        cut_off = FakeJob("1002")
        assert Transient(Scope.WAY, "site-local-trunking", 60.0) == await channel.send(cut_off)
        assert Transient(Scope.WAY, "site-direct-mode", 60.0) == await channel.send(FakeJob("1004"))
        assert isinstance(await channel.send(FakeJob("1003")), Reached)
        assert (0, [1003]) == (cut_off.begun, [one["to"] for one in gateway.aired])
        assert "BS-3 local_trunking: out of reach 1002; BS-4 direct_mode (declared): out of reach 1004" == channel.remark()
        await gateway.say("SITE CORE", by=8003, to=US, request=2)
        await ctx.until(lambda: "BS-3" not in channel.remark())
        assert isinstance(await channel.send(FakeJob("1002", token="t-2")), Reached)


async def test_a_site_that_falls_silent_keeps_the_channel_down_no_longer_than_its_word_holds(gateway: HrnpGateway) -> None:
    """Nobody knows then, and the next message shows it."""
    async with started(gateway, sites={"BS-3": 8003}, site_stale_s=0.5) as (_, ctx, _):
        await gateway.say("SITE DIRECT", by=8003, to=US, request=1)
        await ctx.until(lambda: len(ctx.told) == 3)
        assert [True, False, True] == [up for up, _ in ctx.told]
        assert "no base station says any more that it is gone" == ctx.told[2][1]


async def test_nobody_there_is_not_ready() -> None:
    """With the address, and soon tried again."""
    settings = HrnpSettings(host="127.0.0.1", port=9, radio_id=US, connect_s=0.2)
    with pytest.raises(NotReady, match=r"udp://127\.0\.0\.1:9"):
        await HrnpChannel(FakeContext(settings)).start()


async def test_bad_numbers_power_and_refused_licences(gateway: HrnpGateway) -> None:
    """Each in its scope, and nothing on the air."""
    async with started(gateway) as (channel, _, _):
        assert Permanent(Scope.RECIPIENT, "bad-number") == await channel.send(FakeJob("BJ1VAN"))
        assert Permanent(Scope.MESSAGE, "too-long") == await channel.send(FakeJob("1002", "火" * 3000))
        with pytest.raises(Withdrawn):
            await channel.send(FakeJob("1002", denied=Withdrawn("met")))
        await channel.set_power(PowerLevel.LISTEN)
        assert Transient(Scope.CHANNEL, "listening-only") == await channel.send(FakeJob("1002"))
        assert (await channel.probe(ProbeBudget(timeout_s=PATIENCE_S))).answered
        assert [] == gateway.texts


@pytest.fixture
async def gateway() -> AsyncIterator[HrnpGateway]:
    async with HrnpGateway() as made:
        yield made
