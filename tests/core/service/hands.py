"""A crowd at the desk: random people do random things, and what leaves the channels is judged by what each of them has seen and done.

The judge asks nobody inside. It keeps who wrote which words, who was shown which words by which session, and who then signed by it; of
every text that leaves it asks whether two others had done so, within two minutes, and whether it left by a channel of its own traffic.
Source: security.md §3.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

import fenghuo_sms
from fenghuo.clock import instant
from fenghuo.engine.channels import PLAIN
from fenghuo.engine.timekeeping import keep_time
from fenghuo.errors import FenghuoError, NotAuthenticated
from fenghuo.model.delivery import Accepted
from fenghuo.model.evidence import Evidence
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.host import load_plugins
from fenghuo.plugin.ports import Capabilities
from fenghuo.service.people import People
from fenghuo.store import Store
from tests.core.engine.house import House, Mail
from tests.core.engine.values import NOW
from tests.core.service.manned import Manned
from tests.core.service.peopled import CHEAP, Peopled
from tests.core.store.rows import SMALL, StillClock

__all__ = ["Crowd", "crowded"]

RULES = """
[ladders.all]
[[ladders.all.rungs]]
channels = ["a", "drill"]
[[rules]]
name = "alerts"
match = { kind = ["Alert"] }
audience = { name = "informants", roles = ["informant"] }
needed = "ACCEPTED"
ladder = "all"
"""
CHANNELS = {
    "a": Capabilities("sms", Evidence.ACCEPTED, concurrency=8, traffic=(Traffic.ACTUAL, Traffic.TEST)),
    "drill": Capabilities("sms", Evidence.ACCEPTED, concurrency=8, traffic=(Traffic.EXERCISE,)),
}
RIGHTS = {
    "anna": ("operator", "releaser"),
    "bert": ("releaser",),
    "cai": ("operator", "releaser"),
    "dan": ("operator",),
    "eve": ("admin", "operator"),
    "fei": ("auditor",),
    "gao": ("viewer",),
}
DESKS = ("10.0.0.5", "10.0.0.6")
TOKENS = {"anna-secret": "anna", "bert-secret": "bert"}
SAID = re.compile(r"[WTC]\d+(?:\.\d+)?")
VALID_S = 120.0


class Words(msgspec.Struct, frozen=True):
    """What was written: by whom, of which traffic. `correction`: what one person may send when they are out."""

    authors: frozenset[str]
    traffic: str
    correction: str = ""


class Hand(msgspec.Struct, frozen=True):
    """Somebody has signed these words after having been shown them by the same session, as the world outside saw it."""

    person: str
    session: str
    at: float


class Crowd:
    """`acts`: what was tried, and what of it was done; `released`, `corrected`: texts that left; `faults`: what must not have."""

    def __init__(self, here: Peopled, seed: int) -> None:
        self.here, self.chance = here, random.Random(seed)
        self.house = here.there.house
        self.sessions: list[tuple[str, str, dict[str, Any]]] = []
        self.rights = dict(RIGHTS)
        self.words: dict[str, Words] = {}
        self.about: dict[str, list[str]] = {}  # message id → its texts, the newest last
        self.drafts: dict[str, tuple[int, list[str], str]] = {}
        self.seen: dict[tuple[str, str], dict[str, float]] = {}  # (session, envelope) → words shown in it, when
        self.hands: dict[str, list[Hand]] = {}
        self.lately: deque[tuple[str, str]] = deque(maxlen=12)  # whom which envelope was shown
        self.recent: deque[str] = deque(maxlen=4)  # messages
        self.judged = 0
        self.count = 0
        self.out: set[str] = set()
        self.acts: Counter[str] = Counter()
        self.released: set[str] = set()
        self.corrected: set[str] = set()
        self.faults: list[str] = []

    # What happens.

    async def sequence(self) -> None:
        """A few acts by whoever is there, and a look at all that left."""
        self.here.clock.now += self.chance.choice((0.1, 1.0, 5.0))
        acts: list[Callable[[], Awaitable[None]]] = [self.review, self.sign, self.submit, self.correct, self.cancel, self.pass_time]
        acts += [self.draft, self.change, self.log_in, self.by_token, self.update]
        for act in self.chance.choices(acts, (4, 16, 1.6, 1.2, 0.7, 0.3, 0.6, 0.03, 0.25, 1, 0.5), k=self.chance.randint(1, 4)):
            try:
                await act()
                self.acts[act.__name__] += 1
            except FenghuoError as refusal:
                self.acts[f"{act.__name__}: {type(refusal).__name__}"] += 1
        self.judge()

    async def log_in(self) -> None:
        name, traffic = self.chance.choice(sorted(self.rights)), self.chance.choice(("Actual", "Actual", "Exercise"))
        session = await self.here.log_in(name, traffic=traffic, address=self.chance.choice(DESKS))
        self.sessions.append((name, traffic, session))
        del self.sessions[:-24]

    async def change(self) -> None:
        """A change of role: its sessions end, and an author stays an author."""
        name = self.chance.choice(("dan", "cai", "bert"))
        self.rights[name] = self.chance.choice((("operator", "releaser"), ("operator",), ("releaser",)))
        await self.here.admin("account.rights", name=name, rights=self.rights[name])
        if name not in self.here.secrets or "releaser" in self.rights[name]:
            shown = await self.here.admin("account.password", name=name)
            await self.here.enrol(name, shown["code"], factor=True)
        await self.log_in()

    async def pass_time(self) -> None:
        self.here.clock.now += self.chance.choice((60.0, 100.0, 130.0))

    async def submit(self) -> None:
        name, traffic, session = self._anybody()
        claimed = self.chance.choice((traffic, traffic, traffic, "Actual", "Exercise"))
        text, raw = self._alert(claimed)
        done = await self.do(session, "alert.submit", raw=raw)
        self._accepted(done, text, {name}, claimed)

    async def draft(self) -> None:
        """One begins, others edit, somebody submits: each of them has written it."""
        name, traffic, session = self._anybody()
        mine = [one for one, (_, _, of) in self.drafts.items() if of == traffic]
        if not mine or self.chance.random() < 0.3:
            kept = await self.do(session, "alert.draft", fields={})
            self.drafts[kept["id"]] = (1, [name], traffic)
            return
        ident = self.chance.choice(mine)
        revision, writers, _ = self.drafts[ident]
        if self.chance.random() < 0.5:
            await self.do(session, "alert.draft", id=ident, revision=revision, fields={})
            self.drafts[ident] = (revision + 1, [*writers, name], traffic)
            return
        text, raw = self._alert(traffic)
        done = await self.do(session, "alert.draft", id=ident, revision=revision, submit=True, raw=raw)
        del self.drafts[ident]
        self._accepted(done, text, {*writers, name}, traffic)

    async def update(self) -> None:
        """Other words for what waits or is out."""
        name, traffic, session = self._anybody()
        ident = self._any_message()
        old = self.about[ident][-1]
        if not old.startswith("W"):
            return
        text, raw = self._alert(traffic, names=old)
        self._accepted(await self.do(session, "alert.submit", raw=raw), text, {name}, traffic)

    async def review(self) -> None:
        ident = self._any_message()
        _, _, session = self._anybody(ident)
        await self._review(session, session["session"], ident)

    async def sign(self) -> None:
        """Mostly as one should: look, and sign what was shown. Else with what another was shown, or longer ago, or nothing."""
        ident = self._any_message()
        name, _, session = self._anybody(ident)
        key = session["session"]
        if self.chance.random() < 0.7:
            await self._review(session, key, ident)
        envelopes = [envelope for who, envelope in self.lately if who == key or self.chance.random() < 0.2]
        envelope = self.chance.choice((*envelopes[-1:] * 4, *envelopes[-4:], "")) if envelopes else ""
        if self.chance.random() < 0.05:
            self.here.clock.now += 125.0
        await self.do(session, "alert.sign", id=ident, envelope=envelope)
        self._signed(name, key, envelope, ident)

    async def by_token(self) -> None:
        """The same person once more, by a token; or a token that signs what only a session was shown."""
        token, ident = self.chance.choice(sorted(TOKENS)), self._any_message()
        duty = self.here.there.desk.actor("duty-secret", "test")
        if self.chance.random() < 0.6:
            shown = await self.here.there.desk.do(duty, "alert.review", {"id": ident, "token": token})
            self._saw(token, shown)
        envelopes = [envelope for who, envelope in self.lately if who == token or self.chance.random() < 0.2]
        envelope = self.chance.choice(envelopes[-4:]) if envelopes else ""
        await self.here.there.desk.do(duty, "alert.sign", {"id": ident, "token": token, "envelope": envelope})
        await self.settle()
        self._signed(TOKENS[token], token, envelope, ident)

    async def correct(self) -> None:
        """Call it off, in the words that were signed or in others."""
        name, traffic, session = self._anybody()
        ident = self._any_message()
        self.count += 1
        text = f"T{self.count}" if self.chance.random() < 0.5 else ""
        done = await self.do(session, "alert.correct", id=ident, text=text)
        if text:
            self._accepted(done, text, {name}, traffic)

    async def cancel(self) -> None:
        _, _, session = self._anybody()
        self.count += 1
        await self.do(session, "alert.cancel", id=self._any_message(), reason=f"T{self.count}")

    # What the world outside keeps.

    async def do(self, session: dict[str, Any], verb: str, /, **args: Any) -> Any:
        try:
            member = self.here.member(session)
        except NotAuthenticated:
            self.sessions = [one for one in self.sessions if one[2] is not session]
            raise
        answer = await self.here.there.desk.do(member, verb, args)
        await self.settle()
        return answer

    async def settle(self) -> None:
        """Turn until nothing moves: with a store that answers at once a few turns of the loop are enough."""
        quiet = 0
        while quiet < 2:
            self.house.room.loop.turn()
            for _ in range(4):
                await asyncio.sleep(0)
            quiet = 0 if self.house.room.loop.has_work else quiet + 1

    def _anybody(self, about: str = "") -> tuple[str, str, dict[str, Any]]:
        """Somebody; for a message mostly one who might do something about it."""
        wanted = self.words[self.about[about][-1]].traffic if about and self.chance.random() < 0.9 else ""
        those = [one for one in self.sessions if one[1] == wanted and "releaser" in self.rights[one[0]]]
        return self.chance.choice(those or self.sessions)

    def _any_message(self) -> str:
        return self.recent[-1] if self.chance.random() < 0.5 else self.chance.choice(self.recent)

    def _alert(self, traffic: str, *, names: str = "") -> tuple[str, bytes]:
        self.count += 1
        text, now = f"W{self.count}", instant(self.here.clock.now)
        reference = f"<references>met,{names},{now.isoformat()}</references>" if names else ""
        return (
            text,
            f"""<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{text}</identifier><sender>met</sender>
<sent>{now.isoformat()}</sent><status>{traffic}</status><msgType>{"Update" if names else "Alert"}</msgType><scope>Public</scope>{reference}
<info><language>zh-CN</language><category>Met</category><event>暴雨</event><urgency>Immediate</urgency><severity>Severe</severity>
<certainty>Likely</certainty><expires>{(now + timedelta(hours=1)).isoformat()}</expires><headline>{text}</headline>
<description>{text}</description>
<parameter><valueName>fenghuo:correction</valueName><value>C{self.count}</value></parameter>
<area><areaDesc>璜泾镇</areaDesc><geocode><valueName>mca</valueName><value>320585105</value></geocode></area></info></alert>""".encode(),
        )

    def _accepted(self, done: Any, text: str, authors: set[str], traffic: str) -> None:
        if not isinstance(done, Accepted):
            return
        correction = text.replace("W", "C") if text.startswith("W") else ""
        self.words[text] = Words(frozenset(authors), traffic, correction)
        if done.id not in self.about:
            self.recent.append(done.id)
        self.about.setdefault(done.id, []).append(text)

    async def _review(self, session: dict[str, Any], key: str, ident: str) -> None:
        self._saw(key, await self.do(session, "alert.review", id=ident))

    def _saw(self, key: str, shown: dict[str, Any]) -> None:
        self.lately.append((key, shown["envelope"]))
        heard = {word for made in shown["renditions"] for word in SAID.findall(made["text"])}
        for word in heard:
            self.seen.setdefault((key, shown["envelope"]), {})[word] = self.here.clock.now

    def _signed(self, person: str, key: str, envelope: str, ident: str) -> None:
        """A signature that was taken. It stands for whatever of this message was shown to this session in time, and for nothing else."""
        for text in self.about.get(ident, ()):
            at = self.seen.get((key, envelope), {}).get(text)
            may = key in TOKENS or "releaser" in self.rights[person]  # what a token may stands in the settings, whatever its owner's role
            if at is not None and self.here.clock.now - at <= VALID_S and may:
                self.hands.setdefault(text, []).append(Hand(person, key, self.here.clock.now))

    # The judge.

    def judge(self) -> None:
        """Every text that has left since the last look."""
        for mail in self.house.sent[self.judged :]:
            for text in SAID.findall(mail.text):
                self._judge(mail, text)
        self.judged = len(self.house.sent)

    def _judge(self, mail: Mail, text: str) -> None:
        if text.startswith("C"):
            origin = text.replace("C", "W")
            self.corrected.add(text)
            if origin not in self.out:  # an Update that was signed, and called off before it left: its correction is signed as well
                self._judge_hands(origin)
            text = origin
        else:
            self._judge_hands(text)
            self.out.add(text)
            self.released.add(text)
        is_drill = self.words[text].traffic == "Exercise" if text in self.words else None
        if is_drill is not ("【演练】" in mail.text) or is_drill is not (mail.channel == "drill"):
            self.faults.append(f"{text} of {self.words.get(text)} left by {mail.channel} as {mail.text!r}")

    def _judge_hands(self, text: str) -> None:
        written = self.words.get(text)
        if written is None:
            self.faults.append(f"{text} left, and nobody brought it")
            return
        good = [hand for hand in self.hands.get(text, ()) if hand.person not in written.authors]
        pairs = ((one, other) for one in good for other in good if one.person != other.person and one.session != other.session)
        if text not in self.out and not any(abs(one.at - other.at) <= VALID_S for one, other in pairs):
            self.faults.append(f"{text} by {sorted(written.authors)} left with the hands of {sorted({hand.person for hand in good})}")


@asynccontextmanager
async def crowded(folder: Path, seed: int) -> AsyncIterator[Crowd]:
    """A desk with everybody at it, over a store that answers at once: nothing in it waits for anything but the clock of the test."""
    clock = StillClock(NOW)
    store = await Store.open(folder / "state", clock=clock, node="node", settings=msgspec.structs.replace(SMALL, inline=True))
    await keep_time(store, clock)
    house = House(store, clock, CHANNELS, RULES, terms=PLAIN)
    try:
        await house.room.recover()
        house.up()
        await house.settle()
        here = Peopled(Manned(house, load_plugins([fenghuo_sms])), await People.of(CHEAP, store, clock, node="node"))
        for name, rights in RIGHTS.items():
            await here.person(name, *rights)
        crowd = Crowd(here, seed)
        for name in ("anna", "bert", "cai", "dan", "anna", "cai", "bert"):
            crowd.sessions.append((name, "Actual", await here.log_in(name, address=DESKS[len(crowd.sessions) % 2])))
        for name in ("anna", "bert", "cai", "dan"):
            crowd.sessions.append((name, "Exercise", await here.log_in(name, traffic="Exercise")))
        while not crowd.about:
            with contextlib.suppress(FenghuoError):
                await crowd.submit()
        yield crowd
        assert [] == house.fatal
    finally:
        await house.stop()
        await store.close()
