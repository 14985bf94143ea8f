"""Real alerts of many makers, read as they came. They are other people's and lie beside the checkout, or not at all."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import msgspec
import pytest

from fenghuo.formats.cap_out import write_cap
from fenghuo.formats.cap_schema import schema_verdict
from fenghuo.formats.check import check_report
from fenghuo.formats.decode import decode
from fenghuo.formats.renditions import json_body, radio_text, sms_text
from fenghuo.formats.verdicts import ACCEPTED, REFUSED, REPAIRED, Decoded, SourceDefaults
from fenghuo.formats.xml_gate import open_document
from fenghuo.model.message import Content, Info, Message, MessageId, content_hash
from fenghuo.model.traffic import Action, Priority, Traffic

CORPUS = Path(__file__).parents[3] / "shared/data/cap"
if not CORPUS.exists():
    pytest.skip("the corpus of real alerts does not lie beside the checkout", allow_module_level=True)

SUFFIXES = {".xml", ".cap", ".atom", ".rss", ".edxlde"}
FILES = sorted(path.name for path in CORPUS.iterdir() if path.suffix in SUFFIXES)
with (CORPUS / "MANIFEST.tsv").open(encoding="utf-8", newline="") as _handle:
    MANIFEST = {row["file"]: row for row in csv.DictReader(_handle, delimiter="\t")}

CANCEL_WITHOUT_INFO = "oasiscap_ipaws-5e6dd9de023f1930ef6548d9.xml"
MOWAS = "kde_mow.DE-HE-KS-SE106-20250313-106-001.xml"
NOAA = "kde_noaa-2.49.0.1.840.0.bde6c30c43ead9c23c42bea7977652a7de76d87d.002.1.xml"
EMBEDDED_AUDIO = "oasiscap_ipaws-5ea321f39fc226a7b44b6874.xml"


def read(name: str, **systems: str) -> tuple[Decoded, ...]:
    """Every message of a file."""
    return decode((CORPUS / name).read_bytes(), defaults=SourceDefaults(geocode_systems=systems))


def only(name: str) -> Decoded:
    """The one message of a file."""
    (decoded,) = read(name)
    return decoded


def content_of(name: str) -> Content:
    """The content of a file that must be taken."""
    decoded = only(name)
    assert decoded.content is not None, decoded.error
    return decoded.content


def refusal_of(name: str) -> tuple[str, str]:
    """Code and place of a refusal."""
    decoded = only(name)
    assert decoded.error is not None
    return decoded.error.code, decoded.error.where


def repair_codes(decoded: Decoded) -> set[str]:
    """The codes of all repairs."""
    return {repair.partition(" at ")[0] for repair in decoded.repairs}


def findings(decoded: Decoded) -> set[str]:
    """The codes of all findings."""
    return {verdict.value for verdict in decoded.verdicts if verdict.check == "semantic"}


def message_of(content: Content) -> Message:
    """A message as intake would make it."""
    sent = content.sent.timestamp()
    return Message(MessageId("m-1"), 1, content, Priority.P2, content_hash(content), sent + 1, sent + 86_400, number=7)


def assert_honest(decoded: tuple[Decoded, ...]) -> None:
    """One of three outcomes for each, a content exactly when it was taken, a reason exactly when not."""
    assert decoded
    for one in decoded:
        assert one.outcome in (ACCEPTED, REPAIRED, REFUSED)
        assert (one.content is None) == (one.outcome == REFUSED) == (one.error is not None)
        assert one.verdicts
        assert () == one.trace, "".join(one.trace)


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_judged_and_what_is_taken_is_said_again(name: str) -> None:
    """Every file gets an honest verdict, the published schema's own; nothing of what was taken is lost, neither here nor when it is
    written again."""
    decoded = read(name)
    assert_honest(decoded)
    assert check_report((CORPUS / name).read_bytes())["verdict"] in (ACCEPTED, REPAIRED, REFUSED)
    assert_the_schemas_verdict(name, decoded[0])
    kind, is_container, amount = MANIFEST[name]["kind"].partition("[")
    assert not is_container or int(amount.rstrip("]")) == len(decoded), f"a {kind} yields as many messages as it holds"
    if MANIFEST[name]["xsd"] == "valid":
        assert_nothing_lost(name, decoded[0].content)
    for one in decoded:
        if one.content is not None:
            assert_written_again(one.content)


def assert_the_schemas_verdict(name: str, decoded: Decoded) -> None:
    """Our schema says of every file what the published one says, with the same first fault."""
    row = MANIFEST[name]
    verdict = next((verdict for verdict in decoded.verdicts if verdict.check == "schema"), None)
    assert row["xsd"] == (verdict.value if verdict else "no-alert")
    # A DOCTYPE is refused unseen, so there the published schema's own fault is not reached.
    if verdict and row["xsd"] == "invalid" and not row["reason"].startswith("DOCTYPE"):
        assert row["reason"] == verdict.detail.partition(": ")[2]


def assert_nothing_lost(name: str, content: Content | None) -> None:
    """What was taken holds as many infos, areas and references as the file."""
    row = MANIFEST[name]
    if content is None:
        assert name.startswith("ukgov_with_placeholder")
        return
    assert (row["status"], int(row["infos"]), int(row["areas"]), int(row["references"])) == (
        content.traffic,
        len(content.infos),
        sum(len(info.areas) for info in content.infos),
        len(content.references),
    )


def assert_written_again(content: Content) -> None:
    """It is written as valid CAP 1.2 that says the same, and rendered for people."""
    message = message_of(content)
    raw = write_cap(message, node="n", sender="s")
    assert schema_verdict(open_document(raw).root).ok
    again = decode(raw)[0].content
    assert again is not None
    ordered = sorted(content.infos, key=lambda info: not info.language.casefold().startswith("zh"))
    assert [_said(info) for info in ordered] == [_said(info) for info in again.infos]
    assert sms_text(message).text
    assert radio_text(message).data
    assert json_body(message).data


def _said(info: Info) -> tuple[object, ...]:
    """What an info says, without what our writer adds."""
    areas = [(area.description, len(area.geocodes)) for area in info.areas]
    return (
        info.language,
        info.event,
        info.urgency,
        info.severity,
        info.certainty,
        info.headline,
        info.description,
        info.instruction,
        areas,
    )


@pytest.mark.parametrize("name", [name for name in FILES if (CORPUS / name).stat().st_size < 30_000])
def test_mangled(name: str) -> None:
    """A file with a piece cut out, doubled or turned to noise is judged all the same."""
    raw = (CORPUS / name).read_bytes()
    chance = random.Random(name)
    for _ in range(15):
        start = chance.randrange(len(raw))
        end = min(len(raw), start + chance.randrange(200))
        patch = chance.choice([b"", raw[start:end] * 2, chance.randbytes(end - start), b"<info>", b"]]>"])
        assert_honest(decode(raw[:start] + patch + raw[end:]))


# One by one: what each file is kept for.


def test_cancel_without_info() -> None:
    """A Cancel without info is legal and acts on what it names."""
    content = content_of(CANCEL_WITHOUT_INFO)
    assert (Action.CANCEL, (), 1) == (content.action, content.infos, len(content.references))


def test_mowas() -> None:
    """A live Cancel in nine languages and 225 rings in the wrong order is taken."""
    decoded = only(MOWAS)
    assert decoded.content is not None
    assert (Action.CANCEL, 9, 225) == (
        decoded.content.action,
        len({info.language for info in decoded.content.infos}),
        sum(len(area.polygons) for info in decoded.content.infos for area in info.areas),
    )
    assert "order" in repair_codes(decoded)


def test_noaa() -> None:
    """Polygons behind the geocodes are read; one of them crosses itself."""
    decoded = only(NOAA)
    assert decoded.content is not None
    assert ({"order", "invalid-ring"}, 18) == (repair_codes(decoded), len(decoded.content.infos[0].areas[0].polygons))


def test_alertswiss() -> None:
    """`sent` before `sender` is read; an Alert with references stays one; a Test needs no area."""
    alert, test = only("kde_alertswiss-POA-1216107687-4.xml"), only("kde_alertswiss-TEST-1163.xml")
    assert alert.content is not None
    assert test.content is not None
    assert ("order", Action.NEW, 1) == (min(repair_codes(alert) & {"order"}), alert.content.action, len(alert.content.references))
    assert (Traffic.TEST, ()) == (test.content.traffic, test.content.infos[0].areas)


def test_antimeridian() -> None:
    """A longitude past ±180 is split at the border."""
    decoded = only("kde_gdacs-cap_1470644.xml")
    assert decoded.content is not None
    assert {"antimeridian"} == repair_codes(decoded)
    longitudes = [point[1] for info in decoded.content.infos for area in info.areas for ring in area.polygons for point in ring]
    assert (True, True) == (min(longitudes) >= -180, max(longitudes) <= 180)


def test_macao() -> None:
    """Three languages, an Update, repeated vertices."""
    decoded = only("kde_mo-cap_monsoon.xml")
    assert decoded.content is not None
    assert ({"zh-mo", "en-US", "pt-PT"}, Action.UPDATE, {"repeat-vertex"}) == (
        {info.language for info in decoded.content.infos},
        decoded.content.action,
        repair_codes(decoded),
    )


def test_12379() -> None:
    """The one whole real warning: two aliases' worth of repairs, a code twice, and the first message of its event."""
    decoded = only("cn12379_henan_wind_update.xml")
    assert decoded.content is not None
    (info,) = decoded.content.infos
    assert {"alias-element", "geocode-repeat"} == repair_codes(decoded)
    assert ("大风", "Blue", "41000041600000_20200204121842") == (info.event, info.colour, decoded.content.references[0].identifier)


def test_cma_excerpt() -> None:
    """An excerpt without status is refused; the status is never guessed."""
    assert ("missing-fact", "/alert/status") == refusal_of("cn_cma_yuanshi_flashflood_excerpt.xml")


def test_ukgov_cancel() -> None:
    """Stray text and leading white space are stripped; a Cancel that names nothing is refused."""
    decoded = only("ukgov_wainfleet_cancel.xml")
    assert ("cancel-without-references", {"stray-text", "lead-space"}) == (
        refusal_of("ukgov_wainfleet_cancel.xml")[0],
        repair_codes(decoded),
    )


@pytest.mark.parametrize(("part", "where"), [("areas", "/alert/info[1]/area[1]/polygon[1]"), ("content", "/alert/info[1]/description")])
def test_placeholder(part: str, where: str) -> None:
    """Template text left in is refused."""
    assert ("placeholder", where) == refusal_of(f"ukgov_with_placeholder_for_{part}.xml")


def test_windermere() -> None:
    """A ring of 6,773 vertices is kept whole, and an Alert with references stays one."""
    content = content_of("ukgov_windemere.xml")
    assert (Action.NEW, 1) == (content.action, len(content.references))
    assert 6_773 == max(len(ring) for area in content.infos[0].areas for ring in area.polygons)


def test_doctype() -> None:
    """A DOCTYPE is refused before anything else."""
    assert "doctype" == refusal_of("google_xee.cap")[0]


def test_earthquake_signed() -> None:
    """ISO-8859-1, CAP 1.1, and a Signature for which 1.1 has no place."""
    decoded = only("google_earthquake_signed.cap")
    assert ACCEPTED == decoded.outcome
    assert [("wellformed", "yes"), ("signature", "unsupported")] == [
        (verdict.check, verdict.value) for verdict in decoded.verdicts if verdict.check in ("wellformed", "signature")
    ]


def test_noaa_errors() -> None:
    """Empty enums, a blank behind a comma and an empty polygon are repaired."""
    decoded = only("google_noaa_errors.cap")
    assert decoded.content is not None
    assert {"empty-enum", "pair-space", "empty-geometry"} == repair_codes(decoded)
    assert ("Unknown", 9) == (decoded.content.infos[0].severity, len(decoded.content.infos[0].areas[0].polygons[0]))


def test_australia() -> None:
    """Two infos in one language are two infos."""
    assert ["en-AU", "en-AU"] == [info.language for info in content_of("google_australia.cap").infos]


def test_edxl() -> None:
    """EDXL-DE yields its seven alerts."""
    assert [ACCEPTED] * 7 == [decoded.outcome for decoded in read("google_bushfire_valid.edxlde")]


def test_fiji() -> None:
    """`reference` is an alias, and an alert without area is taken with a finding."""
    decoded = only("sambro_Fiji_Water_Shortage_Suva.xml")
    assert ({"alias-element"}, True) == (repair_codes(decoded), "area" in findings(decoded))


def test_myanmar() -> None:
    """A byte-order mark is stripped, and a Test is a Test."""
    decoded = only("sambro_Myanmar-Flood-MultiLanguage.xml")
    assert decoded.content is not None
    assert ({"bom"}, Traffic.TEST) == (repair_codes(decoded), decoded.content.traffic)


@pytest.mark.parametrize(
    ("name", "schema", "signature"),
    [
        ("wmo_sc_invalid_digest.xml", "valid", "invalid"),
        ("wmo_sc_invalid_certificate.xml", "valid", "invalid"),
        ("wmo_sc_invalid_signature.xml", "valid", "invalid"),
        ("wmo_sc_no_signature.xml", "valid", "none"),
        ("wmo_tg_invalid_schema.xml", "invalid", "invalid"),
        ("wmo_tg_no_signature.xml", "valid", "none"),
        ("wmo_tg_valid.xml", "valid", "invalid"),
    ],
)
def test_wmo(name: str, schema: str, signature: str) -> None:
    """None of the old signatures verifies today, not even under its own certificate; all are taken, and none is believed."""
    assert {"schema": schema, "signature": signature} == {
        verdict.check: verdict.value for verdict in only(name).verdicts if verdict.check in ("schema", "signature")
    }


def test_a_schema_is_no_alert() -> None:
    """A schema among the alerts is none."""
    assert ("no-alert", "/schema") == refusal_of("wmo_sc_invalid_schema.xml")


def test_canada_signed() -> None:
    """Two signatures, 72 codes, nine references."""
    decoded = only("google_canada_signed.cap")
    assert decoded.content is not None
    assert (72, 9) == (
        sum(len(area.geocodes) for info in decoded.content.infos for area in info.areas),
        len(decoded.content.references),
    )
    assert ["unsupported", "unsupported"] == [verdict.value for verdict in decoded.verdicts if verdict.check == "signature"]


def test_embedded_audio() -> None:
    """Embedded audio stays in the raw document and swells no model."""
    assert len(msgspec.msgpack.encode(content_of(EMBEDDED_AUDIO))) < 20_000


@pytest.mark.parametrize("name", ["ebd_lishui_1.xml", "ebd_lishui_2.xml"])
def test_ebd(name: str) -> None:
    """A heartbeat and its signature are no alerts."""
    assert "no-alert" == refusal_of(name)[0]


@pytest.mark.parametrize(
    "name", ["ibm_nws_atom_feed.xml", *[name for name in FILES if name.startswith("meteoalert") and "detail" not in name]]
)
def test_links_only(name: str) -> None:
    """A feed with links only holds no alert, and its source is healthy."""
    assert ("no-alert", "/feed") == refusal_of(name)
    assert [True] == [verdict.ok for verdict in only(name).verdicts if verdict.check == "container"]
