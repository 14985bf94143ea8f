"""What a scenario asks of coverage: of an alert, with what is lost and what is added as the step says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fenghuo.model.coverage import Inventory
from fenghuo.rig.scenario.centre import Centre
from fenghuo.rig.scenario.grounds import added_reach
from fenghuo.rig.world.node import OPERATOR

if TYPE_CHECKING:
    from fenghuo.rig.scenario.schema import Step
    from fenghuo.rig.scenario.stage import Stage

__all__ = ["ask_coverage"]


async def ask_coverage(stage: Stage, step: Step) -> None:
    """What the daemon says of coverage now, what is lost and what is added as the step says."""
    node = await stage.up()
    assert isinstance(node, Centre)
    stage.added += tuple(added_reach(name, share, stage.world.true()) for name, share in step.adds.items())
    if step.adds:
        was = node.inventory.inventory
        node.inventory.use(Inventory(was.channels, was.people, (*was.reach, *stage.added)))
    answer = stage.answers.get(step.about)
    began = stage.world.now
    await stage.ask(step.label, "coverage", OPERATOR, lose=step.lose, alert=answer.id if answer is not None else "")
    if step.label in stage.asked:
        stage.figures[step.label] = {**stage.asked[step.label], "took_s": stage.world.now - began}
