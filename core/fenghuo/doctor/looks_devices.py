"""Looks at what is plugged in: whether it is there, may be opened, keeps its name, and is nobody else's."""

from __future__ import annotations

from collections.abc import Iterator

from fenghuo.doctor.finding import Finding, quoted
from fenghuo.doctor.patient import Patient

__all__ = ["LOOKS"]

READ_WRITE = 6
BY_NAME = "dev/serial/by-id"
COUNTED = ("/dev/ttyUSB", "/dev/ttyACM")
RULES = "/etc/udev/rules.d/60-fenghuo.rules"
RELOAD = "udevadm control --reload && udevadm trigger --subsystem-match=tty"
SPEECH = "espeak-ng"


def devices(patient: Patient) -> Iterator[Finding]:
    """A device that is named is there, and the service may open it."""
    machine = patient.machine
    for device, key in patient.devices().items():
        there = machine.at(device)
        if not there.exists():
            says = f"{key} names {device}, which is not there: not plugged in, or under another name"
            yield Finding("device-missing", says, "ls -l /dev/serial/by-id/ /dev/fenghuo/")
        elif not machine.account.may(there.stat(), READ_WRITE):
            says = f"{key} names {device}, which {machine.account.name} may not open"
            yield Finding("device-forbidden", says, f"install -m 0644 systemd/fenghuo.rules {RULES} && {RELOAD}")


def names(patient: Patient) -> Iterator[Finding]:
    """/dev/ttyUSB0 is whichever was found first: after a start without power another one may be."""
    links = {f"/dev/{link.resolve().name}": f"/{BY_NAME}/{link.name}" for link in sorted(patient.machine.at(BY_NAME).glob("*"))}
    for device, key in patient.devices().items():
        if device.startswith(COUNTED) and device in links:
            says = f"{key} names {device}, which is counted anew at each start; the same device is always {links[device]}"
            yield Finding("device-counted", says, quoted("sed", "-i", f's#"{device}"#"{links[device]}"#', patient.settings.file))


def modem_manager(patient: Patient) -> Iterator[Finding]:
    """ModemManager opens every serial device that it sees, and talks to it."""
    tty = [key for device, key in patient.devices().items() if "tty" in device or "serial" in device]
    if tty and patient.machine.runs("ModemManager"):
        says = f"ModemManager runs and talks to serial devices, {tty[0]} among them"
        yield Finding("modem-manager", says, "systemctl mask --now ModemManager")


def speech(patient: Patient) -> Iterator[Finding]:
    """Loudspeakers speak by a program of its own."""
    speaking = [one.at for one in patient.instances() if one.type == "broadcast.rtp" and not getattr(one.settings, "voice_command", ())]
    if speaking and not any(patient.machine.at(f"{folder}/{SPEECH}").exists() for folder in ("usr/bin", "usr/local/bin", "bin")):
        yield Finding("speech-missing", f"{speaking[0]} speaks by {SPEECH}, which is not installed", f"apt-get install {SPEECH}")


LOOKS = (devices, names, modem_manager, speech)
