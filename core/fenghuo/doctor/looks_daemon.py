"""Looks at the daemon itself: whether it runs, whether it is the one that is installed, and whether people can do what its rules ask."""

from __future__ import annotations

from collections.abc import Iterator

from fenghuo.doctor.finding import Finding, quoted
from fenghuo.doctor.patient import Patient

__all__ = ["LOOKS"]


def running(patient: Patient) -> Iterator[Finding]:
    """It answers, it is ready, and it is the program that is installed."""
    status = patient.answered.status
    socket = patient.settings.control_socket
    if status is None:
        yield _silent(patient)
    elif status["version"] != patient.version:
        says = f"the daemon that runs is {status['version']}, installed is {patient.version}"
        yield Finding("daemon-old", says, _systemctl(patient, "restart"))
    elif not status["ready"]:
        yield Finding("daemon-not-ready", f"the daemon behind {socket} is not ready", "journalctl -u fenghuo -n 50")


def signers(patient: Patient) -> Iterator[Finding]:
    """There are as many who may sign as the rules ask for."""
    asked = max((2 if rule.signatures is None else rule.signatures for rule in patient.rules.rules), default=0)
    if not asked or patient.answered.accounts is None:
        return
    tokens = {one.person or one.name for one in patient.settings.tokens if "releaser" in one.rights}
    accounts = {one["name"] for one in patient.answered.accounts if "releaser" in one["rights"] and one["state"] == "active"}
    people = tokens | accounts
    if len(people) < asked:
        who = ", ".join(sorted(people)) or "nobody"
        says = f"rules ask for {asked} signatures, and {len(people)} may sign ({who}): nothing that needs them is ever released"
        yield Finding("signers-few", says, f"{_fenghuo(patient)} user add NAME --right releaser")


LOOKS = (running, signers)


def _silent(patient: Patient) -> Finding:
    socket = patient.settings.control_socket
    there = patient.machine.at(socket)
    if patient.answered.refused and there.exists():
        says = f"the daemon is there and says nothing to you: {patient.answered.refused}"
        return Finding("not-for-you", says, f'{quoted("usermod", "-aG", patient.machine.account.group)} "$USER"   # then log in anew')
    return Finding("daemon-silent", f"no daemon answers at {socket}", _systemctl(patient, "start"))


def _systemctl(patient: Patient, verb: str) -> str:
    if patient.machine.has_systemd:
        return f"systemctl {verb} fenghuo && systemctl status fenghuo"
    return f"{quoted('fenghuo', 'serve', '--config', patient.settings.file)}"


def _fenghuo(patient: Patient) -> str:
    return quoted("fenghuo", "--config", patient.settings.file)
