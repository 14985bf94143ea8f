"""Settings that cannot be used: each fault as a finding, with the command that mends it where a command can."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from fenghuo.doctor.finding import Finding, quoted
from fenghuo.doctor.looks_system import UNIT, UNIT_D
from fenghuo.doctor.machine import Machine

__all__ = ["credentials", "findings"]

THEN = "   # then type the secret, Enter, Ctrl-D"


@contextmanager
def credentials(machine: Machine) -> Iterator[dict[str, str]]:
    """The environment in which settings find what the unit would load for them: names beside the files that it names."""
    loaded = dict(_loaded(machine))
    with TemporaryDirectory(prefix="fenghuo-doctor-") as folder:
        for name, file in loaded.items():
            (Path(folder) / name).symlink_to(machine.at(file))
        yield {"CREDENTIALS_DIRECTORY": folder}


def findings(file: Path, faults: tuple[str, ...], machine: Machine, environment: Mapping[str, str]) -> list[Finding]:
    """What is wrong with settings that were refused with these faults, read in that environment."""
    return [_finding(file, fault, machine, Path(environment["CREDENTIALS_DIRECTORY"])) for fault in faults]


def _finding(file: Path, fault: str, machine: Machine, folder: Path) -> Finding:
    named = re.search(r"the file (\S+) (does not exist|is empty|cannot be read: Permission denied)", fault)
    if named is None:
        return Finding("settings-faulty", fault, f"{quoted('editor', file)} && {quoted('fenghuo', 'config', 'check', file)}")
    path = Path(named[1])
    if path.parent == folder:
        return _credential(fault.split(" cannot be used", maxsplit=1)[0], path.name, machine)
    if named[2].startswith("cannot"):
        return Finding("secret-yours-not", f"{fault}; ask as somebody who may read it", f"sudo {quoted('fenghuo', 'doctor', file)}")
    return Finding("secret-missing", fault, f"{quoted('install', '-m', '0640', '-g', machine.account.group, '/dev/stdin', path)}{THEN}")


def _credential(at: str, name: str, machine: Machine) -> Finding:
    source = dict(_loaded(machine)).get(name)
    if source is not None:
        says = f'{at}: {UNIT} loads the credential "{name}" from {source}, which is not there or cannot be read'
        return Finding("credential-missing", says, f"{quoted('install', '-m', '0600', '/dev/stdin', source)}{THEN}")
    line = f"[Service]\\nLoadCredential={name}:/etc/fenghuo/credentials/{name}\\n"
    mend = f"install -d {UNIT_D} && printf '{line}' > {UNIT_D}/{quoted(name)}.conf && systemctl daemon-reload"
    return Finding("credential-not-loaded", f'{at}: {UNIT} does not load the credential "{name}"', mend)


def _loaded(machine: Machine) -> Iterator[tuple[str, str]]:
    for value in machine.unit_values(UNIT, "LoadCredential"):
        name, _, file = value.partition(":")
        yield name, file
