"""Accounts of people: who there is, what each may do, how one gets a password, and every change of that in the audit.

An administrator never sets a password: a one-time code goes to the person, who sets it. Source: security.md §2.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Collection, Iterator
from typing import Any

import msgspec

from fenghuo.clock import Clock
from fenghuo.engine.authority import GRAVITIES
from fenghuo.engine.counting import is_set_up, note_change
from fenghuo.errors import FormatError, NotAuthenticated, NotFound, Overloaded
from fenghuo.model.area import AreaRef
from fenghuo.service.authorisation import FACTOR_NEEDED, check_rights
from fenghuo.service.passwords import Passwords, check_password
from fenghuo.service.second_factor import Sealing, accepted_step, new_secret, otpauth
from fenghuo.store.audit import Deed
from fenghuo.store.records_people import AccountRow, AccountState
from fenghuo.store.store import Store
from fenghuo.store.tables import ACCOUNT, SESSION
from fenghuo.store.transaction import Tx

__all__ = ["Accounts", "Scope", "keep", "new_code"]

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")
POST = re.compile(r"[^\s:]{1,64}")
LONGEST_DISPLAY = 64
CODE_OCTETS = 10
"""80 random bits in sixteen letters and figures: typed once by hand, and not to be guessed at the pace of the delays."""
CODE_LASTS_S = 24 * 3600.0
WRONG_CODE = "the name or the one-time code is wrong, or the code is over"


def new_code() -> str:
    """A one-time code as a person types it: XXXX-XXXX-XXXX-XXXX."""
    text = base64.b32encode(secrets.token_bytes(CODE_OCTETS)).decode()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def _digest(code: str) -> bytes:
    return hashlib.sha256(re.sub(r"[\s-]", "", code).upper().encode()).digest()


class Scope(msgspec.Struct, frozen=True):
    """Over what a person has authority: areas, the command post, the gravest colour; None leaves each as it is, empty takes it away."""

    areas: tuple[str, ...] | None = None
    post: str | None = None
    level: str | None = None

    def of(self, row: AccountRow) -> AccountRow:
        """An account with what is given of this. Raises: FormatError."""
        if self.level and self.level not in GRAVITIES:
            says = f"the level {self.level[:20]!r} cannot be used; it must be one of {', '.join(GRAVITIES)}, or empty for every one"
            raise FormatError(says, code="bad-argument", where="level")
        if self.post and not POST.fullmatch(self.post):
            says = f"the post {self.post[:40]!r} cannot be used; it must be the id of an organisation of the directory, or empty"
            raise FormatError(says, code="bad-argument", where="post")
        areas = row.areas if self.areas is None else _areas(self.areas)
        post = row.post if self.post is None else self.post
        return msgspec.structs.replace(row, areas=areas, post=post, level=row.level if self.level is None else self.level)


class Accounts:
    """All accounts of this node, as they stand in the store. `on_ended`: told the name whose sessions are over, after the commit."""

    def __init__(self, store: Store, clock: Clock, *, passwords: Passwords, sealing: Sealing, node: str) -> None:
        self._store = store
        self._clock = clock
        self._passwords = passwords
        self._sealing = sealing
        self._node = node
        self._rows: dict[str, AccountRow] = {}
        self._set_up = b""
        self.on_ended: Callable[[str], None] = lambda name: None

    async def load(self) -> str:
        """Read what the store has. A set-up code where it has nobody: it makes the first administrator, and ends with this process."""
        self._rows = {row.name: row for row in await self._store.find(ACCOUNT)}
        if self._rows or await self._store.scalar("SELECT count(*) FROM account"):  # one that cannot be read is somebody, too
            return ""
        code = new_code()
        self._set_up = _digest(code)
        return code

    def __iter__(self) -> Iterator[AccountRow]:
        return iter(sorted(self._rows.values(), key=lambda row: row.name))

    def names(self) -> frozenset[str]:
        """Everybody who has an account that is not disabled."""
        return frozenset(row.name for row in self._rows.values() if row.state is not AccountState.DISABLED)

    def find(self, name: str) -> AccountRow | None:
        """The account of this name."""
        return self._rows.get(name)

    def get(self, name: str) -> AccountRow:
        """Raises: NotFound."""
        found = self._rows.get(name)
        if found is None:
            raise NotFound(f"nobody has the account {name!r}")
        return found

    async def add(self, name: str, *, display: str, rights: Collection[str], scope: Scope) -> str:
        """A new account; the one-time code with which its person sets a password. Raises: FormatError."""
        row, code = self._invited(scope.of(_new(name, display, rights, at=self._clock.time())))
        if name in self._rows:
            raise FormatError(f"there is an account {name} already", code="exists", where="name")
        await self._put(None, row, Deed.of("account-add", f"account/{name}", rights=row.rights, **_scope_of(row)))
        return code

    async def set_rights(self, name: str, *, rights: Collection[str], scope: Scope) -> str:
        """Other rights, and of the scope what is given; every session ends. A code, where the new rights need a second factor that is not
        there yet: the person enrols anew. Raises: NotFound, FormatError."""
        before = self.get(name)
        held = check_rights(rights)
        row = scope.of(msgspec.structs.replace(before, rights=held))
        code = ""
        if FACTOR_NEEDED.intersection(held) and not (row.factor or row.certificate) and row.state is AccountState.ACTIVE:
            row, code = self._invited(row)
        deed = Deed.of("account-rights", f"account/{name}", before=before.rights, rights=row.rights, **_scope_of(row))
        await self._put(before, row, deed, ends=True)
        return code

    async def invite(self, name: str) -> str:
        """Take password and second factor away, end every session; the code with which the person sets new ones. Raises: NotFound."""
        before = self.get(name)
        row, code = self._invited(before)
        await self._put(before, row, Deed.of("account-password", f"account/{name}"), ends=True)
        return code

    async def pin(self, name: str, digest: str) -> None:
        """The client certificate with this SHA-256 is a second factor from now on, "" for none; every session ends.
        Raises: NotFound, FormatError."""
        if digest and not re.fullmatch(r"[0-9a-f]{64}", digest):
            says = f"{digest[:70]!r} is no SHA-256 in 64 small hexadecimal figures, as fenghuo cert client prints it"
            raise FormatError(says, code="bad-argument", where="sha256")
        before = self.get(name)
        row = msgspec.structs.replace(before, certificate=bytes.fromhex(digest))
        await self._put(before, row, Deed.of("account-certificate", f"account/{name}", certificate=digest), ends=True)

    async def disable(self, name: str) -> None:
        """Nobody logs in any more, every session ends, a code is worthless. Raises: NotFound."""
        before = self.get(name)
        row = msgspec.structs.replace(before, state=AccountState.DISABLED, code=b"", code_until=0.0)
        await self._put(before, row, Deed.of("account-disable", f"account/{name}"), ends=True)

    async def enable(self, name: str) -> str:
        """As it was before disable(); a code where no password is set. Raises: NotFound."""
        before, code = self.get(name), ""
        if before.password:
            row = msgspec.structs.replace(before, state=AccountState.ACTIVE)
        else:
            row, code = self._invited(before)
        await self._put(before, row, Deed.of("account-enable", f"account/{name}"))
        return code

    async def end_sessions(self, name: str) -> None:
        """Raises: NotFound."""
        before = self.get(name)
        await self._put(before, before, Deed.of("account-end-sessions", f"account/{name}"), ends=True)

    async def enrol(self, name: str, code: str, password: str, *, factor: bool = False) -> str:
        """Set the password by the one-time code. What an authenticator reads, where the account has a second factor: the rights need one,
        or its person wants one. Raises: NotAuthenticated, FormatError, Overloaded."""
        row = self._by_code(name, code)
        check_password(password, name)
        secret = new_secret() if factor or FACTOR_NEEDED.intersection(row.rights) else b""
        phc = await self._passwords.hash(password)
        ready = msgspec.structs.replace(
            row,
            state=AccountState.ACTIVE,
            password=phc,
            factor=self._sealing.seal(secret, name) if secret else b"",
            factor_step=0,
            code=b"",
            code_until=0.0,
        )
        self._by_code(name, code)  # somebody may have been quicker while the hash was made
        self._set_up = b""
        deed = Deed.of("account-enrol", f"account/{name}", rights=row.rights, factor=bool(secret))
        await self._put(self.find(name), ready, deed, ends=True)
        return otpauth(secret, name, self._node) if secret else ""

    async def renew_factor(self, name: str) -> str:
        """Another secret in place of that of the second factor, or the first one; every session ends. What an authenticator reads.
        Raises: NotFound."""
        before, secret = self.get(name), new_secret()
        row = msgspec.structs.replace(before, factor=self._sealing.seal(secret, name), factor_step=0)
        await self._put(before, row, Deed.of("account-factor", f"account/{name}"), ends=True)
        return otpauth(secret, name, self._node)

    def proves(self, row: AccountRow, code: str, certificate: str = "") -> int | None:
        """The time step of this code of the second factor; as it was by the client certificate that is pinned, and where the account has
        no second factor; None: it is wrong, used, or missing. Raises: ConfigError: the secret does not open."""
        if row.certificate and hmac.compare_digest(row.certificate.hex(), certificate):
            return row.factor_step
        if not row.factor:
            return None if row.certificate or FACTOR_NEEDED.intersection(row.rights) else 0
        secret = self._sealing.open(row.factor, row.name)
        return accepted_step(secret, code, self._clock.time(), after=row.factor_step)

    def kept(self, row: AccountRow) -> None:
        """What a job has written by keep() is on the disk."""
        self._rows[row.name] = row

    def _by_code(self, name: str, code: str) -> AccountRow:
        """The account that this code opens now; where there is nobody, the first administrator's. Raises: NotAuthenticated, FormatError."""
        given, row = _digest(code), self._rows.get(name)
        if not self._rows and self._set_up and hmac.compare_digest(self._set_up, given):
            return _new(name, "", ("admin",), at=self._clock.time())
        is_open = row is not None and row.state is AccountState.INVITED and row.code_until > self._clock.time()
        if row is None or not is_open or not hmac.compare_digest(row.code, given):
            raise NotAuthenticated(WRONG_CODE)
        return row

    def _invited(self, row: AccountRow) -> tuple[AccountRow, str]:
        code = new_code()
        until = self._clock.time() + CODE_LASTS_S
        fresh = msgspec.structs.replace(
            row, state=AccountState.INVITED, password="", factor=b"", factor_step=0, code=_digest(code), code_until=until
        )
        return fresh, code

    async def _put(self, before: AccountRow | None, row: AccountRow, deed: Deed, *, ends: bool = False) -> None:
        def put(tx: Tx) -> None:
            keep(tx, before, row)
            if (what := _changed(before, row)) and is_set_up(tx):
                note_change(tx, row.name)
                _tell_change(tx, row, what)
            for session in tx.find(SESSION, "account = ?", row.name) if ends else ():
                tx.delete(SESSION, session.id)
            tx.audit(deed)

        def then(_: None) -> None:
            self.kept(row)
            if ends:
                self.on_ended(row.name)

        await self._store.run(put, then=then)


def keep(tx: Tx, before: AccountRow | None, row: AccountRow) -> None:
    """Write an account that is still as it was when this was decided. Raises: Overloaded: somebody was quicker."""
    if tx.get(ACCOUNT, row.name) != before:
        raise Overloaded(f"the account {row.name} was changed at the same moment; look again", retry_after_s=1.0)
    tx.put(ACCOUNT, row)


def _changed(before: AccountRow | None, row: AccountRow) -> str:
    """What makes an account another pair of hands: a new way in, or the right to sign; "" for anything else."""
    if "releaser" in row.rights and (before is None or "releaser" not in before.rights):
        return "granted"
    if row.code and (before is None or row.code != before.code):
        return "reset"
    if before is not None and before.state is row.state is AccountState.ACTIVE and row.factor != before.factor:
        return "factor"
    return "certificate" if before is not None and row.certificate != before.certificate else ""


def _tell_change(tx: Tx, row: AccountRow, what: str) -> None:
    """On duty they hear who can sign anew, and by whose hand: until they know why, it may be that hand which signs."""
    if "releaser" in row.rights:
        did = {
            "granted": "gave the right to sign to",
            "reset": "reset the log-in of",
            "certificate": "changed the client certificate of",
            "factor": "changed the authenticator of",
        }
        says = f"{tx.by.actor} {did[what]} {row.name}"
        tx.event("alarm.credentials_reset", f"account/{row.name}", message=says, by=tx.by.actor, what=what)


def _new(name: str, display: str, rights: Collection[str], *, at: float) -> AccountRow:
    if not NAME.fullmatch(name):
        says = f"the name {name[:40]!r} cannot be used; it must be 2 to 32 small letters, figures, dots, hyphens or underscores"
        raise FormatError(says, code="bad-argument", where="name")
    if len(display) > LONGEST_DISPLAY or not display.isprintable():
        says = f"the display name has {len(display)} characters; it must be at most {LONGEST_DISPLAY}, on one line"
        raise FormatError(says, code="bad-argument", where="display")
    return AccountRow(name, display or name, check_rights(rights), (), AccountState.INVITED, at)


def _scope_of(row: AccountRow) -> dict[str, Any]:
    return {"areas": row.areas, "post": row.post, "level": row.level}


def _areas(texts: Collection[str]) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(str(AreaRef.parse(text)) for text in texts))
    except ValueError as fault:
        raise FormatError(f"the area cannot be used: {fault}", code="bad-argument", where="areas") from fault
