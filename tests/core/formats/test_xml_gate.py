"""The gate into XML."""

from __future__ import annotations

import pytest

from fenghuo.errors import XmlRefused
from fenghuo.formats.xml_gate import MAX_DEPTH, MAX_ELEMENTS, MAX_OCTETS, element_name, open_document

WORD = "暴雨"


@pytest.mark.parametrize(
    ("declared", "codec", "read_as"),
    [
        ("UTF-8", "utf-8", "utf-8"),
        ("GBK", "gbk", "gb18030"),
        ("GB2312", "gb2312", "gb18030"),
        ("gb18030", "gb18030", "gb18030"),
        ("UTF-16", "utf-16", "utf-16"),
        ("UTF-16", "utf-16-le", "utf-16-le"),
        ("UTF-16", "utf-16-be", "utf-16-be"),
    ],
)
def test_encodings(declared: str, codec: str, read_as: str) -> None:
    """Every encoding that Chinese sources use is read, and reading it is no repair."""
    document = open_document(f'<?xml version="1.0" encoding="{declared}"?><a>{WORD}</a>'.encode(codec))
    assert (WORD, read_as, ()) == (document.root.text, document.encoding, document.repairs)


def test_latin_1() -> None:
    """ISO-8859-1 is read as declared."""
    assert open_document('<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>'.encode("iso-8859-1")).root.text == "é"


def test_undeclared_gb18030() -> None:
    """A Chinese source whose octets are not the UTF-8 they claim to be is read as GB18030."""
    assert WORD == open_document(f"<a>{WORD}</a>".encode("gb18030")).root.text


def test_undecodable_foreign_source() -> None:
    """For any other source such octets are refused."""
    with pytest.raises(XmlRefused) as refusal:
        open_document(f"<a>{WORD}</a>".encode("gb18030"), chinese=False)
    assert ("encoding", "octet 3 cannot be read as utf-8") == (refusal.value.code, str(refusal.value))


def test_bom_and_space() -> None:
    """A byte-order mark and white space before the document are stripped, and each is a repair."""
    assert ("bom at /", "lead-space at /") == open_document(b"\xef\xbb\xbf\r\n <a/>").repairs


@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE a><a/>",
        '<?xml version="1.0"?><!-- c --><?p i?>\n<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        "<!doctype html><html/>",
    ],
)
def test_doctype(text: str) -> None:
    """Any DOCTYPE is refused before a parser sees it."""
    with pytest.raises(XmlRefused) as refusal:
        open_document(text.encode())
    assert "doctype" == refusal.value.code


def test_doctype_in_a_comment() -> None:
    """A comment may say DOCTYPE."""
    assert "a" == open_document(b"<!-- <!DOCTYPE x> --><a/>").root.tag


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"<a>", "not-wellformed"),
        (b"<a>&undefined;</a>", "not-wellformed"),
        (b"<a>\x00</a>", "not-wellformed"),
        (b'<?xml version="1.0" encoding="EBCDIC-CP-US"?><a/>', "encoding"),
        (b"<a>" + b" " * MAX_OCTETS + b"</a>", "too-large"),
        (b"<a>" * (MAX_DEPTH + 1) + b"</a>" * (MAX_DEPTH + 1), "too-deep"),
        (b"<a>" * 100_000, "not-wellformed"),
        (b"<a>" + b"<b/>" * MAX_ELEMENTS + b"</a>", "limit"),
        (b"<html><p>502 Bad Gateway<br></html>", "not-wellformed"),
    ],
)
def test_refusals(raw: bytes, code: str) -> None:
    """What is not looked at is refused under its own code."""
    with pytest.raises(XmlRefused) as refusal:
        open_document(raw)
    assert code == refusal.value.code


def test_deepest() -> None:
    """The deepest nesting allowed is read."""
    assert "a" == open_document(b"<a>" * MAX_DEPTH + b"</a>" * MAX_DEPTH).root.tag


def test_element_name() -> None:
    """Namespace and local name are told apart, with and without a prefix."""
    root = open_document(b'<c:a xmlns:c="urn:x"><b/></c:a>').root
    assert [("urn:x", "a"), ("", "b")] == [element_name(root), element_name(root[0])]
