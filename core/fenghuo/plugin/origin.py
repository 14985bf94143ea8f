"""Where a plugin comes from: whether it came with Fenghuo, and the digest over the files that it is made of."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

__all__ = ["GROUP", "OURS", "Origin", "digest_of", "digest_over", "origin_of"]

OURS = "fenghuo"
"""The distribution whose plugins are bundled."""
GROUP = "fenghuo"
"""The entry-point group by which bundled plugins and third parties come in alike."""
LEFT_OUT = {"__pycache__"}
"""What the interpreter writes beside the files, and anew when it likes."""


class Origin(msgspec.Struct, frozen=True):
    """`module`: as its entry point names it; `distribution`: who installed it, empty for one that is only importable."""

    module: str
    distribution: str = ""

    @property
    def is_bundled(self) -> bool:
        """Whether it came with Fenghuo. It runs in this process and could say anything; this is against mistakes, not against malice."""
        return self.distribution == OURS

    @property
    def folder(self) -> Path | None:
        """Where its module lies, None for what is no file or is not imported here."""
        file = getattr(sys.modules.get(self.module), "__file__", None)
        return Path(file).parent if file else None


def origin_of(module: object) -> Origin:
    """Of a loaded module, by whoever's entry point names it."""
    name = str(getattr(module, "__name__", module))
    for point in importlib.metadata.entry_points(group=GROUP):
        if point.value == name and point.dist is not None:
            return Origin(name, point.dist.name)
    return Origin(name)


def digest_of(origin: Origin) -> str:
    """`sha256:` over names and octets of its top package, or of its one module, and of what else its distribution installed beside it;
    empty for what is no file."""
    found = dict(_files(origin))
    return digest_over(found) if found else ""


def digest_over(files: Mapping[str, Path]) -> str:
    """The digest of these files under these names. Raises: OSError."""
    digest = hashlib.sha256()
    for name in sorted(files):
        octets = files[name].read_bytes()
        digest.update(f"{name}\0{len(octets)}\0".encode() + octets)
    return f"sha256:{digest.hexdigest()}"


def _files(origin: Origin) -> Iterator[tuple[str, Path]]:
    """Each file with a name that does not depend on where it is installed."""
    folders, file = _place(origin.module.partition(".")[0])
    for folder in folders:
        yield from ((f"{folder.name}/{path.relative_to(folder)}", path) for path in sorted(folder.rglob("*")) if _counts(path))
    if file is not None:
        yield file.name, file
    yield from _installed(origin.distribution)


def _place(top: str) -> tuple[list[Path], Path | None]:
    """The folders of a package, or the file of a module; a third party's is looked for and not imported."""
    module = sys.modules.get(top)
    spec = None if module is not None else importlib.util.find_spec(top)
    folders = getattr(module, "__path__", None) if spec is None else spec.submodule_search_locations
    if folders is not None:
        return [Path(folder) for folder in folders], None
    file = getattr(module, "__file__", None) if spec is None else spec.origin if spec.has_location else None
    return [], Path(file) if file else None


def _installed(distribution: str) -> Iterator[tuple[str, Path]]:
    if not distribution:
        return
    for entry in importlib.metadata.files(distribution) or ():
        is_package_data = ".." not in entry.parts and not entry.parts[0].endswith((".dist-info", ".egg-info", ".pth"))
        path = Path(str(entry.locate()))
        if is_package_data and _counts(path):
            yield str(entry), path


def _counts(path: Path) -> bool:
    return path.is_file() and path.suffix != ".pyc" and not LEFT_OUT & set(path.parts)
