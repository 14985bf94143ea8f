"""How a flat frozen struct becomes one row and back, with an 8-byte digest over every column.

This module owns the only function that makes a row to be written. It knows no connection and does no I/O.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from enum import IntEnum, StrEnum
from typing import Any, Generic, TypeVar

import msgspec
import msgspec.inspect

from fenghuo.errors import StoreError

__all__ = ["Column", "Scalar", "Table", "row_digest"]

R = TypeVar("R", bound=msgspec.Struct)

Scalar = str | int | float | bytes | None
"""What SQLite keeps in one field."""

DIGEST_COLUMN = "row_digest"

_encode = msgspec.msgpack.Encoder().encode
_strings = msgspec.json.Decoder(tuple[str, ...])


class Column(msgspec.Struct, frozen=True):
    """One field as SQLite keeps it. `encode` and `decode` are None where the value is stored as it stands."""

    name: str
    sql_type: str
    optional: bool
    encode: Callable[[Any], Scalar] | None
    decode: Callable[[Any], Any] | None


class Table(Generic[R]):
    """A table and the struct that is its row. All SQL is made once, here; every row is written with its digest.

    `key`: the primary key; one integer becomes the rowid. `rowid`: keep a composite or text key in an index of its own, for
    rows with large bodies. `fixed`: columns that never change after the insert, so that an update leaves their indexes alone.
    `indexes`: (columns, condition). `version`: schema version in which the columns last changed; part of the digest.
    """

    def __init__(  # noqa: PLR0913  a table is described in one place, and all but three are keywords
        self,
        name: str,
        row: type[R],
        key: tuple[str, ...],
        *,
        rowid: bool = False,
        fixed: tuple[str, ...] = (),
        indexes: tuple[tuple[str, str], ...] = (),
        version: int = 1,
    ) -> None:
        self.name = name
        self.row = row
        self.key = key
        self.version = version
        self.columns = _columns(row)
        self.indexes = indexes
        self.fixed = fixed
        names = [column.name for column in self.columns]
        self._has_integer_key = len(key) == 1 and self.columns[names.index(key[0])].sql_type == "INTEGER"
        self._without_rowid = not rowid and not self._has_integer_key
        self._encoders = tuple((i, column.encode) for i, column in enumerate(self.columns) if column.encode)
        self._decoders = tuple((i, column.decode) for i, column in enumerate(self.columns) if column.decode)
        self._key_at = tuple(names.index(part) for part in key)
        self._head = (version, name)
        self._prepare(names)

    def _prepare(self, names: list[str]) -> None:
        pinned = (*self.key, *self.fixed)
        changing = [name for name in names if name not in pinned]
        listed = ", ".join(f'"{name}"' for name in names)
        match = " AND ".join(f'"{part}" = ?' for part in self.key)
        assigned = ", ".join(f'"{name}" = ?' for name in [*changing, DIGEST_COLUMN])
        self.select_sql = f'SELECT {listed}, {DIGEST_COLUMN} FROM "{self.name}"'
        self.get_sql = f"{self.select_sql} WHERE {match}"
        self.exists_sql = f'SELECT 1 FROM "{self.name}" WHERE {match}'
        self.insert_sql = f'INSERT INTO "{self.name}" ({listed}, {DIGEST_COLUMN}) VALUES ({", ".join("?" * (len(names) + 1))})'
        self.update_sql = f'UPDATE "{self.name}" SET {assigned} WHERE ' + " AND ".join(f'"{part}" = ?' for part in pinned)
        self.delete_sql = f'DELETE FROM "{self.name}" WHERE {match}'
        self._update_order = (*(names.index(name) for name in changing), len(names), *(names.index(name) for name in pinned))

    def __repr__(self) -> str:
        return f"Table({self.name!r})"

    def find_sql(self, where: str, limit: int | None) -> str:
        """SELECT of all columns; `where` is a condition, optionally with ORDER BY, or an ORDER BY alone."""
        clause = where if not where or where.lstrip()[:8].upper() == "ORDER BY" else f"WHERE {where}"
        return f"{self.select_sql} {clause}{'' if limit is None else f' LIMIT {limit:d}'}"

    def encode(self, row: R) -> tuple[Scalar, ...]:
        """All columns of a row in order, and its digest last. Raises: StoreError: a value that no column can hold."""
        values = list(msgspec.structs.astuple(row))
        try:
            for i, convert in self._encoders:
                values[i] = convert(values[i])
            values.append(row_digest(self._head, values))
        except (TypeError, AttributeError, ValueError, OverflowError) as exc:
            raise StoreError(f"a row of {self.name} holds what cannot be stored: {exc}") from exc
        return tuple(values)

    def update_values(self, encoded: tuple[Scalar, ...]) -> list[Scalar]:
        """The parameters of `update_sql` for an encoded row."""
        return [encoded[i] for i in self._update_order]

    def key_of(self, encoded: Sequence[Scalar]) -> tuple[Scalar, ...]:
        """The key columns of an encoded row."""
        return tuple(encoded[i] for i in self._key_at)

    def is_sound(self, raw: Sequence[Scalar]) -> bool:
        """Whether the digest in the last column fits the others."""
        try:
            return row_digest(self._head, raw[:-1]) == raw[-1]
        except (UnicodeError, OverflowError):
            return False

    def decode(self, raw: Sequence[Scalar]) -> R:
        """The row of columns whose digest was checked. Raises: StoreError: values that this version does not know."""
        values: list[Any] = list(raw[:-1])
        try:
            for i, convert in self._decoders:
                values[i] = convert(values[i])
        except (KeyError, msgspec.DecodeError) as exc:
            raise StoreError(f"a row of {self.name} was written by another version: {exc}") from exc
        return self.row(*values)

    def ddl(self) -> tuple[str, ...]:
        """CREATE statements of the table and its indexes, as the first schema has them."""
        lines = [f'    "{column.name}" {column.sql_type}{"" if column.optional else " NOT NULL"}' for column in self.columns]
        if self._has_integer_key:
            at = self._key_at[0]
            lines[at] = f'    "{self.key[0]}" INTEGER PRIMARY KEY NOT NULL'
        lines.append(f"    {DIGEST_COLUMN} BLOB NOT NULL")
        if not self._has_integer_key:
            lines.append("    PRIMARY KEY ({})".format(", ".join(f'"{part}"' for part in self.key)))
        options = "STRICT, WITHOUT ROWID" if self._without_rowid else "STRICT"
        table = f'CREATE TABLE "{self.name}" (\n' + ",\n".join(lines) + f"\n) {options}"
        return (table, *(self._index(columns, condition) for columns, condition in self.indexes))

    def _index(self, columns: str, condition: str) -> str:
        name = f"{self.name}_{columns.replace(', ', '_')}"
        return f'CREATE INDEX "{name}" ON "{self.name}" ({columns})' + (f" WHERE {condition}" if condition else "")


def row_digest(head: tuple[int, str], values: Sequence[Scalar]) -> bytes:
    """First 8 bytes of SHA-256 over schema version, table and every column; msgpack types and length-prefixes each of them.

    Source: reliability.md §2, Row digests.
    """
    return hashlib.sha256(_encode((*head, *values))).digest()[:8]


def _columns(row: type[msgspec.Struct]) -> tuple[Column, ...]:
    info = msgspec.inspect.type_info(row)
    if not isinstance(info, msgspec.inspect.StructType):
        raise TypeError(f"{row!r} is not a struct")
    return tuple(_column(field.name, field.type) for field in info.fields)


def _column(name: str, kind: msgspec.inspect.Type) -> Column:
    optional = isinstance(kind, msgspec.inspect.UnionType)
    if isinstance(kind, msgspec.inspect.UnionType):
        kind = next(member for member in kind.types if not isinstance(member, msgspec.inspect.NoneType))
    sql_type, encode, decode = _conversion(kind)
    if optional:
        encode, decode = _unless_none(encode), _unless_none(decode)
    return Column(name, sql_type, optional, encode, decode)


def _conversion(kind: msgspec.inspect.Type) -> tuple[str, Callable[[Any], Scalar] | None, Callable[[Any], Any] | None]:
    match kind:
        case msgspec.inspect.FloatType():
            return "REAL", _real, None
        case msgspec.inspect.BoolType():
            return "INTEGER", int, bool
        case msgspec.inspect.EnumType(cls=cls) if issubclass(cls, StrEnum | IntEnum):
            members = {member.value: member for member in cls}
            return "TEXT" if issubclass(cls, StrEnum) else "INTEGER", _enum_value, members.__getitem__
        case msgspec.inspect.VarTupleType(item_type=msgspec.inspect.StrType()):
            return "TEXT", _json_text, _strings.decode
        case _ if type(kind) in _AS_IT_STANDS:
            return _AS_IT_STANDS[type(kind)], None, None
        case _:
            raise TypeError(f"{kind!r} has no column type")


_AS_IT_STANDS: dict[type, str] = {
    msgspec.inspect.StrType: "TEXT",
    msgspec.inspect.IntType: "INTEGER",
    msgspec.inspect.BytesType: "BLOB",
}


def _real(value: float) -> float:
    # SQLite turns integers into floats and -0.0 into 0.0 on the way in: both would read back with another digest.
    return value + 0.0


def _enum_value(member: StrEnum | IntEnum) -> Scalar:
    # `_value_` is the plain attribute behind `value`, which costs five times as much.
    value: Scalar = member._value_
    return value


def _json_text(strings: tuple[str, ...]) -> str:
    return msgspec.json.encode(strings).decode() if strings else "[]"


def _unless_none(convert: Callable[[Any], Any] | None) -> Callable[[Any], Any] | None:
    if convert is None:
        return None
    known = convert
    return lambda value: None if value is None else known(value)
