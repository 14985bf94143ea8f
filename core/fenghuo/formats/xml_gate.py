"""The one way into XML: octets become a tree here or are refused, and nothing outside the octets is ever read.

Refused first of all is a DOCTYPE, before any parser sees it; then come size, encoding and depth. Source: wire-formats.md §1.2, §1.3.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec
from lxml import etree

from fenghuo.errors import XmlRefused
from fenghuo.formats.xml_encoding import document_text

__all__ = ["MAX_DEPTH", "MAX_ELEMENTS", "MAX_OCTETS", "Document", "element_name", "open_document", "own_root", "remove_element"]

MAX_OCTETS = 4 * 1024 * 1024
"""Longest document, octets. The largest real alert has 1.68 MB."""

MAX_DEPTH = 64
"""Deepest nesting of elements. A real alert in an envelope needs eight; recursion over the tree stays safe below this."""

MAX_ELEMENTS = 200_000
"""Most elements of a document: ten times the largest real feed. It bounds the time that all later passes over the tree take."""

_DECLARATION = re.compile(r"<\?xml\s[^>]*?\?>")
_PROLOG = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_DOCTYPE = "<!DOCTYPE"
_SIGNATURE = "Signature"


class Document(msgspec.Struct, frozen=True):
    """A tree that passed the gate, the encoding it was read in, and the repairs that reading took (`bom at /`, `lead-space at /`).

    `received`: the same tree with comments and instructions as they came, for signatures alone; without any it is `root` itself.
    """

    root: etree._Element
    encoding: str
    repairs: tuple[str, ...]
    received: etree._Element


def open_document(raw: bytes, *, chinese: bool | None = None) -> Document:
    """The tree of `raw`. `chinese`: as document_text().

    Raises: XmlRefused with code too-large, empty, encoding, doctype, not-wellformed, too-deep or limit.
    """
    if len(raw) > MAX_OCTETS:
        raise XmlRefused(f"the document has {len(raw)} octets; at most {MAX_OCTETS} are read", code="too-large")
    text, encoding, repairs = document_text(raw, chinese=chinese)
    body = text.lstrip(" \t\r\n")
    if not body:
        raise XmlRefused("the document is empty", code="empty")
    if len(body) != len(text):
        repairs.append("lead-space at /")
    _refuse_doctype(body)
    markup = _DECLARATION.sub("", body, count=1) if body.startswith("<?xml") else body
    root = _parse(markup)
    _refuse_masses(root)
    received = _parse(markup, keep=True) if _SIGNATURE in markup else root
    return Document(root, encoding, tuple(repairs), received)


def element_name(element: etree._Element) -> tuple[str, str]:
    """(namespace, local name) of an element; two empty texts for a comment or an instruction."""
    tag = element.tag
    if not isinstance(tag, str):
        return "", ""
    return _split(tag)


@lru_cache(maxsize=1024)
def _split(tag: str) -> tuple[str, str]:
    """Documents have few names, said again in each of them."""
    namespace, brace, local = tag.rpartition("}")
    return (namespace[1:], local) if brace else ("", local)


def own_root(element: etree._Element) -> etree._Element:
    """An element of a container as the root of a tree of its own: what its signature was made over."""
    if element.getparent() is None:
        return element
    return etree.fromstring(etree.tostring(element, with_tail=False), _parser(keep=True))


def remove_element(element: etree._Element) -> None:
    """Take an element out of its parent; the text behind it is the parent's and stays."""
    parent, before, tail = element.getparent(), element.getprevious(), element.tail or ""
    if parent is None:
        return
    if before is not None:
        before.tail = (before.tail or "") + tail
    else:
        parent.text = (parent.text or "") + tail
    parent.remove(element)


def _parser(*, keep: bool = False) -> etree.XMLParser:
    """The only parser there is: no entities, no network, no DTD, the library's own limits left on. `keep`: comments and instructions."""
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        load_dtd=False,
        remove_comments=not keep,
        remove_pis=not keep,
    )


def _refuse_doctype(body: str) -> None:
    """Raises: XmlRefused("doctype") if one stands before the root element, the only place where XML allows it."""
    at = 0
    while found := _PROLOG.match(body, at):
        at = found.end()
    if body[at : at + len(_DOCTYPE)].upper() == _DOCTYPE:
        line = body.count("\n", 0, at) + 1
        raise XmlRefused("a document with a DOCTYPE is not looked at", code="doctype", where=f"line {line}")


def _parse(body: str, *, keep: bool = False) -> etree._Element:
    try:
        root = etree.fromstring(body.encode("utf-8", "surrogatepass"), _parser(keep=keep))
    except (etree.XMLSyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise XmlRefused(f"this is not well-formed XML: {error}", code="not-wellformed", where=f"line {line}") from error
    if root is None or root.getroottree().docinfo.internalDTD is not None:
        raise XmlRefused("a document with a DOCTYPE is not looked at", code="doctype")
    return root


def _refuse_masses(root: etree._Element) -> None:
    depth = count = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        count += event == "start"
        if depth > MAX_DEPTH:
            raise XmlRefused(f"elements are nested more than {MAX_DEPTH} deep", code="too-deep")
        if count > MAX_ELEMENTS:
            raise XmlRefused(f"there are more than {MAX_ELEMENTS} elements", code="limit")
