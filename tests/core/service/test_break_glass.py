"""One duty leader alone lets a message go that was approved beforehand, and nothing else; everybody hears it, somebody else reviews it."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from fenghuo.errors import FormatError, NotAllowed, NotAuthenticated, NotFound
from fenghuo.plugin.ports import Actor
from fenghuo.service.break_glass import BreakGlass
from fenghuo.service.desk_break_glass import BreakGlassVerbs
from fenghuo.service.settings_values import BreakGlassSettings, TemplateSettings
from fenghuo.store.tables import EVENT, MESSAGE
from tests.core.service.manned import cap
from tests.core.service.peopled import PASSWORD, Peopled, peopled
from tests.core.service.test_duty import rostered

MACHINE = Actor("console", ("operator", "viewer", "admin", "source"), "socket")
KEY = "what stands in the key file"
REASON = "堤防溃口，值班长失联"


class Glazed:
    """Everything that it takes, all right; a test takes one thing away."""

    def __init__(self, here: Peopled, glass: BreakGlass) -> None:
        self.here, self.glass = here, glass

    async def release(self, actor: Actor = MACHINE, **changed: Any) -> Any:
        """With the next code of the leader's authenticator."""
        self.here.clock.now += 60.0
        name = changed.get("name", "liu")
        said = {"name": name, "password": PASSWORD, "code": self.here.code(name), "template": "dyke", "reason": REASON, "key": KEY}
        answer = await self.here.there.desk.do(actor, "break_glass.release", {**said, **changed})
        await self.here.there.house.settle()
        return answer

    async def told(self) -> list[str]:
        return [row.type for row in await self.here.there.house.store.find(EVENT, "subject LIKE 'break_glass/%' ORDER BY seq")]


@asynccontextmanager
async def glazed(folder: Path, *, approved_by: tuple[str, ...] = ("anna", "bert"), **scope: Any) -> AsyncIterator[Glazed]:
    """Leaders on duty, a key, and a public alert that two people have approved. `scope`: of liu, who leads."""
    raw = cap().encode()
    (folder / "dyke.xml").write_bytes(raw)
    template = TemplateSettings("dyke", folder / "dyke.xml", hashlib.sha256(raw).hexdigest(), approved_by)
    settings = BreakGlassSettings(hashlib.sha256(KEY.encode()).hexdigest(), (template,))
    async with peopled(folder) as here:
        house = here.there.house
        for name, right in (("liu", "releaser"), ("zhang", "operator"), ("sun", "releaser"), ("wu", "auditor")):
            await here.person(name, right)
        await here.admin("account.rights", name="liu", rights=("releaser",), **scope)
        glass = await BreakGlass.of(settings, house.store, here.clock, intake=house.room.intake, duty=here.people.duty)
        here.there.desk.add(BreakGlassVerbs(glass, here.people.sessions).verbs())
        await rostered(here, ("liu", "duty_leader", -0.5, 24), ("zhang", "duty_leader", -0.5, 24))
        await here.do(await here.log_in("liu"), "shift.start")
        yield Glazed(here, glass)


async def test_a_leader_releases_alone_and_everybody_hears_it_before_it_goes(tmp_path: Path) -> None:
    """The signatures are the approvers'; it is told first, is in the audit, and stands open until somebody else has reviewed it."""
    async with glazed(tmp_path) as there:
        done = await there.release()
        assert ("liu", "active") == (done["leader"], done["state"])
        assert ["alarm.break_glass", "break_glass.released"] == await there.told()
        events = [row.type for row in await there.here.there.house.store.find(EVENT, "1 ORDER BY seq")]
        assert events.index("alarm.break_glass") < events.index("message.accepted")
        (accepted,) = [row for row in await there.here.audited("accept") if row.object == f"message/{done['message']}"]
        assert '"author":"liu"' in accepted.detail
        assert '"signers":["anna","bert"]' in accepted.detail
        assert REASON in (await there.here.audited("break_glass"))[0].detail
        for who, says in (("liu", "liu released it and does not review it as well"), ("zhang", "zhang may not; that takes an account")):
            with pytest.raises(NotAllowed, match=f"^{says}"):
                await there.here.do(await there.here.log_in(who), "break_glass.review", id=done["id"], review="情况属实")
        there.here.clock.now += 25 * 3600.0
        await there.glass.look()
        await there.glass.look()
        assert "alarm.review_overdue" == (await there.told())[-1]
        seen = await there.here.do(await there.here.log_in("wu"), "break_glass.review", id=done["id"], review="情况属实")
        assert ("wu", "情况属实") == (seen["reviewed_by"], seen["review"])
        assert 4 == len(await there.told())


async def test_whatever_is_missing_nothing_goes(tmp_path: Path) -> None:
    """Person, machine, key, template, reason: each alone stops it."""
    async with glazed(tmp_path) as there:
        session = there.here.member(await there.here.log_in("zhang"))
        refusals: list[tuple[type[Exception], str, dict[str, Any]]] = [
            (NotAuthenticated, "^the name, the password or the code is wrong", {"password": "wrong"}),
            (NotAllowed, "^sun is not on duty as duty_leader", {"name": "sun"}),
            (NotAllowed, "^wu may not; that takes an account", {"name": "wu"}),
            (NotAllowed, "^the key file is not the one", {"key": "another"}),
            (NotFound, "^no template 'flood' was approved; there are: dyke$", {"template": "flood"}),
            (FormatError, "^a release by one person alone needs a reason", {"reason": " . "}),
            (NotAllowed, "is made at the machine itself", {"actor": session}),
        ]
        for kind, says, changed in refusals:
            with pytest.raises(kind, match=says):
                await there.release(**changed)
        (tmp_path / "dyke.xml").write_bytes(cap("A-2").encode())
        with pytest.raises(NotAllowed, match=r"^the template dyke is not what anna, bert approved"):
            await there.release()
        assert [] == await there.told()


async def test_a_password_alone_releases_nothing(tmp_path: Path) -> None:
    """Not of whoever has no second factor, nor of whoever has one and gives no code; a client certificate is shown to no socket."""
    async with glazed(tmp_path) as there:
        await there.here.do(await there.here.log_in("zhang"), "shift.start")
        with pytest.raises(NotAllowed, match=r"^zhang has no second factor, without which nobody releases alone"):
            await there.release(name="zhang", code="")
        with pytest.raises(NotAuthenticated):
            await there.release(code="")
        await there.here.admin("account.certificate", name="zhang", sha256="ab" * 32)
        with pytest.raises(NotAuthenticated):
            await there.release(name="zhang", code="")
        assert [] == await there.told()


@pytest.mark.parametrize(
    ("scope", "says"),
    [
        ({"areas": ("mca:110101001",)}, "liu has no authority over "),
        ({"level": "yellow"}, "liu may warn up to yellow, and this is orange"),
        ({"post": "gone"}, "liu works at the post gone, of which the directory knows no area"),
    ],
)
async def test_a_leader_releases_within_the_own_authority_alone(tmp_path: Path, scope: dict[str, Any], says: str) -> None:
    """Whoever has approved it: of the people of another town, and of what is too grave, nothing goes and nothing is left to be signed."""
    async with glazed(tmp_path, **scope) as there:
        with pytest.raises(NotAllowed, match=f"^the template dyke does not go by liu: {says}"):
            await there.release()
        assert [] == await there.told()
        assert [] == await there.here.there.house.store.find(MESSAGE)


async def test_a_leader_releases_within_the_own_area_and_each_time_is_told(tmp_path: Path) -> None:
    """A second time with the same key is a second alarm, and a second review."""
    async with glazed(tmp_path, areas=("mca:320585",), level="orange") as there:
        first = await there.release()
        with pytest.raises(NotAllowed, match=f"it is duplicate: it is here already, as message {first['message']}$"):
            await there.release()
        assert ("active", 2) == (first["state"], (await there.told()).count("alarm.break_glass"))
        assert 2 == len([row for row in there.glass if not row.reviewed_by])


async def test_approvers_are_people_beside_the_leader(tmp_path: Path) -> None:
    """Whoever approved it and releases it is one person: the release is short of a hand, which everybody has been told by then."""
    async with glazed(tmp_path, approved_by=("anna", "liu")) as there:
        with pytest.raises(NotAllowed, match=r"^the template dyke does not go by the hands of anna; it is held"):
            await there.release()
        assert ["alarm.break_glass"] == await there.told()
