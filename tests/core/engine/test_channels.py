"""The channel instances as the engine sees them, and the Situation made of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fenghuo.engine.channels import ChannelBoard, Instance, Terms
from fenghuo.engine.health import Sign
from fenghuo.engine.office import Office
from fenghuo.engine.rules import RuleBook
from fenghuo.model.delivery import Outcome, Paged, Permanent, Reached, Scope, Unknown
from fenghuo.model.directory import Directory, Person
from fenghuo.model.evidence import Evidence
from fenghuo.model.situation import Admin, Health
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.ports import Capabilities, Doubt, Inbound, InboundKind, SimpleChannel
from tests.core.engine.values import NOW
from tests.core.store.rows import StillClock

CHANNEL = SimpleChannel()


def instance(name: str = "a", terms: Terms | None = None, channel: SimpleChannel | None = CHANNEL, **caps: Any) -> Instance:
    usual = {"form": "sms", "evidence_max": Evidence.DEVICE, "concurrency": 8, **caps}
    return Instance(name, "sim.sms", Capabilities(**usual), address_kinds=("msisdn",), channel=lambda: channel, terms=terms or Terms())


def board(*instances: Instance) -> ChannelBoard:
    office = Office(node="node", clock=StillClock(NOW), rules=RuleBook(), directory=Directory())
    made = ChannelBoard(office)
    for one in instances:
        made.add(one)
    return made


# One instance.


def test_where_the_settings_are_silent_an_instance_stands_alone() -> None:
    """Its own medium, its own risk: whatever fails takes it alone."""
    plain = instance()
    assert (("a",), "a", tuple(Traffic), Admin.ENABLED) == (plain.risk_groups, plain.medium, plain.traffic, plain.admin)


def test_the_settings_say_what_fails_together_and_what_shares_the_air() -> None:
    """Two modems on one mast, two stations on one frequency."""
    one = instance(terms=Terms(risk_groups=("mast", "mains"), medium="144.800"))
    assert (("mast", "mains"), "144.800") == (one.risk_groups, one.medium)


def test_traffic_is_what_both_settings_and_type_allow() -> None:
    """A training bearer stays one whatever is written in the settings; a real one may be bound to less."""
    both = Terms(traffic=(Traffic.ACTUAL, Traffic.EXERCISE))
    assert (Traffic.EXERCISE,) == instance(terms=both, traffic=(Traffic.EXERCISE, Traffic.TEST)).traffic


@pytest.mark.parametrize(("octets", "form"), [(0, "sms"), (160, "sms/160")])
def test_a_form_names_the_octets_it_must_fit(octets: int, form: str) -> None:
    """Two instances of one type with other limits need other renditions."""
    assert form == instance(max_payload=octets).form


def test_planning_sees_what_the_type_declared() -> None:
    """Every field of the view comes from the capability of its name."""
    seen = instance(doubt=Doubt.QUERYABLE, receipt_q95_s=12.0, fee_fen=5.0, repeat_safe=True).view()
    assert ("a", "sim.sms", "queryable", 12.0, 5.0, 8, True) == (
        seen.name,
        seen.type,
        seen.doubt,
        seen.latency_q95_s,
        seen.fee_fen,
        seen.concurrency,
        seen.repeat_safe,
    )
    assert (Evidence.DEVICE, ("msisdn",), "sms", Health.UNKNOWN) == (seen.evidence_max, seen.address_kinds, seen.form, seen.health)


def test_what_is_not_started_or_switched_off_carries_nothing() -> None:
    """No emission is begun into a channel that is not there."""
    off, absent = instance(terms=Terms(admin=Admin.DISABLED)), instance(channel=None)
    assert (8, 0, 0) == (instance().admitted, off.admitted, absent.admitted)


def test_a_returning_channel_takes_few_at_first_with_gaps() -> None:
    """A tenth, a tenth of a second apart: whoever comes back meets no stampede."""
    one = instance(concurrency=20)
    trial = board(one)
    for sign in (Sign.LOCAL_UP, Sign.LOCAL_DOWN):
        trial.observe("a", sign)
    assert 0 == one.admitted
    trial.observe("a", Sign.LOCAL_UP)
    assert (Health.PROBATION, 2, 0.1) == (one.health.state, one.admitted, one.gap_s)


# The board.


def test_a_board_knows_its_instances_by_name() -> None:
    """In the order of the settings; an unknown name is none."""
    a, b = instance("a"), instance("b")
    both = board(a, b)
    assert ([a, b], b, None) == (list(both), both.get("b"), both.get("c"))


def test_a_change_of_health_is_told_once() -> None:
    """The transition, not the repetition."""
    one = board(instance())
    assert (Health.UNKNOWN, Health.UP) == one.observe("a", Sign.LOCAL_UP)
    assert [None, None] == [one.observe("a", Sign.LOCAL_UP), one.observe("a", Sign.SENT)]
    assert (Health.UP, Health.DOWN) == one.observe("a", Sign.LOCAL_DOWN, reason="cable")
    assert (None, "cable") == (one.observe("a", Sign.LOCAL_DOWN), _of(one, "a").health.reason)


def test_a_sign_of_an_unknown_channel_is_no_sign() -> None:
    """Its supervisor may outlive it by a moment."""
    assert None is board().observe("gone", Sign.LOCAL_UP)


def test_one_channel_says_nothing_about_another() -> None:
    """Health is kept for each instance."""
    two = board(instance("a"), instance("b"))
    two.observe("a", Sign.LOCAL_DOWN)
    assert Health.UNKNOWN is _of(two, "b").health.state


def test_a_switch_is_no_illness() -> None:
    """Administrative state is kept apart from health, with the reason an operator gave (ITU-T X.731)."""
    one = board(instance())
    one.observe("a", Sign.LOCAL_UP)
    one.switch("a", Admin.DISABLED, "maintenance")
    seen = one.situation().channel["a"]
    assert (Admin.DISABLED, Health.UP, False, "maintenance") == (seen.admin, seen.health, seen.is_usable, _of(one, "a").admin_reason)


# The Situation.


def test_a_situation_is_made_once_and_again_after_each_change() -> None:
    """Ten thousand targets look at the same one; none looks at an old one."""
    one = board(instance())
    first = one.situation()
    assert first is one.situation()
    changes: list[Callable[[], object]] = [
        lambda: one.observe("a", Sign.LOCAL_UP),
        lambda: one.switch("a", Admin.DISABLED, ""),
        lambda: one.add(instance("b")),
    ]
    seen = [first.digest]
    for change in changes:
        change()
        seen.append(one.situation().digest)
    assert len(seen) == len(set(seen))


def test_a_sign_that_changes_nothing_makes_no_new_situation() -> None:
    """Each short message that went well would otherwise cost a new one."""
    one = board(instance())
    one.observe("a", Sign.LOCAL_UP)
    before = one.situation()
    one.observe("a", Sign.SENT)
    assert before is one.situation()


def test_a_situation_names_the_directory_it_was_made_from() -> None:
    """An audit can say who was addressed; a new directory is seen after refresh()."""
    office = Office(node="node", clock=StillClock(NOW), rules=RuleBook(), directory=Directory())
    one = ChannelBoard(office)
    before = one.situation().directory
    office.directory = Directory(persons=(Person("wang", "王", "tc"),))
    assert before == one.situation().directory
    one.refresh()
    assert (office.directory.digest, False) == (one.situation().directory, office.directory.digest == before)


def _of(at: ChannelBoard, name: str) -> Instance:
    found = at.get(name)
    assert found is not None
    return found


# What it may claim.

PEOPLE, DEVICES = Reached(Evidence.HUMAN, ("ref",)), Reached(Evidence.DEVICE, ("ref",))
REFUSED = Permanent(Scope.RECIPIENT, "no-number")


@pytest.mark.parametrize(
    ("said", "counts_as"), [(PEOPLE, DEVICES), (DEVICES, DEVICES), (REFUSED, REFUSED), (Unknown("timeout"), Unknown("timeout"))]
)
def test_an_outcome_counts_as_far_as_its_channel_has_declared(said: Outcome, counts_as: Outcome) -> None:
    """It keeps its names, and what claims nothing stays as it is."""
    assert counts_as == board(instance()).credited("a", said)


def test_so_does_that_of_everybody_on_a_page() -> None:
    """Of the page, and of those who are told otherwise."""
    said = Paged(PEOPLE, ((1, REFUSED), (2, PEOPLE)))
    assert Paged(DEVICES, ((1, REFUSED), (2, DEVICES))) == board(instance()).credited_page("a", said)


@pytest.mark.parametrize(
    ("said", "counts_as"),
    [
        ({"kind": InboundKind.RECEIPT, "level": Evidence.HUMAN}, {"level": Evidence.DEVICE}),
        ({"kind": InboundKind.LATE_OUTCOME, "outcome": PEOPLE}, {"outcome": DEVICES}),
        ({"kind": InboundKind.ANSWER, "level": Evidence.HUMAN}, {"level": Evidence.HUMAN}),
        ({"kind": InboundKind.RECEIPT, "failure": REFUSED}, {"level": None, "failure": REFUSED}),
    ],
)
def test_so_does_what_comes_in_but_for_what_people_answer(said: dict[str, Any], counts_as: dict[str, Any]) -> None:
    """An answer is read by the core, whatever its channel can know by itself."""
    found = board(instance()).credited_inbound("a", Inbound(raw=b"", ack=_acked, **said))
    assert counts_as == {field: getattr(found, field) for field in counts_as}


def test_a_channel_that_claims_too_much_is_told_once() -> None:
    """A gateway that does it does it with every order; each instance is told for itself."""
    made, told = board(instance(), instance("b")), list[tuple[str, str]]()
    made.on_fault = lambda name, sentence: told.append((name, sentence))
    for name in ("a", "a", "b", "a"):
        made.credited(name, PEOPLE)
    sentence = "{} claims HUMAN and declares no more than DEVICE; it counts as DEVICE"
    assert [(name, sentence.format(name)) for name in ("a", "b")] == told


async def _acked() -> None:
    """A peer that wants no ack."""


def test_an_actuator_is_mute_and_may_be_asked_all_the_same() -> None:
    """It is UNKNOWN until something speaks for it, which must not keep anybody from asking what became of its start."""
    siren = instance(doubt=Doubt.ACTUATOR)
    one = board(siren)
    assert not siren.answers, "before it came up nobody is there"
    one.observe("a", Sign.LOCAL_UP)
    assert (Health.UNKNOWN, True) == (siren.health.state, siren.answers)
    one.observe("a", Sign.LOCAL_DOWN)
    assert not siren.answers


def test_a_broadcast_that_nothing_answers_is_mute_as_well() -> None:
    """By its own declaration; where the type is silent, a send that went well speaks for the channel."""
    mute, plain = instance("a", mute=True), instance("b")
    both = board(mute, plain)
    for name in ("a", "b"):
        both.observe(name, Sign.LOCAL_UP)
        both.observe(name, Sign.SENT)
    assert (Health.UNKNOWN, Health.UP) == (mute.health.state, plain.health.state)


def test_good_signs_alone_move_the_window_of_evidence() -> None:
    """What failed is no reason not to ask."""
    one = instance()
    for at, sign in enumerate((Sign.SENT, Sign.TIMED_OUT, Sign.HEARD, Sign.FAILED, Sign.UNANSWERED)):
        one.saw(sign, NOW + at)
    assert NOW + 2 == one.evidence_at
