"""What the store keeps of people: their accounts and their sessions. No password, no session id and no code is in it, only hashes."""

from __future__ import annotations

from enum import StrEnum

import msgspec

__all__ = ["AccountRow", "AccountState", "SessionRow"]


class AccountState(StrEnum):
    """Invited: a code was given out and no password is set yet; active; disabled by an administrator."""

    INVITED = "invited"
    ACTIVE = "active"
    DISABLED = "disabled"


class AccountRow(msgspec.Struct, frozen=True):
    """One person. `areas`: `SYSTEM:CODE`, empty: everywhere; `password`: argon2id in PHC form, "" until one is set; `factor`: the sealed
    secret of the second factor, empty without; `factor_step`: the newest time step whose code was used, so that none is used twice;
    `code`: SHA-256 of a one-time code, empty without; `code_until`: UTC seconds."""

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


class SessionRow(msgspec.Struct, frozen=True):
    """One log-in. `id`: SHA-256 of the random id in hex; `traffic`: the one class that it may bring; times in UTC seconds."""

    id: str
    account: str
    traffic: str
    address: str
    opened_at: float
    seen_at: float
    ends_at: float
