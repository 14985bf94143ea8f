"""What the channels of a node share: the airtime of their medium, over restarts too."""

from __future__ import annotations

from pathlib import Path

from fenghuo import Priority
from fenghuo.link import Caps, Changes, Disk, KeyRing, SoftwareKeys
from tests.core.service.hosted import CHANNEL_C, Hosted, hosted


async def test_channels_on_one_medium_share_its_airtime(tmp_path: Path) -> None:
    """What one of them spends the other has spent too; a third, elsewhere, has its own."""
    text = CHANNEL_C + "".join(f'[channels.{name}]\ntype = "test.channel"\nmedium = "145.825"\n' for name in ("d", "e"))
    async with hosted(tmp_path, text) as there:
        there.start()
        await there.until(lambda: len(there.parts.contexts) == 3)
        ledgers = {ctx.name: ctx.link.ledger(Caps()) for ctx in there.parts.contexts}
    ledgers["d"].spend(60.0, 0.0)
    assert {"c": 0.0, "d": 0.1, "e": 0.1} == {name: ledger.used(1.0) for name, ledger in ledgers.items()}


async def spoken_s(there: Hosted) -> float:
    """Frames of a second as long as the medium of the channel allows, in one moment."""
    await there.until(lambda: bool(there.parts.contexts))
    memory: Disk = there.parts.contexts[0].link
    await memory.recall(KeyRing(1, SoftwareKeys({}), ()))
    ledger, seconds = memory.ledger(Caps(hard=0.1, soft=0.1, reserve=0.0)), 0.0
    now = await there.house.store.run(lambda tx: tx.now)
    while ledger.open_at(1.0, now, Priority.P0) <= now and seconds < 30.0:
        ledger.expect()
        if (aired := ledger.wanted()) is not None:
            await memory.keep(Changes(aired=aired))
            ledger.reserved(aired)
        ledger.spend(1.0, now)
        seconds += 1.0
    return seconds


async def test_the_airtime_of_a_medium_outlives_the_daemon(tmp_path: Path) -> None:
    """I7: three lives within one span say together what one may, less what the ends of two had reserved and not said."""
    said = list[float]()
    for _ in range(3):
        async with hosted(tmp_path) as there:
            there.start()
            said.append(await spoken_s(there))
    assert 30.0 == said[0]
    assert 45.0 < sum(said) <= 60.0
