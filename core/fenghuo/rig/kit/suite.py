"""All checks, in the order of their grades, and the running of one of them."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from fenghuo.plugin.conformance import ConformanceFixture, ConformancePeer
from fenghuo.rig.kit import (
    check_booked,
    check_claims,
    check_endurance,
    check_faults,
    check_licence,
    check_manners,
    check_medium,
    check_pages,
    check_parts,
    check_questions,
    check_receipts,
)
from fenghuo.rig.kit.bench import Bench, NotItsKind, NotShown, Subject
from fenghuo.rig.kit.check import Check
from fenghuo.rig.kit.grades import Figures, Verdict, Went
from fenghuo.rig.kit.life import task_of_a_life
from fenghuo.rig.kit.loopback import LoopbackLoop

__all__ = ["CHECKS", "Stand"]

CHECKS: tuple[Check, ...] = tuple(
    sorted(
        (
            *check_licence.CHECKS,
            *check_claims.CHECKS,
            *check_manners.CHECKS,
            *check_pages.CHECKS,
            *check_receipts.CHECKS,
            *check_parts.CHECKS,
            *check_questions.CHECKS,
            *check_faults.CHECKS,
            *check_medium.CHECKS,
            *check_booked.CHECKS,
            *check_endurance.CHECKS,
        ),
        key=lambda check: check.grade,
    )
)
REAL_LIMIT_S = 600.0
"""A narrow link asks for minutes before it gives a silent post up."""
VIRTUAL_LIMIT_S = 3600.0


class Stand(msgspec.Struct):
    """A subject against one far end. `version`: of the far end, once it was there; `verdicts`: of what has run."""

    subject: Subject
    fixture: ConformanceFixture
    version: str = ""
    verdicts: dict[str, Verdict] = {}
    patience: float = 1.0

    def run(self, checks: Sequence[Check]) -> None:
        """Run these; each gets its verdict."""
        if self.fixture.is_simulated:
            for check in checks:
                with asyncio.Runner(loop_factory=LoopbackLoop) as runner:
                    runner.run(self._simulated(check))
        else:
            with asyncio.Runner() as runner:
                runner.run(self._real(checks))

    async def _simulated(self, check: Check) -> None:
        _prepare()
        async with self.fixture.open() as peer:
            await self._verdict(check, peer, VIRTUAL_LIMIT_S)

    async def _real(self, checks: Sequence[Check]) -> None:
        _prepare()
        async with self.fixture.open() as peer:
            places = asyncio.Semaphore(peer.guests)

            async def beside_others(check: Check) -> None:
                async with places:
                    await self._verdict(check, peer, REAL_LIMIT_S)

            await asyncio.gather(*(beside_others(check) for check in checks if not check.is_alone))
            for check in checks:
                if check.is_alone:
                    await self._verdict(check, peer, REAL_LIMIT_S)

    async def _verdict(self, check: Check, peer: ConformancePeer, limit_s: float) -> None:
        self.version = peer.version
        went, why = self._foregone(check, peer)
        figures = Figures()
        if went is None:
            went, why, figures = await self._tried(check, peer, limit_s)
        self.verdicts[check.claim] = Verdict(check.claim, check.grade, went, why, figures)

    def _foregone(self, check: Check, peer: ConformancePeer) -> tuple[Went | None, str]:
        capabilities = self.subject.kind.capabilities(peer.settings(peer.port))
        if why := check.inapplicable(capabilities, peer):
            return Went.INAPPLICABLE, why
        if missing := check.needs - peer.abilities:
            return Went.UNSHOWN, f"this far end cannot: {', '.join(sorted(missing))}"
        return None, ""

    async def _tried(self, check: Check, peer: ConformancePeer, limit_s: float) -> tuple[Went, str, Figures]:
        with tempfile.TemporaryDirectory(prefix="fenghuo-kit-") as folder:
            bench = Bench(self.subject, peer, Path(folder), is_virtual=self.fixture.is_simulated, patience=self.patience)
            try:
                why = await _broken(check, bench, limit_s)
            except NotItsKind as none:
                return Went.INAPPLICABLE, str(none), Figures()
            except NotShown as blind:
                return Went.UNSHOWN, str(blind), Figures()
        return (Went.FAILED if why else Went.PASSED), why, bench.figures


async def _broken(check: Check, bench: Bench, limit_s: float) -> str:
    """Why the claim does not hold, empty if it does. Raises: NotItsKind, NotShown."""
    try:
        async with asyncio.timeout(limit_s), bench:
            await check.story(bench)
        return "; ".join(bench.life.faults)
    except (NotItsKind, NotShown):
        raise
    except TimeoutError:
        return f"not over within {limit_s:g} s"
    except Exception as fault:  # noqa: BLE001  # whatever a channel does is its verdict, not the kit's end
        return str(fault) if isinstance(fault, AssertionError) else f"{type(fault).__name__}: {fault}"


def _prepare() -> None:
    asyncio.get_running_loop().set_task_factory(task_of_a_life)  # type: ignore[arg-type]  # the stub knows no options
