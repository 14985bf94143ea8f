"""Who must wait before the next try to log in: after failures by account and by address, and never the duty officer's own desk.

Pure but for what it remembers. Source: security.md §2.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

import msgspec

__all__ = ["MACHINE", "LogInDelays"]

FREE = 5
"""Failures that cost nothing: a person types a password wrongly twice, and once with Caps Lock."""
LONGEST_S = 300.0
AT_CONSOLE_S = 2.0
FORGOTTEN_AFTER_S = 3600.0
REMEMBERED = 10_000
MACHINE = "socket"
"""The door of the machine itself, and the address of whoever speaks there: they have its token file, which no network gives."""
LOOPBACK = ("127.0.0.1", "::1", MACHINE, "")
"""This machine: whoever sits there may read the console's token file anyway."""
EVERYWHERE = "*"
"""Stands for all addresses outside together; no address is written so, and no console has it."""


class Failures(msgspec.Struct):
    """How many in a row, and until when the next try waits (monotonic seconds)."""

    count: int = 0
    until: float = 0.0
    last: float = 0.0


class LogInDelays:
    """Counts failures. `consoles`: addresses of the duty officers' desks.

    Elsewhere failures count for the account as a whole and for the address as a whole: 5 are free, then 1, 2, 4 … 300 s. At a console
    only the failures of this account at this console count, and cost 2 s at most: whatever anybody does anywhere, the duty officer at a
    console is never kept out. 2 s a try leave 43,200 guesses a day there, which a password that passes the rules outlives.
    """

    def __init__(self, consoles: Iterable[str] = ()) -> None:
        self._consoles = frozenset((*consoles, *LOOPBACK))
        self._known: OrderedDict[tuple[str, str], Failures] = OrderedDict()

    def wait_s(self, account: str, address: str, now: float) -> float:
        """Seconds until this account may be tried from this address; 0: at once. `now`: monotonic seconds."""
        return max([0.0, *(self._known[key].until - now for key in self._keys(account, address) if key in self._known)])

    def failed(self, account: str, address: str, now: float) -> bool:
        """Count a failure; whether the next try must wait."""
        longest_s = AT_CONSOLE_S if self.is_console(address) else LONGEST_S
        for key in self._keys(account, address):
            self._count(key, now, longest_s)
        return self.wait_s(account, address, now) > 0

    def succeeded(self, account: str, address: str) -> None:
        """Forget the failures of an account; those of its address stay, or one good account would pay for many bad guesses."""
        for key in self._keys(account, address)[:1]:
            self._known.pop(key, None)

    def is_console(self, address: str) -> bool:
        """Whether a duty officer sits there."""
        return address in self._consoles

    def _keys(self, account: str, address: str) -> tuple[tuple[str, str], ...]:
        return ((account, address),) if self.is_console(address) else ((account, EVERYWHERE), ("", address))

    def _count(self, key: tuple[str, str], now: float, longest_s: float) -> None:
        found = self._known.pop(key, None)
        if found is None or now - found.last > FORGOTTEN_AFTER_S:
            found = Failures()
        self._known[key] = found
        found.count, found.last = found.count + 1, now
        if found.count >= FREE:
            found.until = now + min(longest_s, 2.0 ** min(found.count - FREE, 20))
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
