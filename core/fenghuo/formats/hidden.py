"""Characters that nobody sees and that change what is read: taken out of texts, refused in names. For every format alike.

Controls make a terminal, a printer or an SMS centre do things; overrides of direction show a text other than the one that was signed.
Source: security.md §8; Unicode UAX #9 §2 (explicit directional formatting). Marks and joiners stay: scripts are written with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from fenghuo.errors import FormatError
from fenghuo.model.message import Content

__all__ = ["HIDDEN_CHARACTER", "without_hidden"]

HIDDEN_CHARACTER = "hidden-character"
"""The code of the repair, and of the refusal."""

_HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069]")
# The same in encoded JSON, so that the one message in a million costs a walk and the others one search.
_SUSPECT = re.compile(rb"\\u00|\\[bf]|\x7f|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]")
_NAMES = frozenset({"sender", "identifier", "references", "addresses", "to", "via", "geocode"})
"""What somebody is known or found by: a name with something taken out would be another name."""
_AS_WRITTEN = {"infos": "info", "areas": "area", "parameters": "parameter", "resources": "resource", "geocodes": "geocode"}


def without_hidden(content: Content, *, root: str = "/alert/") -> tuple[Content, tuple[str, ...]]:
    """The content as it may be shown and sent, and the path of each text that lost characters, as `/alert/info[1]/headline`.

    `root`: what a path begins with. Raises: FormatError: a name holds one.
    """
    if not _SUSPECT.search(msgspec.json.encode(content)):
        return content, ()
    places: list[str] = []
    return _clean(content, root, places), tuple(places)


def _clean(value: Any, path: str, places: list[str]) -> Any:
    """`value` itself where nothing is to be taken out: a closed word must stay the member of its set."""
    match value:
        case str():
            return _text(value, path, places)
        case tuple():
            items = tuple(_clean(item, f"{path}[{place}]", places) for place, item in enumerate(value, 1))
            return value if all(new is old for new, old in zip(items, value, strict=True)) else items
        case msgspec.Struct():
            changed = dict(_changed(value, path if path.endswith(("/", ".")) else f"{path}/", places))
            return msgspec.structs.replace(value, **changed) if changed else value
        case _:
            return value


def _changed(value: msgspec.Struct, path: str, places: list[str]) -> Iterator[tuple[str, Any]]:
    for name in value.__struct_fields__:
        old = getattr(value, name)
        new = _clean(old, f"{path}{_AS_WRITTEN.get(name, name)}", places)
        if new is not old:
            yield name, new


def _text(text: str, path: str, places: list[str]) -> str:
    found = _HIDDEN.search(text)
    if found is None:
        return text
    if not _NAMES.isdisjoint(step.partition("[")[0] for step in re.split(r"[/.]", path)):
        sentence = f"{path} holds the hidden character U+{ord(found[0]):04X} at {found.start() + 1}; a name must be written without"
        raise FormatError(sentence, code=HIDDEN_CHARACTER, where=path)
    places.append(path)
    return _HIDDEN.sub("", text)
