"""An attacker who hears every frame, and alters, splices, repeats, delays, reorders, redirects and invents them; from a seed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import msgspec

from fenghuo.link.frame import HEAD, FrameKind, Head
from fenghuo.link.keys import KeyRing
from fenghuo.link.seal import Opened, Opener, Plain
from fenghuo.model.traffic import Traffic
from tests.core.link.posts import CENTRE, GROUP, NOW, SIREN, TOWN, VILLAGE, ring, sealer

__all__ = ["Campaign", "Result"]

# Seconds between two frames. More than one, so that a receiver under attack, who tries one a second, really tries each.
STEP_S = 1.25
LIFE_S = 600.0
LATEST_S = 200 * 86_400.0
KEPT = 200  # frames the attacker remembers

_TRAFFIC = tuple(Traffic)
_SINGLE = tuple(FrameKind)
_TEXT = _SINGLE[:4]


class Result(msgspec.Struct):
    """`taken`: attacks by name that were opened, which must stay empty; `causes`: why the others were not."""

    attacks: int = 0
    genuine: int = 0
    late: int = 0
    taken: list[str] = msgspec.field(default_factory=list)
    causes: Counter[str] = msgspec.field(default_factory=Counter)


class Shot(msgspec.Struct, frozen=True):
    """A genuine frame as it was sent, and to whom."""

    octets: bytes
    source: int
    destination: int
    kind: FrameKind
    ends_at: float


class Campaign:
    """Genuine frames among three posts, each followed by attacks. What is opened twice, or never was sent so, is a breach."""

    def __init__(self, seed: int, make: Callable[[KeyRing], Opener] = Opener) -> None:
        self._random = random.Random(seed)
        self._now = NOW
        self._sealers = {own: sealer(own) for own in (CENTRE, TOWN, SIREN)}
        self._rings = {own: ring(own) for own in (CENTRE, TOWN, SIREN, VILLAGE)}
        self._make = make
        self._openers = {own: make(keys) for own, keys in self._rings.items()}
        self._heard: list[Shot] = []
        self._jammed: list[Shot] = []
        self._once: set[tuple[int, bytes]] = set()
        self.result = Result()
        self._ways: tuple[tuple[str, Callable[[Shot], bytes]], ...] = (
            ("bit", self._bit),
            ("octet", self._octet),
            ("head", self._head),
            ("cut", self._cut),
            ("longer", self._longer),
            ("splice", self._splice),
            ("tag", self._tag),
            ("invented", self._invented),
        )

    def run(self, attacks: int) -> Result:
        """Until so many attacks were made."""
        while self.result.attacks < attacks:
            self._genuine()
            for _ in range(8):
                self._attack()
        return self.result

    def _genuine(self) -> None:
        """One frame is sent; one in eight is jammed by the attacker and kept."""
        source = self._random.choice((CENTRE, CENTRE, TOWN, SIREN))
        destination = self._random.choice((TOWN, SIREN, GROUP)) if source == CENTRE else CENTRE
        kind = self._random.choice(_TEXT if destination == GROUP else _SINGLE)
        plain = Plain(kind, self._random.choice(_TRAFFIC), self._random.randbytes(self._random.randrange(60)), self._now + LIFE_S)
        shot = Shot(self._sealers[source].seal(destination, plain, self._now), source, destination, kind, plain.ends_at)
        self._now += STEP_S
        self._remember(shot)
        if self._random.random() < 0.125:
            self._jammed.append(shot)
            return
        for own in self._listeners(shot):
            if isinstance(self._openers[own].open(shot.octets, self._now), Opened):
                self.result.genuine += 1
                self._once.add((own, shot.octets))

    def _attack(self) -> None:
        self.result.attacks += 1
        self._now += STEP_S
        choice = self._random.random()
        if choice < 0.2:
            self._repeat()
        elif choice < 0.3:
            self._redirect()
        elif choice < 0.4 and self._jammed:
            self._delay()
        else:
            name, way = self._random.choice(self._ways)
            shot = self._random.choice(self._heard[-8:])
            octets = way(shot)
            if octets != shot.octets:
                self._try(name, self._random.choice(self._listeners(shot)), octets)

    def _repeat(self) -> None:
        """A frame that was heard, once more to somebody who took it."""
        shot = self._random.choice(self._heard)
        for own in self._listeners(shot):
            if (own, shot.octets) in self._once:
                self._try("repeated", own, shot.octets)

    def _redirect(self) -> None:
        """A genuine frame to somebody it was not for, its sender included."""
        shot = self._random.choice(self._heard)
        others = [own for own in self._openers if own not in self._listeners(shot)]
        if others:
            self._try("redirected", self._random.choice(others), shot.octets)

    def _delay(self) -> None:
        """A frame that was jammed comes after its end; or out of order, where a command is refused and a piece counts once."""
        shot = self._jammed.pop(self._random.randrange(len(self._jammed)))
        is_in_order = self._random.random() < 0.5
        if not is_in_order:
            # Soon after its end, by the same window; or at any time of half a year, to a receiver who heard nothing in between.
            self._now = max(self._now, shot.ends_at + 60.0)
            later = shot.ends_at + self._random.uniform(60.0, LATEST_S)
            for own in self._listeners(shot):
                self._try("delayed", own, shot.octets)
                self._try_on(self._make(self._rings[own]), "delayed by days", shot.octets, later)
            return
        for own in self._listeners(shot):
            was_overtaken = self._is_overtaken(own, shot)
            taken = isinstance(self._openers[own].open(shot.octets, self._now), Opened)
            if taken and (was_overtaken or (own, shot.octets) in self._once):
                self.result.taken.append("reordered")
            self.result.late += taken
            self._once.add((own, shot.octets))

    def _is_overtaken(self, own: int, shot: Shot) -> bool:
        """A command behind a newer one, or anything 64 behind."""
        head = Head.decode(shot.octets)
        lane = self._rings[own].hearing(head)
        assert lane is not None
        behind = self._openers[own].window(lane).highest - head.counter
        return behind > 0 if shot.kind in (FrameKind.COMMAND, FrameKind.CONTROL) else behind >= 64

    def _try(self, name: str, own: int, octets: bytes) -> None:
        self._try_on(self._openers[own], name, octets, self._now)

    def _try_on(self, opener: Opener, name: str, octets: bytes, at: float) -> None:
        got = opener.open(octets, at)
        if isinstance(got, Opened):
            self.result.taken.append(name)
        else:
            self.result.causes[got.cause] += 1

    def _listeners(self, shot: Shot) -> tuple[int, ...]:
        return (TOWN, SIREN, VILLAGE) if shot.destination == GROUP else (shot.destination,)

    def _remember(self, shot: Shot) -> None:
        self._heard.append(shot)
        del self._heard[:-KEPT]
        self._jammed = self._jammed[-KEPT:]

    # Ways to alter a frame

    def _bit(self, shot: Shot) -> bytes:
        octets = bytearray(shot.octets)
        for _ in range(self._random.choice((1, 1, 2, 5))):
            octets[self._random.randrange(len(octets))] ^= 1 << self._random.randrange(8)
        return bytes(octets)

    def _octet(self, shot: Shot) -> bytes:
        octets = bytearray(shot.octets)
        octets[self._random.randrange(len(octets))] = self._random.randrange(256)
        return bytes(octets)

    def _head(self, shot: Shot) -> bytes:
        """Another plausible head over the same text: newer counter, other kind, traffic, source or key."""
        head = Head.decode(shot.octets)
        other = Head(
            self._random.choice(_TRAFFIC),
            self._random.choice(_SINGLE),
            self._random.choice((head.key_id, 1, 2, 3, 9)),
            self._random.choice((head.source, CENTRE, TOWN, SIREN)),
            head.counter + self._random.choice((0, 1, 2, 1000)),
            self._random.random() < 0.1,
        )
        return other.encode() + shot.octets[HEAD:]

    def _cut(self, shot: Shot) -> bytes:
        return shot.octets[: self._random.randrange(len(shot.octets))]

    def _longer(self, shot: Shot) -> bytes:
        return shot.octets + self._random.randbytes(self._random.randrange(1, 9))

    def _splice(self, shot: Shot) -> bytes:
        """The head of one and the rest of another."""
        return shot.octets[:HEAD] + self._random.choice(self._heard).octets[HEAD:]

    def _tag(self, shot: Shot) -> bytes:
        """The right frame with a guess for a tag, under the next counter."""
        head = Head.decode(shot.octets)
        ahead = msgspec.structs.replace(head, counter=head.counter + 1 + self._random.randrange(3))
        return ahead.encode() + shot.octets[HEAD : -head.tag] + self._random.randbytes(head.tag)

    def _invented(self, shot: Shot) -> bytes:
        return self._random.randbytes(self._random.randrange(80))
