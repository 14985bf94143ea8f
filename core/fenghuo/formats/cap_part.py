"""One element of an alert with its children by name: read in any order, under known aliases, and every liberty noted."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import msgspec
from lxml import etree

from fenghuo.errors import CapError
from fenghuo.formats.cap_notes import Notes
from fenghuo.formats.cap_words import ORDERS, REPEATABLE
from fenghuo.formats.xml_gate import element_name

__all__ = ["ALIASES", "CAP", "DSIG", "XML_SPACE", "Part", "Vocabulary"]

XML_SPACE = " \t\r\n"
DSIG = "http://www.w3.org/2000/09/xmldsig#"

ALIASES = {"reference": "references", "geoCode": "geocode"}
"""Element as written → as meant. One row, one fixture, one test. Source: wire-formats.md §1.4, aliases."""


class Vocabulary(msgspec.Struct, frozen=True):
    """The elements of a dialect: the order of each one's children, element as written → as meant, and which may come again."""

    orders: Mapping[str, tuple[str, ...]]
    aliases: Mapping[str, str]
    repeatable: frozenset[str]


CAP = Vocabulary(ORDERS, ALIASES, REPEATABLE)


class Part:
    """A view of an element below an alert. Children of another namespace are not ours and are passed over; of none they are ours.

    A writer that knows no namespaces but for the root's writes `<info xmlns="">`, and no schema takes that.
    """

    def __init__(self, element: etree._Element, path: str, notes: Notes, namespace: str, *, words: Vocabulary = CAP) -> None:
        self.words = words
        self.path = path
        self.notes = notes
        self.namespace = namespace
        self.own_text = (element.text or "").strip()
        self._is_bare = not element_name(element)[0]
        self._children: dict[str, list[etree._Element]] = {}
        self._order = words.orders.get(path.rpartition("/")[2].partition("[")[0], ())
        if self._order:
            self._sort(element)

    def __contains__(self, name: str) -> bool:
        return name in self._children

    def text(self, name: str) -> str:
        """The text of the first child of that name, trimmed; empty if there is none, or only white space."""
        found = self._children.get(name)
        return _inner_text(found[0]) if found else ""

    def texts(self, name: str) -> list[tuple[str, str]]:
        """(text, path) of every child of that name."""
        return [(_inner_text(child), self.where(name, at)) for at, child in enumerate(self._children.get(name, ()))]

    def has_markup(self, name: str) -> bool:
        """Whether there are elements inside a child of that name, which is to hold a text."""
        return any(len(child) for child in self._children.get(name, ()))

    def count(self, name: str) -> int:
        """How many children have that name."""
        return len(self._children.get(name, ()))

    def parts(self, name: str, limit: int | None = None) -> list[Part]:
        """Every child of that name as a part of its own. Raises: CapError("limit") for more than `limit`, before any is looked at."""
        if limit is not None and self.count(name) > limit:
            sentence = f"{self.path} has {self.count(name)} times {name}; at most {limit} are taken"
            raise CapError(sentence, code="limit", where=self.path)
        children = enumerate(self._children.get(name, ()))
        return [Part(child, self.where(name, at), self.notes, self.namespace, words=self.words) for at, child in children]

    def note_padding(self, name: str, code: str = "alias-value", *, collapsed: str = "") -> None:
        """White space around a word or an instant that makes the strict verdict invalid: reading it all the same is the repair `code`.

        `collapsed`: what the schema itself takes away there (XML Schema Part 2, §4.3.6): nothing of a word, XML's own of an instant.
        """
        for at, child in enumerate(self._children.get(name, ())):
            text = _whole_text(child)
            left = text.strip(collapsed) if collapsed else text
            if text.strip() not in ("", left):
                self.notes.repair(code, self.where(name, at))

    def where(self, name: str, index: int = 0) -> str:
        """The path of a child, numbered from 1 where more than one may come."""
        return f"{self.path}/{name}[{index + 1}]" if name in self.words.repeatable else f"{self.path}/{name}"

    def _sort(self, element: etree._Element) -> None:
        """Children by name; order, strangers, repetitions and stray text are noted."""
        ranks = _ranks(self._order)
        highest = 0
        stray = bool(self.own_text) and len(element) > 0
        for child in element:
            stray = stray or bool((child.tail or "").strip())
            name = self._known_name(child, ranks)
            if not name:
                continue
            if ranks[name] < highest:
                self.notes.repair("order", self.where(name, len(self._children.get(name, ()))))
            highest = max(highest, ranks[name])
            self._children.setdefault(name, []).append(child)
        if stray:
            self.notes.repair("stray-text", self.path)
        for name, found in self._children.items():
            if len(found) > 1 and name not in self.words.repeatable:
                self.notes.find("duplicate-element", f"{self.where(name)} comes {len(found)} times; the first counts")

    def _known_name(self, child: etree._Element, ranks: Mapping[str, int]) -> str:
        """The canonical name of a child of ours; empty for a stranger."""
        namespace, name = element_name(child)
        if namespace != self.namespace and (namespace or not name):
            return ""
        if not namespace and not self._is_bare and (name in ranks or name in self.words.aliases):
            self.notes.repair("no-namespace", f"{self.path}/{name}")
        if name in self.words.aliases and name not in ranks:
            self.notes.repair("alias-element", f"{self.path}/{name}")
            name = self.words.aliases[name]
        if name not in ranks:
            self.notes.find("invalid-sequence", f"element {name} has no place in {self.path}")
            return ""
        return name


@cache
def _ranks(order: tuple[str, ...]) -> Mapping[str, int]:
    """The place of each name in an order; there is one order for each element of a dialect."""
    return {name: rank for rank, name in enumerate(order)}


def _whole_text(element: etree._Element) -> str:
    """All text inside, so that markup which a careless writer put into a text costs no words."""
    return element.text or "" if len(element) == 0 else "".join(str(piece) for piece in element.itertext())


def _inner_text(element: etree._Element) -> str:
    return _whole_text(element).strip()
