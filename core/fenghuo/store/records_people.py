"""What the store keeps of people: their accounts, their sessions and their duty. No password, no session id and no code is in it, only
hashes."""

from __future__ import annotations

from enum import StrEnum

import msgspec

__all__ = ["AccountRow", "AccountState", "BreakGlassRow", "HandoverRow", "SessionRow", "ShiftRow", "ShiftState"]


class AccountState(StrEnum):
    """Invited: a code was given out and no password is set yet; active; disabled by an administrator."""

    INVITED = "invited"
    ACTIVE = "active"
    DISABLED = "disabled"


class AccountRow(msgspec.Struct, frozen=True):
    """One person. `areas`: `SYSTEM:CODE`, empty: everywhere; `password`: argon2id in PHC form, "" until one is set; `factor`: the sealed
    secret of the second factor, empty without; `factor_step`: the newest time step whose code was used, so that none is used twice;
    `code`: SHA-256 of a one-time code, empty without; `code_until`: UTC seconds; `post`: the organisation of the directory at whose post
    the person works, "" for none; `level`: the gravest colour the person may speak for, "" for every one; `certificate`: SHA-256 of
    the client certificate that is the second factor, empty without."""

    name: str
    display: str
    rights: tuple[str, ...]
    areas: tuple[str, ...]
    state: AccountState
    made_at: float
    password: str = ""
    factor: bytes = b""
    factor_step: int = 0
    code: bytes = b""
    code_until: float = 0.0
    post: str = ""
    level: str = ""
    certificate: bytes = b""


class SessionRow(msgspec.Struct, frozen=True):
    """One log-in. `id`: SHA-256 of the random id in hex; `traffic`: the one class that it may bring; times in UTC seconds."""

    id: str
    account: str
    traffic: str
    address: str
    opened_at: float
    seen_at: float
    ends_at: float


class ShiftState(StrEnum):
    """Planned by the roster; on: its person has begun it and not ended it; over."""

    PLANNED = "planned"
    ON = "on"
    OVER = "over"


class ShiftRow(msgspec.Struct, frozen=True):
    """One person on duty once. `person`: an account; `post`: an organisation, "" for the node; `since`, `until`: as planned, `began_at`,
    `ended_at`: as it was, 0 until then, all in UTC seconds; `session`: by which it is held; `after`: the shift it took over from."""

    id: str
    person: str
    role: str
    post: str
    areas: tuple[str, ...]
    since: float
    until: float
    state: ShiftState = ShiftState.PLANNED
    began_at: float = 0.0
    ended_at: float = 0.0
    session: str = ""
    after: str = ""


class HandoverRow(msgspec.Struct, frozen=True):
    """A hand-over sheet. `id`: the shift that is handed over; `sheet`: JSON, of which `digest` is the SHA-256 that the next one signs;
    `signed_by` is "" and `signed_at` 0 until then."""

    id: str
    sheet: bytes
    digest: str
    written_at: float
    signed_by: str = ""
    signed_at: float = 0.0


class BreakGlassRow(msgspec.Struct, frozen=True):
    """One release by one person in need. `message`: what it released; `reviewed_by` is "" and `reviewed_at` 0 until somebody else has
    looked at it."""

    id: str
    at: float
    leader: str
    template: str
    reason: str
    message: str
    reviewed_by: str = ""
    reviewed_at: float = 0.0
    review: str = ""
