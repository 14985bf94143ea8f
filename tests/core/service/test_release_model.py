"""Random people do random things at the desk: whatever they do, no two-person message is in force by fewer than two, and nothing crosses.

Source: security.md §10, S1.
"""

from __future__ import annotations

import contextlib
import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from fenghuo.errors import FenghuoError
from fenghuo.model.delivery import Accepted
from fenghuo.store.tables import MESSAGE
from tests.core.service.manned import cap
from tests.core.service.peopled import Peopled, peopled

STEPS = 400
RIGHTS = {
    "ada": ("operator",),
    "ben": ("operator", "releaser"),
    "cai": ("releaser",),
    "dan": ("operator", "releaser"),
    "eve": ("admin", "operator"),
    "fei": ("auditor",),
    "gao": ("viewer",),
}
WEIGHTS = [1 + 2 * ("releaser" in RIGHTS[name]) for name in sorted(RIGHTS)]
TRAFFIC = ("Actual", "Exercise")
VALID_S = 120.0
"""How long a signature counts while the other is missing."""


class Crowd:
    """What was tried and what came of it. `signed`: by whom each message was, and when; `author`, `traffic`: of each; `valid`: those in
    force, each with its signers of the two minutes before."""

    def __init__(self, here: Peopled, seed: int) -> None:
        self.here, self.chance = here, random.Random(seed)
        self.sessions: list[tuple[str, str, dict[str, Any]]] = []
        self.signed: dict[str, dict[str, float]] = defaultdict(dict)
        self.valid: dict[str, set[str]] = {}
        self.author: dict[str, str] = {}
        self.traffic: dict[str, str] = {}
        self.crossings: list[str] = []

    async def step(self) -> None:
        """One thing by somebody, or a while in which nobody does anything."""
        self.here.clock.now += self.chance.choice((0.1, 1.0, 20.0))
        act = self.chance.choices((self.log_in, self.change, self.submit, self.sign, self.cancel), (2, 0.3, 2, 14, 0.3))[0]
        try:
            await act()
        except FenghuoError:
            return  # most of what they try is refused: that is what is looked at

    async def log_in(self) -> None:
        name, traffic = self.chance.choices(sorted(RIGHTS), WEIGHTS)[0], self.chance.choice(TRAFFIC)
        self.sessions.append((name, traffic, await self.here.log_in(name, traffic=traffic)))

    async def change(self) -> None:
        """An administrator ends somebody's sessions, or gives the rights that they have."""
        name = self.chance.choice(sorted(RIGHTS))
        if self.chance.random() < 0.5:
            await self.here.admin("account.end_sessions", name=name)
        else:
            await self.here.admin("account.rights", name=name, rights=RIGHTS[name])

    async def submit(self) -> None:
        name, traffic, session = self.chance.choice(self.sessions[-8:])
        claimed = self.chance.choice(TRAFFIC)
        raw = cap(f"A-{self.chance.random()}").replace("Actual", claimed).encode()
        done = await self.here.do(session, "alert.submit", raw=raw)
        if isinstance(done, Accepted):
            self.author[done.id], self.traffic[done.id] = name, claimed
            self.note(traffic, done.id, "brought")

    async def sign(self) -> None:
        name, traffic, session = self.chance.choice(self.sessions[-8:])
        ident = self.chance.choice(list(self.author)[-3:])
        tokens = {"token": "anna-secret"} if self.chance.random() < 0.1 else {}
        at = self.here.clock.now
        done = await self.here.do(session, "alert.sign", id=ident, **tokens)
        self.signed[ident][name] = at
        if done.state == "active":
            self.valid[ident] = {signer for signer, when in self.signed[ident].items() if at - when < VALID_S}
        self.note(traffic, ident, "signed")

    async def cancel(self) -> None:
        _, traffic, session = self.chance.choice(self.sessions[-8:])
        ident = self.chance.choice(list(self.author))
        await self.here.do(session, "alert.cancel", id=ident)
        self.note(traffic, ident, "cancelled")

    def note(self, traffic: str, ident: str, what: str) -> None:
        if traffic != self.traffic[ident]:
            self.crossings.append(f"{what} {ident} of {self.traffic[ident]} by a session for {traffic}")


@pytest.mark.parametrize("seed", [0, 2])
async def test_no_sequence_of_acts_releases_by_fewer_than_two(tmp_path: Path, seed: int) -> None:
    """Some are released, each by two who are not its author and may sign, by sessions of its own traffic; nobody has crossed."""
    async with peopled(tmp_path) as here:
        for name, rights in RIGHTS.items():
            await here.person(name, *rights)
        crowd = Crowd(here, seed)
        while not crowd.author:
            await crowd.log_in()
            with contextlib.suppress(FenghuoError):
                await crowd.submit()
        for _ in range(STEPS):
            await crowd.step()
        events = await here.there.house.events("message.released")
        in_force = {row.id for row in await here.there.house.store.find(MESSAGE, "state = 'active' AND action = 'New'")}
        assert len(events) == len(crowd.valid) > 2
        assert in_force <= crowd.valid.keys()
        for ident, signers in crowd.valid.items():
            assert len(signers - {crowd.author[ident]}) >= 2
            assert all("releaser" in RIGHTS[name] for name in signers)
        assert [] == crowd.crossings
