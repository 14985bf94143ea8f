"""One visit: the settings first, since without them nothing else can be looked at, then every look in turn."""

from __future__ import annotations

from pathlib import Path

from fenghuo.doctor import looks_daemon, looks_devices, looks_files, looks_system
from fenghuo.doctor.finding import Finding, quoted
from fenghuo.doctor.machine import Account, Machine
from fenghuo.doctor.patient import Patient

__all__ = ["LOOKS", "UNIT_ACCOUNT", "account_of", "looked_at", "machine_of", "missing"]

LOOKS = (*looks_files.LOOKS, *looks_devices.LOOKS, *looks_system.LOOKS, *looks_daemon.LOOKS)
UNIT_ACCOUNT = "fenghuo"
"""Whom the unit that is shipped runs as."""


def account_of(named: str | None) -> Account:
    """Whose daemon it is: the account named, else the unit's where this machine has it, else whoever asks. Raises: KeyError: no such."""
    if named is not None:
        return Account.of(named)
    try:
        return Account.of(UNIT_ACCOUNT)
    except KeyError:
        return Account.current()


def missing(file: Path) -> Finding:
    """There are no settings."""
    return Finding("settings-missing", f"there are no settings at {file}", quoted("fenghuo", "config", "init", file.parent))


def looked_at(patient: Patient) -> list[Finding]:
    """Everything that is wrong with a node whose settings can be used."""
    return [finding for look in LOOKS for finding in look(patient)]


def machine_of(named: str | None) -> Machine:
    """This machine. Raises: KeyError: it has no such account."""
    return Machine(account_of(named))
