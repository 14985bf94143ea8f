"""Sessions of people: log-in with its delays, who a session is, its lock and its end. Of a session the store has only the hash.

Source: security.md §2: a 128-bit random id, one class of traffic, locked after 15 min without an act, over after 12 h.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, nullcontext

import msgspec

from fenghuo.clock import Clock
from fenghuo.engine.authority import GRAVITIES
from fenghuo.engine.judging import Origin
from fenghuo.engine.jurisdiction import Jurisdiction
from fenghuo.errors import NotAuthenticated, Overloaded
from fenghuo.model.area import AreaRef
from fenghuo.model.audit import By
from fenghuo.model.directory import Directory
from fenghuo.model.traffic import Priority, Traffic
from fenghuo.plugin.ports import Actor
from fenghuo.service.accounts import Accounts, keep
from fenghuo.service.authorisation import SEEING, STOP
from fenghuo.service.log_in_delays import LogInDelays
from fenghuo.service.passwords import Passwords
from fenghuo.store.audit import Deed
from fenghuo.store.records_people import AccountRow, AccountState, SessionRow
from fenghuo.store.store import Store
from fenghuo.store.tables import SESSION
from fenghuo.store.transaction import Tx

__all__ = ["Enrol", "LogIn", "Opened", "Sessions", "Terms", "proof_of"]

ID_OCTETS = 16
SHORT = 12
"""Letters of a session's hash by which the audit names it."""
MOST_OPEN = 8
"""Sessions of one account; a ninth ends the oldest."""
MOST_WAITING = 32
WRITTEN_EVERY_S = 60.0
CLASSES = {
    Traffic.ACTUAL: (Traffic.ACTUAL, Traffic.SYSTEM, Traffic.TEST),
    Traffic.EXERCISE: (Traffic.EXERCISE,),
}
"""What a session of each class may bring, sign and end."""
SENDS_ALONE = Priority.P1
"""An operator dispatches P1 to P4; of P0 there is a second person (security.md §2)."""
WRONG = "the name, the password or the code is wrong"
MOVED = "the session was opened at another address, and is over; log in"
OVER = "the session is over or not known here; log in"


class Terms(msgspec.Struct, frozen=True):
    """Seconds without an act until a session is locked, and seconds until it is over."""

    idle_s: float = 15 * 60.0
    lasts_s: float = 12 * 3600.0


class LogIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person says at a log-in. `code`: of the second factor; `address`: where the person sits, and `certificate`: SHA-256 of the one
    that the browser has shown, both as the door saw it."""

    name: str
    password: str
    code: str = ""
    traffic: Traffic = Traffic.ACTUAL
    address: str = ""
    certificate: str = ""


class Enrol(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`code`: the one-time code; `factor`: a second factor is wanted where the rights ask for none; `address`: as of a log-in."""

    name: str
    code: str
    password: str
    factor: bool = False
    address: str = ""


class Opened(msgspec.Struct, frozen=True):
    """A session that has begun. `session`: the secret that goes into the cookie and nowhere else; `csrf`: what its own page must say with
    everything that is more than seeing."""

    session: str
    csrf: str
    row: SessionRow


def proof_of(session: str) -> str:
    """The nonce of a session: whoever has the cookie's text can make it, a page of another origin cannot read it."""
    mac = hmac.digest(session.encode(), b"fenghuo csrf", hashlib.sha256)
    return base64.urlsafe_b64encode(mac[:ID_OCTETS]).decode().rstrip("=")


def _hash(session: str) -> str:
    return hashlib.sha256(session.encode()).hexdigest()


class Sessions:
    """Lets people in, and says who a session is."""

    def __init__(self, store: Store, clock: Clock, accounts: Accounts, *, passwords: Passwords, delays: LogInDelays, terms: Terms) -> None:
        self._store = store
        self._clock = clock
        self._accounts = accounts
        self._passwords = passwords
        self._delays = delays
        self.terms = terms
        self._rows: dict[str, SessionRow] = {}
        self._written: dict[str, float] = {}
        self._outside = asyncio.Lock()
        self._waiting = 0
        self.directory: Callable[[], Directory] = Directory
        accounts.on_ended = self._forget

    async def load(self) -> None:
        """Those of before the start that are not over; they go on."""
        self._rows = {row.id: row for row in await self._store.find(SESSION)}
        self._written = {row.id: row.seen_at for row in self._rows.values()}

    async def open(self, wanted: LogIn) -> Opened:
        """Log in. Raises: NotAuthenticated; Overloaded: too many failures before it, or too many at once."""
        if wanted.traffic not in CLASSES:
            raise NotAuthenticated(f"a session is for Actual or for Exercise, and not for {wanted.traffic}")
        async with self._turn(wanted.name, wanted.address):
            account = self._accounts.find(wanted.name)
            step = await self._judge(account, wanted)
            if account is None or step is None:
                await self._failed(wanted.name, wanted.address)
                raise NotAuthenticated(WRONG)
            self._delays.succeeded(wanted.name, wanted.address)
            return await self._begin(account, step, wanted)

    async def confirm(self, wanted: LogIn) -> AccountRow:
        """That somebody is who they say, for one act and without a session; under the delays of a log-in.
        Raises: NotAuthenticated, Overloaded."""
        async with self._turn(wanted.name, wanted.address):
            account = self._accounts.find(wanted.name)
            step = await self._judge(account, wanted)
            if account is None or step is None:
                await self._failed(wanted.name, wanted.address)
                raise NotAuthenticated(WRONG)
            self._delays.succeeded(wanted.name, wanted.address)
            fresh = msgspec.structs.replace(account, factor_step=max(step, account.factor_step))
            by = By(account.name, "+".join(account.rights), "act")

            def put(tx: Tx) -> None:
                keep(tx, account, fresh)
                tx.audit(Deed.of("log-in", f"account/{account.name}", for_="one act", address=wanted.address), by=by)

            await self._store.run(put, then=lambda _: self._accounts.kept(fresh))
            return fresh

    async def enrol(self, wanted: Enrol) -> str:
        """Set a password by a one-time code, under the same delays; what an authenticator reads, "" without a second factor.
        Raises: NotAuthenticated, FormatError, Overloaded."""
        async with self._turn(wanted.name, wanted.address):
            try:
                return await self._accounts.enrol(wanted.name, wanted.code, wanted.password, factor=wanted.factor)
            except NotAuthenticated:
                await self._failed(wanted.name, wanted.address)
                raise

    def member(self, session: str, csrf: str, door: str, address: str = "") -> Actor:
        """Who a session is. Without its nonce it only sees, and is not kept awake; locked, an operator's may end messages as well. One that
        is used from another `address` than it was opened at has been copied, or its person has moved: either logs in again.
        Raises: NotAuthenticated."""
        row, account = self._open(session)
        if address and row.address and address != row.address:
            self._moved(row, address)
            raise NotAuthenticated(MOVED)
        if csrf and not hmac.compare_digest(proof_of(session).encode(), csrf.encode()):
            raise NotAuthenticated("the nonce is not the one of this session; log in again")
        now = self._clock.time()
        rights: tuple[str, ...] = SEEING
        if csrf and self._is_locked(row, now):
            rights = (*SEEING, STOP) if "operator" in account.rights else SEEING
        elif csrf:
            rights = account.rights
            self._rows[row.id] = msgspec.structs.replace(row, seen_at=now)
        return Actor(account.name, rights, door, row.id[:SHORT])

    def origin(self, actor: Actor) -> Origin | None:
        """What a session may speak for: the areas of its account, the traffic of its class."""
        row = self._named(actor.session)
        if row is None:
            return None
        account = self._accounts.get(row.account)
        return Origin(account.name, CLASSES[Traffic(row.traffic)], is_bound=True, own=self.authority_of(account))

    def authority_of(self, account: AccountRow) -> Jurisdiction:
        """Over what a person has authority: the own areas, else the area of the command post by the directory of now."""
        areas, nowhere = tuple(map(AreaRef.parse, account.areas)), ""
        if account.post and not areas:
            org = self.directory().org_by_id.get(account.post)
            areas = (org.area,) if org is not None and org.area is not None else ()
            nowhere = "" if areas else f"works at the post {account.post}, of which the directory knows no area"
        gravest = GRAVITIES[account.level] if account.level else Priority.P0
        return Jurisdiction(areas, gravest, SENDS_ALONE, nowhere)

    def view(self, actor: Actor) -> tuple[dict[str, object], AccountRow]:
        """A session as its own person sees it, and whose it is. Raises: NotAuthenticated."""
        row = self._named(actor.session)
        if row is None:
            raise NotAuthenticated(OVER)
        return self.line(row), self._accounts.get(row.account)

    def address(self, actor: Actor) -> str:
        """Where the person behind a session sits, as the door saw it at the log-in; "" where the session is over."""
        row = self._named(actor.session)
        return row.address if row is not None else ""

    def line(self, row: SessionRow) -> dict[str, object]:
        """A session as a list shows it."""
        return {
            "session": row.id[:SHORT],
            "name": row.account,
            "traffic": row.traffic,
            "address": row.address,
            "opened": row.opened_at,
            "seen": row.seen_at,
            "ends": row.ends_at,
            "locked": self._is_locked(row, self._clock.time()),
        }

    def of(self, name: str) -> Iterator[SessionRow]:
        """The open sessions of an account, the oldest first."""
        now = self._clock.time()
        mine = (row for row in self._rows.values() if row.account == name and row.ends_at > now)
        return iter(sorted(mine, key=lambda row: row.opened_at))

    async def close(self, actor: Actor) -> None:
        """Log out. Raises: NotAuthenticated."""
        row = self._named(actor.session)
        if row is None:
            raise NotAuthenticated(OVER)
        await self._end((row,), "log-out")

    async def tend(self) -> None:
        """Remember when each was last awake, and end those that are over; each minute, while there are any."""
        while True:
            await asyncio.sleep(WRITTEN_EVERY_S)
            await self.look()

    async def look(self) -> None:
        """What tend() does each minute."""
        now = self._clock.time()
        over = tuple(row for row in self._rows.values() if row.ends_at <= now)
        if over:
            await self._end(over, "session-over")
        moved = [row for row in self._rows.values() if row.seen_at > self._written.get(row.id, 0.0)]
        if moved:
            await self._store.run(lambda tx: tx.update_all(SESSION, [row for row in moved if tx.get(SESSION, row.id)]))
            self._written.update({row.id: row.seen_at for row in moved})

    @asynccontextmanager
    async def _turn(self, name: str, address: str) -> AsyncIterator[None]:
        """From elsewhere one at a time: the next sees the failure of the one before, and a console always finds the other place free.
        Raises: Overloaded."""
        is_console = self._delays.is_console(address)
        if not is_console and self._waiting >= MOST_WAITING:
            raise Overloaded("too many people log in at once", retry_after_s=5.0)
        self._waiting += not is_console
        try:
            async with nullcontext() if is_console else self._outside:
                wait_s = self._delays.wait_s(name, address, self._clock.monotonic())
                if wait_s > 0:
                    raise Overloaded("too many log-ins have failed; wait", retry_after_s=wait_s)
                yield
        finally:
            self._waiting -= not is_console

    async def _judge(self, account: AccountRow | None, wanted: LogIn) -> int | None:
        """The time step of the second factor, None where anything is wrong; it takes as long for a name that nobody has."""
        is_open = account is not None and account.state is AccountState.ACTIVE
        fits = await self._passwords.fits(account.password if account is not None and is_open else "", wanted.password)
        if account is None or not fits:
            return None
        return self._accounts.proves(account, wanted.code, wanted.certificate)

    async def _failed(self, said: str, address: str) -> None:
        """A name that nobody has is not written down: it may be a password in the wrong field."""
        name = said if self._accounts.find(said) is not None else "?"
        is_locked = self._delays.failed(said, address, self._clock.monotonic())
        deed = Deed.of("log-in-lock" if is_locked else "log-in-failed", f"account/{name}", address=address)
        await self._store.run(lambda tx: tx.audit(deed, by=By(name, "", "log-in")))

    async def _begin(self, account: AccountRow, step: int, wanted: LogIn) -> Opened:
        session = secrets.token_urlsafe(ID_OCTETS)
        now = self._clock.time()
        row = SessionRow(_hash(session), account.name, wanted.traffic.value, wanted.address, now, now, now + self.terms.lasts_s)
        phc = await self._passwords.hash(wanted.password) if self._passwords.is_stale(account.password) else account.password
        fresh = msgspec.structs.replace(account, password=phc, factor_step=max(step, account.factor_step))
        oldest = tuple(self.of(account.name))[: 1 - MOST_OPEN]

        def begin(tx: Tx) -> None:
            keep(tx, account, fresh)
            tx.insert(SESSION, row)
            for old in oldest:
                tx.delete(SESSION, old.id)
            by = By(account.name, "+".join(account.rights), f"log-in/{row.id[:SHORT]}")
            by_certificate = account.certificate and account.certificate.hex() == wanted.certificate
            how = "password+certificate" if by_certificate else "password+code" if account.factor else "password"
            tx.audit(Deed.of("log-in", f"account/{account.name}", traffic=row.traffic, address=row.address, by=how), by=by)

        def then(_: None) -> None:
            self._accounts.kept(fresh)
            for old in oldest:
                self._drop(old.id)
            self._rows[row.id], self._written[row.id] = row, now

        await self._store.run(begin, then=then)
        return Opened(session, proof_of(session), row)

    async def _end(self, rows: tuple[SessionRow, ...], why: str) -> None:
        def end(tx: Tx) -> None:
            for row in rows:
                tx.delete(SESSION, row.id)
                tx.audit(Deed.of(why, f"account/{row.account}", session=row.id[:SHORT]))

        for row in rows:  # first, so that nothing is done by it while its end is written
            self._drop(row.id)
        await self._store.run(end)

    def _moved(self, row: SessionRow, address: str) -> None:
        """End it for both at once, and call a person."""
        where = f"was opened at {row.address} and used from {address}"
        says = f"the session of {row.account} {where}: it is over, and whoever it is logs in again"

        def end(tx: Tx) -> None:
            tx.delete(SESSION, row.id)
            tx.event("alarm.session_moved", f"account/{row.account}", message=says, session=row.id[:SHORT])
            tx.audit(Deed.of("session-moved", f"account/{row.account}", session=row.id[:SHORT], opened_at=row.address, used_from=address))

        self._drop(row.id)
        self._store.submit(end)

    def _open(self, session: str) -> tuple[SessionRow, AccountRow]:
        row = self._rows.get(_hash(session))
        account = self._accounts.find(row.account) if row is not None else None
        if row is None or account is None or account.state is not AccountState.ACTIVE or row.ends_at <= self._clock.time():
            raise NotAuthenticated(OVER)
        return row, account

    def _named(self, short: str) -> SessionRow | None:
        return next((row for row in self._rows.values() if short and row.id.startswith(short)), None)

    def _is_locked(self, row: SessionRow, now: float) -> bool:
        return now - row.seen_at > self.terms.idle_s

    def _forget(self, name: str) -> None:
        for row in [row for row in self._rows.values() if row.account == name]:
            self._drop(row.id)

    def _drop(self, ident: str) -> None:
        self._rows.pop(ident, None)
        self._written.pop(ident, None)
