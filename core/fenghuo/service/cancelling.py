"""What the answer to a Cancel says of the channels that its message went by and that cannot carry it now: which, and why."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from fenghuo.engine.channels import ChannelBoard
from fenghuo.engine.departed import MAY_HAVE_LEFT
from fenghuo.engine.taking_back import barred
from fenghuo.model.delivery import Accepted
from fenghuo.model.situation import Health
from fenghuo.store.store import Store

__all__ = ["Barred", "Ended", "barred_of"]

_WENT_BY = f"""SELECT json_group_array(channel) FROM (
SELECT DISTINCT channel FROM delivery WHERE message = ?1 AND revision < ?2 AND {MAY_HAVE_LEFT}
UNION SELECT DISTINCT page.channel FROM page JOIN fan_out ON fan_out.objective = page.objective
WHERE fan_out.message = ?1 AND fan_out.revision < ?2 AND page.tries > 0 ORDER BY channel)"""


class Barred(msgspec.Struct, frozen=True):
    """A channel that cannot carry a Cancel now. `code`: disabled, inhibited or standby as it is switched, or down; `why`: in the words of
    whoever or whatever has it so."""

    channel: str
    code: str
    why: str


class Ended(Accepted, frozen=True):
    """The answer to a Cancel. `barred`: where its message went and it does not go now; it goes there when that is over, and another way is
    taken where there is one."""

    barred: tuple[Barred, ...] = ()


async def barred_of(store: Store, board: ChannelBoard, cancel: Accepted) -> Ended:
    """The same answer with what is barred to it."""
    names = msgspec.json.decode(str(await store.scalar(_WENT_BY, cancel.id, cancel.revision)), type=list[str])
    return Ended(cancel.id, cancel.revision, cancel.state, cancel.verdicts, cancel.repairs, tuple(_barred(names, board)))


def _barred(names: Iterable[str], board: ChannelBoard) -> Iterable[Barred]:
    situation = board.situation()
    for name in names:
        instance = board.get(name)
        if instance is None:
            yield Barred(name, "gone", "no such channel is installed any more")
        elif barred((name,), situation):
            yield Barred(name, instance.admin.value, instance.admin_reason)
        elif instance.health.state is Health.DOWN:
            yield Barred(name, "down", instance.health.reason)
