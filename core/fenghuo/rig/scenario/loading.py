"""From scenario files to a Scenario, so that every mistake becomes a sentence with file, key, what stands there and what would be right."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from fenghuo.errors import SettingsError
from fenghuo.formats.table_reading import Faults, read_struct, shown
from fenghuo.rig.scenario.checking import check
from fenghuo.rig.scenario.schema import Scenario

__all__ = ["load_scenario"]

DEEPEST = 8
"""Files that include each other end here at the latest."""
PATHS = ("rules", "directory", "modes")
LONGEST = 255
"""Octets of a file's name. Source: POSIX, NAME_MAX of every file system in use."""
LARGEST = 4_000_000
"""Octets of a file; a scenario is written by people."""


def load_scenario(path: Path) -> Scenario:
    """The scenario of a file with all that it includes; its `rules` and `directory` are whole paths. Blocks.

    Raises: SettingsError with every fault as a sentence.
    """
    faults = Faults(path.name)
    tree = _tree(path, faults, ())
    if faults.found:
        raise SettingsError(tuple(faults.found))
    scenario = read_struct(tree, Scenario, "", faults)
    if scenario is None:
        raise SettingsError(tuple(faults.found))
    check(scenario, faults)
    if faults.found:
        raise SettingsError(tuple(faults.found))
    return scenario


def _tree(path: Path, faults: Faults, above: tuple[Path, ...]) -> dict[str, Any]:
    """The tables of a file over those of the files that it includes."""
    here = Faults(path.name)
    own = _read(path, here)
    faults.found += here.found
    if own is None:
        return {}
    _check_names(own, here)
    if here.found:
        faults.found += here.found
        return {}
    included = own.pop("include", [])
    if not isinstance(included, list) or not all(isinstance(name, str) for name in included):
        faults.found.append(f"{path.name}: include is {shown(included)}; it must be a list, each the name of a file beside this one")
        return {}
    tree: dict[str, Any] = {}
    for name in included:
        other = (path.parent / name).resolve()
        if other in (*above, path.resolve()) or len(above) >= DEEPEST:
            faults.found.append(f'{path.name}: include names "{name}", which includes this file; leave one of them out')
            continue
        tree = _over(tree, _tree(other, faults, (*above, path.resolve())))
    return _over(tree, _placed(own, path.parent))


def _check_names(own: dict[str, Any], faults: Faults) -> None:
    """Names of files that no file can have."""
    nodes, steps = own.get("nodes"), own.get("steps")
    named = {key: own.get(key) for key in PATHS} | (
        {f"nodes.{name}": file for name, file in nodes.items()} if isinstance(nodes, dict) else {}
    )
    for place, step in enumerate(steps if isinstance(steps, list) else ()):
        named[f"steps[{place}].file"] = step.get("file") if isinstance(step, dict) else None
    for key, value in named.items():
        if isinstance(value, str) and ("\0" in value or any(len(part.encode()) > LONGEST for part in value.split("/"))):
            faults.add(key, f"is {shown(value[:40])}, of {len(value)} characters; no file can have that name")


def _placed(own: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Files that are named beside this one, by their whole paths."""
    for key in PATHS:
        if isinstance(own.get(key), str) and own[key]:
            own[key] = str((folder / own[key]).resolve())
    nodes = own.get("nodes")
    if isinstance(nodes, dict):
        own["nodes"] = {name: str((folder / file).resolve()) if isinstance(file, str) else file for name, file in nodes.items()}
    steps = own.get("steps")
    for step in steps if isinstance(steps, list) else ():
        if isinstance(step, dict) and isinstance(step.get("file"), str):
            step["file"] = str((folder / step["file"]).resolve())
    return own


def _read(path: Path, faults: Faults) -> dict[str, Any] | None:
    try:
        raw = path.read_bytes()
        if len(raw) > LARGEST:
            faults.found.append(f"{path.name}: has {len(raw)} octets; a scenario has at most {LARGEST}")
            return None
        # Some editors of Windows mark UTF-8 with a byte order mark, which TOML does not know.
        return tomllib.loads(raw.decode("utf-8-sig"))
    except OSError as error:
        faults.found.append(f"{path.name}: cannot be read: {error.strerror}; looked for {path}")
    except UnicodeDecodeError as error:
        faults.found.append(f"{path.name}: is not UTF-8 at octet {error.start}; save it as UTF-8")
    except tomllib.TOMLDecodeError as error:
        faults.found.append(f"{path.name}: is not TOML: {error}")
    return None


def _over(below: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Tables key by key, arrays of tables one after the other, and of everything else what the file itself says."""
    merged = dict(below)
    for key, value in own.items():
        was = merged.get(key)
        if isinstance(was, dict) and isinstance(value, dict):
            merged[key] = _over(was, value)
        elif _is_tables(was) and _is_tables(value):
            merged[key] = [*(was or ()), *value]
        else:
            merged[key] = value
    return merged


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)
