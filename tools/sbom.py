"""A software bill of materials of what is installed with the product: every package of the lock by name, version, hashes and licence.

Usage: python tools/sbom.py requirements/product.txt WHEEL > sbom.cdx.json. Source: CycloneDX 1.6 (ECMA-424).
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

__all__ = ["bill", "locked"]

PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
LONGEST_NAME = 64
"""A licence text in the place of its name is longer."""


def locked(lock: str) -> Iterator[tuple[str, str, list[str]]]:
    """(name, version, sha256 of each file) of every package of a lock."""
    for entry in re.split(r"\n(?=[A-Za-z0-9])", lock):
        if found := PINNED.match(entry):
            yield found[1], found[2], HASH.findall(entry)


def bill(lock: str, wheel: Path, made: datetime) -> Bom:
    """The bill of one wheel and everything that the lock installs beside it; the same input gives the same bill."""
    name, version = wheel.name.split("-")[:2]
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    found = Bom(serial_number=uuid5(NAMESPACE_URL, f"{wheel.name}:{digest}"))
    found.metadata.timestamp = made
    found.metadata.component = _component(name, version, [digest], ComponentType.APPLICATION)
    for package, pinned, hashes in locked(lock):
        found.components.add(_component(package, pinned, hashes, ComponentType.LIBRARY))
    found.register_dependency(found.metadata.component, found.components)
    return found


def _component(name: str, version: str, hashes: list[str], kind: ComponentType) -> Component:
    url = PackageURL("pypi", name=name, version=version)
    licence = _licence(name)
    return Component(
        name=name,
        version=version,
        type=kind,
        purl=url,
        bom_ref=str(url),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=one) for one in hashes],
        licenses=[DisjunctiveLicense(name=licence)] if licence else [],
    )


def _licence(package: str) -> str:
    """As the package itself says it, empty where it is not installed here or gives a whole text."""
    try:
        said = metadata(package)
    except PackageNotFoundError:
        return ""
    classifiers = [one.rpartition(" :: ")[2] for one in said.get_all("Classifier") or [] if one.startswith("License ::")]
    named = next((text for key in ("License-Expression", "License") for text in said.get_all(key) or []), "")
    return named if 0 < len(named) <= LONGEST_NAME else ", ".join(classifiers)


def main() -> None:
    lock, wheel = sys.argv[1:]
    made = datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), UTC)
    print(JsonV1Dot6(bill(Path(lock).read_text(encoding="utf-8"), Path(wheel), made)).output_as_string(indent=1))


if __name__ == "__main__":
    main()
