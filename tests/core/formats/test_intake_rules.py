"""Rules of intake that no other file tries: limits one above the largest allowed, aliases, what is ignored, what is never fetched."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from fenghuo.formats.cap_out import write_cap
from fenghuo.formats.cap_schema import schema_verdict
from fenghuo.formats.decode import decode
from fenghuo.formats.xml_gate import open_document
from tests.core.formats.alerts import GOOD, codes_of, content_of, one, spoiled
from tests.core.formats.compact_values import content, info, message

AREA = GOOD[GOOD.index("    <area>") : GOOD.index("  </info>")]
RING = "<polygon>31.5,121 31.6,121 31.6,121.1 31.5,121</polygon>"
FORMATS = Path(__file__).parents[3] / "core/fenghuo/formats"
TABLE = Path(__file__).parents[3] / "docs/intake.md"
CODES = re.compile(r"""(?:\.(?:repair|find)\(|code=)\s*"([a-z0-9-]+)""")
ENTRIES = re.compile(r"""^    \("([a-z-]+)", _\w+\),$""", re.MULTILINE)


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        (">met@example.org<", f">{'x' * 201}<", "/alert/sender"),
        (AREA, AREA * 1001, "/alert/info[1]"),
        (RING, RING * 1001, "/alert/info"),
    ],
)
def test_one_more_than_any_real_alert_is_refused(old: str, new: str, where: str) -> None:
    """Sender, areas and rings; the other limits are beside the readers they belong to."""
    decoded = one(spoiled(old, new))
    assert decoded.error is not None
    assert ("limit", where) == (decoded.error.code, decoded.error.where)


def test_the_largest_allowed_is_taken() -> None:
    """Every limit is the last that passes."""
    text = GOOD.replace(">met@example.org<", f">{'x' * 200}<").replace(AREA, AREA * 1000)
    assert (200, 1000) == (len(content_of(text.encode()).sender), len(content_of(text.encode()).infos[0].areas))


@pytest.mark.parametrize("root", ["actual", "exercise", "test"])
def test_a_root_may_be_named_after_its_status(root: str) -> None:
    """Read as the alert it is, and named as an alias."""
    text = GOOD.replace("<alert ", f"<{root} ").replace("</alert>", f"</{root}>").replace(">Actual<", f">{root.title()}<")
    decoded = one(text.encode())
    assert (root.title(), True) == (decoded.content and decoded.content.traffic, f"alias-element at /{root}" in decoded.repairs)


@pytest.mark.parametrize("name", ["description", "instruction", "headline", "senderName", "web", "contact", "audience"])
def test_an_empty_optional_text_counts_as_absent(name: str) -> None:
    """No repair, no finding of its own, and nothing said."""
    text = re.sub(rf"<{name}>[^<]*</{name}>", f"<{name}/>", GOOD)
    assert "" == re.sub(r"\s", "", getattr(content_of(text.encode()).infos[0], re.sub("(?=[A-Z])", "_", name).lower()))


def test_instructions_and_comments_are_ignored() -> None:
    """A stylesheet before the root, a comment in a text: neither counts, and neither is a repair."""
    text = GOOD.replace("<alert ", '<?xml-stylesheet href="http://example.invalid/x.xsl"?><!-- a --><alert ', 1).replace(
        "暴雨", "暴<!-- b -->雨"
    )
    decoded = one(text.encode())
    assert (content_of(GOOD.encode()), ()) == (decoded.content, decoded.repairs)


def test_nothing_that_an_alert_names_is_ever_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attachment, web page, stylesheet, schema, inclusion: the address is kept, and nobody goes there."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("somebody opened a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    url = "http://127.0.0.1:9/x"
    resource = f"<resource><resourceDesc>图</resourceDesc><mimeType>image/png</mimeType><uri>{url}</uri></resource>"
    text = GOOD.replace("    <area>", f"    {resource}<area>", 1)
    text = text.replace(
        "<alert ",
        f'<?xml-stylesheet href="{url}"?><alert xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:schemaLocation="urn:oasis:names:tc:emergency:cap:1.2 {url}" ',
        1,
    )
    text = text.replace("</alert>", f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{url}"/></alert>')
    assert url == content_of(text.encode()).infos[0].resources[0].uri


def test_embedded_octets_stay_in_the_raw_document() -> None:
    """Two megabytes of sound in an alert make no message larger, and no outcome worse."""
    sound = f"<resource><resourceDesc>a</resourceDesc><mimeType>audio/mp3</mimeType><derefUri>{'QUJD' * 500_000}</derefUri></resource>"
    (resource,) = content_of(GOOD.replace("    <area>", f"    {sound}<area>", 1).encode()).infos[0].resources
    assert ("a", None, None) == (resource.description, resource.uri, resource.blob)


def test_areas_that_are_said_twice_are_a_finding() -> None:
    """Under two names the same place; the alert is taken."""
    decoded = one(GOOD.replace(AREA, AREA + AREA.replace("沙溪镇", "沙溪")).encode())
    assert (True, 2) == ("area" in codes_of(decoded), len(decoded.content.infos[0].areas) if decoded.content else 0)


@pytest.mark.parametrize(("old", "new"), [("<references>", "<reference>"), (">Cancel<", ">Cancle<")])
def test_an_alias_is_never_echoed(old: str, new: str) -> None:
    """Taken in another's spelling, written in CAP's own."""
    text = GOOD.replace("  <info>", "<references>met@example.org,T-0,2026-07-15T07:00:00+08:00</references>\n  <info>", 1)
    text = text.replace(">Alert<", ">Cancel<").replace(old, new).replace(old.replace("<", "</"), new.replace("<", "</"))
    taken = content_of(text.encode())
    raw = write_cap(message(content(infos=(info(),), action=taken.action, references=taken.references)), node="n", sender="s")
    assert (False, True) == (new.encode() in raw, schema_verdict(open_document(raw).root).ok)
    assert decode(raw)[0].content is not None


def test_every_code_that_intake_says_is_in_the_table() -> None:
    """A new repair, finding or refusal has a row in docs/intake.md, and with it a test."""
    sources = "\n".join(
        path.read_text() for path in FORMATS.glob("*.py") if path.name.startswith(("cap", "xml_gate", "warning", "ring_", "decode"))
    )
    said = {*CODES.findall(sources), *ENTRIES.findall(sources)}
    table = TABLE.read_text()
    assert len(said) > 50
    assert [] == sorted(code for code in said if f"`{code}`" not in table)
