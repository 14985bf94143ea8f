"""Which signatures count: of people who may still sign, at two hosts that are known, and of no two whom one administrator made ready."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from fenghuo.engine.release import Hand
from fenghuo.errors import NotAllowed
from fenghuo.model.delivery import Accepted
from tests.core.service.manned import cap
from tests.core.service.peopled import Peopled, peopled

DAY_S = 24 * 3600.0
ONE_HAND = r"^one administrator has changed the log-in or the right of li and of wang within a day; somebody else signs beside li$"


async def waiting(here: Peopled, number: int = 1) -> Accepted:
    """A public alert of somebody who signs nothing here."""
    author = await here.log_in("zhang")
    raw = cap(f"A-{number}", code="320585105").replace("T19:46:40", "T23:46:40").replace("1970-01-12T23", "1970-01-18T23")
    alert = await here.do(author, "alert.submit", raw=raw.encode())
    assert isinstance(alert, Accepted)
    assert "held" == alert.state
    return alert


async def staffed(here: Peopled, *names: str) -> None:
    await here.person("zhang", "operator")
    for name in names:
        await here.person(name, "operator", "releaser")


@pytest.mark.parametrize(
    ("verb", "args"),
    [("account.disable", {}), ("account.rights", {"rights": ("operator",)}), ("account.password", {})],
    ids=["disabled", "no releaser any more", "without a password"],
)
async def test_who_may_not_sign_any_more_has_not_signed(tmp_path: Path, verb: str, args: dict[str, Any]) -> None:
    """The signature of before releases nothing beside the next one, and two others do."""
    async with peopled(tmp_path) as here:
        await staffed(here, "li", "wang", "zhao")
        alert = await waiting(here)
        await here.sign(await here.log_in("li"), alert.id)
        await here.admin(verb, name="li", **args)
        signed = await here.sign(await here.log_in("wang"), alert.id)
        assert ("held", ("wang",), []) == (signed.state, signed.signatures, here.there.house.sent)
        assert "active" == (await here.sign(await here.log_in("zhao"), alert.id)).state


@pytest.mark.parametrize(("address", "state"), [("", ""), ("10.0.0.5", ""), ("10.0.0.6", "active")], ids=["unknown", "the same", "another"])
async def test_a_token_at_the_host_of_the_first_is_no_second_host(tmp_path: Path, address: str, state: str) -> None:
    """The name of a door is no host: where its owner sits is known, or it counts beside nobody."""
    async with peopled(tmp_path) as here:
        here.there.house.room.release.is_apart = True
        await staffed(here, "li")
        alert = await waiting(here)
        await here.sign(await here.log_in("li"), alert.id)
        anna = msgspec.structs.replace(here.there.desk.actor("anna-secret", "http"), address=address)
        mine = {"id": alert.id, "token": "anna-secret"}
        shown = await here.there.desk.do(anna, "alert.review", mine)
        signing = here.there.desk.do(anna, "alert.sign", {**mine, "envelope": shown["envelope"]})
        if state:
            assert state == (await signing).state
        else:
            with pytest.raises(NotAllowed, match=r"^li has signed .*; here the second signs at another host$"):
                await signing


async def test_a_source_that_signs_is_elsewhere(tmp_path: Path) -> None:
    """Its word is proved, and nobody sits at it: a person signs beside it from any host."""
    async with peopled(tmp_path) as here:
        house = here.there.house
        house.room.release.is_apart = True
        alert = await house.take(cap(code="320585105").encode(), vouched=("source:met",))
        assert isinstance(alert, Accepted)
        signed = await house.room.release.sign(alert.id, Hand("li", "5e55105e5510", "10.0.0.5"))
        assert ("held", "active", ("li", "source:met")) == (alert.state, signed.state, signed.signatures)


async def test_one_administrator_is_no_two_releasers(tmp_path: Path) -> None:
    """Whose log-ins one has reset, or whom one has made, sign together not before a day is over; each beside somebody else at once."""
    async with peopled(tmp_path) as here:
        await staffed(here, "li", "wang", "zhao")
        await here.person("root", "admin")
        here.clock.now += DAY_S
        root = await here.log_in("root")
        for name in ("li", "wang"):
            await here.enrol(name, (await here.do(root, "account.password", name=name))["code"])
        alert = await waiting(here)
        await here.sign(await here.log_in("li"), alert.id)
        with pytest.raises(NotAllowed, match=ONE_HAND):
            await here.sign(await here.log_in("wang"), alert.id)
        assert [] == here.there.house.sent
        assert "active" == (await here.sign(await here.log_in("zhao"), alert.id)).state
        assert [("root", "reset")] * 2 == [(one["by"], one["what"]) for one in await here.there.house.events("alarm.credentials_reset")]
        here.clock.now += DAY_S
        alert = await waiting(here, 2)
        for name in ("li", "wang"):
            await here.sign(await here.log_in(name), alert.id)
        assert here.there.house.sent


@pytest.mark.parametrize(("second", "is_one"), [("root", True), ("chief", False), ("", True)], ids=["one", "two", "a token"])
async def test_two_whom_two_administrators_made_are_two(tmp_path: Path, second: str, is_one: bool) -> None:
    """Behind the token of the console file may stand the one who made the other."""
    async with peopled(tmp_path) as here:
        await staffed(here)
        for name in ("root", "chief"):
            await here.person(name, "admin")
        here.clock.now += DAY_S
        for name, admin in (("li", "root"), ("wang", second)):
            new = {"name": name, "rights": ("releaser",)}
            made = await here.do(await here.log_in(admin), "account.add", **new) if admin else await here.admin("account.add", **new)
            await here.enrol(name, made["code"])
        alert = await waiting(here)
        await here.sign(await here.log_in("li"), alert.id)
        signing = here.sign(await here.log_in("wang"), alert.id)
        if is_one:
            with pytest.raises(NotAllowed, match=ONE_HAND):
                await signing
        else:
            assert "active" == (await signing).state


async def test_on_the_first_day_one_administrator_makes_everybody_ready(tmp_path: Path) -> None:
    """There is no other: two whom the same hand made release, and nobody is alarmed."""
    async with peopled(tmp_path) as here:
        await staffed(here, "li", "wang")
        alert = await waiting(here)
        for name in ("li", "wang"):
            await here.sign(await here.log_in(name), alert.id)
        assert (True, []) == (bool(here.there.house.sent), await here.there.house.events("alarm.credentials_reset"))
