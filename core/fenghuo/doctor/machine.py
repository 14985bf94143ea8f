"""The machine as it is looked at: files below one root, so that a test shows another machine, and the programs that answer for the rest."""

from __future__ import annotations

import grp
import os
import pwd
import re
import shutil
import stat
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

__all__ = ["Account", "Machine"]

ANSWER_S = 5.0
TCP_LISTENS = "0A"
"""proc_net_tcp(5), the state of a socket that listens."""
UNIT_FOLDERS = ("etc/systemd/system", "run/systemd/system", "usr/local/lib/systemd/system", "usr/lib/systemd/system", "lib/systemd/system")


class Account:
    """Who runs the daemon: by name, with all groups, the first of them by name too."""

    def __init__(self, name: str, uid: int, groups: Sequence[int], *, group: str) -> None:
        self.name = name
        self.uid = uid
        self.groups = frozenset(groups)
        self.group = group

    @classmethod
    def of(cls, name: str) -> Account:
        """Raises: KeyError: this machine has no such account."""
        entry = pwd.getpwnam(name)
        return cls(name, entry.pw_uid, os.getgrouplist(name, entry.pw_gid), group=grp.getgrgid(entry.pw_gid).gr_name)

    @classmethod
    def current(cls) -> Account:
        return cls.of(pwd.getpwuid(os.geteuid()).pw_name)

    def may(self, found: os.stat_result, wanted: int) -> bool:
        """Whether this account may read (4), write (2) or enter (1) what has this mode. ACLs are not looked at."""
        if self.uid == 0:
            return True
        shift = 6 if found.st_uid == self.uid else 3 if found.st_gid in self.groups else 0
        return stat.S_IMODE(found.st_mode) >> shift & wanted == wanted


class Machine:
    """`root`: where its files begin; `account`: whose daemon it is; `ask`: runs a program and gives what it printed, "" where it cannot."""

    def __init__(
        self,
        account: Account,
        *,
        root: Path = Path("/"),
        ask: Callable[..., str] | None = None,
        now: Callable[[], float] = time.time,
        free: Callable[[Path], int] | None = None,
    ) -> None:
        self.account = account
        self.root = root
        self.ask = ask or _asked
        self.now = now
        self.free = free or (lambda path: shutil.disk_usage(path).free)

    def at(self, path: str | Path) -> Path:
        """A path of that machine, written as that machine or as this one writes it."""
        return Path(path) if Path(path).is_relative_to(self.root) else self.root / str(path).lstrip("/")

    def text(self, path: str | Path) -> str:
        """A file of that machine, "" where it cannot be read."""
        try:
            return self.at(path).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def file_system(self, path: Path) -> str:
        """The type of what is mounted where `path` is. Source: proc_mounts(5), which writes a space as \\040."""
        mounts = (line.split() for line in self.text("proc/mounts").splitlines())
        found = [(mount[1].replace("\\040", " "), mount[2]) for mount in mounts if len(mount) > 2]
        inside = [(point, kind) for point, kind in found if path.is_relative_to(point)]
        return max(inside, key=lambda one: len(one[0]), default=("", ""))[1]

    def listens(self, port: int) -> bool:
        """Whether somebody listens on a TCP port. Source: proc_net_tcp(5)."""
        rows = [line.split() for name in ("tcp", "tcp6") for line in self.text(f"proc/net/{name}").splitlines()[1:]]
        return any(len(row) > 3 and row[3] == TCP_LISTENS and int(row[1].rpartition(":")[2], 16) == port for row in rows)

    def runs(self, program: str) -> bool:
        """Whether a process of that name is there."""
        names = (one / "comm" for one in self.at("proc").glob("[0-9]*"))
        return any(self.text(name.relative_to(self.root)).strip() == program[:15] for name in names)

    @property
    def has_systemd(self) -> bool:
        """Source: sd_booted(3)."""
        return self.at("run/systemd/system").is_dir()

    def unit(self, name: str) -> str:
        """The unit and its drop-ins as one text, later lines over earlier ones; "" where it is not installed."""
        main = next((text for folder in UNIT_FOLDERS if (text := self.text(f"{folder}/{name}"))), "")
        drop_ins = {one.name: one for folder in reversed(UNIT_FOLDERS) for one in self.at(f"{folder}/{name}.d").glob("*.conf")}
        return "\n".join((main, *(self.text(drop_ins[one].relative_to(self.root)) for one in sorted(drop_ins)))) if main else ""

    def unit_values(self, name: str, key: str) -> list[str]:
        """Every value of a key of the unit, in order; an empty one takes all before it away. Source: systemd.syntax(7)."""
        values: list[str] = []
        for value in re.findall(rf"^{re.escape(key)}=(.*)$", self.unit(name), re.MULTILINE):
            values = [*values, value.strip()] if value.strip() else []
        return values


def _asked(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
