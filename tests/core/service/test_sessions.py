"""Sessions: who gets in, who stays out, when a session is locked and when it is over, and what the store knows of it."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import msgspec
import pytest

from fenghuo.errors import FormatError, NotAllowed, NotAuthenticated, Overloaded
from fenghuo.service.people import People
from fenghuo.service.second_factor import STEP_S
from fenghuo.store.tables import ACCOUNT, SESSION
from tests.core.service.peopled import CHEAP, DESK_ADDRESS, peopled

WRONG = r"^the name, the password or the code is wrong$"
OVER = r"^the session is over or not known here; log in$"
ELSEWHERE = "192.0.2.1"


async def test_a_log_in_is_a_person_with_rights_and_stands_in_the_audit(tmp_path: Path) -> None:
    """Who, with which rights, for which traffic, from where, how; the store has a hash where the cookie has the session."""
    async with peopled(tmp_path) as here:
        await here.person("zhang", "operator", "releaser", display="张伟")
        mine = await here.log_in("zhang")
        assert ("zhang", "张伟", ("operator", "releaser"), "Actual") == tuple(mine[key] for key in ("name", "display", "rights", "traffic"))
        me = await here.do(mine, "session.show")
        assert (("operator", "releaser"), DESK_ADDRESS, False) == (me["may"], me["session"]["address"], me["session"]["locked"])
        (row,) = await here.there.house.store.find(SESSION)
        assert (64, False) == (len(row.id), mine["session"] in str(row))
        (record,) = await here.audited("log-in")
        assert ("zhang", "operator+releaser", f"log-in/{row.id[:12]}", "Actual") == (record.actor, record.role, record.door, record.traffic)
        assert {"address": DESK_ADDRESS, "by": "password+code"} == msgspec.json.decode(record.detail)
        assert len({(await here.log_in("zhang"))["session"] for _ in range(3)}) == 3


async def test_whatever_is_wrong_is_one_answer(tmp_path: Path) -> None:
    """Name, password, code, an old code, a disabled account; the audit has the account, and of a strange name nothing."""
    async with peopled(tmp_path) as here:
        await here.person("zhang", "releaser")
        await here.person("li", "viewer")
        await here.admin("account.disable", name="li")
        used = here.code("zhang")
        await here.log_in("zhang", code=used)
        for said in ({"password": "Tide-table 4712"}, {"code": ""}, {"code": "000000"}, {"code": used}):
            with pytest.raises(NotAuthenticated, match=WRONG):
                await here.log_in("zhang", **said)
        for name in ("li", "my-Passw0rd-in-the-wrong-field"):
            with pytest.raises(NotAuthenticated, match=WRONG):
                await here.log_in(name)
        failed = await here.audited("log-in-failed")
        assert ["account/zhang"] * 4 + ["account/li", "account/?"] == [row.object for row in failed]


async def test_one_code_opens_one_session_even_at_the_same_moment(tmp_path: Path) -> None:
    """Two log-ins with one code: whoever is second is refused."""
    async with peopled(tmp_path) as here:
        await here.person("zhang", "releaser")
        code = here.code("zhang")
        here.clock.now -= 2 * STEP_S
        done = await asyncio.gather(*(here.log_in("zhang", code=code) for _ in range(2)), return_exceptions=True)
        assert [True, False] == sorted((isinstance(one, dict) for one in done), reverse=True)
        assert 1 == len(await here.there.house.store.find(SESSION))


async def test_guessing_is_slowed_and_the_duty_officer_gets_in(tmp_path: Path) -> None:
    """From elsewhere the account and the address wait, with the seconds; the lock is in the audit; the desk is not touched by it."""
    async with peopled(tmp_path) as here:
        await here.person("zhang", "operator")
        for _ in range(5):
            with pytest.raises(NotAuthenticated):
                await here.log_in("zhang", password="wrong-Password 1", address=ELSEWHERE)
            here.clock.now -= STEP_S
        here.clock.now -= STEP_S
        with pytest.raises(Overloaded, match=r"^too many log-ins have failed; wait$") as caught:
            await here.log_in("zhang", address=ELSEWHERE)
        assert caught.value.retry_after_s > 0
        assert ["account/zhang"] == [row.object for row in await here.audited("log-in-lock")]
        assert "zhang" == (await here.log_in("zhang"))["name"]


async def test_without_the_nonce_a_session_only_sees(tmp_path: Path) -> None:
    """A page of another origin that made the browser send the cookie reads at the most; a wrong nonce is nobody."""
    async with peopled(tmp_path) as here:
        await here.person("zhang", "operator")
        mine = await here.log_in("zhang")
        bare = here.there.desk.member(mine["session"], "", "test")
        assert ("viewer", "locked") == bare.rights
        assert [] == await here.there.desk.do(bare, "message.ls", {})
        with pytest.raises(NotAllowed):
            await here.there.desk.do(bare, "message.send", {"to": ["person:wang"], "text": "x"})
        with pytest.raises(NotAllowed, match=r"^zhang may not sign by a session that is locked or whose nonce is missing; log in again$"):
            here.there.desk.signer_of(bare, "")
        other = await here.log_in("zhang")
        for nonce in (other["csrf"], mine["csrf"] + "x"):
            with pytest.raises(NotAuthenticated, match=r"^the nonce is not the one of this session; log in again$"):
                here.there.desk.member(mine["session"], nonce, "test")


async def test_a_session_that_is_used_from_elsewhere_is_over_for_both(tmp_path: Path) -> None:
    """Whoever copied the cookie is refused, and so is its person from then on; somebody hears of it. A new log-in is another session."""
    async with peopled(tmp_path) as here:
        await here.person("zhang", "operator")
        mine = await here.log_in("zhang", address="192.0.2.1")
        desk = here.there.desk
        assert ("operator",) == desk.member(mine["session"], mine["csrf"], "test", "192.0.2.1").rights
        with pytest.raises(NotAuthenticated, match=r"^the session was opened at another address, and is over; log in$"):
            desk.member(mine["session"], mine["csrf"], "test", "192.0.2.66")
        with pytest.raises(NotAuthenticated, match=OVER):
            desk.member(mine["session"], mine["csrf"], "test", "192.0.2.1")
        await here.there.house.settle()
        (told,) = [event for event in await here.there.house.store.events.read(0, 1000) if event.type == "alarm.session_moved"]
        says = "the session of zhang was opened at 192.0.2.1 and used from 192.0.2.66: it is over, and whoever it is logs in again"
        assert ("account/zhang", says) == (told.subject, told.body["message"])
        again = await here.log_in("zhang", address="192.0.2.1")
        assert ("operator",) == desk.member(again["session"], again["csrf"], "test", "192.0.2.1").rights


async def test_a_session_that_does_nothing_is_locked_and_still_stops(tmp_path: Path) -> None:
    """After 15 minutes it sees, and an operator's ends messages; reading keeps no session awake; after 12 h it is over."""
    async with peopled(tmp_path) as here:
        await here.person("zhang", "operator")
        mine = await here.log_in("zhang")
        here.clock.now += 14 * 60.0
        assert ("operator",) == here.member(mine).rights
        for _ in range(2):
            here.clock.now += 10 * 60.0
            here.there.desk.member(mine["session"], "", "test")
        assert ("viewer", "locked", "stop") == here.member(mine).rights
        assert (await here.do(mine, "session.show"))["session"]["locked"]
        with pytest.raises(NotAllowed):
            await here.do(mine, "message.send", to=["person:wang"], text="x")
        here.clock.now += 12 * 3600.0
        with pytest.raises(NotAuthenticated, match=OVER):
            here.member(mine)
        await here.people.sessions.look()
        assert [] == await here.there.house.store.find(SESSION)
        assert ["account/zhang"] == [row.object for row in await here.audited("session-over")]


async def test_a_change_of_the_account_ends_its_sessions_at_once(tmp_path: Path) -> None:
    """Rights, password, disable, end-sessions; nobody else's end."""
    async with peopled(tmp_path) as here:
        await here.person("zhang", "operator")
        await here.person("li", "operator")
        hers = await here.log_in("li")
        for verb, args in (("rights", {"rights": ["operator"]}), ("end_sessions", {}), ("disable", {}), ("password", {})):
            mine = await here.log_in("zhang")
            await here.admin(f"account.{verb}", name="zhang", **args)
            with pytest.raises(NotAuthenticated, match=OVER):
                here.member(mine)
            await here.admin("account.enable", name="zhang")
        assert "li" == here.member(hers).name
        assert ["li"] == [row.account for row in await here.there.house.store.find(SESSION)]


async def test_a_log_out_ends_one_session(tmp_path: Path) -> None:
    """The other one of the same person goes on."""
    async with peopled(tmp_path) as here:
        await here.person("zhang", "operator")
        mine, other = await here.log_in("zhang"), await here.log_in("zhang")
        await here.do(mine, "session.close")
        with pytest.raises(NotAuthenticated, match=OVER):
            here.member(mine)
        assert ("zhang", ["account/zhang"]) == (here.member(other).name, [row.object for row in await here.audited("log-out")])


async def test_sessions_outlive_a_restart(tmp_path: Path) -> None:
    """With the moment of their last act, as of the last minute."""
    async with peopled(tmp_path) as here:
        await here.person("zhang", "operator")
        mine = await here.log_in("zhang")
        here.clock.now += 14 * 60.0
        here.member(mine)
        await here.people.sessions.look()
        here.clock.now += 14 * 60.0
        again = await People.of(CHEAP, here.there.house.store, here.clock, node="taicang")
        actor = again.sessions.member(mine["session"], mine["csrf"], "test")
        assert ("zhang", ("operator",)) == (actor.name, actor.rights)


async def test_a_ninth_session_ends_the_first(tmp_path: Path) -> None:
    """What one account keeps open has a bound."""
    async with peopled(tmp_path) as here:
        await here.person("zhang", "operator")
        first, *others = [await here.log_in("zhang") for _ in range(9)]
        with pytest.raises(NotAuthenticated, match=OVER):
            here.member(first)
        assert {"zhang"} == {here.member(one).name for one in others}
        assert 8 == len(await here.there.house.store.find(SESSION))


async def test_a_hash_is_made_anew_at_the_log_in_when_it_is_to_cost_more(tmp_path: Path) -> None:
    """And the same password opens it after that."""
    async with peopled(tmp_path) as here:
        await here.person("zhang", "operator")
        dearer = await People.of(msgspec.structs.replace(CHEAP, memory_kib=16), here.there.house.store, here.clock, node="taicang")
        dearer.join(here.there.desk, here.there.house.office)
        for _ in range(2):
            await here.log_in("zhang")
            (row,) = await here.there.house.store.find(ACCOUNT)
            assert "$m=16,t=1,p=1$" in row.password


async def test_nobody_gives_rights_to_themselves(tmp_path: Path) -> None:
    """Not even an administrator, by a session."""
    async with peopled(tmp_path) as here:
        await here.person("root", "admin")
        mine = await here.log_in("root")
        with pytest.raises(FormatError, match=r"^nobody gives rights to themselves; another administrator may$"):
            await here.do(mine, "account.rights", name="root", rights=["releaser"])
        assert "root" == here.member(mine).name
        assert "invited" == (await here.do(mine, "account.add", name="li", rights=["releaser"]))["state"]


async def test_a_client_certificate_that_is_pinned_is_a_second_factor(tmp_path: Path) -> None:
    """In place of a code, beside the password and never without it; whoever has no other factor needs it; another one is none."""
    async with peopled(tmp_path) as here:
        await here.person("li", "releaser")
        await here.person("zhang", "operator")
        mine, others = "ab" * 32, "cd" * 32
        for name in ("li", "zhang"):
            assert mine == (await here.admin("account.certificate", name=name, sha256=mine))["certificate"]
            await here.log_in(name, code="", certificate=mine)
        with pytest.raises(FormatError, match=r"is no SHA-256 in 64 small hexadecimal figures"):
            await here.admin("account.certificate", name="li", sha256="AB")
        wrongs = ({"certificate": others}, {"certificate": ""}, {"certificate": mine, "password": "wrong"})
        for name, wrong in itertools.product(("li", "zhang"), wrongs):
            with pytest.raises(NotAuthenticated):
                await here.log_in(name, **{"code": "", **wrong})
        await here.log_in("li")
        assert ["password+certificate", "password+certificate", "password+code"] == [
            msgspec.json.decode(row.detail)["by"] for row in await here.audited("log-in")
        ]
        await here.admin("account.certificate", name="zhang", sha256="")
        await here.log_in("zhang")
