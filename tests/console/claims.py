"""Many short claims on one browser: each has a page of its own, and what fails is told by the sentence of the claim."""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable, Iterable

from tests.console.stage import Stage

__all__ = ["Claim", "all_hold"]

Claim = Callable[[Stage], Awaitable[None]]


async def all_hold(stage: Stage, claims: Iterable[Claim]) -> None:
    """Try every claim on a desk without alarms and in a browser without a past; fail with all that do not hold."""
    failed: list[str] = []
    for claim in claims:
        stage.begin()
        try:
            await claim(stage)
            assert not stage.complaints, stage.complaints
        except Exception:  # noqa: BLE001  # whatever it is, the other claims are tried as well
            failed.append(f"{claim.__doc__}\n{traceback.format_exc(limit=-3)}")
        finally:
            await stage.leave()
    assert not failed, "\n\n".join(failed)
