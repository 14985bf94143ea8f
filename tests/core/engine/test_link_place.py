"""What names the place of a store."""

from __future__ import annotations

import shutil
from pathlib import Path

from fenghuo.engine.link_place import place_of
from fenghuo.store.disk import DATABASE


def test_a_store_is_known_by_its_machine_and_its_file(tmp_path: Path) -> None:
    """The same after any number of writes; another on another machine, and for a copy beside it."""
    one, copy, machine, other = (tmp_path / name for name in ("one", "copy", "machine", "other"))
    one.mkdir()
    (one / DATABASE).write_bytes(b"1")
    machine.write_text("4f1c\n")
    other.write_text("77aa\n")
    place = place_of(one, machine_id=machine)
    (one / DATABASE).write_bytes(b"22")
    shutil.copytree(one, copy)
    assert place == place_of(one, machine_id=machine)
    assert 4 == len(
        {place, place_of(one, machine_id=other), place_of(copy, machine_id=machine), place_of(one, machine_id=tmp_path / "none")}
    )
