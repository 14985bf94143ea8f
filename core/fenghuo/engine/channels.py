"""The channel instances as the engine sees them: capabilities, administrative state, health, and the Situation made of all."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping

import msgspec
import structlog

from fenghuo.engine.cadence import Cadence, heard, resumed
from fenghuo.engine.health import ChannelHealth, Sign, admitted, gap_s, observed, steady_at
from fenghuo.engine.modes_effect import FREE, Ruled
from fenghuo.engine.office import Office
from fenghuo.engine.probing import Purse
from fenghuo.engine.settling import bounded
from fenghuo.model.delivery import Outcome, Paged, Reached
from fenghuo.model.directory import RecipientId
from fenghuo.model.evidence import Evidence
from fenghuo.model.situation import Admin, ChannelView, Health, Situation
from fenghuo.model.traffic import Priority, Traffic
from fenghuo.plugin.ports import Capabilities, Channel, Doubt, Inbound, InboundKind
from fenghuo.plugin.values import Probing

__all__ = ["PLAIN", "ChannelBoard", "Instance", "Preferred", "Terms"]

log = structlog.stdlib.get_logger("fenghuo.channels")


class Terms(msgspec.Struct, frozen=True):
    """What the operator's settings say of an instance. `medium`: its own name where empty; `stable_s`: least seconds a stage of
    probation lasts; `refire_after_s`: an actuator in doubt starts once more by itself after so long, None: by a person's word only;
    `ungraded`: why it carries P2 to P4 only, empty where it may carry everything (standing.py); `reach`, `scarce`: as in ChannelView;
    `start_within_s`: what starts a device waits for a person when it would start later after its release;
    `digest`: what one recipient missed of P3 and P4 in an outage goes as one text;
    `probe_fen_a_day`, `probe_joules_a_day`: what its probes may cost."""

    risk_groups: tuple[str, ...] = ()
    medium: str = ""
    traffic: tuple[Traffic, ...] = tuple(Traffic)
    admin: Admin = Admin.ENABLED
    stable_s: float = 10.0
    refire_after_s: float | None = None
    ungraded: str = ""
    reach: float = 0.95
    scarce: bool = False
    digest: bool = False
    start_within_s: float = 600.0
    probe_fen_a_day: float = 500.0
    probe_joules_a_day: float = 50_000.0


class Preferred(msgspec.Struct, frozen=True):
    """An operator has this channel go first of alternates that are equally well, `until` then (UTC seconds; 0: not any more)."""

    name: str
    until: float
    by: str
    reason: str


PLAIN = Terms()
PREFERENCE = 100.0
"""How much heavier a preferred channel is: more than any weight that a mode gives."""
GOOD = frozenset({Sign.LOCAL_UP, Sign.SENT, Sign.RECEIPT, Sign.SPOKE, Sign.HEARD, Sign.ANSWERED})
"""Signs after which nobody need ask whether a channel is there."""
DOUBTED_FROM = frozenset({Health.UP, Health.UNKNOWN, Health.PROBATION})
"""States that are better than SUSPECT."""


class Instance:
    """One channel instance. `channel` is a call because a supervisor may replace the object behind it at any time."""

    def __init__(
        self,
        name: str,
        type_id: str,
        capabilities: Capabilities,
        *,
        address_kinds: tuple[str, ...],
        channel: Callable[[], Channel | None],
        terms: Terms = PLAIN,
    ) -> None:
        self.name = name
        self.type_id = type_id
        self.capabilities = capabilities
        self.address_kinds = address_kinds
        self.channel = channel
        self.risk_groups = terms.risk_groups or (name,)
        self.medium = terms.medium or name
        self.traffic = tuple(kind for kind in terms.traffic if kind in capabilities.traffic)
        self.refire_after_s = terms.refire_after_s
        self.start_within_s = terms.start_within_s
        self.ungraded = terms.ungraded
        self.reach, self.scarce = terms.reach, terms.scarce
        self.digest = terms.digest
        self._own_admin, self._own_reason = terms.admin, ""
        self.ruled = FREE
        self.preferred: Preferred | None = None
        is_mute = capabilities.mute or capabilities.doubt is Doubt.ACTUATOR
        self.health = ChannelHealth(stable_s=terms.stable_s, is_mute=is_mute, gap_s=capabilities.cadence_s)
        self.cadence = Cadence(capabilities.cadence_s) if capabilities.cadence_s else None
        self.purse = Purse.of(terms.probe_fen_a_day, terms.probe_joules_a_day, 0.0)
        self.evidence_at = 0.0
        self.has_overclaimed = False
        self.no_way: Mapping[str, str] = {}  # addresses that nobody gets to now by what it needs, with why
        self.knock: Callable[[], None] = _nobody_is_in
        self.why_unarmed: str | None = None  # why its armed switch lets nothing be started, empty when it does; None: it has none

    @property
    def admin(self) -> Admin:
        """As settings and operators left it, and the modes that hold have it."""
        return self._admin(is_enabled=bool(self.ruled.enabled or self.ruled.is_lent))

    @admin.setter
    def admin(self, admin: Admin) -> None:
        self._own_admin = admin

    @property
    def admin_reason(self) -> str:
        """Who has it so, and why."""
        if self.admin is Admin.INHIBITED:
            return self.ruled.inhibited
        return self.ruled.enabled if self._own_admin is Admin.STANDBY else self._own_reason

    @admin_reason.setter
    def admin_reason(self, reason: str) -> None:
        self._own_reason = reason

    def _admin(self, *, is_enabled: bool) -> Admin:
        own = Admin.ENABLED if self._own_admin is Admin.STANDBY and is_enabled else self._own_admin
        return Admin.INHIBITED if own is Admin.ENABLED and self.ruled.inhibited else own

    @property
    def may_ask(self) -> bool:
        """Whether anything but an emission may leave by it: nothing does where a mode wants silence."""
        return self.admin is Admin.ENABLED and not self.ruled.is_silent

    @property
    def probing(self) -> Probing:
        """What its probes cost and how often they go, by its type and the mode in force."""
        own, factor = self.capabilities.probing, self.ruled.probe_every
        if factor == 1.0:
            return own
        longer = {"shortest_s": own.shortest_s * factor, "longest_s": own.longest_s * factor, "idle_s": own.idle_s * factor}
        return msgspec.structs.replace(own, **longer)

    @property
    def form(self) -> str:
        """Name of the rendition it takes: the form, and the octets it must fit where they are limited."""
        octets = self.capabilities.max_payload
        return f"{self.capabilities.form}/{octets}" if octets else self.capabilities.form

    @property
    def admitted(self) -> int:
        """How many emissions it may carry at once, right now; none before it is started, which is no failure of its own."""
        if self.admin is not Admin.ENABLED or self.channel() is None:
            return 0
        return admitted(self.health, self.capabilities.concurrency)

    def admits(self, priority: Priority, *, is_stop: bool = False) -> int:
        """How many emissions of a class it may carry at once: P0 overrides the breaker, one last attempt at a time, and a stop of what we
        started the switch as well (taking_back.py)."""
        if is_stop and self.admin is not Admin.ENABLED and self.channel() is not None:
            return max(admitted(self.health, self.capabilities.concurrency), 1)
        may_try = priority is Priority.P0 and self.admin is Admin.ENABLED and self.health.state is Health.DOWN
        return max(self.admitted, int(may_try))

    @property
    def answers(self) -> bool:
        """Whether it may be asked what became of an emission: it is there, also where nothing has spoken for it yet."""
        return self.health.state is not Health.DOWN and self.health.is_started

    def saw(self, sign: Sign, now: float) -> None:
        """Note when something was last known of it, and learn its pace; nothing is learned of a silence that was an outage."""
        if sign in GOOD:
            self.evidence_at = now
        if self.cadence is not None:
            self.cadence = _paced(self.cadence, sign, now)

    @property
    def gap_s(self) -> float:
        """Least seconds between two of its emissions, right now."""
        return gap_s(self.health)

    def view(self) -> ChannelView:
        caps = self.capabilities
        return ChannelView(
            name=self.name,
            type=self.type_id,
            admin=self._admin(is_enabled=bool(self.ruled.enabled)),
            health=self.health.state,
            evidence_max=caps.evidence_max,
            risk_groups=self.risk_groups,
            medium=self.medium,
            traffic=self.traffic,
            address_kinds=self.address_kinds,
            form=self.form,
            doubt=caps.doubt.value,
            refire_after_s=self.refire_after_s,
            start_within_s=self.start_within_s,
            latency_q95_s=caps.receipt_q95_s,
            fee_fen=caps.fee_fen,
            concurrency=caps.concurrency,
            repeat_safe=caps.repeat_safe,
            batch=caps.batch,
            ungraded=self.ungraded,
            reach=self.reach,
            scarce=self.scarce,
            no_way=self.no_way,
        )


class ChannelBoard:
    """All instances by name, and the Situation they make, rebuilt only after a change, or when a channel is steady again."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._instances: dict[str, Instance] = {}
        self._aside: dict[str, Instance] = {}
        self._situation: Situation | None = None
        self._holds_until = math.inf
        self.on_fault: Callable[[str, str], None] = _only_logged
        self.on_ruled: Callable[[], None] = _nobody_is_in
        self.proven: Mapping[str, Mapping[str, float]] = {}
        self.doubted: Callable[[RecipientId], frozenset[str]] = _none_is_doubted

    def add(self, instance: Instance) -> None:
        self._instances[instance.name] = instance
        self._situation = None
        if instance.capabilities.doubt is Doubt.ACTUATOR:
            self._office.devices |= {instance.name}

    def add_aside(self, instance: Instance) -> None:
        """One that is found by its name and is no way to people: nobody counts, probes, switches or shows it, and it has no health."""
        self._aside[instance.name] = instance
        self._situation = None

    def get(self, name: str) -> Instance | None:
        return self._instances.get(name) or self._aside.get(name)

    def names(self) -> Collection[str]:
        """Of all that are installed, whatever their state."""
        return self._instances.keys()

    def __iter__(self) -> Iterator[Instance]:
        return iter(self._instances.values())

    def observe(
        self, name: str, sign: Sign, *, recipient: str = "", reason: str = "", began_at: float = math.inf
    ) -> tuple[Health, Health] | None:
        """Take one sign of health into account; the states before and after if they differ."""
        instance = self._instances.get(name)
        if instance is None:
            return None
        before = instance.health
        now = self._office.clock.time()
        instance.health = observed(before, sign, now, recipient=recipient, reason=reason, began_at=began_at)
        instance.saw(sign, now)
        if instance.health.state is before.state:
            return None
        self._situation = None
        return before.state, instance.health.state

    def reach(self, name: str) -> float:
        """How surely a channel reaches anybody, as the settings say."""
        instance = self._instances.get(name)
        return instance.reach if instance is not None else PLAIN.reach

    def switch(self, name: str, admin: Admin, reason: str) -> None:
        """Enable or disable an instance."""
        instance = self._instances[name]
        instance.admin, instance.admin_reason = admin, reason
        self._situation = None
        self.on_ruled()

    def now(self) -> float:
        """UTC seconds."""
        return self._office.clock.time()

    def prefer(self, one: Preferred) -> None:
        """From now on, as long as it lasts; of a channel that is not here any more nothing comes of it."""
        instance = self._instances.get(one.name)
        if instance is not None:
            instance.preferred = one
            self._situation = None

    def rule(self, by_name: Mapping[str, Ruled]) -> None:
        """What the modes in force say of each instance; of one that is not named they say nothing."""
        for instance in self:
            instance.ruled = by_name.get(instance.name, FREE)
        self._situation = None
        self.on_ruled()

    # What a channel says of an emission is evidence as far as it has declared that it can know (I8): more counts as that, and is a fault.

    def credited(self, name: str, outcome: Outcome) -> Outcome:
        """An outcome as far as its channel can know it."""
        return bounded(outcome, self._credit(name, outcome.level)) if isinstance(outcome, Reached) else outcome

    def credited_page(self, name: str, outcome: Outcome | Paged) -> Outcome | Paged:
        """As credited(), of everybody on a page."""
        if not isinstance(outcome, Paged):
            return self.credited(name, outcome)
        return Paged(self.credited(name, outcome.outcome), tuple((place, self.credited(name, one)) for place, one in outcome.but))

    def credited_inbound(self, name: str, inbound: Inbound) -> Inbound:
        """A receipt or a late outcome as far as its channel can know it. What a person answers is read by the core, not by the channel."""
        if inbound.kind is InboundKind.ANSWER:
            return inbound
        level = self._credit(name, inbound.level) if inbound.level is not None else None
        outcome = self.credited(name, inbound.outcome) if inbound.outcome is not None else None
        if level == inbound.level and outcome is inbound.outcome:
            return inbound
        return msgspec.structs.replace(inbound, level=level, outcome=outcome)

    def _credit(self, name: str, level: Evidence) -> Evidence:
        instance = self._instances.get(name)
        if instance is None or level <= instance.capabilities.evidence_max:
            return level
        most = instance.capabilities.evidence_max
        if not instance.has_overclaimed:
            instance.has_overclaimed = True
            sentence = f"{name} claims {level.name} and declares no more than {most.name}; it counts as {most.name}"
            log.error("a channel claims more than it declares", channel=name, claimed=level.name, declared=most.name)
            self.on_fault(name, sentence)
        return most

    def situation(self) -> Situation:
        """What planning may know now."""
        now = self._office.clock.time()
        if self._situation is None or self._holds_until <= now:
            turns = [steady_at(instance.health) for instance in self._instances.values()]
            turns += [instance.preferred.until for instance in self._instances.values() if instance.preferred is not None]
            self._holds_until = min((at for at in turns if at > now), default=math.inf)
            self._situation = Situation(
                at=now,
                channels=tuple(_at(now, instance) for instance in self._instances.values()),
                directory=self._office.directory.digest,
                clock_quality=self._office.clock.quality(),
                node=self._office.node,
                epoch=self._office.epoch,
                availability=dict(self._office.availability),
                proven=self.proven,
                aside=tuple(instance.view() for instance in self._aside.values()),
            )
        return self._situation

    def situation_for(self, recipient: RecipientId) -> Situation:
        """What planning may know of the ways to this recipient: those that somebody says are out where it is are suspect."""
        doubted, plain = self.doubted(recipient), self.situation()
        if not doubted:
            return plain
        views = (_suspect(view) if view.name in doubted and view.health in DOUBTED_FROM else view for view in plain.channels)
        return msgspec.structs.replace(plain, channels=tuple(views))

    def refresh(self) -> None:
        """Forget the Situation: the directory has changed."""
        self._situation = None


def _paced(cadence: Cadence, sign: Sign, now: float) -> Cadence:
    """Its pace after a sign: silence counts from the start, and of a channel that is gone nothing is expected."""
    match sign:
        case Sign.HEARD:
            return heard(cadence, now)
        case Sign.LOCAL_UP if cadence.last_at is None:
            return resumed(cadence, now)
        case Sign.LOCAL_DOWN | Sign.SILENT:
            return resumed(cadence, None)
        case _:
            return cadence


def _suspect(view: ChannelView) -> ChannelView:
    return msgspec.structs.replace(view, health=Health.SUSPECT)


def _none_is_doubted(recipient: RecipientId) -> frozenset[str]:
    """Until what others report is wired in, nothing is out in one place alone."""
    return frozenset()


def _at(now: float, instance: Instance) -> ChannelView:
    """The view of this very moment, UTC seconds."""
    is_steady = steady_at(instance.health) <= now
    is_preferred = instance.preferred is not None and now < instance.preferred.until
    if is_steady and not is_preferred:
        return instance.view()
    return msgspec.structs.replace(instance.view(), unsteady=not is_steady, weight=PREFERENCE if is_preferred else 1.0)


def _nobody_is_in() -> None:
    """Until whoever keeps the channels alive is wired in."""


def _only_logged(name: str, sentence: str) -> None:
    """Until whoever tells a person of it is wired in."""
