"""The rules of a release one by one, judged by what leaves: what was shown is what is heard, for two minutes, by two who sit apart.

The numbers are those of security.md §3. What random people make of them: test_release_sequences.py; envelopes: engine/test_seals.py;
delegation: test_modes.py; sources and peers: engine/test_vouching.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fenghuo.errors import NotAllowed, ReleaseNeeded
from fenghuo.model.delivery import Accepted
from tests.core.service.manned import cap
from tests.core.service.peopled import Peopled, peopled

HUANG = "+8613800000003"
CORRECTION = "<parameter><valueName>fenghuo:correction</valueName><value>误报，无需转移</value></parameter><area>"


def told(identifier: str = "A-1", **changes: Any) -> bytes:
    """An alert for somebody who has a telephone, with its correction."""
    return cap(identifier, code="320585105", **changes).replace("<area>", CORRECTION, 1).encode()


async def staffed(here: Peopled, *names: str, traffic: str = "Actual") -> list[dict[str, Any]]:
    """Sessions of people who may write and sign."""
    for name in names:
        await here.person(name, "operator", "releaser")
    return [await here.log_in(name, traffic=traffic) for name in names]


async def released(here: Peopled, author: dict[str, Any], *signers: dict[str, Any], raw: bytes = b"") -> Accepted:
    """An alert that is brought by one and signed by others."""
    alert = await here.do(author, "alert.submit", raw=raw or told())
    assert isinstance(alert, Accepted)
    for session in signers:
        await here.sign(session, alert.id)
    return alert


async def test_1_where_there_are_two_hosts_two_sign_at_two(tmp_path: Path) -> None:
    """The second at the host of the first is refused, by whatever session; at the other it goes."""
    async with peopled(tmp_path) as here:
        here.there.house.room.release.is_apart = True
        author, first, second = await staffed(here, "zhang", "li", "wang")
        alert = await released(here, author, first)
        with pytest.raises(NotAllowed, match=r"^li has signed at 10.0.0.5 too; here the second signs at another host$"):
            await here.sign(second, alert.id)
        assert [] == here.there.house.sent
        await here.sign(await here.log_in("wang", address="10.0.0.6"), alert.id)
        assert here.there.house.sent


async def test_1_an_author_who_becomes_a_releaser_stays_the_author(tmp_path: Path) -> None:
    """A change of role makes nobody a second person."""
    async with peopled(tmp_path) as here:
        await here.person("dan", "operator")
        alert = await released(here, await here.log_in("dan"))
        await here.admin("account.rights", name="dan", rights=("operator", "releaser"))
        await here.enrol("dan", (await here.admin("account.password", name="dan"))["code"])
        with pytest.raises(NotAllowed, match=r"^dan wrote this message and may not release it$"):
            await here.sign(await here.log_in("dan"), alert.id)


async def test_2_what_is_shown_is_what_leaves(tmp_path: Path) -> None:
    """Letter by letter, by the channels that were named, to as many as were told, with the correction that one person sends."""
    async with peopled(tmp_path) as here:
        author, li, wang = await staffed(here, "zhang", "li", "wang")
        alert = await released(here, author, li)
        shown = await here.do(wang, "alert.review", id=alert.id)
        await here.do(wang, "alert.sign", id=alert.id, envelope=shown["envelope"])
        heard = {mail.channel: mail.text for mail in here.there.house.sent}
        texts = {name: made["text"] for made in shown["renditions"] for name in made["channels"]}
        assert heard.items() <= texts.items()
        assert len({mail.address for mail in here.there.house.sent}) <= shown["people"]
        assert ("误报，无需转移", True, True, ["li"], 2) == (*shown["correction"].values(), shown["live"], shown["signed"], shown["needed"])
        assert [{"area": "mca:320585105", "name": ""}] == [{**area, "name": ""} for area in shown["areas"]]


async def test_3_what_was_shown_may_be_signed_for_two_minutes_by_that_session_alone(tmp_path: Path) -> None:
    """Neither later, nor by another session of the same person, nor by another person, nor unseen."""
    async with peopled(tmp_path) as here:
        author, li, wang, zhao = await staffed(here, "zhang", "li", "wang", "zhao")
        alert = await released(here, author, li)
        other = await here.log_in("wang")
        envelope = (await here.do(wang, "alert.review", id=alert.id))["envelope"]
        for session, shown in ((other, envelope), (zhao, envelope), (wang, ""), (wang, "0" * 64)):
            with pytest.raises(ReleaseNeeded, match=r"look"):
                await here.do(session, "alert.sign", id=alert.id, envelope=shown)
        here.clock.now += 121.0
        with pytest.raises(ReleaseNeeded, match=r"^wang was not shown this in the last 120 s by this way in"):
            await here.do(wang, "alert.sign", id=alert.id, envelope=envelope)
        assert [] == here.there.house.sent
        for session in (li, wang):
            await here.sign(session, alert.id)
        assert here.there.house.sent


async def test_3_any_edit_voids_what_was_signed(tmp_path: Path) -> None:
    """Other words under way: the signature of before counts for nothing, and the old words are heard by nobody."""
    async with peopled(tmp_path) as here:
        author, li, wang = await staffed(here, "zhang", "li", "wang")
        alert = await released(here, author, li)
        named = "</scope><references>met@example.org,A-1,1970-01-12T13:46:40-00:00</references>"
        raw = told("A-2", action="Update").replace(b"</scope>", named.encode()).replace("立即".encode(), "马上".encode())
        await here.do(author, "alert.submit", raw=raw)
        assert (("wang",), []) == ((await here.sign(wang, alert.id)).signatures, here.there.house.sent)
        await here.sign(li, alert.id)
        assert {"马上转移"} == {mail.text.partition("#")[0] for mail in here.there.house.sent}


async def test_5_one_person_corrects_in_the_signed_words_on_everything_that_was_used(tmp_path: Path) -> None:
    """One act; whoever got it hears it, by the way it came; a second press tells nobody twice."""
    async with peopled(tmp_path) as here:
        author, li, wang = await staffed(here, "zhang", "li", "wang")
        alert = await released(here, author, li, wang)
        sent = here.there.house.sent
        used = {(mail.channel, mail.address) for mail in sent}
        before = len(sent)
        for state in ("active", "duplicate"):
            assert state == (await here.do(await here.log_in("li"), "alert.correct", id=alert.id)).state
        after = sent[before:]
        assert ({"误报，无需转移"}, used) == (
            {mail.text.partition("#")[0] for mail in after},
            {(mail.channel, mail.address) for mail in after},
        )


async def test_5_other_words_are_a_new_message_that_waits_for_two_and_is_ready_everywhere(tmp_path: Path) -> None:
    """Planned for whoever got the alert before anybody has signed; its author does not sign it."""
    async with peopled(tmp_path) as here:
        author, li, wang = await staffed(here, "zhang", "li", "wang")
        alert = await released(here, author, li, wang)
        sent = here.there.house.sent
        used, before = {(mail.channel, mail.address) for mail in sent}, len(sent)
        held = await here.do(li, "alert.correct", id=alert.id, text="警报已经解除，可以返回")
        assert ("held", before) == (held.state, len(sent))
        with pytest.raises(NotAllowed, match=r"^li wrote this message"):
            await here.sign(li, alert.id)
        for session in (author, wang):
            await here.sign(session, alert.id)
        after = sent[before:]
        assert {"警报已经解除，可以返回"} == {mail.text.partition("#")[0] for mail in after}
        assert used <= {(mail.channel, mail.address) for mail in after}


async def test_5_a_correction_in_an_update_that_nobody_signed_is_spoken_by_nobody(tmp_path: Path) -> None:
    """It came when all was over, and a second Cancel would have said it: one person's words would have been heard by everybody."""
    async with peopled(tmp_path) as here:
        author, li, wang = await staffed(here, "zhang", "li", "wang")
        alert = await released(here, author, li, wang)
        await here.do(author, "alert.correct", id=alert.id)
        named = "</scope><references>met@example.org,A-1,1970-01-12T13:46:40-00:00</references>"
        late = told("A-2", action="Update").replace(b"</scope>", named.encode()).replace("误报，无需转移".encode(), "快跑".encode())
        await here.do(author, "alert.submit", raw=late)
        await here.do(author, "alert.cancel", id=alert.id, reason="再说一遍")
        assert not [mail.text for mail in here.there.house.sent if "快跑" in mail.text or "再说一遍" in mail.text]
        assert [mail.text for mail in here.there.house.sent if "误报，无需转移" in mail.text]


async def test_9_a_drill_takes_the_same_hands_and_is_stamped(tmp_path: Path) -> None:
    """Two who are not its author, by sessions of its own; what leaves says what it is."""
    async with peopled(tmp_path) as here:
        author, li, wang = await staffed(here, "zhang", "li", "wang", traffic="Exercise")
        raw = told().replace(b"<status>Actual", b"<status>Exercise")
        alert = await released(here, author, li, raw=raw)
        assert [] == here.there.house.sent
        shown = await here.do(wang, "alert.review", id=alert.id)
        assert (False, True) == (shown["live"], all("【演练】" in made["text"] for made in shown["renditions"] if made["text"]))
        await here.do(wang, "alert.sign", id=alert.id, envelope=shown["envelope"])
        assert {True} == {"【演练】" in mail.text for mail in here.there.house.sent}


async def test_what_waits_is_a_topic_of_its_own(tmp_path: Path) -> None:
    """With who has signed and until when; gone once it goes out."""
    async with peopled(tmp_path) as here:
        author, li, wang = await staffed(here, "zhang", "li", "wang")
        alert = await released(here, author, li)
        data = (await here.do(wang, "state", topics=["release"]))["data"]
        line = data[f"release/{alert.id}"]
        assert (2, ["li"], True, []) == (line["needed"], [one["name"] for one in line["signed"]], line["live"], line["widened"])
        await here.sign(wang, alert.id)
        assert {f"release/{alert.id}": None} == (await here.do(wang, "state", paths=[f"release/{alert.id}"]))["data"]
