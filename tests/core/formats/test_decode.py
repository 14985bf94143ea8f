"""The one call of intake: it takes any octets and never raises."""

from __future__ import annotations

import time
from html import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fenghuo.formats import cap_schema
from fenghuo.formats.decode import decode, decode_json
from fenghuo.formats.verdicts import ACCEPTED, REFUSED, REPAIRED
from fenghuo.model.delivery import Verdict
from fenghuo.model.rendition import COMPACT
from fenghuo.model.traffic import Kind
from tests.core.formats.alerts import GOOD, one, spoiled

ALERT = GOOD.partition("\n")[2]
ATOM = '<feed xmlns="http://www.w3.org/2005/Atom">{}</feed>'
RSS = '<rss version="2.0"><channel>{}</channel></rss>'
EDXL = '<EDXLDistribution xmlns="urn:oasis:names:tc:emergency:EDXL:DE:1.0">{}</EDXLDistribution>'


@pytest.mark.parametrize(
    ("container", "item"),
    [
        (ATOM, "<entry><content>{}</content></entry>"),
        (RSS, "<item>{}</item>"),
        (EDXL, "<contentObject><xmlContent><embeddedXMLContent>{}</embeddedXMLContent></xmlContent></contentObject>"),
    ],
)
def test_container(container: str, item: str) -> None:
    """A container yields its alerts one by one, and a bad one does not spoil its neighbours."""
    bad = ALERT.replace("<scope>Public</scope>", "")
    decoded = decode(container.format("".join(item.format(alert) for alert in (ALERT, bad, ALERT))).encode())
    assert [ACCEPTED, REFUSED, ACCEPTED] == [one.outcome for one in decoded]


def test_escaped_alerts_of_a_feed() -> None:
    """Markup as text, with a declaration or without, is read as the alert it is; a bad one and one beside it do not spoil it."""
    entry = '<entry><content type="html">{}</content></entry>'
    texts = [GOOD.replace("T-1", "T-2"), ALERT.replace("<scope>Public</scope>", ""), "<alert", "an <alert> in words"]
    decoded = decode(ATOM.format(ALERT + "".join(entry.format(escape(text)) for text in texts)).encode())
    assert [(ACCEPTED, "T-1", ()), (REPAIRED, "T-2", ("escaped-alert at /",)), (REFUSED, "", ("escaped-alert at /",))] == [
        (one.outcome, one.content.identifier if one.content else "", one.repairs) for one in decoded
    ]


@pytest.mark.parametrize("hostile", ["<!DOCTYPE alert>" + ALERT, "<alert>" * 100, "<alert><alert></alert></alert>", escape(ALERT)])
def test_what_is_escaped_passes_the_same_gate(hostile: str) -> None:
    """And nothing is unescaped twice, or from inside an alert."""
    (decoded,) = decode(ATOM.format(f"<entry><summary>{escape(hostile)}</summary></entry>").encode())
    assert (REFUSED, True) == (decoded.outcome, decoded.error is not None)
    inside = one(spoiled("停止户外作业。", escape(ALERT.replace("T-1", "T-2"))))
    assert "T-1" == (inside.content and inside.content.identifier)


def test_mixed_versions() -> None:
    """The namespace of each alert picks its own version."""
    older = ALERT.replace("cap:1.2", "cap:1.1")
    details = [next(v.detail for v in one.verdicts if v.check == "schema") for one in decode(ATOM.format(ALERT + older).encode())]
    assert ["CAP 1.2", "CAP 1.1"] == details


def test_links_only() -> None:
    """A feed with links only holds no message, and its source is healthy."""
    decoded = one(ATOM.format("<entry><link href='http://a'/></entry><entry/>").encode())
    assert decoded.error is not None
    assert ("no-alert", "/feed") == (decoded.error.code, decoded.error.where)
    assert Verdict("container", "links-only", True, "this is a feed with 2 entries and no alert in it: links only") in decoded.verdicts


@pytest.mark.parametrize("text", [ATOM.format(""), "<html><body>502</body></html>", "<EBD/>"])
def test_empty_wrapper(text: str) -> None:
    """A wrapper with nothing in it is no alert, and its source is not healthy."""
    decoded = one(text.encode())
    assert decoded.error is not None
    assert ("no-alert", [False]) == (decoded.error.code, [verdict.ok for verdict in decoded.verdicts if verdict.check == "container"])


@pytest.mark.parametrize(("namespace", "code"), [("http://com.icss.amp", "missing-fact"), ("urn:elsewhere", "unknown-namespace")])
def test_other_dialects(namespace: str, code: str) -> None:
    """A CAP alert in the namespace of 12379 is read by that dialect's names and lacks them; nobody knows the last namespace."""
    error = one(GOOD.replace("urn:oasis:names:tc:emergency:cap:1.2", namespace).encode()).error
    assert error is not None
    assert code == error.code


BARE = GOOD.replace(' xmlns="urn:oasis:names:tc:emergency:cap:1.2"', "")


def test_cap_without_its_namespace() -> None:
    """Told by its elements: the whole alert is read, with a repair, and no schema speaks for it."""
    decoded = one(BARE.encode())
    assert (("no-namespace at /alert",), one(GOOD.encode()).content) == (decoded.repairs, decoded.content)
    assert ["no-schema"] == [verdict.value for verdict in decoded.verdicts if verdict.check == "schema"]


@pytest.mark.parametrize("mark", ["<senderCode>32058541600000</senderCode>", "<sendTime>2026-07-15 08:00:00+08:00</sendTime>"])
def test_one_element_of_the_other_dialect_makes_it_no_cap(mark: str) -> None:
    """It is read by the other's names, and lacks facts: nothing is put together from both."""
    decoded = one(spoiled("<status>", f"{mark}<status>", BARE))
    assert (REFUSED, "missing-fact") == (decoded.outcome, decoded.error and decoded.error.code)


def test_verdicts() -> None:
    """A good alert has the verdicts of its form, all of them ok."""
    assert [("wellformed", "yes", True), ("schema", "valid", True), ("signature", "none", True)] == [
        (verdict.check, verdict.value, verdict.ok) for verdict in one(GOOD.encode()).verdicts
    ]


def test_signature() -> None:
    """A signature that signs nothing is said to be none that counts."""
    decoded = one(spoiled("</alert>", '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/></alert>'))
    assert Verdict("signature", "unsupported", False, "its algorithm is not one that counts here") in decoded.verdicts


def test_doctype() -> None:
    """A DOCTYPE is refused, and nothing of the document is believed."""
    decoded = one(spoiled("<alert ", "<!DOCTYPE alert><alert "))
    assert [("wellformed", "no"), ("schema", "invalid")] == [(verdict.check, verdict.value) for verdict in decoded.verdicts]


def test_repairs_of_the_gate() -> None:
    """What the gate stripped counts as a repair of the alert."""
    decoded = one(b"\xef\xbb\xbf\n" + ALERT.encode())
    assert (REPAIRED, ("bom at /", "lead-space at /")) == (decoded.outcome, decoded.repairs)


@pytest.mark.parametrize(
    ("raw", "media_type", "code"),
    [
        (b'{"to":["a"],"text":"b"}', "", None),
        (b'\xef\xbb\xbf {"to":["a"],"text":"b"}', "application/json", None),
        (b"", "application/json", "not-json"),
        (b"", "", "empty"),
        (b"[]", "", "bad-field"),
        (b"\x00\x01", "", "not-wellformed"),
    ],
)
def test_sniffing(raw: bytes, media_type: str, code: str | None) -> None:
    """The octets decide whether it is JSON or XML; the media type is a hint."""
    (decoded,) = decode(raw, media_type)
    assert code == (decoded.error.code if decoded.error else None)


def test_xml_under_a_json_type() -> None:
    """An alert posted under the wrong type is an alert."""
    (decoded,) = decode(GOOD.encode(), "application/json")
    assert decoded.content is not None
    assert Kind.ALERT is decoded.content.kind


@pytest.mark.parametrize(
    "raw",
    [
        spoiled("  <info>", "<info/>" * 100_000 + "<info>"),
        spoiled("<category>", "<category>x</category>" * 100_000 + "<category>"),
        spoiled("<polygon>", "<polygon/>" * 100_000 + "<polygon>"),
        spoiled("31.5,121 31.6,121", "(" * 2_000_000),
        spoiled("31.5,121 31.6,121", "1" * 2_000_000),
        spoiled("320585110", "1," * 1_000_000 + "1"),
        spoiled("<geocode>", f"<circle>{'1.' * 1_000_000}</circle><geocode>"),
        spoiled("  <info>", f"<addresses>{'&quot;' * 300_000}</addresses><info>"),
        ATOM.format('<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"/>' * 50_000).encode(),
        b"<!--" + b" -" * 2_000_000 + b"--><a/>",
        b"<?x " * 1_000_000,
        b"[" * 4_000_000,
    ],
    ids=["infos", "categories", "polygons", "marks", "digits", "codes", "circle", "quotes", "alerts", "comment", "instruction", "json"],
)
def test_hostile(raw: bytes) -> None:
    """What was made to take for ever is judged within seconds."""
    start = time.process_time()
    assert_honest(raw)
    assert time.process_time() - start < 5


def assert_honest(raw: bytes) -> None:
    """One of three outcomes, a content exactly when it was taken, a reason exactly when not."""
    for decoded in decode(raw):
        assert decoded.outcome in (ACCEPTED, REPAIRED, REFUSED)
        assert (decoded.content is None) == (decoded.outcome == REFUSED) == (decoded.error is not None)
        assert () == decoded.trace, "".join(decoded.trace)
        assert bool(decoded.repairs) or decoded.outcome != REPAIRED


def failing(*_: object, **__: object) -> None:
    raise TypeError("a fault of ours")


def test_what_a_decoder_fails_at_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """In every format: with a code of its own, and the trace for the log."""
    for name in ("read_cap", "read_message", "open_document"):
        monkeypatch.setattr(f"fenghuo.formats.decode.{name}", failing)
    monkeypatch.setattr("fenghuo.formats.compact_reading.read_compact", failing)
    json = b'{"to":["a"],"text":"b"}'
    for (decoded,) in (decode(GOOD.encode()), decode(json), decode(b"\x01", COMPACT), decode_json(json)):
        assert decoded.error is not None
        assert ("decoder-fault", True) == (decoded.error.code, "a fault of ours" in decoded.trace[-1])


def test_what_a_decoder_fails_at_does_not_spoil_its_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    """The good ones of a feed are read; the schema that failed at one is asked about the next."""
    judge = cap_schema.schema_verdict
    monkeypatch.setattr("fenghuo.formats.decode.schema_verdict", lambda alert: failing() if "BAD" in alert[0].text else judge(alert))
    entries = "".join(f"<entry><content>{ALERT.replace('T-1', name)}</content></entry>" for name in ("A", "BAD", "B"))
    assert ["A", None, "B"] == [decoded.content and decoded.content.identifier for decoded in decode(ATOM.format(entries).encode())]


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_octets(raw: bytes) -> None:
    """No octets make it raise."""
    assert_honest(raw)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_mangled_alert(data: st.DataObject) -> None:
    """A real alert with a piece cut out, doubled or replaced does not make it raise either."""
    raw = GOOD.encode()
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, min(len(raw), start + 80)))
    patch = data.draw(st.binary(max_size=8) | st.sampled_from([raw[start:end] * 2, b"</info>", b"<info>", b"&#0;", b"<![CDATA[", b"<!--"]))
    assert_honest(raw[:start] + patch + raw[end:])
