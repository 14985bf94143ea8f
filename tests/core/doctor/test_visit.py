"""The doctor on a sound node, and on the same node with one mistake at a time: each is found, named, and has its command."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import fenghuo_broadcast
import fenghuo_http
import fenghuo_narrowband
import fenghuo_sms
from fenghuo.doctor import faulty, visit
from fenghuo.doctor.finding import Finding
from fenghuo.doctor.machine import Account, Machine
from fenghuo.doctor.patient import Answered, Patient
from fenghuo.errors import SettingsError
from fenghuo.plugin.host import PluginHost, load_plugins
from fenghuo.service import settings

ROOT = Path(__file__).resolve().parents[3]
UNIT = (ROOT / "systemd" / "fenghuo.service").read_text(encoding="utf-8")
RULES = """
[ladders.all]
[[ladders.all.rungs]]
channels = ["sms-a"]
[[rules]]
name = "alerts"
match = { kind = ["Alert"] }
audience = { name = "public" }
needed = "DEVICE"
deadline_s = 300
ladder = "all"
"""
SETTINGS = """
[node]
name = "node"
rules = "rules.toml"
[web]
listen = "127.0.0.1:8025"
[tokens.anna]
credential = "anna"
rights = ["releaser"]
[tokens.bert]
file = "bert.token"
rights = ["releaser"]
[channels.sms-a]
type = "sms.smpp"
risk_groups = ["cell:a"]
[channels.sms-a.settings]
host = "127.0.0.1"
system_id = "fenghuo"
password_file = "sms.password"
source_addr = "10690000"
[channels.radio]
type = "radio.kiss"
risk_groups = ["air"]
[channels.radio.settings]
driver = "serial"
device = "/dev/fenghuo/A1-00"
mycall = "BJ1CMD"
"""
LISTENS = "  sl  local_address rem_address   st\n   0: 0100007F:1F59 00000000:0000 0A 00000000:00000000\n"
SERVICE = 1000
OWN = Account("fenghuo", SERVICE, [SERVICE], group="fenghuo")


@dataclass
class Node:
    """A node on a machine below `root`, as the administrator's guide leaves it; a mistake changes something of it."""

    root: Path
    host: PluginHost
    account: Account = OWN
    now: float = 1.8e9
    free: int = 1 << 40
    synchronised: str = "yes"
    answered: Answered = field(
        default_factory=lambda: Answered({"version": "1.0", "ready": True}, ({"name": "cai", "rights": ["releaser"], "state": "active"},))
    )

    def __post_init__(self) -> None:
        self.write("etc/fenghuo/fenghuo.toml", SETTINGS)
        self.write("etc/fenghuo/rules.toml", RULES)
        for name in ("etc/fenghuo/bert.token", "etc/fenghuo/sms.password", "etc/fenghuo/credentials/anna"):
            self.write(name, name[-8:].ljust(40, "x") if "password" not in name else "lab").chmod(0o640)
        self.write("dev/fenghuo/A1-00", "")
        self.write("etc/systemd/system/fenghuo.service", UNIT)
        self.write("etc/systemd/system/multi-user.target.wants/fenghuo.service", "")
        self.write("etc/systemd/system/fenghuo.service.d/anna.conf", "[Service]\nLoadCredential=anna:/etc/fenghuo/credentials/anna\n")
        self.write("proc/mounts", f"disk {self.root} ext4 rw 0 0\n")
        (self.root / "run/systemd/system").mkdir(parents=True)
        self.state.mkdir(mode=0o700)
        for path in (self.state, *self.root.rglob("*")):
            if "credentials" not in str(path):
                os.chown(path, SERVICE, SERVICE)

    @property
    def state(self) -> Path:
        return self.root / "etc/fenghuo/state"

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def change(self, name: str, old: str, new: str) -> None:
        text = (self.root / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    def set(self, old: str, new: str) -> None:
        self.change("etc/fenghuo/fenghuo.toml", old, new)

    def says(self, **status: Any) -> None:
        self.answered = Answered({**(self.answered.status or {}), **status}, self.answered.accounts)

    def visited(self) -> list[Finding]:
        machine = Machine(self.account, root=self.root, ask=lambda *_: self.synchronised, now=lambda: self.now, free=lambda _: self.free)
        file = self.root / "etc/fenghuo/fenghuo.toml"
        if not file.exists():
            return [visit.missing(file)]
        with faulty.credentials(machine) as environment:
            try:
                known = settings.load(file, self.host, environment=environment)
                rules = settings.load_rules(known)
            except SettingsError as error:
                return faulty.findings(file, error.faults, machine, environment)
        return visit.looked_at(Patient(known, rules, machine, self.answered, "1.0"))


def remove(name: str) -> Callable[[Node], None]:
    return lambda node: (node.root / name).unlink()


def owned_by_root(name: str) -> Callable[[Node], None]:
    def spoil(node: Node) -> None:
        os.chown(node.root / name, 0, 0)
        (node.root / name).chmod(0o640)

    return spoil


def counted(node: Node) -> None:
    node.write("dev/ttyUSB0", "")
    os.chown(node.root / "dev/ttyUSB0", SERVICE, SERVICE)
    (node.root / "dev/serial/by-id").mkdir(parents=True)
    (node.root / "dev/serial/by-id/usb-FTDI-if00").symlink_to("../../ttyUSB0")
    node.set('"/dev/fenghuo/A1-00"', '"/dev/ttyUSB0"')


def speaking(node: Node) -> None:
    node.set(
        "[channels.radio]", '[channels.village]\ntype = "broadcast.rtp"\nsettings = { speakers = ["239.192.0.1:5004"] }\n[channels.radio]'
    )


def without_unit(node: Node) -> None:
    (node.root / "etc/systemd/system/fenghuo.service").unlink()
    node.set('credential = "anna"\nrights', 'file = "credentials/anna"\nrights')
    os.chown(node.root / "etc/fenghuo/credentials/anna", SERVICE, SERVICE)


def no_state(node: Node) -> None:
    node.state.rmdir()
    os.chown(node.root / "etc/fenghuo", 0, 0)


def managed(node: Node) -> None:
    node.set("A1-00", "ttyA1")
    (node.root / "dev/fenghuo/A1-00").rename(node.root / "dev/fenghuo/ttyA1")
    node.write("proc/77/comm", "ModemManager\n")


def occupied(node: Node) -> None:
    node.write("proc/net/tcp", LISTENS)
    node.answered = Answered()


def silent(node: Node) -> None:
    node.answered = Answered()


def refused(node: Node) -> None:
    node.write("etc/fenghuo/state/ctl.sock", "")
    node.answered = Answered(refused="Permission denied")


def nobody_signs(node: Node) -> None:
    node.answered = Answered(node.answered.status, ())
    node.set('[tokens.bert]\nfile = "bert.token"\nrights = ["releaser"]', '[tokens.bert]\nfile = "bert.token"\nrights = ["viewer"]')


MISTAKES: dict[str, tuple[Callable[[Node], Any], str]] = {
    "settings-missing": (remove("etc/fenghuo/fenghuo.toml"), "fenghuo config init"),
    "settings-faulty": (lambda node: node.set("source_addr", "sourse_addr"), "fenghuo config check"),
    "secret-missing": (remove("etc/fenghuo/sms.password"), "install -m 0640 -g fenghuo /dev/stdin"),
    "credential-not-loaded": (remove("etc/systemd/system/fenghuo.service.d/anna.conf"), "LoadCredential=anna:/etc/fenghuo/credentials/a"),
    "credential-missing": (remove("etc/fenghuo/credentials/anna"), "install -m 0600 /dev/stdin /etc/fenghuo/credentials/anna"),
    "state-missing": (no_state, "install -d -o fenghuo -g fenghuo"),
    "state-foreign": (lambda node: os.chown(node.state, 0, 0), "chown -R fenghuo:"),
    "state-open": (lambda node: node.state.chmod(0o755), "chmod 0700"),
    "state-in-memory": (lambda node: node.write("proc/mounts", f"tmpfs {node.root} tmpfs rw 0 0\n"), "/var/lib/fenghuo"),
    "state-elsewhere": (lambda node: node.write("proc/mounts", f"nas:/x {node.root} nfs4 rw 0 0\n"), "/var/lib/fenghuo"),
    "disk-short": (lambda node: setattr(node, "free", 5 << 20), "du -xh"),
    "secret-unreadable": (owned_by_root("etc/fenghuo/sms.password"), "chgrp fenghuo"),
    "secret-open": (lambda node: (node.root / "etc/fenghuo/sms.password").chmod(0o644), "chmod o="),
    "device-missing": (remove("dev/fenghuo/A1-00"), "ls -l /dev/serial/by-id/"),
    "device-forbidden": (owned_by_root("dev/fenghuo/A1-00"), "/etc/udev/rules.d/60-fenghuo.rules"),
    "device-counted": (counted, 's#"/dev/ttyUSB0"#"/dev/serial/by-id/usb-FTDI-if00"#'),
    "modem-manager": (managed, "systemctl mask --now ModemManager"),
    "speech-missing": (speaking, "apt-get install espeak-ng"),
    "unit-missing": (without_unit, "systemctl enable --now fenghuo"),
    "unit-disabled": (remove("etc/systemd/system/multi-user.target.wants/fenghuo.service"), "systemctl enable fenghuo"),
    "address-fenced": (lambda node: node.set('host = "127.0.0.1"', 'host = "10.9.8.7"'), "IPAddressAllow=10.9.8.7"),
    "port-taken": (occupied, "ss -ltnp 'sport = :8025'"),
    "clock-wrong": (lambda node: setattr(node, "now", 1e9), "timedatectl set-time"),
    "clock-alone": (lambda node: setattr(node, "synchronised", "no"), "timedatectl set-ntp true"),
    "daemon-silent": (silent, "systemctl start fenghuo"),
    "daemon-old": (lambda node: node.says(version="0.9"), "systemctl restart fenghuo"),
    "daemon-not-ready": (lambda node: node.says(ready=False), "journalctl -u fenghuo"),
    "not-for-you": (refused, 'usermod -aG fenghuo "$USER"'),
    "signers-few": (nobody_signs, "user add NAME --right releaser"),
}  # fmt: skip
BESIDE = {"port-taken": {"daemon-silent"}}
"""What is wrong as well when that is."""


def test_whoever_may_not_read_a_secret_is_told_to_ask_as_somebody_who_may(node: Node) -> None:
    """Root may read everything, so the fault is given in the words of the settings."""
    fault = f"fenghuo.toml: tokens.bert.file cannot be used: the file {node.root}/bert.token cannot be read: Permission denied"
    (found,) = faulty.findings(node.root / "fenghuo.toml", (fault,), Machine(OWN, root=node.root), {"CREDENTIALS_DIRECTORY": "/nowhere"})
    assert ("secret-yours-not", f"sudo fenghuo doctor {node.root}/fenghuo.toml") == (found.cause, found.mend)


def test_each_cause_is_on_the_page_and_made_here() -> None:
    """What `fenghuo doctor` may print, and docs/reference/doctor.md, are the same words."""
    page = (ROOT / "docs" / "reference" / "doctor.md").read_text(encoding="utf-8")
    told = {word for line in page.splitlines() if line.startswith("| `") for word in re.findall(r"`([a-z-]+)`", line.split("|")[1])}
    code = {
        word
        for file in (ROOT / "core" / "fenghuo" / "doctor").glob("*.py")
        for word in re.findall(r'Finding\(\s*"([a-z-]+)"', file.read_text())
    }
    assert told == code
    assert told - MISTAKES.keys() == {"secret-yours-not"}


@pytest.fixture(scope="module")
def host() -> PluginHost:
    return load_plugins([fenghuo_broadcast, fenghuo_sms, fenghuo_http, fenghuo_narrowband])


@pytest.fixture
def node(tmp_path: Path, host: PluginHost) -> Node:
    if os.geteuid() != 0:
        pytest.skip("whom a file belongs to can be changed by root alone")
    return Node(tmp_path, host)


def test_a_sound_node_has_nothing(node: Node) -> None:
    assert [] == node.visited()


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_found_with_the_command_that_mends_it(mistake: str, node: Node) -> None:
    """Nothing else is found, so that nobody mends what is whole."""
    spoil, mend = MISTAKES[mistake]
    spoil(node)
    found = {one.cause: one for one in node.visited()}
    assert found.keys() <= {mistake} | BESIDE.get(mistake, set()), found
    assert mend in found[mistake].mend
