"""Every error Fenghuo raises, named by its cause. Adapters raise LinkError; a plugin turns it into an Outcome in one place.

FenghuoError
├── SettingsError(faults)                 the operator's mistakes, each a sentence with file and key
├── NotReady(retry_after_s) · AuthFailed · ConfigError      what start() of a channel may say
├── FormatError(code, where)              bytes we do not accept
│   ├── XmlRefused                        DOCTYPE, limits, not well-formed
│   ├── CapError                          an envelope fact is missing or in contradiction
│   └── FrameError                        a frame of a link that does not hold together
├── LinkError
│   ├── LinkClosed                        we closed it
│   ├── LinkBroken                        the world did
│   ├── LinkBusy                          two users of one line
│   └── LinkTimeout                       no answer in time
├── StoreError
│   ├── StoreFull                         too little space to keep a promise
│   ├── StoreInUse                        another process has it
│   ├── CannotCreate                      a file or folder of ours could not be made
│   ├── RowDamaged(table, key)            a digest does not fit its row
│   ├── KeyConflict(key)                  one idempotency key, two contents
│   ├── Outdated(path, by, at)            what was acted on is not any more what was seen
│   └── StaleEpoch                        another node has taken over
├── KeyUnusable(lane)                     a frame that may not be sealed: stale, spent or unreserved key
├── NotFound(what)                        nothing by that name
├── Overloaded(retry_after_s)             not now; the same call will do later
└── Denied                                the desk's and the guard's refusals
    ├── NotAuthenticated                  nobody we know
    ├── NotAllowed                        known, but without the right
    ├── ReleaseNeeded                     a signature is missing
    ├── WrongTraffic                      this channel may not carry it
    ├── TooUrgent                         this channel has not passed bronze, and it is P0 or P1
    └── Withdrawn(reason)                 superseded, expired, cancelled or already settled when begin() looked
"""

from __future__ import annotations

__all__ = [
    "AuthFailed",
    "CannotCreate",
    "CapError",
    "ConfigError",
    "Denied",
    "FenghuoError",
    "FormatError",
    "FrameError",
    "KeyConflict",
    "KeyUnusable",
    "LinkBroken",
    "LinkBusy",
    "LinkClosed",
    "LinkError",
    "LinkTimeout",
    "NotAllowed",
    "NotAuthenticated",
    "NotFound",
    "NotReady",
    "Outdated",
    "Overloaded",
    "ReleaseNeeded",
    "RowDamaged",
    "SettingsError",
    "StaleEpoch",
    "StoreError",
    "StoreFull",
    "StoreInUse",
    "TooUrgent",
    "Withdrawn",
    "WrongTraffic",
    "XmlRefused",
]


class FenghuoError(Exception):
    """The root: whatever Fenghuo raises on purpose."""


class SettingsError(FenghuoError):
    """Settings that cannot be used; `faults` lists every mistake as a sentence, not only the first."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        self.faults = faults
        super().__init__("\n".join(faults))


class NotReady(FenghuoError):
    """A channel cannot start yet, for example because its device is absent; try again after `retry_after_s` seconds."""

    def __init__(self, reason: str, *, retry_after_s: float = 5.0) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(reason)


class AuthFailed(FenghuoError):
    """The far end refused our credentials; trying again with the same ones will not help."""


class ConfigError(FenghuoError):
    """A channel's settings are well-formed and still cannot work (an unknown host name form, a port that is no port)."""


class FormatError(FenghuoError):
    """Bytes we do not accept. `code` is stable for scripts, `where` is a path, a line or an offset."""

    def __init__(self, message: str, *, code: str, where: str = "") -> None:
        self.code = code
        self.where = where
        super().__init__(message)


class XmlRefused(FormatError):
    """XML that is not looked at: a DOCTYPE, past a limit, not well-formed, an unreadable encoding."""


class CapError(FormatError):
    """An envelope fact of CAP that is missing, unknown or in contradiction; these are never guessed."""


class FrameError(FormatError):
    """A link frame whose escapes, header or check do not hold together."""


class LinkError(FenghuoError):
    """A wire or device failed; the plugin turns it into an Outcome."""


class LinkClosed(LinkError):
    """We closed it ourselves."""


class LinkBroken(LinkError):
    """The world closed it: reset, end of file, device gone."""


class LinkBusy(LinkError):
    """A second user wanted a line that serves one."""


class LinkTimeout(LinkError):
    """No answer within the deadline: whether the far end acted is unknown."""


class StoreError(FenghuoError):
    """The store could not keep or give back a row."""


class StoreFull(StoreError):
    """Less space is left than the promise needs; nothing new is accepted until there is more."""


class StoreInUse(StoreError):
    """Another process has the store; it may be free a moment later."""


class CannotCreate(StoreError):
    """A file or folder of ours could not be made where it was to be."""


class RowDamaged(StoreError):
    """A row whose digest does not fit its content; it is set aside and never acted upon."""

    def __init__(self, table: str, key: tuple[object, ...]) -> None:
        self.table = table
        self.key = key
        super().__init__(f"row {key!r} of table {table} does not fit its digest")


class KeyConflict(StoreError):
    """One idempotency key came with two different contents."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"idempotency key {key!r} was used before with other content")


class Outdated(StoreError):
    """What a person acted on has changed since it was drawn: somebody else was there first. `by`: who; `at`: UTC seconds; `what`: the type
    of the event that tells of it."""

    def __init__(self, path: str, *, by: str, at: float, what: str) -> None:
        self.path = path
        self.by = by
        self.at = at
        self.what = what
        said = f"was changed by {by} ({what})" if what else "was drawn too long ago to know that it is still so"
        super().__init__(f"{path} {said}; look at it as it is now")


class StaleEpoch(StoreError):
    """The epoch of this node is over: another one has taken command."""


class KeyUnusable(FenghuoError):
    """Nothing may be sealed in this lane of the narrow link: its key is stale, its counters are spent or not reserved, or there is none."""

    def __init__(self, lane: str, reason: str) -> None:
        self.lane = lane
        super().__init__(f"{lane}: {reason}")


class NotFound(FenghuoError):
    """Nothing is known by that name."""


class Overloaded(FenghuoError):
    """Too much at once; the same request is welcome after `retry_after_s` seconds."""

    def __init__(self, reason: str, *, retry_after_s: float = 1.0) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(reason)


class Denied(FenghuoError):
    """Refused by the desk or by the emission guard. A plugin never catches it."""


class NotAuthenticated(Denied):
    """No token, or one that nobody here issued."""


class NotAllowed(Denied):
    """The caller is known and may not do this."""


class ReleaseNeeded(Denied):
    """The release lacks a signature, or the one given does not cover this envelope."""


class WrongTraffic(Denied):
    """The channel may not carry this traffic (an exercise on an actual-only instance, for example)."""


class TooUrgent(Denied):
    """The channel's type has not passed bronze of the conformance kit, and carries P2 to P4 only."""


class Withdrawn(Denied):
    """When begin() looked again, there was nothing left to send: superseded, expired, cancelled, met."""
