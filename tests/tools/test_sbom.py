"""The bill of materials: every package of the lock is in it, by its hashes, and the standard's own schema accepts it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tools.sbom import bill, locked

LOCK = (Path(__file__).resolve().parents[2] / "requirements" / "product.txt").read_text(encoding="utf-8")
MADE = datetime(2026, 11, 26, tzinfo=UTC)


def written(wheel: Path) -> str:
    return JsonV1Dot6(bill(LOCK, wheel, MADE)).output_as_string(indent=1)


def test_every_package_of_the_lock_is_billed_with_its_hashes(tmp_path: Path) -> None:
    """And the product itself, by its own."""
    wheel = tmp_path / "fenghuo-0.1.0-py3-none-any.whl"
    wheel.write_bytes(b"a wheel")
    found = bill(LOCK, wheel, MADE)
    assert {(one.name, one.version) for one in found.components} == {(name, version) for name, version, _ in locked(LOCK)}
    assert len(found.components) == sum(line[0].isalnum() for line in LOCK.splitlines() if line)
    assert all(one.hashes for one in found.components)
    assert found.metadata.component is not None
    assert "0.1.0" == found.metadata.component.version


def test_the_same_wheel_gives_the_same_bill_and_the_standard_accepts_it(tmp_path: Path) -> None:
    """Nothing in it is of the moment, so that two builders can compare."""
    wheel = tmp_path / "fenghuo-0.1.0-py3-none-any.whl"
    wheel.write_bytes(b"a wheel")
    text = written(wheel)
    assert text == written(wheel)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
