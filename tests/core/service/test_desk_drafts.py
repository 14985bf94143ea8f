"""Drafts: on the disk with every revision, nobody's work lost, submitted once; whoever edited one does not sign it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fenghuo.errors import FormatError, NotAllowed, NotFound, Outdated, WrongTraffic
from fenghuo.model.delivery import Accepted
from tests.core.service.manned import cap
from tests.core.service.peopled import Peopled, peopled


async def three(here: Peopled) -> list[dict[str, Any]]:
    """Sessions of three who write and sign, in this order: zhang, li, wang."""
    for name in ("zhang", "li", "wang"):
        await here.person(name, "operator", "releaser")
    return [await here.log_in(name) for name in ("zhang", "li", "wang")]


async def test_a_draft_outlives_a_restart_with_every_revision(tmp_path: Path) -> None:
    """What was kept is there for the next who looks, with who wrote it; what was given up is in no list."""
    async with peopled(tmp_path) as here:
        zhang, li, _ = await three(here)
        first = await here.do(zhang, "alert.draft", fields={"headline": "转移"})
        await here.do(li, "alert.draft", id=first["id"], revision=1, fields={"headline": "立即转移"})
        other = await here.do(zhang, "alert.draft", fields={})
        await here.do(zhang, "alert.draft", id=other["id"], revision=1, discard=True)
        clock = here.clock
    async with peopled(tmp_path, clock=clock) as again:
        await again.person("wen", "operator")
        (kept,) = await again.do(await again.log_in("wen"), "alert.drafts")
        assert (2, ["zhang", "li"], {"headline": "立即转移"}) == (kept["revision"], kept["authors"], kept["fields"])


async def test_two_who_edit_at_once_lose_nothing_in_silence(tmp_path: Path) -> None:
    """The second is told who was first, and what is there is what the first kept."""
    async with peopled(tmp_path) as here:
        zhang, li, _ = await three(here)
        draft = await here.do(zhang, "alert.draft", fields={"n": 0})
        await here.do(li, "alert.draft", id=draft["id"], revision=1, fields={"n": 1})
        with pytest.raises(Outdated, match="li"):
            await here.do(zhang, "alert.draft", id=draft["id"], revision=1, fields={"n": 2})
        assert {"n": 1} == (await here.do(zhang, "alert.drafts", id=draft["id"]))[0]["fields"]


async def test_whoever_edited_a_draft_does_not_sign_what_became_of_it(tmp_path: Path) -> None:
    """Zhang began it, li edited it, zhang submits it: neither signs; it is submitted once."""
    async with peopled(tmp_path) as here:
        zhang, li, wang = await three(here)
        draft = await here.do(zhang, "alert.draft", fields={})
        await here.do(li, "alert.draft", id=draft["id"], revision=1, fields={})
        submit = {"id": draft["id"], "revision": 2, "submit": True, "raw": cap().encode()}
        alert = await here.do(zhang, "alert.draft", **submit)
        assert isinstance(alert, Accepted)
        assert ("held", "duplicate") == (alert.state, (await here.do(zhang, "alert.draft", **submit)).state)
        for session, name in ((zhang, "zhang"), (li, "li")):
            with pytest.raises(NotAllowed, match=rf"^{name} wrote this message and may not release it$"):
                await here.sign(session, alert.id)
        assert ("wang",) == (await here.sign(wang, alert.id)).signatures
        assert [] == await here.do(zhang, "alert.drafts")
        with pytest.raises(NotFound, match="was submitted by li"):
            await here.do(zhang, "alert.draft", id=draft["id"], revision=2, fields={})


async def test_a_draft_is_of_the_traffic_of_its_session(tmp_path: Path) -> None:
    """A drill's draft is seen, edited and submitted by no session for the real thing."""
    async with peopled(tmp_path) as here:
        zhang, *_ = await three(here)
        drill = await here.log_in("zhang", traffic="Exercise")
        draft = await here.do(drill, "alert.draft", fields={})
        assert ("Exercise", []) == (draft["traffic"], await here.do(zhang, "alert.drafts"))
        with pytest.raises(WrongTraffic):
            await here.do(zhang, "alert.draft", id=draft["id"], revision=1, submit=True, raw=cap().encode())


@pytest.mark.parametrize(("args", "says"), [({"submit": True}, "id is empty"), ({"fields": {"x": "y" * 70_000}}, "has at most 65536")])
async def test_what_is_no_draft_is_refused_with_a_sentence(tmp_path: Path, args: dict[str, Any], says: str) -> None:
    """Nothing is kept of it."""
    async with peopled(tmp_path) as here:
        zhang, *_ = await three(here)
        with pytest.raises(FormatError, match=says):
            await here.do(zhang, "alert.draft", **args)
        with pytest.raises(NotFound, match="no draft is known as x"):
            await here.do(zhang, "alert.draft", id="x", revision=1)
