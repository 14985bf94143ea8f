"""Accounts: from a one-time code to a password and back, each change in the audit, and nothing secret in the store."""

from __future__ import annotations

import base64
import contextlib
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from fenghuo.errors import FormatError, NotAuthenticated, NotFound, Overloaded
from fenghuo.service.people import People
from fenghuo.service.second_factor import STEP_S
from fenghuo.store.disk import DATABASE
from fenghuo.store.tables import EVENT
from tests.core.service.peopled import CHEAP, DOOR, PASSWORD, peopled


async def test_an_account_from_its_code_to_its_end(tmp_path: Path) -> None:
    """Added, enrolled by the person, changed, reset, disabled, enabled; each in the audit with who did it, no secret in any of it."""
    async with peopled(tmp_path) as here:
        added = await here.admin("account.add", name="zhang", display="张伟", rights=["releaser", "operator"], areas=["mca:320585"])
        assert ("invited", ("operator", "releaser"), ("mca:320585",)) == (added["state"], added["rights"], added["areas"])
        await here.enrol("zhang", added["code"].lower().replace("-", " "))
        assert {"zhang"} == here.secrets.keys()
        with pytest.raises(NotAuthenticated, match=r"^the name or the one-time code is wrong, or the code is over$"):
            await here.enrol("zhang", added["code"], "Another-one 4712")
        (shown,) = await here.admin("account.ls")
        assert ("张伟", "active", True, 0) == (shown["display"], shown["state"], shown["factor"], shown["sessions"])
        await here.admin("account.rights", name="zhang", rights=["operator"])
        reset = await here.admin("account.password", name="zhang")
        await here.admin("account.disable", name="zhang")
        with pytest.raises(NotAuthenticated):
            await here.enrol("zhang", reset["code"])
        assert "invited" == (await here.admin("account.enable", name="zhang"))["state"]
        deeds = [*await here.audited("account-add"), *await here.audited("account-rights")]
        assert [("console", "account/zhang")] == [(row.actor, row.object) for row in deeds if row.action == "account-add"]
        scope = {"areas": ["mca:320585"], "post": "", "level": ""}
        assert {"before": ["operator", "releaser"], "rights": ["operator"], **scope} == msgspec.json.decode(deeds[-1].detail)
        for action in ("account-password", "account-disable", "account-enable"):
            assert 1 == len(await here.audited(action))
        state = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file() and file.suffix != ".key")
        for secret in (PASSWORD.encode(), added["code"].encode(), added["code"].replace("-", "").encode(), here.secrets["zhang"]):
            assert secret not in state


async def test_a_code_is_over_after_a_day(tmp_path: Path) -> None:
    """What lay about in a drawer opens nothing."""
    async with peopled(tmp_path) as here:
        code = (await here.admin("account.add", name="zhang", rights=["viewer"]))["code"]
        here.clock.now += 24 * 3600.0
        with pytest.raises(NotAuthenticated):
            await here.enrol("zhang", code)


async def test_the_set_up_code_makes_one_administrator(tmp_path: Path) -> None:
    """At the first start alone, once, and never with a wrong one; the next start says nothing."""
    async with peopled(tmp_path) as here:
        code = here.people.set_up
        assert code in here.people.greeting()
        with pytest.raises(NotAuthenticated):
            await here.enrol("root", "AAAA-AAAA-AAAA-AAAA")
        await here.enrol("root", code)
        assert [("root", ("admin",), "active", True)] == [
            (one["name"], one["rights"], one["state"], one["factor"]) for one in await here.admin("account.ls")
        ]
        with pytest.raises(NotAuthenticated):
            await here.enrol("second", code)
        again = await People.of(CHEAP, here.there.house.store, here.clock, node="taicang")
        assert ("", "") == (again.set_up, again.greeting())


@pytest.mark.may_block("the file is altered by hand, as a failing disk does")
async def test_an_account_that_cannot_be_read_is_no_reason_for_a_set_up_code(tmp_path: Path) -> None:
    """Else whoever damages one row makes themselves administrator."""
    async with peopled(tmp_path) as here:
        await here.enrol("root", here.people.set_up)
        with contextlib.closing(sqlite3.connect(tmp_path / "state" / DATABASE, isolation_level=None)) as disk:
            disk.execute("UPDATE account SET rights = '[]'")
        again = await People.of(CHEAP, here.there.house.store, here.clock, node="taicang")
        assert ("", []) == (again.set_up, list(again.accounts))


async def test_a_right_that_needs_a_second_factor_makes_its_person_enrol_anew(tmp_path: Path) -> None:
    """Else a password alone would release."""
    async with peopled(tmp_path) as here:
        await here.person("zhang", "operator")
        assert {} == here.secrets
        changed = await here.admin("account.rights", name="zhang", rights=["operator", "releaser"])
        with pytest.raises(NotAuthenticated):
            await here.log_in("zhang")
        await here.enrol("zhang", changed["code"])
        assert ("operator", "releaser") == (await here.log_in("zhang"))["rights"]


async def test_a_second_factor_may_be_wanted(tmp_path: Path) -> None:
    """By whoever needs none: from then on the password alone does not open."""
    async with peopled(tmp_path) as here:
        code = (await here.admin("account.add", name="zhang", rights=["viewer"]))["code"]
        await here.enrol("zhang", code, factor=True)
        with pytest.raises(NotAuthenticated):
            await here.log_in("zhang", code="")
        assert "zhang" == (await here.log_in("zhang"))["name"]


async def test_what_cannot_be_an_account_is_refused_with_what_would_be_right(tmp_path: Path) -> None:
    """Name, area, rights, display, a name that is taken, nobody's name, a weak password."""
    refusals: dict[str, dict[str, Any]] = {
        "the name 'Zhang Wei' cannot be used; it must be 2 to 32 small letters, figures, dots, hyphens or underscores": {
            "name": "Zhang Wei"
        },
        "there is an account zhang already": {"name": "zhang"},
        "whoever is admin may not be releaser as well (separation of duties); give it to another person": {"rights": ["admin", "releaser"]},
        "the display name has 65 characters; it must be at most 64, on one line": {"display": "x" * 65},
    }
    async with peopled(tmp_path) as here:
        code = (await here.admin("account.add", name="zhang", rights=["viewer"]))["code"]
        for sentence, wrong in refusals.items():
            with pytest.raises(FormatError) as caught:
                await here.admin("account.add", **({"name": "li", "rights": ["viewer"]} | wrong))
            assert sentence == str(caught.value)
        with pytest.raises(FormatError, match=r"^the area cannot be used: "):
            await here.admin("account.add", name="li", rights=["viewer"], areas=["here"])
        with pytest.raises(NotFound, match=r"^nobody has the account 'li'$"):
            await here.admin("account.disable", name="li")
        with pytest.raises(FormatError, match=r"^the password has 5 characters; it must have 12 to 256$"):
            await here.enrol("zhang", code, "short")
        await here.enrol("zhang", code)


async def test_codes_are_not_guessed(tmp_path: Path) -> None:
    """A wrong one-time code costs what a wrong password costs."""
    async with peopled(tmp_path) as here:
        await here.admin("account.add", name="zhang", rights=["viewer"])
        wrong = {"name": "zhang", "code": "AAAA-AAAA-AAAA-AAAA", "password": PASSWORD, "address": "192.0.2.1"}
        for _ in range(5):
            with pytest.raises(NotAuthenticated):
                await here.there.desk.do(DOOR, "account.enrol", wrong)
        with pytest.raises(Overloaded, match=r"^too many log-ins have failed; wait$"):
            await here.there.desk.do(DOOR, "account.enrol", wrong)


async def test_another_authenticator_takes_the_place_of_the_one_of_before(tmp_path: Path) -> None:
    """By the password and its code alone; every session ends, and who is on duty hears of a releaser's."""
    async with peopled(tmp_path) as here:
        await here.person("zhang", "releaser")
        here.clock.now += 2 * 86_400  # the first day, on which one administrator makes everybody ready, is over
        session = await here.log_in("zhang")
        before = here.secrets["zhang"]
        here.clock.now += STEP_S
        proof = {"name": "zhang", "password": PASSWORD, "code": here.code("zhang")}
        for wrong in ({**proof, "code": "000000"}, {**proof, "password": "Tide-table 4712"}):
            with pytest.raises(NotAuthenticated):
                await here.admin("account.factor", **wrong)
        here.clock.now += 60.0
        done = await here.admin("account.factor", **{**proof, "code": here.code("zhang")})
        assert done["qr"].startswith("data:image/svg+xml,")
        with pytest.raises(NotAuthenticated):
            here.member(session)
        text = parse_qs(urlsplit(done["otpauth"]).query)["secret"][0]
        here.secrets["zhang"] = base64.b32decode(text + "=" * (-len(text) % 8))
        assert before != here.secrets["zhang"]
        assert "zhang" == (await here.log_in("zhang"))["name"]
        assert ["account/zhang"] == [row.object for row in await here.audited("account-factor")]
        told = await here.there.house.store.find(EVENT, "type = 'alarm.credentials_reset' ORDER BY seq")
        assert "console changed the authenticator of zhang" == msgspec.json.decode(told[-1].body)["message"]
