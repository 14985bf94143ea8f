"""What base stations say of themselves, or what is declared of them, and whom that leaves out of reach from here. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum

import msgspec

__all__ = ["SiteState", "SiteTable", "Sites", "site_state"]

_SITE = re.compile(r"SITE (CORE|LOCAL|DIRECT)", re.IGNORECASE)


class SiteState(StrEnum):
    """How a base station stands: with its core network, on its own, or gone, so that radios speak to each other alone."""

    CORE_CONNECTED = "core_connected"
    LOCAL_TRUNKING = "local_trunking"
    DIRECT_MODE = "direct_mode"


_STATES = {"CORE": SiteState.CORE_CONNECTED, "LOCAL": SiteState.LOCAL_TRUNKING, "DIRECT": SiteState.DIRECT_MODE}


def site_state(text: str) -> SiteState | None:
    """The state that a site's reporter tells in a text message: SITE CORE, SITE LOCAL or SITE DIRECT."""
    found = _SITE.fullmatch(text.strip())
    return _STATES[found[1].upper()] if found else None


class SiteTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One base station. `reporter`: the number that says its state; `state`: what is declared where nobody does; `stations`: radios and
    groups that are reached through it alone."""

    reporter: int = 0
    state: SiteState | None = None
    stations: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.reporter and self.state is not None:
            raise ValueError(f'a site with a reporter ({self.reporter}) says its state itself; take away state = "{self.state.value}"')
        if not self.reporter and self.state is None:
            raise ValueError('a site needs a reporter, the number that says its state, or what is declared: state = "direct_mode"')


class Sites:
    """The state of each. What a reporter said is forgotten `stale_s` after it (monotonic seconds): a base station under water says nothing,
    and its last word is not what is so now."""

    def __init__(self, tables: Mapping[str, SiteTable], *, stale_s: float) -> None:
        self._tables = tables
        self._stale_s = stale_s
        self._told: dict[str, tuple[SiteState, float]] = {}
        self._site_of = {station: name for name, table in tables.items() for station in table.stations}

    def reporter(self, number: int) -> str:
        """The site for which a number speaks; empty: for none."""
        return next((name for name, table in self._tables.items() if table.reporter == number), "")

    def told(self, name: str, state: SiteState, now: float) -> bool:
        """Take a site's word; whether it is news."""
        is_news = self.state(name, now) is not state
        self._told[name] = (state, now)
        return is_news

    def state(self, name: str, now: float) -> SiteState | None:
        """None: nobody knows."""
        said = self._told.get(name)
        if said is not None and now - said[1] < self._stale_s:
            return said[0]
        return self._tables[name].state

    def cut_off(self, station: str, now: float) -> SiteState | None:
        """The state of the site that keeps a station out of our reach; None: none does, as far as is known."""
        name = self._site_of.get(station)
        state = self.state(name, now) if name is not None else None
        return state if state is not SiteState.CORE_CONNECTED else None

    def all_are_gone(self, now: float) -> bool:
        """Whether nobody at all is carried from here."""
        states = [self.state(name, now) for name in self._tables]
        return bool(states) and all(state is SiteState.DIRECT_MODE for state in states)

    def names(self) -> str:
        return ", ".join(sorted(self._tables))

    def says(self, now: float) -> str:
        """Every site that is not known to be with its core, and whom it leaves out of reach; empty when all are."""
        return "; ".join(self._says(now))

    def _says(self, now: float) -> Iterator[str]:
        for name, table in sorted(self._tables.items()):
            state, said = self.state(name, now), self._told.get(name)
            if state is None and said is not None:
                yield f"{name} has said nothing for {now - said[1]:.0f} s, {said[0].value} before"
            elif state is not None and state is not SiteState.CORE_CONNECTED:
                how = "" if table.reporter else " (declared)"
                who = f": out of reach {', '.join(table.stations)}" if table.stations else ""
                yield f"{name} {state.value}{how}{who}"
