"""What a recipient missed of low priority goes as one text, and counts for each of its members as far as the far end can say."""

from __future__ import annotations

from pathlib import Path

from fenghuo.engine.channels import Terms
from fenghuo.engine.digests import as_member
from fenghuo.model.delivery import DeliveryState, Outcome, Permanent, Reached, Scope, Transient, Unknown
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import InboundKind
from fenghuo.service.showing import rfc3339
from tests.core.engine.house import House, opened

DIGEST = Terms(digest=True)
S = DeliveryState
OUT_S = 600.0


async def outage(house: House) -> None:
    """The only channel of telephones goes, and what is ordered meanwhile waits: three routine texts, one that will be over, one that is
    said anew, an urgent one, and one to somebody else."""
    house.down("a")
    house.down("r")
    await house.settle()
    for text in ("一", "二", "三"):
        await house.order("huang", text=text, priority="P4" if text == "一" else "P3")
    await house.order("huang", text="过期", priority="P3", expires=rfc3339(house.clock.now + 60.0))
    old = await house.order("huang", text="旧版", priority="P3")
    await house.order("huang", text="新版", priority="P3", action="Update", reference=old.id)
    await house.order("huang", text="急", priority="P2")
    await house.order("li", text="另一人", priority="P3")
    await house.later(OUT_S)
    assert [] == house.sent
    house.up("a")
    for _ in range(30):
        await house.settle()
        house.clock.now += 1.0
        house.room.dispatcher.offer(())


async def test_one_text_of_what_is_current_goes_in_the_place_of_old_ones(tmp_path: Path) -> None:
    """The urgent one by itself; of the rest each that still holds, whole and with its number, the more urgent first; nothing twice."""
    async with opened(tmp_path, terms=DIGEST) as house:
        await outage(house)
        texts = {mail.text for mail in house.sent}
        (one,) = (text for text in texts if "汇总" in text)
        assert ["【汇总4条】1. 二", "2. 三", "3. 新版", "4. 一"] == [line.partition("#")[0] for line in one.split("\n")]
        assert ["另一人", "急"] == sorted(text.partition("#")[0] for text in texts - {one})
        assert 3 == len(house.sent)


async def test_what_the_far_end_says_of_it_counts_for_each_member_and_a_persons_answer_for_what_it_is_to(tmp_path: Path) -> None:
    """Each has an attempt of its own on the disk; taken by the gateway, then at the device: all three; said yes: one."""
    async with opened(tmp_path, terms=DIGEST) as house:
        await outage(house)
        (mail,) = (mail for mail in house.sent if "汇总" in mail.text)
        members = [one for one in await house.deliveries("huang") if one.channel == "a" and one.state in (S.AWAITING, S.MET)]
        assert [Evidence.ACCEPTED] * 5 == [one.evidence for one in members]
        emitting = [told for told in await house.events("delivery.emitting") if told["recipient"] == "huang"]
        assert (5, 3) == (len(emitting), len([told for told in emitting if told["mark"].startswith("汇总")]))
        await house.receipt(mail)
        after = {one.id: one.evidence for one in await house.deliveries("huang") if one.id in {member.id for member in members}}
        assert 4 == sum(level is Evidence.DEVICE for level in after.values())
        await house.answer("a", mail.address)
        answered = [one for one in await house.deliveries("huang") if one.evidence is Evidence.HUMAN]
        assert 1 == len(answered)


async def test_without_the_setting_each_goes_by_itself(tmp_path: Path) -> None:
    """It is the operator's policy."""
    async with opened(tmp_path) as house:
        await outage(house)
        assert (6, []) == (len(house.sent), [mail for mail in house.sent if "汇总" in mail.text])


async def test_a_digest_that_fails_leaves_each_member_to_go_again(tmp_path: Path) -> None:
    """The gateway breaks at it: nothing is lost, and it speaks against the channel once."""
    async with opened(tmp_path, terms=DIGEST) as house:
        house.channel["a"].outcomes.extend([Transient(Scope.CHANNEL, "broken", 1.0)] * 3)
        await outage(house)
        for _ in range(40):
            house.clock.now += 60.0
            house.up("a")
            await house.settle()
            house.room.dispatcher.offer(())
        said = "".join(mail.text for mail in house.sent if mail.address.endswith("3"))
        assert all(word in said for word in ("一#", "二#", "三#", "新版#"))
        states = {one.state for one in await house.deliveries("huang") if one.channel == "a"}
        assert S.FAILED not in states


async def two_missed(house: House) -> None:
    """Two routine orders to one person wait for the only channel of telephones."""
    house.down("a")
    house.down("r")
    await house.settle()
    for text in ("一", "二"):
        await house.order("huang", text=text, priority="P3")
    await house.later(OUT_S)
    house.up("a")
    await house.settle()


async def later_on(house: House, *, until: int) -> None:
    """A second after the other, for at most a minute, until so many have left in all."""
    for _ in range(60):
        if len(house.sent) >= until:
            break
        await house.later(1.0)
        house.room.dispatcher.offer(())
        await house.settle()


async def evidence(house: House) -> list[Evidence]:
    return [one.evidence for one in await house.deliveries("huang") if one.channel == "a"]


async def test_what_was_to_go_along_in_a_digest_that_was_refused_is_sent_again_and_proved_by_nothing_else(tmp_path: Path) -> None:
    """The gateway refuses the digest; each goes again alone, and the receipt of the one says nothing of the other."""
    async with opened(tmp_path, terms=DIGEST) as house:
        house.channel["a"].outcomes.append(Transient(Scope.MESSAGE, "busy", 5.0))
        await two_missed(house)
        assert ["汇总"] == [mail.text[1:3] for mail in house.sent]
        await later_on(house, until=2)
        alone = house.sent[-1]
        assert alone.text.startswith("一")
        await house.receipt(alone)
        assert [Evidence.DEVICE, Evidence.STORED] == await evidence(house)
        await later_on(house, until=3)
        assert house.sent[-1].text.startswith("二")
        await house.receipt(house.sent[-1])
        assert [Evidence.DEVICE, Evidence.DEVICE] == await evidence(house)


async def test_after_a_restart_a_receipt_of_a_digest_counts_for_its_members(tmp_path: Path) -> None:
    """Who went along in which emission is on the disk, with its attempt."""
    async with opened(tmp_path, terms=DIGEST) as house:
        await two_missed(house)
        (mail,) = house.sent
        clock = house.clock
    async with opened(tmp_path, clock=clock, terms=DIGEST) as house:
        assert [Evidence.ACCEPTED, Evidence.ACCEPTED] == await evidence(house)
        await house.receipt(mail)
        assert [Evidence.DEVICE, Evidence.DEVICE] == await evidence(house)


async def test_after_a_restart_a_receipt_of_what_went_alone_since_counts_for_no_member(tmp_path: Path) -> None:
    """The digest was refused before the crash: no emission of it was ever taken."""
    async with opened(tmp_path, terms=DIGEST) as house:
        house.channel["a"].outcomes.append(Transient(Scope.MESSAGE, "busy", 5.0))
        await two_missed(house)
        clock = house.clock
    async with opened(tmp_path, clock=clock, terms=DIGEST) as house:
        house.channel["a"].outcomes.extend([Reached(Evidence.ACCEPTED, ("alone",)), Transient(Scope.MESSAGE, "busy", 900.0)])
        await later_on(house, until=2)
        assert ["一", "二"] == [mail.text.partition("#")[0] for mail in house.sent]
        await house.hear("a", InboundKind.RECEIPT, ref="alone", level=Evidence.DEVICE, address=house.sent[0].address)
        assert [Evidence.DEVICE, Evidence.STORED] == await evidence(house)


def test_one_emission_that_failed_speaks_against_its_channel_once() -> None:
    """And the names that the provider gave it are the leader's."""
    rows: list[tuple[Outcome, Outcome]] = [
        (Reached(Evidence.ACCEPTED, ("7",)), Reached(Evidence.ACCEPTED)),
        (Transient(Scope.CHANNEL, "broken", 1.0), Transient(Scope.WAY, "broken", 1.0)),
        (Permanent(Scope.CHANNEL, "barred"), Transient(Scope.WAY, "barred")),
        (Permanent(Scope.RECIPIENT, "no-such-number"), Permanent(Scope.RECIPIENT, "no-such-number")),
        (Unknown("timeout"), Unknown("timeout")),
    ]
    for said, for_member in rows:
        assert for_member == as_member(said)
