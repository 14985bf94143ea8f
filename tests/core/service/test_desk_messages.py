"""Verbs about messages, by what the store holds and the channels carried afterwards."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fenghuo.engine.judging import Origin
from fenghuo.errors import FormatError, KeyConflict, NotAllowed, NotAuthenticated, NotFound, ReleaseNeeded
from fenghuo.model.attachment import Attachment, attachments_of
from fenghuo.model.delivery import Accepted, Refused
from fenghuo.model.message import Message
from fenghuo.service.desk import Holder
from fenghuo.service.secrets import Secret
from fenghuo.store.tables import AUDIT, MESSAGE
from tests.core.service.manned import FEED, Manned, cap, manned


def order(**fields: object) -> bytes:
    return msgspec.json.encode({"to": ["wang"], "text": "到岗", **fields})


async def submit(there: Manned, raw: bytes | str, who: str = "met", **args: Any) -> Accepted:
    octets = raw.encode() if isinstance(raw, str) else raw
    for token in args.get("tokens", ()):
        with contextlib.suppress(NotAuthenticated):
            await there.do("alert.review", who, raw=octets, token=token)
    answer = await there.do("alert.submit", who, raw=octets, **args)
    assert isinstance(answer, Accepted), answer
    return answer


async def test_one_alert_has_one_answer(tmp_path: Path) -> None:
    """The object that scripts rely on, not a list of one."""
    async with manned(tmp_path) as there:
        answer = await submit(there, cap())
        assert (1, "held", ()) == (answer.revision, answer.state, answer.repairs)


async def test_each_alert_of_a_feed_is_answered_in_its_order(tmp_path: Path) -> None:
    """One good, one bad, one good: a refused one has its reason where an accepted one has its id."""
    async with manned(tmp_path) as there:
        feed = FEED.format(cap("A-1") + "<alert/>" + cap("A-3"))
        answer = await there.do("alert.submit", "met", raw=feed.encode())
        first, bad, third = answer["messages"]
        assert ["held", "refused", "held"] == [one["state"] for one in (first, bad, third)]
        assert (None, None) == (bad["id"], bad["revision"])
        assert {"code", "message", "where"} == set(bad["error"])
        for known, name in ((first, "A-1"), (third, "A-3")):
            assert known["id"] == (await there.do("message.show", id=name))["id"]


async def test_a_feed_without_one_good_alert_is_refused_as_a_whole(tmp_path: Path) -> None:
    """One refusal that gives the reason of each."""
    async with manned(tmp_path) as there:
        answer = await there.do("alert.submit", "met", raw=FEED.format("<alert/><alert/>").encode())
        assert isinstance(answer, Refused)
        assert answer.message.startswith("none of the 2 messages in it was accepted: no. 1: ")
        assert "; no. 2: " in answer.message


async def test_one_key_covers_every_alert_of_a_feed(tmp_path: Path) -> None:
    """The second alert is no duplicate of the first; the whole feed again is one of itself."""
    async with manned(tmp_path) as there:
        raw = FEED.format(cap("A-1") + cap("A-2")).encode()
        first = await there.do("alert.submit_all", "met", raw=raw, key="k")
        again = await there.do("alert.submit_all", "met", raw=raw, key="k")
        assert (["held", "held"], ["duplicate", "duplicate"]) == tuple([one.state for one in answers] for answers in (first, again))
        assert [one.id for one in first] == [one.id for one in again]


async def test_a_conflict_in_a_feed_spoils_only_itself(tmp_path: Path) -> None:
    """Its neighbours are on the disk; alone it is the error it always was."""
    async with manned(tmp_path) as there:
        await submit(there, cap("A-1"))
        other = cap("A-1", code="320585110")
        answer = await there.do("alert.submit", "met", raw=FEED.format(other + cap("A-2")).encode())
        assert [("refused", "conflict"), ("held", None)] == [
            (one["state"], one["error"]["code"] if "error" in one else None) for one in answer["messages"]
        ]
        with pytest.raises(KeyConflict):
            await submit(there, other)


async def test_an_order_in_words_goes_out(tmp_path: Path) -> None:
    """`message.send` is a submission of our own JSON, and carries its key."""
    async with manned(tmp_path) as there:
        first = await there.do("message.send", to=["wang"], text="到岗", priority="P2", key="k")
        again = await there.do("message.send", to=["wang"], text="到岗", priority="P2", key="k")
        assert (first.id, "duplicate", ["到岗"]) == (again.id, again.state, [mail.text.partition("#")[0] for mail in there.house.sent])


async def test_a_dry_run_keeps_and_sends_nothing(tmp_path: Path) -> None:
    """It answers with the plan."""
    async with manned(tmp_path) as there:
        plan = await there.do("message.send", to=["wang"], text="到岗", dry_run=True)
        assert (["wang"], [], []) == (plan["objectives"][0]["first"], there.house.sent, await there.do("message.ls"))


async def test_a_message_is_found_under_each_of_its_names(tmp_path: Path) -> None:
    """Our id, the source's identifier, and the short number that an answer may name."""
    async with manned(tmp_path) as there:
        accepted = await submit(there, order(identifier="X-1"))
        (line,) = await there.do("message.ls")
        names = (accepted.id, "X-1", str(line["number"]), f"#{line['number']}")
        assert {accepted.id} == {(await there.do("message.show", id=name))["id"] for name in names}


async def test_the_newest_revision_is_shown(tmp_path: Path) -> None:
    """An Update under the same id is what `show` means, and the one before it is listed."""
    async with manned(tmp_path) as there:
        first = await submit(there, order())
        await submit(there, order(text="新的", action="Update", reference=first.id))
        shown = await there.do("message.show", id=first.id)
        assert (2, [(1, "superseded"), (2, "active")]) == (
            shown["revision"],
            [(one["revision"], one["state"]) for one in shown["revisions"]],
        )


async def test_nobody_is_found_under_a_wrong_name(tmp_path: Path) -> None:
    """An unknown name and none at all are two different sentences."""
    async with manned(tmp_path) as there:
        with pytest.raises(NotFound, match=r"^no message is known as 01X$"):
            await there.do("message.show", id="01X")
        with pytest.raises(FormatError, match=r"^the id is empty"):
            await there.do("message.show", id="")


async def test_a_list_is_newest_first_and_can_be_narrowed(tmp_path: Path) -> None:
    """By state, and to so many."""
    async with manned(tmp_path) as there:
        orders = []
        for number in range(3):
            orders.append((await submit(there, order(text=f"命令{number}"))).id)
            await there.house.later(1.0)
        held = await submit(there, cap())
        assert [held.id, *reversed(orders)] == [line["id"] for line in await there.do("message.ls")]
        assert [held.id] == [line["id"] for line in await there.do("message.ls", state="held")]
        assert [held.id, orders[2]] == [line["id"] for line in await there.do("message.ls", limit=2)]
        with pytest.raises(FormatError, match=r"message\.ls: Expected `int` >= 1 - at `\$\.limit`"):
            await there.do("message.ls", limit=0)


async def test_a_cancel_tells_those_who_were_told(tmp_path: Path) -> None:
    """One person is enough, the reason is what they read, and the message is over."""
    async with manned(tmp_path) as there:
        first = await submit(there, order())
        ended = await there.do("alert.cancel", id=first.id, reason="险情解除")
        assert (first.id, 2, "active") == (ended.id, ended.revision, ended.state)
        assert ("cancelled", True) == ((await there.house.states(first.id))[0], "险情解除" in there.house.sent[-1].text)


async def test_a_cancel_that_is_said_twice_is_told_once(tmp_path: Path) -> None:
    """With its key or without: a hand that presses twice, or a client that had no answer, sends nothing a second time."""
    async with manned(tmp_path) as there:
        first = await submit(there, order())
        await there.do("alert.cancel", id=first.id, reason="险情解除", key="c1")
        told = len(there.house.sent)
        for again in ({"key": "c1"}, {}):
            answer = await there.do("alert.cancel", id=first.id, reason="险情解除", **again)
            assert (first.id, 2, "duplicate") == (answer.id, answer.revision, answer.state)
        assert told == len(there.house.sent)


async def test_a_cancel_without_a_reason_says_that_the_message_is_over(tmp_path: Path) -> None:
    """Nobody has to find words first."""
    async with manned(tmp_path) as there:
        first = await submit(there, order())
        await there.do("alert.cancel", id=first.id)
        assert "此前消息作废" in there.house.sent[-1].text


@pytest.mark.parametrize(
    ("drafted", "said"),
    [("", "此前消息作废"), ("误报，无需转移", "误报，无需转移")],
    ids=["standard words", "drafted and signed with it"],
)
async def test_one_person_ends_what_two_released_and_not_in_words_of_their_own(tmp_path: Path, drafted: str, said: str) -> None:
    """At once, on everything that it used; a newly written text would be a new public message, and stands in the audit alone."""
    parameter = f"<parameter><valueName>fenghuo:correction</valueName><value>{drafted}</value></parameter><area>"
    raw = (cap().replace("<area>", parameter, 1) if drafted else cap()).encode()
    async with manned(tmp_path) as there:
        alert = await submit(there, raw, tokens=["anna-secret", "bert-secret"])
        ended = await there.do("alert.cancel", id=alert.id, reason="操作员自己的话")
        assert ("active", ["set-aside"]) == (ended.state, [one.value for one in ended.verdicts if one.check == "words"])
        assert said in there.house.sent[-1].text


async def test_a_state_that_no_message_has_is_named(tmp_path: Path) -> None:
    """An empty list would say that there are none."""
    async with manned(tmp_path) as there:
        with pytest.raises(FormatError, match="no message has the state 'zzz'; they are held, active"):
            await there.do("message.ls", state="zzz")


async def test_two_people_release_an_alert(tmp_path: Path) -> None:
    """One signature is not enough, a second one by another person is; then it goes out."""
    async with manned(tmp_path) as there:
        alert = await submit(there, cap())
        first = await there.sign(alert.id, "anna")
        assert ("held", 2, []) == (first.state, first.needed, there.house.sent)
        second = await there.sign("A-1", "bert")
        assert ("active", True) == (second.state, bool(there.house.sent))


async def test_signatures_may_come_with_the_alert(tmp_path: Path) -> None:
    """Tokens of two releasers beside the bytes spare the wait."""
    async with manned(tmp_path) as there:
        assert "active" == (await submit(there, cap(), tokens=["anna-secret", "bert-secret"])).state


async def test_whoever_previews_and_whoever_signs_count_the_same_people(tmp_path: Path) -> None:
    """The first wave, and everybody who may be asked in their place: wang has a deputy, and the order escalates."""
    async with manned(tmp_path) as there:
        raw = order(to=["wang"])
        (plan,) = (await there.do("route.explain", raw=raw))["objectives"]
        shown = await there.do("alert.review", "met", raw=raw, token="anna-secret")
        assert (1, 2) == (plan["first_wave"], plan["people"]) == (shown["first_wave"], shown["people"])


async def test_signatures_come_with_nothing_that_their_owners_were_not_shown(tmp_path: Path) -> None:
    """Each of them has seen these very octets, not too long ago; what cannot be read is refused as ever, and kept."""
    async with manned(tmp_path) as there:
        raw, both = cap().encode(), ["anna-secret", "bert-secret"]
        await there.do("alert.review", "met", raw=raw, token="anna-secret")
        with pytest.raises(ReleaseNeeded, match=r"^the owner of token/bert was not shown these octets in the last 120 s"):
            await there.do("alert.submit", "met", raw=raw, tokens=both)
        shown = await there.do("alert.review", "met", raw=raw, token="bert-secret")
        assert ("立即转移", 2, 1) == (shown["texts"][0]["description"], shown["needed"], shown["people"])
        with pytest.raises(ReleaseNeeded):
            await there.do("alert.submit", "met", raw=raw.replace("立即".encode(), "马上".encode()), tokens=both)
        there.house.clock.now += 121
        with pytest.raises(ReleaseNeeded):
            await there.do("alert.submit", "met", raw=raw, tokens=both)
        assert isinstance(await there.do("alert.submit", "met", raw=b"<no/>", tokens=both), Refused)
        assert [] == await there.do("message.ls")
        with pytest.raises(FormatError, match="either the id"):
            await there.do("alert.review")


async def test_two_tokens_of_one_person_are_one_pair_of_hands(tmp_path: Path) -> None:
    """The second device of whoever signed already releases nothing, and that of the author may not sign at all."""
    async with manned(tmp_path) as there:
        rights = {"anna": ("releaser",), "anna-2": ("releaser", "source"), "bert": ("releaser",)}
        holders = [Holder(name, held, Origin(name), "" if name == "bert" else "zhang") for name, held in rights.items()]
        there.desk.hold([(Secret(f"{holder.name}-secret"), holder) for holder in (*holders, Holder("met", ("source",), Origin("met")))])
        alert = await submit(there, cap())
        for who in ("anna", "anna-2"):
            signed = await there.sign(alert.id, who, "bert")
            assert ("held", ("zhang",)) == (signed.state, signed.signatures)
        assert "active" == (await there.sign(alert.id, "bert", "bert")).state
        with pytest.raises(NotAllowed, match=r"^zhang submits this and may not sign it as well$"):
            await submit(there, cap("A-2"), "anna-2", tokens=["anna-secret"])
        own = await submit(there, cap("A-3"), "anna-2")
        with pytest.raises(NotAllowed, match=r"^zhang wrote this message and may not release it$"):
            await there.sign(own.id, "anna", "bert")


async def test_whoever_submits_may_not_sign(tmp_path: Path) -> None:
    """Neither with a token of his own beside the bytes, nor with one that nobody knows."""
    async with manned(tmp_path) as there:
        with pytest.raises(NotAllowed, match=r"^chief submits this and may not sign it as well$"):
            await submit(there, cap(), "chief", tokens=["chief-secret"])
        with pytest.raises(NotAllowed, match=r"^duty may not sign; that takes the right releaser$"):
            await submit(there, cap(), tokens=["duty-secret"])
        with pytest.raises(NotAuthenticated):
            await submit(there, cap(), tokens=["nobody-secret"])
        assert [] == await there.do("message.ls")


async def test_a_signature_names_what_was_shown(tmp_path: Path) -> None:
    """An envelope that is not the one in force is refused: somebody looked at something else."""
    async with manned(tmp_path) as there:
        alert = await submit(there, cap())
        with pytest.raises(ReleaseNeeded, match=r"^anna signs what anna has seen: look at it \(alert.review\)"):
            await there.do("alert.sign", id=alert.id, token="anna-secret")
        with pytest.raises(ReleaseNeeded, match=r"^anna was not shown this in the last 120 s by this way in, or it has changed since"):
            await there.do("alert.sign", id=alert.id, token="anna-secret", envelope="of another day")


async def test_a_signature_is_not_for_the_revision_that_came_meanwhile(tmp_path: Path) -> None:
    """Bert was shown revision 1 and signs when revision 2 waits: refused with and without its number, until he is shown that."""
    async with manned(tmp_path) as there:
        alert = await submit(there, cap())
        asked = await there.do("alert.review", id=alert.id, token="bert-secret")
        named = "<references>met@example.org,A-1,1970-01-12T13:46:40-00:00</references>"
        later = await submit(there, cap("A-2", action="Update").replace("</scope>", f"</scope>{named}").replace("立即", "马上"))
        assert (alert.id, 2, "held") == (later.id, later.revision, later.state)
        stales: tuple[dict[str, Any], ...] = ({}, {"revision": 1}, {"revision": 2})
        for stale in stales:
            with pytest.raises(ReleaseNeeded, match=r"look again"):
                await there.do("alert.sign", id=alert.id, token="bert-secret", envelope=asked["envelope"], **stale)
        shown = (await there.do("message.show", id=alert.id))["waiting"]
        assert (1, 2, True) == (asked["revision"], shown["revision"], shown["envelope"] != asked["envelope"])
        signed = await there.sign(alert.id, "bert")
        assert (2, shown["envelope"], ("bert",)) == (signed.revision, signed.envelope, signed.signatures)


async def test_nothing_waits_once_it_is_released(tmp_path: Path) -> None:
    """What needs no signature shows none to give."""
    async with manned(tmp_path) as there:
        alert = await submit(there, cap(), tokens=["anna-secret", "bert-secret"])
        assert None is (await there.do("message.show", id=alert.id))["waiting"]


@pytest.mark.parametrize("who", ["met", "duty"])
async def test_an_alert_names_the_same_people_whoever_brings_it(tmp_path: Path, who: str) -> None:
    """The names of geocodes are read for the node; a token has no say in them."""
    async with manned(tmp_path) as there:
        there.house.office.geocode_systems = {"CPEAS Geographic Code": "mca"}
        signers = ["anna-secret", "bert-secret"]
        accepted = await submit(there, cap(name="CPEAS Geographic Code"), who, tokens=signers)
        (objective,) = (await there.do("message.show", id=accepted.id))["objectives"]
        assert ["shuang"] == sorted({one["recipient"] for one in objective["deliveries"]})


async def test_an_area_that_cannot_be_looked_up_waits_for_a_person(tmp_path: Path) -> None:
    """With a sentence that says what to do, and not in silence; the plan says the same beforehand."""
    async with manned(tmp_path) as there:
        raw = cap(name="CPEAS Geographic Code").replace("Actual", "Exercise")
        assert ["say in [intake] geocode_systems whether that is mca or nbs"] == [
            sentence.rpartition("; ")[2] for sentence in (await there.do("route.explain", raw=raw.encode()))["unclear"]
        ]
        accepted = await submit(there, raw)
        assert ("held", True) == (accepted.state, "areas" in [verdict.check for verdict in accepted.verdicts if not verdict.ok])
        await there.sign(accepted.id, "anna")
        signed = await there.sign(accepted.id, "bert")  # an exercise takes the same hands as what is real
        assert "active" == signed.state


async def test_a_picture_is_uploaded_and_then_named(tmp_path: Path) -> None:
    """The message knows its size; the upload is in the audit with who made it; one that was never uploaded is refused with its name."""
    async with manned(tmp_path) as there:
        picture = b"\xff\xd8" * 500
        kept = await there.do("attachment.put", raw=picture)
        assert {"digest": hashlib.sha256(picture).hexdigest(), "size": 1000} == kept
        enclosed = [{"digest": kept["digest"], "name": "堤.jpg", "media_type": "image/jpeg"}]
        sent = await there.do("message.send", to=["wang"], text="到岗", attachments=enclosed)
        (row,) = await there.house.store.find(MESSAGE, "id = ?", sent.id)
        attachment = Attachment(row.id, 1, kept["digest"], 1000, "堤.jpg", "image/jpeg")
        assert [{**enclosed[0], "size": 1000, "given_up": []}] == (await there.do("message.show", id=sent.id))["attachments"]
        assert (attachment,) == attachments_of(msgspec.msgpack.decode(row.body, type=Message))
        (deed,) = await there.house.store.find(AUDIT, "action = 'attach'")
        assert ("duty", kept["digest"]) == (deed.actor, deed.content)
        absent = await there.do("message.submit", raw=order(attachments=[{"digest": "ab" * 32, "name": "b.jpg"}]))
        assert isinstance(absent, Refused)
        assert ("attachment-unknown", "attachments") == (absent.code, absent.where)
        assert f"attachment {'ab' * 32} (b.jpg) is not here" in absent.message
