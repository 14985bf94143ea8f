"""What the page takes from elsewhere, made anew: npm's pinned packages, bundled by a pinned esbuild, with a lock of what came out.

`python -m tools.vendor_js` writes plugins/fenghuo_console/static/vendor and vendor.lock.json; `--check` compares them, and writes nothing.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["LOCK", "VENDOR", "built", "lock_of", "main"]

ROOT = Path(__file__).resolve().parents[1]
PINS = ROOT / "tools/vendor"
PLUGIN = ROOT / "plugins/fenghuo_console"
VENDOR = PLUGIN / "static/vendor"
LOCK = PLUGIN / "vendor.lock.json"
NPM_S, ESBUILD_S = 300.0, 60.0

HOLDS = {
    "ui.js": ("preact", "htm", "@preact/signals", "@preact/signals-core"),
    "leaflet.js": ("leaflet",),
    "leaflet.css": ("leaflet",),
    "LICENSES.txt": (),
}
"""File → the packages in it."""


def built(folder: Path) -> dict[str, bytes]:
    """The vendored files, made in `folder` from the pins. Raises: subprocess.CalledProcessError."""
    for name in ("package.json", "package-lock.json", "ui.js"):
        shutil.copy(PINS / name, folder)
    _run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], folder, NPM_S)
    leaflet = folder / "node_modules/leaflet/dist"
    _bundle(folder, "ui.js", "out/ui.js")
    _bundle(folder, str(leaflet / "leaflet-src.esm.js"), "out/leaflet.js")
    shutil.copy(leaflet / "leaflet.css", folder / "out/leaflet.css")
    (folder / "out/LICENSES.txt").write_text(_licences(folder / "node_modules"), encoding="utf-8")
    return {name: (folder / "out" / name).read_bytes() for name in HOLDS}


def lock_of(files: Mapping[str, bytes], installed: Mapping[str, Any]) -> bytes:
    """What the lock says of these files. `installed`: npm's own lock."""
    packages = installed["packages"]
    entries = [
        {
            "file": name,
            "sha256": hashlib.sha256(files[name]).hexdigest(),
            "octets": len(files[name]),
            "packages": [_package(packages, package) for package in HOLDS[name]],
        }
        for name in sorted(files)
    ]
    return json.dumps({"esbuild": packages["node_modules/esbuild"]["version"], "files": entries}, indent=1).encode() + b"\n"


def _licences(modules: Path) -> str:
    """The text of each package's licence: what is bundled keeps its notice."""
    packages = dict.fromkeys(package for held in HOLDS.values() for package in held)
    return "\n".join(f"{name}\n{'=' * len(name)}\n\n{(modules / name / 'LICENSE').read_text(encoding='utf-8')}" for name in packages)


def _package(packages: Mapping[str, Any], name: str) -> dict[str, str]:
    found = packages[f"node_modules/{name}"]
    return {"name": name, "version": found["version"], "licence": found["license"]}


def _bundle(folder: Path, entry: str, out: str) -> None:
    options = ["--bundle", "--minify", "--format=esm", "--target=es2022", "--charset=utf8", "--legal-comments=inline"]
    _run(["node_modules/.bin/esbuild", entry, f"--outfile={out}", "--log-level=warning", *options], folder, ESBUILD_S)


def _run(command: list[str], folder: Path, limit_s: float) -> None:
    subprocess.run(command, cwd=folder, check=True, timeout=limit_s)


def main(arguments: list[str]) -> int:
    """0; 1: `--check` and what stands there is not what the pins make."""
    with tempfile.TemporaryDirectory() as folder:
        files = built(Path(folder))
    lock = lock_of(files, json.loads((PINS / "package-lock.json").read_text()))
    if "--check" in arguments:
        stale = [name for name, body in files.items() if (VENDOR / name).read_bytes() != body]
        stale += [LOCK.name] if LOCK.read_bytes() != lock else []
        print(f"not what the pins make: {', '.join(stale)}" if stale else "vendored files are what the pins make")
        return int(bool(stale))
    VENDOR.mkdir(parents=True, exist_ok=True)
    for name, body in files.items():
        (VENDOR / name).write_bytes(body)
    LOCK.write_bytes(lock)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
