"""How a modem is set up after it was opened, and what it says of its network. Each function is a short dialogue over one session."""

from __future__ import annotations

import re

import msgspec

from fenghuo.errors import LinkBroken, LinkError
from fenghuo_adapters.at_framing import registration_of
from fenghuo_adapters.at_profile import Profile
from fenghuo_adapters.at_session import AtRefused, AtSession

__all__ = ["PinRefused", "Ready", "SimFault", "Standing", "look", "renew_notices", "set_up"]

_TELLS_CHANGES = re.compile(r"AT\+C(E|G|5G)?REG\?", re.IGNORECASE)
_GREETINGS = 3
_GREETING_S = 2.0


class SimFault(LinkError):
    """The SIM is absent, locked or broken: a person has to mend it."""


class PinRefused(SimFault):
    """The SIM was given its PIN and refused it. After three of them it is locked, so nobody may give it the same one again."""


class Ready(msgspec.Struct, frozen=True):
    """What was found out while setting up. `identity`: the SIM's, by its last digits, or empty; `acknowledges`: what the modem hands
    over without storing it must be acknowledged with +CNMA."""

    identity: str
    acknowledges: bool


class Standing(msgspec.Struct, frozen=True):
    """How a modem stands in its network: <stat> (None: it does not say), and its signal (None: unknown)."""

    stat: int | None
    signal: float | None
    fault: str

    @property
    def is_up(self) -> bool:
        return not self.fault

    @property
    def said_signal(self) -> str:
        """For an operator."""
        return "signal unknown" if self.signal is None else f"signal {self.signal}"


async def set_up(session: AtSession, profile: Profile) -> Ready:
    """Bring a modem into PDU mode. Raises: SimFault, AtRefused (it refuses something needed), LinkError."""
    limit_s = profile.command_s
    await session.resync(profile.mark_query, within_s=min(_GREETING_S, limit_s), tries=_GREETINGS)
    for needed in ("ATE0", "AT+CMEE=1"):
        await session.command(needed, within_s=limit_s)
    await _unlock(session, profile)
    await session.command("AT+CMGF=0", within_s=limit_s)
    if profile.storage:
        await session.command(f'AT+CPMS="{profile.storage}","{profile.storage}","{profile.storage}"', within_s=limit_s)
    for text in profile.init:
        await _said(session, text, limit_s)
    for query in profile.registration_queries:
        if _TELLS_CHANGES.fullmatch(query):
            await _said(session, f"-{query[:-1]}=1", limit_s)  # changes are told at once; where they are not, the next look sees them
    acknowledges = await _notices(session, profile)
    session.is_set_up = True
    return Ready(await _identity(session, limit_s), acknowledges)


async def renew_notices(session: AtSession, profile: Profile) -> None:
    """Ask for handing over once more: a modem that was not answered in time has stopped it by itself (TS 27.005 §3.4.1)."""
    await _notices(session, profile)


async def look(session: AtSession, profile: Profile) -> Standing:
    """Ask for registration and signal. Raises: LinkError: it does not answer."""
    stat = await _registration(session, profile)
    if stat not in profile.registered:
        return Standing(stat, None, "not registered" if stat is None else f"not registered (stat {stat})")
    if not profile.signal_query:
        return Standing(stat, None, "")
    try:
        signal = profile.signal_of(await session.command(profile.signal_query, within_s=profile.command_s))
    except AtRefused:
        signal = None
    if signal is None:  # it does not know, which a registered modem may say for minutes: no word against it
        return Standing(stat, None, "")
    return Standing(stat, signal, "" if signal >= profile.signal_least else f"signal {signal:g} is below {profile.signal_least:g}")


async def _registration(session: AtSession, profile: Profile) -> int | None:
    """The best <stat> of all queries: a telephone on LTE alone is registered there and nowhere else."""
    found: int | None = None
    for query in profile.registration_queries:
        try:
            lines = await session.command(query, within_s=profile.command_s)
        except AtRefused:
            continue
        for stat in filter(None, (registration_of(line) for line in lines)):
            if stat in profile.registered:
                return stat
            found = stat
        found = 0 if found is None else found
    return found


async def _unlock(session: AtSession, profile: Profile) -> None:
    try:
        state = " ".join(await session.command("AT+CPIN?", within_s=profile.command_s))
        if "SIM PIN" in state and profile.pin:
            await _give_pin(session, profile)
            state = " ".join(await session.command("AT+CPIN?", within_s=profile.command_s))
    except AtRefused as refused:
        raise SimFault(f"{session.name}: the SIM cannot be used ({refused.code})") from refused
    if "READY" not in state:
        wanted = state.partition(":")[2].strip() or "no answer"
        raise SimFault(f"{session.name}: the SIM is not ready, it says {wanted!r}")


async def _give_pin(session: AtSession, profile: Profile) -> None:
    """Once for each opening, and only where the SIM asks. Raises: PinRefused."""
    try:
        await session.command(f"AT+CPIN={profile.pin}", within_s=profile.command_s)
    except AtRefused as refused:
        raise PinRefused(
            f"{session.name}: the SIM refused the PIN ({refused.code}); it is not given again until the file changes"
        ) from None


async def _notices(session: AtSession, profile: Profile) -> bool:
    """Have everything stored that comes in, or, where it cannot be, handed over; whether that must be acknowledged. Raises: LinkError."""
    for notices in (profile.notices, profile.notices_direct):
        acknowledges = _is_direct(notices) and await _said(session, "-AT+CSMS=1", profile.command_s)
        if await _said(session, f"-{notices}", profile.command_s):
            return acknowledges
    raise LinkBroken(f"{session.name} takes neither {profile.notices} nor {profile.notices_direct}; set notices to one that it takes")


def _is_direct(notices: str) -> bool:
    """Whether +CNMI has messages (mt 2, 3) or reports (ds 1) handed over without storing them. Source: TS 27.005 §3.4.1."""
    fields = [field.strip() for field in notices.partition("=")[2].split(",")]
    return fields[1:2] in (["2"], ["3"]) or fields[3:4] == ["1"]


async def _identity(session: AtSession, limit_s: float) -> str:
    """The end of the IMSI: enough to tell the SIMs of one pool apart, and too little to name one."""
    try:
        lines = await session.command("AT+CIMI", within_s=limit_s)
    except AtRefused:
        return ""
    return next((line[-6:] for line in lines if line.isdigit()), "")


async def _said(session: AtSession, text: str, limit_s: float) -> bool:
    """Whether a command of the set-up was taken; one that begins with `-` may be refused. Raises: AtRefused."""
    try:
        await session.command(text.removeprefix("-"), within_s=limit_s)
    except AtRefused:
        if not text.startswith("-"):
            raise
        return False
    return True
