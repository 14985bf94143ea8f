"""Reading beside the writer: on a connection that cannot write, each row checked against its digest."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, Protocol, TypeVar

import aiosqlite
import msgspec

from fenghuo.errors import RowDamaged, StoreError
from fenghuo.store.database import open_reader
from fenghuo.store.mapping import Scalar, Table
from fenghuo.store.transaction import Damage, fetch, forgiving, is_undecodable

__all__ = ["InlineRows", "Pages", "Reader", "Rows", "ThreadRows"]

R = TypeVar("R", bound=msgspec.Struct)

Pages = AsyncGenerator[list[tuple[Scalar, ...]], None]

# Rows decoded between two returns to the loop: 256 × about 5 µs.
PAGE_ROWS = 256


class Rows(Protocol):
    """Answers SELECTs with raw rows, a page at a time."""

    def pages(self, sql: str, params: Sequence[Scalar]) -> Pages: ...

    def forgive(self) -> None:
        """From now on give text that is no UTF-8 with surrogates, instead of failing."""

    async def close(self) -> None: ...


class ThreadRows:
    """aiosqlite, opened read-only. Its thread sleeps in a queue while nobody asks."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    @classmethod
    async def open(cls, path: Path) -> ThreadRows:
        return cls(await aiosqlite.Connection(lambda: open_reader(path), iter_chunk_size=PAGE_ROWS))

    async def pages(self, sql: str, params: Sequence[Scalar]) -> Pages:
        async with self._connection.execute(sql, params) as cursor:
            while page := [tuple(row) for row in await cursor.fetchmany(PAGE_ROWS)]:
                yield page

    def forgive(self) -> None:
        self._connection.text_factory = forgiving

    async def close(self) -> None:
        await self._connection.close()


class InlineRows:
    """A second connection used in the caller's own thread; for simulation."""

    def __init__(self, path: Path) -> None:
        self._connection = open_reader(path)

    async def pages(self, sql: str, params: Sequence[Scalar]) -> Pages:
        yield fetch(self._connection, sql, params)

    def forgive(self) -> None:
        self._connection.text_factory = forgiving

    async def close(self) -> None:
        self._connection.close()


class Reader:
    """Finds rows. `damaged` is told of those whose digest does not fit."""

    def __init__(self, rows: Rows, damaged: Callable[[Sequence[Damage]], None]) -> None:
        self._rows = rows
        self._damaged = damaged

    async def find(self, table: Table[R], where: str, params: Sequence[Scalar], limit: int | None) -> list[R]:
        """The sound rows, in the order asked for. Raises: StoreError."""
        found: list[R] = []
        bad: list[Damage] = []

        def take(page: list[tuple[Scalar, ...]]) -> None:
            for raw in page:
                if table.is_sound(raw):
                    found.append(table.decode(raw))
                else:
                    bad.append(Damage(table, raw))

        def again() -> None:
            found.clear()
            bad.clear()

        await self._read(table.find_sql(where, limit), params, take, again)
        if bad:
            self._damaged(bad)
        return found

    async def get(self, table: Table[R], key: tuple[Scalar, ...]) -> R | None:
        """The row with this key. Raises: RowDamaged, StoreError."""
        rows: list[tuple[Scalar, ...]] = []
        await self._read(table.get_sql, key, rows.extend, rows.clear)
        if not rows:
            return None
        if not table.is_sound(rows[0]):
            self._damaged([Damage(table, rows[0])])
            raise RowDamaged(table.name, key)
        return table.decode(rows[0])

    async def scrub(self, table: Table[Any], after: tuple[Scalar, ...], limit: int) -> tuple[Scalar, ...]:
        """Check the `limit` rows behind the key `after`; the last key, empty when there were no more. Raises: StoreError."""
        key = ", ".join(f'"{part}"' for part in table.key)
        behind = f"({key}) > ({', '.join('?' * len(after))}) " if after else ""
        rows: list[tuple[Scalar, ...]] = []
        await self._read(table.find_sql(f"{behind}ORDER BY {key}", limit), after, rows.extend, rows.clear)
        bad = [Damage(table, raw) for raw in rows if not table.is_sound(raw)]
        if bad:
            self._damaged(bad)
        return table.key_of(rows[-1]) if rows else ()

    async def scalar(self, sql: str, params: Sequence[Scalar]) -> Scalar:
        """The first field of the first row. Raises: StoreError."""
        rows: list[tuple[Scalar, ...]] = []
        await self._read(sql, params, rows.extend, rows.clear)
        return rows[0][0] if rows else None

    async def close(self) -> None:
        """Close the connection."""
        await self._rows.close()

    async def _read(
        self, sql: str, params: Sequence[Scalar], take: Callable[[list[tuple[Scalar, ...]]], None], again: Callable[[], None]
    ) -> None:
        try:
            await self._pages(sql, params, take)
        except sqlite3.OperationalError as exc:
            if not is_undecodable(exc):
                raise StoreError(f"a SELECT failed: {exc}") from exc
            again()
            self._rows.forgive()
            await self._pages(sql, params, take)
        except sqlite3.Error as exc:
            raise StoreError(f"a SELECT failed: {exc}") from exc

    async def _pages(self, sql: str, params: Sequence[Scalar], take: Callable[[list[tuple[Scalar, ...]]], None]) -> None:
        async with aclosing(self._rows.pages(sql, params)) as pages:
            async for page in pages:
                take(page)
