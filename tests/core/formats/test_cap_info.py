"""What CAP says in one info, and about which places."""

from __future__ import annotations

import pytest

from fenghuo.model.message import Geocode, Info, Parameter, Resource
from tests.core.formats.alerts import EXPIRES, GOOD, SENT, codes_of, content_of, one, spoiled

GEOCODE = "<geocode><valueName>mca</valueName><value>320585110</value></geocode>"


def info_of(raw: bytes) -> Info:
    """The first info."""
    return content_of(raw).infos[0]


def test_good() -> None:
    """Everything that the good alert says is there."""
    info = info_of(GOOD.encode())
    assert ("zh-CN", ("Met",), "暴雨", "Immediate", "Severe", "Likely") == (
        info.language,
        info.categories,
        info.event,
        info.urgency,
        info.severity,
        info.certainty,
    )
    assert (SENT, None, EXPIRES, "太仓市气象台") == (info.effective, info.onset, info.expires, info.sender_name)
    assert (Geocode("mca", "320585110"),) == info.areas[0].geocodes
    assert (((31.5, 121.0), (31.6, 121.0), (31.6, 121.1), (31.5, 121.0)),) == info.areas[0].polygons


@pytest.mark.parametrize(
    ("old", "new", "repairs"),
    [
        ("<urgency>Immediate</urgency>", "", ("missing-enum at /alert/info[1]/urgency",)),
        ("<urgency>Immediate</urgency>", "<urgency/>", ("empty-enum at /alert/info[1]/urgency",)),
        ("<urgency>Immediate</urgency>", "<urgency>soon</urgency>", ("alias-value at /alert/info[1]/urgency",)),
    ],
)
def test_unknown_words(old: str, new: str, repairs: tuple[str, ...]) -> None:
    """A word that is missing, empty or none of the set becomes Unknown, and is a repair."""
    decoded = one(spoiled(old, new))
    assert decoded.content is not None
    assert ("Unknown", repairs) == (decoded.content.infos[0].urgency, decoded.repairs)


@pytest.mark.parametrize(("text", "word"), [("Very Likely", "Likely"), ("VeryLikely", "Likely"), ("observed", "Observed")])
def test_certainty(text: str, word: str) -> None:
    """`Very Likely` is Likely, and enums are read in any case; both are repairs."""
    decoded = one(spoiled(">Likely<", f">{text}<"))
    assert decoded.content is not None
    assert (word, ("alias-value at /alert/info[1]/certainty",)) == (decoded.content.infos[0].certainty, decoded.repairs)


def test_missing_category() -> None:
    """Without a category it is Other."""
    decoded = one(spoiled("<category>Met</category>", ""))
    assert decoded.content is not None
    assert (("Other",), ("missing-category at /alert/info[1]/category",)) == (decoded.content.infos[0].categories, decoded.repairs)


def test_unknown_response() -> None:
    """A response type that CAP does not know is dropped with a finding."""
    decoded = one(spoiled("<urgency>", "<responseType>Dance</responseType><responseType>Evacuate</responseType><urgency>"))
    assert decoded.content is not None
    assert (("Evacuate",), {"invalid-enum"}) == (decoded.content.infos[0].response_types, codes_of(decoded))


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        (">Met<", "> Met<", "category[1]"),
        (">Severe<", ">\nSevere\n<", "severity"),
        (">Likely<", ">Likely <", "certainty"),
        ("<urgency>", "<responseType>Evacuate </responseType><urgency>", "responseType[1]"),
    ],
)
def test_white_space_around_a_word_is_a_repair(old: str, new: str, where: str) -> None:
    """No schema of CAP takes it; the word is what it was, and that it was read is said."""
    decoded = one(spoiled(old, new))
    info, read = info_of(spoiled(old, new)), info_of(GOOD.encode())
    assert (f"alias-value at /alert/info[1]/{where}",) == decoded.repairs
    assert (read.categories, read.severity, read.certainty) == (info.categories, info.severity, info.certainty)


def test_the_end_of_a_day_is_the_next_one() -> None:
    """24:00:00 is an instant of XML Schema, and no alert loses its end by it."""
    decoded = one(spoiled("<expires>2026-07-15T20:00:00+08:00<", "<expires>2026-07-15T24:00:00+08:00<"))
    assert ("accepted", "2026-07-15T16:00:00+00:00") == (
        decoded.outcome,
        decoded.content and decoded.content.infos[0].expires and decoded.content.infos[0].expires.isoformat(),
    )


def test_no_language() -> None:
    """Without a language it is English, says CAP."""
    assert "en-US" == info_of(spoiled("<language>zh-CN</language>", "")).language


@pytest.mark.parametrize("text", ["32058520260715", "soon", "2026-13-01T00:00:00+08:00", "9999-12-31T23:59:59-23:59"])
def test_unreadable_time(text: str) -> None:
    """A time that cannot be read counts as absent; that is a repair and a finding, not the end."""
    decoded = one(spoiled("<expires>2026-07-15T20:00:00+08:00</expires>", f"<expires>{text}</expires>"))
    assert decoded.content is not None
    assert (None, ("unreadable-time at /alert/info[1]/expires",)) == (decoded.content.infos[0].expires, decoded.repairs)


@pytest.mark.parametrize(
    ("old", "new", "colour"),
    [
        ("橙色", "", ""),
        ("橙色", "红色", "Red"),
        ("太仓市气象台发布暴雨橙色预警", "County observatory issues blue warning for rain", "Blue"),
        ("太仓市气象台发布暴雨橙色预警", "Red Flag Warning", ""),
        ("<area>", "<parameter><valueName>Colour</valueName><value>黄色</value></parameter><area>", "Yellow"),
        ("<effective>", "<eventCode><valueName>color</valueName><value>red</value></eventCode><effective>", "Red"),
        ("橙色", "紫色", ""),
    ],
)
def test_colour(old: str, new: str, colour: str) -> None:
    """The colour is the issuer's, from a parameter, an event code or the headline; it never comes from the severity."""
    assert colour == info_of(spoiled(old, new)).colour


@pytest.mark.parametrize(
    ("written", "codes", "repairs"),
    [
        ("320585110,320585111,", ["320585110", "320585111"], ("geocode-split at /alert/info[1]/area[1]/geocode[1]",)),
        (
            "320585110, 320585111，320585112",
            ["320585110", "320585111", "320585112"],
            ("geocode-split at /alert/info[1]/area[1]/geocode[1]",),
        ),
        ("62102300000000", ["621023000000"], ("geocode-14 at /alert/info[1]/area[1]/geocode[1]",)),
        ("62102300000001", ["62102300000001"], ()),
        ("12.5,3 13.5,4", ["12.5,3 13.5,4"], ()),
        ("", [], ()),
    ],
)
def test_geocode(written: str, codes: list[str], repairs: tuple[str, ...]) -> None:
    """Lists are split, fourteen digits are cut where two noughts hang on, and anything else stays as it is."""
    decoded = one(spoiled("320585110<", f"{written}<"))
    assert decoded.content is not None
    assert (codes, repairs) == ([code.value for code in decoded.content.infos[0].areas[0].geocodes], decoded.repairs)


def test_geocode_repeat() -> None:
    """The same code twice is kept once, and that is a repair."""
    decoded = one(spoiled(GEOCODE, GEOCODE * 2))
    assert ("geocode-repeat at /alert/info[1]/area[1]/geocode[1]",) == decoded.repairs


def test_geocode_system() -> None:
    """The settings of a source say which system its codes belong to."""
    raw = spoiled("<valueName>mca</valueName>", "<valueName>CPEAS Geographic Code</valueName>")
    decoded = one(raw, systems={"CPEAS Geographic Code": "mca"})
    assert decoded.content is not None
    assert ("mca", ()) == (decoded.content.infos[0].areas[0].geocodes[0].system, decoded.repairs)


def test_many_geocodes() -> None:
    """More codes than any real area has are refused."""
    codes = "".join(f"<geocode><valueName>x</valueName><value>{number}</value></geocode>" for number in range(5001))
    error = one(spoiled(GEOCODE, codes)).error
    assert error is not None
    assert ("limit", "/alert/info[1]/area[1]") == (error.code, error.where)


def test_pairs_of_cap_10() -> None:
    """CAP 1.0 wrote name and value in one text."""
    old = GOOD.replace("urn:oasis:names:tc:emergency:cap:1.2", "http://www.incident.com/cap/1.0")
    old = old.replace(GEOCODE, "<geocode>mca=320585110</geocode>")
    decoded = one(old.replace("<area>", "<parameter>a=b=c</parameter><area>").encode())
    assert decoded.content is not None
    info = decoded.content.infos[0]
    assert ((Geocode("mca", "320585110"),), (Parameter("a", "b=c"),), ()) == (info.areas[0].geocodes, info.parameters, decoded.repairs)


@pytest.mark.parametrize(("size", "octets", "repairs"), [("84", 84, 0), ("84k", 86_016, 1), ("2 MB", 2_097_152, 1), ("large", None, 0)])
def test_resource(size: str, octets: int | None, repairs: int) -> None:
    """An attachment keeps its address, and a size with a suffix is an approximate one."""
    resource = f"<resource><resourceDesc>图</resourceDesc><mimeType>image/png</mimeType><size>{size}</size><uri>http://a/b</uri></resource>"
    decoded = one(spoiled("<area>", f"{resource}<area>"))
    assert decoded.content is not None
    assert (Resource("图", "image/png", octets, "http://a/b"),) == decoded.content.infos[0].resources
    assert repairs == len(decoded.repairs)


def test_height() -> None:
    """Altitude and ceiling are feet; what is no figure counts as absent."""
    content = content_of(spoiled("</area>", "<altitude>100.5</altitude><ceiling>high</ceiling></area>"))
    assert (100.5, None) == (content.infos[0].areas[0].altitude_ft, content.infos[0].areas[0].ceiling_ft)
