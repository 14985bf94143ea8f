"""Two-person release by sessions: two people, each by a session of their own, never the author, never across actual and exercise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fenghuo.errors import NotAllowed, ReleaseNeeded, WrongTraffic
from fenghuo.model.delivery import Refused
from tests.core.service.manned import cap
from tests.core.service.peopled import Peopled, peopled


async def held(here: Peopled, author: dict[str, Any]) -> Any:
    """A public alert that two people must release."""
    return await here.do(author, "alert.submit", raw=cap().encode())


async def test_two_people_release_by_two_sessions_and_the_author_never(tmp_path: Path) -> None:
    """One rule for accounts and tokens: the author not at all, nobody twice by whatever many sessions, then two are enough."""
    async with peopled(tmp_path) as here:
        for name in ("zhang", "li", "wang"):
            await here.person(name, "operator", "releaser")
        author = await here.log_in("zhang")
        alert = await held(here, author)
        assert "held" == alert.state
        for mine in (author, await here.log_in("zhang")):
            with pytest.raises(NotAllowed, match=r"^zhang wrote this message and may not release it$"):
                await here.sign(mine, alert.id)
        for _ in range(2):
            signed = await here.sign(await here.log_in("li"), alert.id)
            assert ("held", ("li",)) == (signed.state, signed.signatures)
        signed = await here.sign(await here.log_in("wang"), alert.id)
        assert ("active", ("li", "wang")) == (signed.state, signed.signatures)
        doors = [row.door for row in await here.audited("sign")]
        assert (3, 3) == (len(doors), len({door for door in doors if door.startswith("test/")}))


async def test_a_person_and_their_token_are_one(tmp_path: Path) -> None:
    """Two signatures from one person's two ways in count as one; a token of another's counts as before."""
    async with peopled(tmp_path) as here:
        await here.person("zhang", "operator")
        await here.person("anna", "releaser")
        alert = await held(here, await here.log_in("zhang"))
        await here.sign(await here.log_in("anna"), alert.id)
        signed = await here.there.sign(alert.id, "anna")
        assert ("held", ("anna",)) == (signed.state, signed.signatures)
        signed = await here.there.sign(alert.id, "bert")
        assert ("active", ("anna", "bert")) == (signed.state, signed.signatures)


async def test_a_session_signs_for_its_own_person_alone(tmp_path: Path) -> None:
    """No token of another's by it, neither for a signature nor with a message nor for a Cancel; no signature without the right."""
    async with peopled(tmp_path) as here:
        await here.person("zhang", "operator")
        await here.person("li", "releaser")
        author, hers = await here.log_in("zhang"), await here.log_in("li")
        alert = await held(here, author)
        alone = r"^(zhang|li) signs for (zhang|li) alone; whoever signs as well does so in a session of their own$"
        calls: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
            (hers, "alert.sign", {"id": alert.id, "token": "anna-secret"}),
            (author, "alert.submit", {"raw": cap("A-2").encode(), "tokens": ["anna-secret", "bert-secret"]}),
        ]
        for session, verb, args in calls:
            with pytest.raises(NotAllowed, match=alone):
                await here.do(session, verb, **args)
        with pytest.raises(NotAllowed, match=r"^zhang may not sign; that takes the right releaser$"):
            await here.sign(author, alert.id)
        assert [] == (await here.audited("sign"))


async def test_an_exercise_session_touches_nothing_actual(tmp_path: Path) -> None:
    """It neither brings, signs nor cancels what is real, and the other way round; each is told to log in for the other."""
    async with peopled(tmp_path) as here:
        await here.person("zhang", "operator")
        await here.person("li", "operator", "releaser")
        real, drill = await here.log_in("zhang"), await here.log_in("zhang", traffic="Exercise")
        alert = await held(here, real)
        crossing = r"^(zhang|li) is logged in for Exercise, and this is Actual; the other needs a log-in of its own$"
        for session, verb in ((drill, "alert.cancel"), (await here.log_in("li", traffic="Exercise"), "alert.sign")):
            with pytest.raises(WrongTraffic, match=crossing):
                await here.do(session, verb, id=alert.id)
        for session, raw in ((drill, cap("A-2")), (real, cap("A-3").replace("Actual", "Exercise"))):
            refused = await here.do(session, "alert.submit", raw=raw.encode())
            assert isinstance(refused, Refused)
            assert "wrong-traffic" == refused.code
        called = await here.do(drill, "rollcall.call", to=["person:shuang"], text="点名", traffic="Actual")
        assert [(None, "refused")] == [(one["message"], one["state"]) for one in called["calls"]]
        assert "wrong-traffic" == (await here.do(drill, "message.send", to=["person:shuang"], text="集合", traffic="Actual")).code
        exercise = await here.do(drill, "alert.submit", raw=cap("A-4").replace("Actual", "Exercise").encode())
        with pytest.raises(WrongTraffic, match=r"^li is logged in for Actual, and this is Exercise; the other needs a log-in of its own$"):
            await here.sign(await here.log_in("li"), exercise.id)


async def test_an_account_speaks_for_its_areas(tmp_path: Path) -> None:
    """What it says of another's area waits for a person, as of a token."""
    async with peopled(tmp_path) as here:
        await here.person("zhang", "operator", areas=["mca:320583"])
        alert = await held(here, await here.log_in("zhang"))
        (verdict,) = [one for one in alert.verdicts if one.check == "authority"]
        assert ("held", "area", False) == (alert.state, verdict.value, verdict.ok)


async def test_a_locked_session_ends_what_goes_out_and_signs_nothing(tmp_path: Path) -> None:
    """STOP stays in reach of whoever sits there; a release does not."""
    async with peopled(tmp_path) as here:
        await here.person("zhang", "operator")
        await here.person("li", "operator", "releaser")
        alert = await held(here, await here.log_in("zhang"))
        locked = await here.log_in("li")
        here.clock.now += 16 * 60.0
        with pytest.raises(NotAllowed, match=r"^li may not alert.sign by a session that is locked"):
            await here.sign(locked, alert.id)
        assert "active" == (await here.do(locked, "alert.cancel", id=alert.id)).state
        with pytest.raises(ReleaseNeeded):
            await here.sign(await here.log_in("li"), alert.id)
