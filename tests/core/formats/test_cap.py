"""CAP's envelope: facts that are never guessed, and what is refused."""

from __future__ import annotations

import pytest

from fenghuo.formats.decode import decode
from fenghuo.formats.verdicts import SourceDefaults
from fenghuo.model.message import Reference, Scope
from fenghuo.model.traffic import Action, Kind, Traffic
from tests.core.formats.alerts import GOOD, SENT, codes_of, content_of, one, spoiled

INFO = GOOD[GOOD.index("  <info>") : GOOD.index("</alert>")]
REFERENCE = "met@example.org,T-0,2026-07-15T07:00:00+08:00"


def with_references(action: str, text: str = REFERENCE) -> str:
    """The good alert as an Update or a Cancel that names an earlier one."""
    acting = GOOD.replace(">Alert<", f">{action}<")
    return acting.replace("  <info>", f"  <references>{text}</references>\n  <info>", 1)


def test_good() -> None:
    """A good alert is accepted without a repair, and its envelope is what it says."""
    decoded = one(GOOD.encode())
    content = decoded.content
    assert content is not None
    assert ("accepted", (), None) == (decoded.outcome, decoded.repairs, decoded.error)
    assert (Kind.ALERT, Action.NEW, Traffic.ACTUAL, Scope.PUBLIC) == (content.kind, content.action, content.traffic, content.scope)
    assert ("met@example.org", "T-1", SENT) == content.triple


@pytest.mark.parametrize("fact", ["identifier", "sender", "sent", "status", "msgType", "scope"])
def test_missing_fact(fact: str) -> None:
    """An envelope fact that is missing is never guessed: the alert is refused and the fact named."""
    error = one(GOOD.replace(f"<{fact}>", "<note>", 1).replace(f"</{fact}>", "</note>", 1).encode()).error
    assert error is not None
    assert ("missing-fact", f"/alert/{fact}", f"{fact} is missing, and it is never guessed") == (error.code, error.where, error.message)


@pytest.mark.parametrize(
    ("old", "new", "code", "where"),
    [
        (">Actual<", ">Real<", "unknown-fact", "/alert/status"),
        (">Alert<", ">Warning<", "unknown-fact", "/alert/msgType"),
        (">Public<", ">Everyone<", "unknown-fact", "/alert/scope"),
        (">2026-07-15T08:00:00+08:00</sent>", ">yesterday</sent>", "unknown-fact", "/alert/sent"),
        (">2026-07-15T08:00:00+08:00</sent>", ">0001-01-01T00:00:00+14:00</sent>", "unknown-fact", "/alert/sent"),
        (">Actual<", ">Draft<", "draft", "/alert/status"),
        (">T-1<", f">{'x' * 201}<", "limit", "/alert/identifier"),
        (INFO, "", "nothing-to-say", "/alert/info"),
        (">Alert<", ">Cancel<", "cancel-without-references", "/alert/references"),
        ("  <info>", '  <info><alert xmlns=""/>', "nested-alert", "/alert"),
        (INFO, INFO * 33, "limit", "/alert"),
        ("  <info>", f"  <references>{'r ' * 101}</references><info>", "limit", "/alert/references"),
        (">31.5,121 31.6,121 31.6,121.1 31.5,121<", f">{'31,121 32,121 ' * 50_001}31,121<", "limit", "/alert/info"),
        (">停止户外作业。低洼地区人员立即转移。<", ">{{instruction}}<", "placeholder", "/alert/info[1]/instruction"),
        (">沙溪镇<", ">((area))<", "placeholder", "/alert/info[1]/area[1]/areaDesc"),
        (">31.5,121 31.6,121 31.6,121.1 31.5,121<", ">{}<", "placeholder", "/alert/info[1]/area[1]/polygon[1]"),
        (">太仓市气象台发布暴雨橙色预警<", ">&lt;&lt;headline>><", "placeholder", "/alert/info[1]/headline"),
    ],
)
def test_refused(old: str, new: str, code: str, where: str) -> None:
    """What may not be taken is refused under its code, with the place."""
    decoded = one(spoiled(old, new))
    assert decoded.error is not None
    assert ("refused", None, code, where) == (decoded.outcome, decoded.content, decoded.error.code, decoded.error.where)


@pytest.mark.parametrize("status", ["Exercise", "System", "Test"])
def test_placeholder_outside_actual(status: str) -> None:
    """Template text in a test is a finding only."""
    decoded = one(GOOD.replace(">Actual<", f">{status}<").replace("停止户外作业", "{}").encode())
    assert ("accepted", {"placeholder"}) == (decoded.outcome, codes_of(decoded))


@pytest.mark.parametrize("action", ["Cancel", "Ack", "Error"])
def test_without_info(action: str) -> None:
    """A Cancel, an Ack or an Error may come without an info; it acts on what it names."""
    content = content_of(with_references(action).replace(INFO, "").encode())
    assert (Action(action), (), (Reference("T-0", "met@example.org", content.references[0].sent),)) == (
        content.action,
        content.infos,
        content.references,
    )


def test_update_without_references() -> None:
    """An Update that names nothing is handled as an alert, and said to be so."""
    decoded = one(spoiled(">Alert<", ">Update<"))
    assert decoded.content is not None
    assert (Action.NEW, ("no-reference at /alert/references",)) == (decoded.content.action, decoded.repairs)
    assert {"update-or-cancel-must-reference"} == codes_of(decoded)


def test_alert_with_references() -> None:
    """An Alert that carries references stays an Alert."""
    content = content_of(with_references("Alert").encode())
    assert (Action.NEW, "T-0") == (content.action, content.references[0].identifier)


def test_references_of_every_kind() -> None:
    """Triples and bare identifiers are read, whatever white space stands between them; the bare one is a finding."""
    decoded = one(with_references("Update", f"{REFERENCE}\n\tT-9  a,b,never").encode())
    assert decoded.content is not None
    assert [("T-0", "met@example.org"), ("T-9", ""), ("b", "a")] == [(one.identifier, one.sender) for one in decoded.content.references]
    assert {"references-invalid"} == codes_of(decoded)


@pytest.mark.parametrize(
    ("text", "triples"),
    [
        ("a, b, 2026-07-15T07:00:00+08:00", [("a", "b")]),
        ("a ,b , 2026-07-15T07:00:00+08:00  c, d, 2026-07-15T06:00:00+08:00", [("a", "b"), ("c", "d")]),
        ("a,T 0,2026-07-15T07:00:00+08:00", [("a", "T 0")]),
        ("a,b,2026-07-15 07:00:00+08:00", [("a", "b")]),
        ("a,b,2026-07-15T07:00:00+08:00; c,d,2026-07-15T06:00:00+08:00", [("a", "b"), ("c", "d")]),
    ],
)
def test_references_with_blanks_in_them(text: str, triples: list[tuple[str, str]]) -> None:
    """Each ends with its instant, so what was meant is plain: what it cancels is cancelled. A repair, and a finding."""
    decoded = one(with_references("Cancel", text).encode())
    assert decoded.content is not None
    assert triples == [(reference.sender, reference.identifier) for reference in decoded.content.references]
    assert all(reference.sent for reference in decoded.content.references)
    assert ("reference-space at /alert/references",) == decoded.repairs
    assert "references-invalid" in codes_of(decoded)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (">met@example.org<", ">\n  met@example.org\n<"),
        (">2026-07-15T08:00:00+08:00</sent>", ">\n 2026-07-15T08:00:00+08:00 </sent>"),
        ("<expires>2026-07-15T20:00:00+08:00<", "<expires> 2026-07-15T20:00:00+08:00 <"),
        (">zh-CN<", "> zh-CN <"),
    ],
)
def test_white_space_that_the_schema_allows_is_no_repair(old: str, new: str) -> None:
    """Around an instant, a name or a language: valid as it came."""
    decoded = one(spoiled(old, new))
    assert ("accepted", ["valid"]) == (decoded.outcome, [verdict.value for verdict in decoded.verdicts if verdict.check == "schema"])


@pytest.mark.parametrize(
    ("old", "new", "repairs"),
    [
        (">Actual<", "> actual <", ("alias-value at /alert/status",)),
        (">Actual<", "> Actual\n<", ("alias-value at /alert/status",)),
        (">Alert<", ">\tAlert<", ("alias-value at /alert/msgType",)),
        (">Public<", ">Public\u3000<", ("alias-value at /alert/scope",)),
        (">2026-07-15T08:00:00+08:00</sent>", ">\u00a02026-07-15T08:00:00+08:00</sent>", ("time-form at /alert/sent",)),
        (">Public<", ">PUBLIC<", ("alias-value at /alert/scope",)),
        (">2026-07-15T08:00:00+08:00</sent>", ">2026-07-15T08:00:00</sent>", ("no-offset at /alert/sent",)),
        (">2026-07-15T08:00:00+08:00</sent>", ">2026-07-15T00:00:00Z</sent>", ("no-offset at /alert/sent",)),
        (">2026-07-15T08:00:00+08:00</sent>", ">2026-07-15 08:00:00+08:00</sent>", ("time-form at /alert/sent",)),
    ],
)
def test_repaired_envelope(old: str, new: str, repairs: tuple[str, ...]) -> None:
    """Case, white space and the form of a time are repaired, and the fact stays what it was."""
    decoded = one(spoiled(old, new))
    assert decoded.content is not None
    assert (repairs, SENT, Traffic.ACTUAL, "accepted-with-repairs") == (
        decoded.repairs,
        decoded.content.sent,
        decoded.content.traffic,
        decoded.outcome,
    )


def test_cancle() -> None:
    """`Cancle`, as one reader spells it, is a Cancel."""
    decoded = one(with_references("Cancle").encode())
    assert decoded.content is not None
    assert (Action.CANCEL, ("alias-value at /alert/msgType",)) == (decoded.content.action, decoded.repairs)


def test_no_offset_of_a_foreign_source() -> None:
    """A time without zone is refused where the source is not Chinese."""
    error = one(spoiled(">2026-07-15T08:00:00+08:00</sent>", ">2026-07-15T08:00:00</sent>"), chinese=False).error
    assert error is not None
    assert "unknown-fact" == error.code


@pytest.mark.parametrize(("status", "code"), [("Test", None), ("Actual", "contradiction")])
def test_root_named_after_the_status(status: str, code: str | None) -> None:
    """A root named after the status is read if it agrees with it, and refused if it does not."""
    text = GOOD.replace(">Actual<", f">{status}<").replace("<alert ", "<test ").replace("</alert>", "</test>")
    decoded = one(text.encode())
    assert code == (decoded.error.code if decoded.error else None)
    assert "alias-element at /test" in decoded.repairs


@pytest.mark.parametrize(("once", "twice"), [("Actual", "Exercise"), ("Public", "Private")])
def test_a_fact_said_twice(once: str, twice: str) -> None:
    """Two words for one fact are a contradiction, and refused; the same word twice is only a liberty."""
    line = next(line for line in GOOD.splitlines(keepends=True) if f">{once}<" in line)
    assert "contradiction" == getattr(one(GOOD.replace(line, line + line.replace(once, twice)).encode()).error, "code", None)
    assert "duplicate-element" in codes_of(one(GOOD.replace(line, line + line).encode()))


def test_password() -> None:
    """The password of CAP 1.0 is a finding and never read."""
    old = GOOD.replace("urn:oasis:names:tc:emergency:cap:1.2", "http://www.incident.com/cap/1.0")
    assert "deprecated" in codes_of(one(old.replace("  <scope>", "  <password>x</password><scope>").encode()))


def test_addresses() -> None:
    """Addresses are separated by blanks, and quotes hold one together."""
    text = GOOD.replace("<scope>Public</scope>", '<scope>Private</scope><addresses>a "b c" d</addresses>')
    assert ("a", "b c", "d") == content_of(text.encode()).addresses


def test_defaults_are_frozen() -> None:
    """The defaults say: as a document's language, no mapping of codes, no instant of receipt."""
    assert ({}, None, None) == (SourceDefaults().geocode_systems, SourceDefaults().chinese, SourceDefaults().received)


@pytest.mark.parametrize("joiner", ["，", ";", "；", ",", "、"])
def test_triples_that_something_joins_are_each_read(joiner: str) -> None:
    """A comma or semicolon of either width between them: what it cancels is cancelled."""
    triples = [f"met@example.org,T-{n},2026-07-15T0{n}:00:00+08:00" for n in range(2)]
    decoded = one(with_references("Cancel", joiner.join(triples)).encode())
    assert decoded.content is not None
    assert [("met@example.org", "T-0"), ("met@example.org", "T-1")] == [(one.sender, one.identifier) for one in decoded.content.references]
    assert ("reference-space at /alert/references",) == decoded.repairs


def test_a_fact_with_an_element_inside_is_no_fact() -> None:
    """Whether `<status>Actual<x/></status>` is real is never guessed."""
    error = one(spoiled(">Actual<", ">Actual<x/><")).error
    assert error is not None
    assert ("contradiction", "/alert/status") == (error.code, error.where)


@pytest.mark.parametrize(
    ("language", "chinese", "is_taken"), [("de-DE", None, False), ("zh-CN", None, True), ("de-DE", True, True), ("zh-CN", False, False)]
)
def test_a_time_without_a_zone_is_beijings_of_a_chinese_source_alone(language: str, *, chinese: bool | None, is_taken: bool) -> None:
    """The settings say which it is, and where they do not its language does."""
    text = GOOD.replace(">2026-07-15T08:00:00+08:00</sent>", ">2026-07-15T08:00:00</sent>").replace(">zh-CN<", f">{language}<")
    (decoded,) = decode(text.encode(), defaults=SourceDefaults(chinese=chinese))
    assert is_taken is (decoded.content is not None)
