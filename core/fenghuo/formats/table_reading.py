"""From a TOML table to a frozen struct, field by field, so that every mistake becomes a sentence and none hides another.

Knows types only; what a key means is the business of the settings and of the rules.
"""

from __future__ import annotations

import difflib
import json
import types
import typing
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, TypeVar

import msgspec
from msgspec import inspect as kinds

from fenghuo.errors import FenghuoError

__all__ = ["Faults", "is_secret_name", "near", "phrase", "read_struct", "shown"]

S = TypeVar("S", bound=msgspec.Struct)

SECRET_WORDS = ("password", "passwd", "secret", "token", "key", "credential")
INLINE_SECRETS = ("value", "token", "secret", "password")
LONGEST_SHOWN = 60


class Faults:
    """Every mistake found so far, each a sentence that begins with the file and the key."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[str] = []
        self.warned: list[str] = []

    def add(self, key: str, says: str) -> None:
        """A mistake at `key`: `says` goes on where the key ends, for example `is missing`."""
        self.found.append(f"{self.file}: {key} {says}")

    def warn(self, key: str, says: str) -> None:
        """Something that works and still should not stay so."""
        self.warned.append(f"{self.file}: {key} {says}")


def read_struct(raw: object, shape: type[S], at: str, faults: Faults) -> S | None:
    """The table at key `at` as a `shape`, or None with the reasons in `faults`."""
    if not isinstance(raw, dict):
        faults.add(at, f"is {shown(raw)}; it must be a table")
        return None
    before = len(faults.found)
    fields = _fields(shape)
    _name_unknown_keys(raw, fields, at, faults)
    values: dict[str, Any] = {}
    for name, field in fields.items():
        key = joined(at, name)
        if name in raw:
            values[field.name] = _read_value(raw[name], field.type, key, faults)
        elif field.required:
            faults.add(key, f"is missing; it must be {phrase(field.type)}")
    if len(faults.found) > before:
        return None
    return _made(shape, values, at, faults)


@cache
def _fields(shape: type[msgspec.Struct]) -> Mapping[str, msgspec.structs.FieldInfo]:
    """By their names in a file. To find them all annotations are evaluated, which takes longer than to read a table."""
    return {field.encode_name: field for field in msgspec.structs.fields(shape)}


def joined(at: str, name: str) -> str:
    """The key path of `name` inside the table `at`."""
    return f"{at}.{name}" if at else name


def is_secret_name(name: str) -> bool:
    """Whether a key's value must not be shown; a key that only points to a file may be."""
    lowered = name.rpartition(".")[2].lower()
    return any(word in lowered for word in SECRET_WORDS) and not lowered.endswith(("_file", "credential"))


def shown(raw: object) -> str:
    """A value as the operator wrote it, short enough for a sentence."""
    match raw:
        case dict():
            return "a table"
        case list():
            text = "[" + ", ".join(shown(item) for item in raw) + "]"
        case str() | bool() | int() | float():
            text = json.dumps(raw, ensure_ascii=False)
        case _:
            text = str(raw)
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"


def near(name: str, known: Iterable[str]) -> str:
    """`; did you mean "x"?` for the nearest known name, else what is known."""
    names = sorted(known)
    match = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if match:
        return f'; did you mean "{match[0]}"?'
    return f"; known are {', '.join(names)}" if names else ""


def phrase(kind: Any) -> str:
    """What a value of this type must be, to end the sentence "it must be …"."""
    info = kind if isinstance(kind, kinds.Type) else kinds.type_info(kind)
    if isinstance(info, kinds.Metadata):
        wanted = (info.extra or {}).get("must_be")
        return str(wanted) if wanted else phrase(info.type)
    return _phrase_plain(info)


def _phrase_plain(info: kinds.Type) -> str:
    match info:
        case kinds.IntType() | kinds.FloatType():
            return _number(info)
        case kinds.BoolType():
            return "true or false"
        case kinds.StrType(pattern=pattern):
            return "a text" + f" of the form {pattern}" * bool(pattern)
        case kinds.EnumType() | kinds.LiteralType():
            return "one of " + ", ".join(_choices(info))
        case kinds.VarTupleType() | kinds.ListType():
            return ("a list of at least one item" if info.min_length else "a list") + f", each {phrase(info.item_type)}"
        case kinds.UnionType():
            return " or ".join(phrase(one) for one in info.types if not isinstance(one, kinds.NoneType))
        case _:
            return "a table" if isinstance(info, (kinds.DictType, kinds.StructType)) else "of another type"


def _number(info: kinds.IntType | kinds.FloatType) -> str:
    what = "a whole number" if isinstance(info, kinds.IntType) else "a number"
    return what + _bounds(info)


def _bounds(info: kinds.IntType | kinds.FloatType) -> str:
    low = f"from {info.ge}" if info.ge is not None else f"above {info.gt}" if info.gt is not None else ""
    high = f"to {info.le}" if info.le is not None else f"below {info.lt}" if info.lt is not None else ""
    return "".join(f" {bound}" for bound in (low, high) if bound)


def _name_unknown_keys(raw: Mapping[str, object], fields: Mapping[str, object], at: str, faults: Faults) -> None:
    for name in raw:
        if name in fields:
            continue
        home = _secret_home(name, fields)
        if home:
            faults.add(joined(at, name), f"holds a secret, and no secret stands in this file; put it in a file of its own and set {home}")
        else:
            faults.add(joined(at, name), f"is unknown{near(name, fields)}")


def _secret_home(name: str, fields: Mapping[str, object]) -> str:
    """The key that should name the file for a secret written in the open; empty when `name` is no such thing."""
    if f"{name}_file" in fields:
        return f"{name}_file"
    return "file or credential" if name in INLINE_SECRETS and {"file", "credential"} <= fields.keys() else ""


def _read_value(raw: object, kind: Any, at: str, faults: Faults) -> object:
    """One value; containers item by item, so that each bad item has its own sentence."""
    bare = _of_table(_bare(kind)) if isinstance(raw, dict) else _bare(kind)
    if isinstance(bare, type) and issubclass(bare, msgspec.Struct) and not bare.__struct_config__.tag:
        return read_struct(raw, bare, at, faults)
    origin, args = typing.get_origin(bare), typing.get_args(bare)
    if isinstance(raw, list) and origin in (tuple, list) and args[-1:] != () and (origin is list or args[-1] is Ellipsis):
        items = [_read_value(item, args[0], f"{at}[{place}]", faults) for place, item in enumerate(raw)]
        return items if None in items else _converted(raw if not _holds_structs(items) else items, kind, at, faults)
    if isinstance(raw, dict) and origin in (dict, Mapping):
        return {name: _read_value(value, args[1], f"{at}.{name}", faults) for name, value in raw.items()}
    return _converted(raw, kind, at, faults)


def _bare(kind: Any) -> Any:
    """The type without Annotated, and without `| None`: TOML has no null, so a given value is never one."""
    while typing.get_origin(kind) is typing.Annotated:
        kind = typing.get_args(kind)[0]
    others = [one for one in typing.get_args(kind) if one is not type(None)]
    is_optional = len(others) == 1 and type(None) in typing.get_args(kind)
    return _bare(others[0]) if is_optional else kind


def _of_table(bare: Any) -> Any:
    """Of a value that may be short or a table, the table, so that its keys have their own sentences."""
    tables = [one for one in typing.get_args(bare) if isinstance(one, type) and issubclass(one, msgspec.Struct)]
    is_union = typing.get_origin(bare) in (typing.Union, types.UnionType)
    return tables[0] if is_union and len(tables) == 1 else bare


def _holds_structs(items: list[object]) -> bool:
    return any(isinstance(item, msgspec.Struct) for item in items)


def _converted(raw: object, kind: Any, at: str, faults: Faults) -> object:
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError:
        value = "a secret" if is_secret_name(at) else shown(raw)
        hint = near(raw, _choices(kinds.type_info(_bare(kind)))) if isinstance(raw, str) else ""
        faults.add(at, f"is {value}; it must be {phrase(kind)}" + (hint if "did you mean" in hint else ""))
        return None


def _choices(info: kinds.Type) -> tuple[str, ...]:
    match info:
        case kinds.EnumType():
            return tuple(str(member.value) for member in info.cls)
        case kinds.LiteralType():
            return tuple(str(value) for value in info.values)
        case _:
            return ()


def _made(shape: type[S], values: Mapping[str, Any], at: str, faults: Faults) -> S | None:
    try:
        return shape(**values)
    except (ValueError, TypeError, FenghuoError) as refusal:  # a struct that checks itself when made (__post_init__)
        faults.add(at, f"cannot work: {refusal}")
        return None
