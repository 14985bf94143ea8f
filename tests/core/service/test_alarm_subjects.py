"""What an alarm is about, by the name that people have for it."""

from __future__ import annotations

from pathlib import Path

from fenghuo.service.alarm_subjects import names_of
from tests.core.engine.house import opened


async def test_ids_have_the_names_of_what_they_stand_for(tmp_path: Path) -> None:
    """A message its number and headline, an objective also its audience, a delivery whom it is for; the rest is called by its own name."""
    async with opened(tmp_path) as house:
        sent = await house.order("wang", text="立即到岗")
        number = int(str(await house.store.scalar("SELECT number FROM message WHERE id = ?", sent.id)))
        subjects = {f"message/{sent.id}", "objective/1", "delivery/1", "objective/99", "channel/a", "message/none", "node"}
        title = f"#{number} 立即到岗"
        assert {
            f"message/{sent.id}": title,
            "objective/1": f"{title} (wang)",
            "delivery/1": f"{title} (wang, a)",
        } == await names_of(house.store, subjects)
        assert {} == await names_of(house.store, ())
