"""Looks at the disk: the state folder, what it lies on, and the files with secrets."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from fenghuo.doctor.finding import Finding, quoted
from fenghuo.doctor.patient import Patient

__all__ = ["LOOKS"]

LOW_OCTETS = 1 << 30
"""Free space below which somebody should look; the store stops taking promises long after that."""
IN_MEMORY = frozenset({"tmpfs", "ramfs"})
ELSEWHERE = frozenset({"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "glusterfs", "ceph"})
READ, WRITE, ENTER = 4, 2, 1


def state_folder(patient: Patient) -> Iterator[Finding]:
    """It is there, the service may write it, and nobody else may look in."""
    state, account = patient.settings.node.state, patient.machine.account
    there = patient.machine.at(state)
    if not there.is_dir():
        if not _may_make(patient, there):
            mend = quoted("install", "-d", "-o", account.name, "-g", account.group, "-m", "0700", state)
            yield Finding("state-missing", f"the state folder {state} is not there and {account.name} may not make it", mend)
        return
    found = there.stat()
    if not account.may(found, READ | WRITE | ENTER):
        says = f"{account.name}, who runs the daemon, may not write the state folder {state}"
        yield Finding("state-foreign", says, quoted("chown", "-R", f"{account.name}:", state))
    if stat.S_IMODE(found.st_mode) & (stat.S_IRWXO | stat.S_IWGRP):
        says = f"others than {account.name} may enter the state folder {state} (mode {stat.S_IMODE(found.st_mode):04o}), where keys lie"
        yield Finding("state-open", says, quoted("chmod", "0700", state))


def medium(patient: Patient) -> Iterator[Finding]:
    """What is promised lies on a disk of this machine, with room on it."""
    state = patient.settings.node.state
    kind = patient.machine.file_system(state)
    if kind in IN_MEMORY:
        says = f"the state folder {state} lies in memory ({kind}): a power cut takes everything that was promised"
        yield Finding("state-in-memory", says, _move(patient))
    elif kind in ELSEWHERE:
        says = f"the state folder {state} lies on another machine ({kind}), which is gone with the network; SQLite may not lie there at all"
        yield Finding("state-elsewhere", says, _move(patient))
    there = patient.machine.at(state)
    free = patient.machine.free(there) if there.is_dir() else LOW_OCTETS
    if free < LOW_OCTETS:
        says = f"{free >> 20} MiB are free where {state} lies; below 1 GiB, look what takes the room"
        yield Finding("disk-short", says, f"du -xh --max-depth=2 {quoted(_mount_of(patient))} | sort -h | tail -n 20")


def secrets(patient: Patient) -> Iterator[Finding]:
    """The service may read every file with a secret, and nobody else may."""
    account = patient.machine.account
    for path, key in patient.secret_files().items():
        there = patient.machine.at(path)
        if not there.exists():  # it is made at the first start; without that the settings would have been refused
            continue
        found = there.stat()
        if not account.may(found, READ):
            says = f"{key} names {path}, which {account.name} may not read"
            yield Finding("secret-unreadable", says, f"{quoted('chgrp', account.group, path)} && {quoted('chmod', '0640', path)}")
        if stat.S_IMODE(found.st_mode) & stat.S_IRWXO:
            says = f"{key} names {path}, which everybody on this machine may read (mode {stat.S_IMODE(found.st_mode):04o})"
            yield Finding("secret-open", says, quoted("chmod", "o=", path))


LOOKS = (state_folder, medium, secrets)


def _may_make(patient: Patient, there: Path) -> bool:
    above = next(one for one in there.parents if one.exists())
    return patient.machine.account.may(above.stat(), WRITE | ENTER)


def _move(patient: Patient) -> str:
    state, account = patient.settings.node.state, patient.machine.account
    goal = Path("/var/lib/fenghuo")
    if state == goal:
        return f"findmnt --target {quoted(state)}   # mount a disk there"
    made = quoted("install", "-d", "-o", account.name, "-g", account.group, "-m", "0700", goal)
    return f'{made}   # then node.state = "{goal}" in {quoted(patient.settings.file)}'


def _mount_of(patient: Patient) -> Path:
    state = patient.settings.node.state
    return next((one for one in (state, *state.parents) if patient.machine.at(one).is_mount()), Path("/"))
