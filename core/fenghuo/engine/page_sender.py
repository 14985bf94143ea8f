"""Takes one page to one channel: reads it, lets the plugin begin and emit, and says what became of it. Decides nothing about it."""

from __future__ import annotations

import asyncio

import structlog

from fenghuo.engine.channels import Instance
from fenghuo.engine.facts import WITHDRAWN, ChannelObserved, Facts, Widened
from fenghuo.engine.fan_out import OpenFanOut
from fenghuo.engine.health import Sign
from fenghuo.engine.office import Office
from fenghuo.engine.page_licence import PageJob, PageTask
from fenghuo.engine.page_store import PageStore, Settled
from fenghuo.engine.renditions import RenditionShelf
from fenghuo.engine.seals import Seals
from fenghuo.errors import Denied, StaleEpoch
from fenghuo.model.delivery import DeliveryState, Outcome, Paged, Permanent, Reached, Scope, Transient, Unknown, outcome_text
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import Channel
from fenghuo.store.store import Store

__all__ = ["PageSender"]

log = structlog.stdlib.get_logger("fenghuo.page_sender")


class PageSender:
    """Has no state: any number of pages may be under way."""

    def __init__(self, office: Office, facts: Facts, store: Store, *, pages: PageStore, shelf: RenditionShelf) -> None:
        self._office = office
        self._facts = facts
        self._store = store
        self._pages = pages
        self._shelf = shelf
        self.seals: Seals | None = None

    async def send(self, fan: OpenFanOut, number: int, instance: Instance) -> Settled | Transient | None:
        """The outcome of one emission; Transient where nothing was begun and nobody on the page is to blame; None where the page has moved
        on since somebody said that it was to go. Raises: RowDamaged."""
        objective, message = fan.opened.objective, fan.opened.message.message
        payload = self._shelf.get(message.id, message.revision, instance.form)
        channel = instance.channel()
        if payload is None or channel is None:
            instance.knock()
            return Transient(Scope.CHANNEL, "not-started")
        is_kept, page, roll = await self._pages.read(fan, number)
        if page.state is not DeliveryState.READY:
            return None
        if why := self.seals.refusal(fan.opened.message, objective, instance) if self.seals is not None else "":
            log.info("a page waits for signatures again", channel=instance.name, cause=why)
            self._facts.put(Widened(message.id, message.revision, channel=instance.name))
            return Transient(Scope.CHANNEL, WITHDRAWN)
        job = PageJob(PageTask(page, is_kept, roll, objective, message, instance, payload), self._office, self._store, fan=fan)
        if not job.places:
            return Settled(job.page, Reached(Evidence.STORED), (), self._office.clock.time(), begun=False)
        outcome = await self._emitted(channel, job, instance)
        if outcome is None:
            return Transient(Scope.CHANNEL, WITHDRAWN)
        whole = outcome.outcome if isinstance(outcome, Paged) else outcome
        self._observe(job, instance, whole)
        if not job.is_licensed and isinstance(whole, Transient | Unknown) and getattr(whole, "scope", Scope.CHANNEL) is Scope.CHANNEL:
            return whole if isinstance(whole, Transient) else Transient(Scope.CHANNEL, whole.cause)
        return Settled(job.page, outcome, job.places, self._office.clock.time(), begun=job.is_licensed)

    async def _emitted(self, channel: Channel, job: PageJob, instance: Instance) -> Outcome | Paged | None:
        try:
            async with asyncio.timeout(instance.capabilities.attempt_s):
                outcome = await channel.send_page(job)
        except (Denied, StaleEpoch):
            return Unknown(WITHDRAWN) if job.is_licensed else None
        except TimeoutError:
            return _failed(job, "timeout")
        except Exception as error:
            log.warning("page failed", channel=instance.name, cause=f"{type(error).__name__}: {error}", exc_info=not job.is_licensed)
            return _failed(job, type(error).__name__)
        if not job.is_licensed and not isinstance(outcome, Transient | Permanent | Unknown):
            log.error("a channel claims an emission without a licence", channel=instance.name)
            return Permanent(Scope.CHANNEL, "no-licence")
        return outcome

    def _observe(self, job: PageJob, instance: Instance, outcome: Outcome) -> None:
        """What this says of the channel; each page counts as one recipient of its own."""
        sign = _sign(outcome)
        if sign is not None:
            who = f"page/{job.page.objective}/{job.page.number}"
            self._facts.put(ChannelObserved(instance.name, sign, outcome_text(outcome), who, job.began_at))


def _failed(job: PageJob, cause: str) -> Outcome:
    """Before the licence nothing can have left; after it nobody knows."""
    return Unknown(cause) if job.is_licensed else Transient(Scope.CHANNEL, cause)


def _sign(outcome: Outcome) -> Sign | None:
    match outcome:
        case Reached():
            return Sign.SENT
        case Transient(scope=Scope.CHANNEL) | Permanent(scope=Scope.CHANNEL):
            return Sign.FAILED
        case Unknown(cause=cause) if cause != WITHDRAWN:
            return Sign.TIMED_OUT
        case _:
            return None
