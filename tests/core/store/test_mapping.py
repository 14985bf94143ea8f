"""Rows and their digests."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.errors import StoreError
from fenghuo.model.delivery import Delivery, Target
from fenghuo.store.mapping import row_digest
from fenghuo.store.tables import DELIVERY, MESSAGE, OBJECTIVE, TABLES, TARGET
from tests.core.store.rows import delivery, message, objective


@pytest.mark.parametrize(("table", "row"), [(DELIVERY, delivery(1)), (MESSAGE, message()), (OBJECTIVE, objective(1))], ids=str)
def test_row_reads_back_as_it_was(table, row) -> None:  # type: ignore[no-untyped-def]
    """What is encoded decodes to an equal struct, enumerations and tuples included."""
    assert row == table.decode(table.encode(row))


@given(
    st.builds(Target, objective=st.integers(0, 2**40), rung_at=st.floats(allow_nan=False), wake_at=st.none() | st.floats(allow_nan=False))
)
def test_any_target_reads_back(row: Target) -> None:
    """Every value that a column can hold survives, None among them."""
    raw = TARGET.encode(row)
    assert (True, row) == (TARGET.is_sound(raw), TARGET.decode(raw))


def test_digest_is_typed_and_length_prefixed() -> None:
    """Neither moving a border between two columns nor changing a type keeps the digest."""
    digests = {
        row_digest((1, "t"), values) for values in (("ab", "c"), ("a", "bc"), ("1", "c"), (1, "c"), (1.0, "c"), (None, "c"), (b"1", "c"))
    }
    assert 7 == len(digests)


def test_digest_names_table_and_version() -> None:
    """A row moved into another table, or read under another schema, does not fit."""
    assert 3 == len({row_digest(head, ("a",)) for head in ((1, "t"), (2, "t"), (1, "u"))})


@pytest.mark.parametrize("at", range(len(DELIVERY.columns)))
def test_every_column_is_covered(at: int) -> None:
    """A change in any one column is seen."""
    raw = list(DELIVERY.encode(delivery(1)))
    raw[at] = "x" if raw[at] != "x" else "y"
    assert not DELIVERY.is_sound(raw)


def test_integer_in_a_float_column_keeps_its_digest() -> None:
    """An int where a float belongs is stored, and digested, as the float that SQLite gives back."""
    row = msgspec.structs.replace(delivery(1), not_before=5, expires_at=-0.0)
    assert DELIVERY.encode(row) == DELIVERY.encode(msgspec.structs.replace(row, not_before=5.0, expires_at=0.0))


def test_value_that_no_column_holds_is_refused() -> None:
    """A number beyond 64 bits or half a letter is refused with the table's name."""
    with pytest.raises(StoreError, match="a row of delivery holds what cannot be stored"):
        DELIVERY.encode(msgspec.structs.replace(delivery(1), tries=2**70))
    with pytest.raises(StoreError, match="a row of delivery holds what cannot be stored"):
        DELIVERY.encode(msgspec.structs.replace(delivery(1), address="\ud800"))


def test_word_of_another_version_is_refused() -> None:
    """A sound row with an unknown enumeration value says that another version wrote it."""
    raw: list[object] = list(DELIVERY.encode(delivery(1)))
    raw[DELIVERY.columns.index(next(column for column in DELIVERY.columns if column.name == "state"))] = "LOST"
    with pytest.raises(StoreError, match="written by another version"):
        DELIVERY.decode(raw)  # type: ignore[arg-type]


def test_every_row_struct_is_flat() -> None:
    """All tables were mapped when the module was imported, each with its own struct."""
    assert len(TABLES) == len({table.row for table in TABLES.values()})
    assert Delivery is DELIVERY.row
