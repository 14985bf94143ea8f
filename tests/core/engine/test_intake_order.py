"""Through the door in the wrong order: what was said first comes last, and what waits for a name is overtaken."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from fenghuo.model.delivery import Accepted
from tests.core.engine.house import House, opened
from tests.core.engine.values import NOW


async def test_an_original_that_comes_after_its_update_is_never_sent(tmp_path: Path) -> None:
    """The stale words are kept as a revision of the same event, and told as superseded; nobody gets them."""
    async with opened(tmp_path) as house:
        update = await _revised(house, at=20, identifier="X-2", action="Update", reference="X-1", text="新的")
        late = await _revised(house, at=0, identifier="X-1", text="旧的")
        assert ("superseded", update.id, ["active", "superseded"]) == (late.state, late.id, await house.states(update.id))
        assert ["新的"] == [mail.text.partition("#")[0] for mail in house.sent]
        assert 1 == len(await house.events("message.superseded"))


async def test_a_cancel_of_an_original_that_came_after_its_update_ends_the_update(tmp_path: Path) -> None:
    """They are one event, whichever of them a source names and whichever came first."""
    async with opened(tmp_path) as house:
        update = await _revised(house, at=20, identifier="X-2", action="Update", reference="X-1", text="新的")
        await _revised(house, at=0, identifier="X-1", text="旧的")
        cancel = await _revised(house, at=30, action="Cancel", reference="X-1")
        assert (update.id, ["cancelled", "superseded", "active"]) == (cancel.id, await house.states(update.id))


async def test_an_original_whose_update_was_cancelled_is_cancelled_too(tmp_path: Path) -> None:
    """Update, its Cancel, and last of all the original."""
    async with opened(tmp_path) as house:
        await _revised(house, at=20, identifier="X-2", action="Update", reference="X-1", text="新的")
        await _revised(house, at=30, action="Cancel", reference="X-2")
        assert "cancelled" == (await _revised(house, at=0, identifier="X-1", text="旧的")).state


async def test_an_update_between_two_that_came_in_the_wrong_order_is_never_sent(tmp_path: Path) -> None:
    """The third Update was here before the second one, which it replaces."""
    async with opened(tmp_path) as house:
        first = await _revised(house, at=0, identifier="X-1")
        await _revised(house, at=20, identifier="X-3", action="Update", reference="X-2", text="新的")
        late = await _revised(house, at=10, identifier="X-2", action="Update", reference=first.id, text="旧的")
        assert "superseded" == late.state
        assert [] == [mail for mail in house.sent if "旧的" in mail.text]


async def test_what_is_said_after_an_update_that_named_it_is_news(tmp_path: Path) -> None:
    """A name that is used anew later is no stale alert: when in doubt, people are told."""
    async with opened(tmp_path) as house:
        await _revised(house, at=20, identifier="X-2", action="Update", reference="X-1", text="旧的")
        assert "active" == (await _revised(house, at=30, identifier="X-1", text="新的")).state


async def test_a_held_update_stops_its_original_once_it_is_signed(tmp_path: Path) -> None:
    """Its clock is a day ahead, so a person looks at it first; unsigned it is not in force."""
    async with opened(tmp_path) as house:
        for number, signers in enumerate(((), ("anna",))):
            update = await _revised(house, at=86_400, identifier=f"U-{number}", action="Update", reference=f"X-{number}", text="新的")
            for signer in signers:
                await house.room.release.sign(update.id, signer)
                await house.settle()
        assert ["active", "superseded"] == [(await _revised(house, at=0, identifier=f"X-{number}")).state for number in (0, 1)]


async def test_a_strangers_update_stops_no_original(tmp_path: Path) -> None:
    """A name belongs to its sender: what another one says of it buries nothing."""
    async with opened(tmp_path) as house:
        await _revised(house, at=20, action="Update", reference="X-1", sender="stranger", text="假的")
        assert "active" == (await _revised(house, at=0, identifier="X-1")).state


async def test_a_held_cancel_outlives_an_older_update(tmp_path: Path) -> None:
    """Said after the Update and come before it, in another's name: it waits on, and signed it ends the Update."""
    async with opened(tmp_path) as house:
        first = await _revised(house, at=0)
        await _revised(house, at=20, action="Cancel", reference=first.id, sender="stranger", text="取消")
        await _revised(house, at=10, action="Update", reference=first.id, text="新的")
        assert ["superseded", "held", "active"] == await house.states(first.id)
        signature = await house.room.release.sign(first.id, "anna")
        await house.settle()
        assert ("active", 4) == (signature.state, signature.revision)
        assert ["superseded", "superseded", "cancelled", "active"] == await house.states(first.id)
        assert "取消" in house.sent[-1].text


async def test_a_held_update_outlives_an_older_one(tmp_path: Path) -> None:
    """Signed, the newer words replace the older ones that were let in meanwhile."""
    async with opened(tmp_path) as house:
        first = await _revised(house, at=0)
        await _revised(house, at=20, action="Update", reference=first.id, sender="stranger", text="最新")
        await _revised(house, at=10, action="Update", reference=first.id, text="新的")
        await house.room.release.sign(first.id, "anna")
        await house.settle()
        assert ["superseded", "superseded", "superseded", "active"] == await house.states(first.id)
        assert "最新" in house.sent[-1].text


async def _revised(house: House, *, at: float, text: str = "到岗", **fields: object) -> Accepted:
    """A message of one event, said `at` seconds after its beginning."""
    said = {"to": ["wang"], "text": text, "priority": "P2", "sender": "met", "identifier": f"X-{at}-{text}"}
    sent = datetime.fromtimestamp(NOW + at, UTC).isoformat()
    answer = await house.take(msgspec.json.encode({**said, "sent": sent, **fields}), source="centre")
    assert isinstance(answer, Accepted), answer
    return answer
