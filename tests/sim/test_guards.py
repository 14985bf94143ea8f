"""Each of the four guards of the licence is taken away alone, and the days must find it. Source: delivery.md, T3; I4."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast

import pytest

from fenghuo.engine import licence
from fenghuo.engine.channels import Instance
from fenghuo.model.message import MessageState
from fenghuo.model.traffic import Traffic
from fenghuo.rig.world.judge import judge
from fenghuo.store import Tx
from tests.scale import TIMEOUT_SCALE
from tests.sim.day import SQUEEZED, SQUEEZES, safety

DAYS = range(SQUEEZED, 200, SQUEEZES)
"""Those with two minutes in which it is asked for at the last moment."""
FIRST, REPEAT = 1, 2
"""From which try on the guard is gone: always, or for repeats and retries only."""
Forget = Callable[[pytest.MonkeyPatch, int], None]
guard = licence.guard


class _Pretending:
    """A transaction that says what a guard hopes for: of messages that they are in force, of the epoch that there is none."""

    def __init__(self, tx: Tx, *, about: str) -> None:
        self._tx = tx
        self._about = about

    def scalar(self, sql: str, *params: Any) -> Any:
        return MessageState.ACTIVE if self._about == "revision" else self._tx.scalar(sql, *params)

    def get(self, table: Any, *key: Any) -> Any:
        return None if self._about == "epoch" else self._tx.get(table, *key)


def licence_forgets_expiry(patch: pytest.MonkeyPatch, since: int) -> None:
    """What expired while the disk was slow is licensed; the timer of its expiry rings all the same."""
    _relax(patch, since, lambda tx, *args, **fields: guard(tx, *args, **{**fields, "expires_at": math.inf}))


def licence_forgets_revision(patch: pytest.MonkeyPatch, since: int) -> None:
    """The state of the message is not read again at the commit."""
    _relax(patch, since, lambda tx, *args, **fields: guard(cast(Tx, _Pretending(tx, about="revision")), *args, **fields))


def licence_forgets_epoch(patch: pytest.MonkeyPatch, since: int) -> None:
    """Whoever lost the command goes on."""
    _relax(patch, since, lambda tx, *args, **fields: guard(cast(Tx, _Pretending(tx, about="epoch")), *args, **fields))


def licence_forgets_traffic(patch: pytest.MonkeyPatch, since: int) -> None:
    """What was planned before the operator bound the channel leaves by it; plans know better."""
    grant = licence.Licensing.grant

    class Open:
        traffic = tuple(Traffic)

        def __init__(self, instance: Instance) -> None:
            self._instance = instance

        def __getattr__(self, name: str) -> Any:
            return getattr(self._instance, name)

    async def granted(self: licence.Licensing, job: licence.Job, instance: Instance) -> licence.Licence:
        return await grant(self, job, cast(Instance, Open(instance)) if job.n >= since else instance)

    patch.setattr(licence.Licensing, "grant", granted)


FORGOTTEN: tuple[tuple[str, Forget], ...] = (
    ("T3 expiry", licence_forgets_expiry),
    ("T3 revision", licence_forgets_revision),
    ("T3 epoch", licence_forgets_epoch),
    ("I4, A4 traffic", licence_forgets_traffic),
)


@pytest.mark.timeout(120 * TIMEOUT_SCALE)
@pytest.mark.parametrize("since", [FIRST, REPEAT], ids=["always", "repeats"])
@pytest.mark.parametrize(("promise", "forget"), FORGOTTEN, ids=[forget.__name__ for _, forget in FORGOTTEN])
def test_a_guard_that_is_gone_is_missed(promise: str, forget: Forget, since: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it one of the first days breaks just this promise, though timers, plans and the other guards are all there."""
    forget(monkeypatch, since)
    found = (fault for seed in DAYS for fault in judge(safety(seed, amount=1, ambush=0.0).world) if fault.startswith(f"{promise}:"))
    first = next(found, "")
    print(first)
    assert first


def _relax(patch: pytest.MonkeyPatch, since: int, lax: Callable[..., None]) -> None:
    """From this try on `lax` stands for the guard."""
    committing = licence._committing

    def chosen(begun: Any, attempt: Any, *rest: Any) -> Callable[[Tx], None]:
        commit = committing(begun, attempt, *rest)

        def run(tx: Tx) -> None:
            with pytest.MonkeyPatch.context() as just_now:
                just_now.setattr(licence, "guard", lax if attempt.n >= since else guard)
                commit(tx)

        return run

    patch.setattr(licence, "_committing", chosen)
