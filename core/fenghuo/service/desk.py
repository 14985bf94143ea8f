"""The desk: every command that a person or a program may give, with the right it needs, checked here and nowhere else.

Which rights a verb takes stands in authorisation.py; one that is missing there is denied. Source: security.md §2.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

import msgspec

from fenghuo.engine.judging import Origin
from fenghuo.engine.jurisdiction import Jurisdiction
from fenghuo.engine.modes import NODE
from fenghuo.engine.modes_effect import lies_in
from fenghuo.engine.release import Hand
from fenghuo.errors import FenghuoError, FormatError, NotAllowed, NotAuthenticated, NotFound, NotReady, WrongTraffic
from fenghuo.model.area import AreaRef
from fenghuo.model.audit import By
from fenghuo.model.command import Answer, Command
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.ports import Actor
from fenghuo.service.authorisation import LOCKED, SEEING, STOP, VERBS, may
from fenghuo.service.commands import Commands, failure
from fenghuo.service.guard import Guard, check_traffic
from fenghuo.service.secrets import Secret
from fenghuo.service.sessions import Sessions
from fenghuo.service.settings import TokenSettings
from fenghuo.store.audit import Deed, acting

__all__ = ["CONSOLE", "VERBS", "Desk", "Holder", "Verb"]

CONSOLE = "console"
"""The actor behind the token file beside the control socket."""

Verb = Callable[[Actor, Mapping[str, Any]], Awaitable[Any]]


class Holder(msgspec.Struct, frozen=True):
    """Who holds a token: the actor it makes, and what it may speak for at intake. `person`: who signs by it; `client`: SHA-256 of the
    client certificate without which it is worthless, "" for any."""

    name: str
    rights: tuple[str, ...]
    origin: Origin
    person: str = ""
    client: str = ""

    @classmethod
    def of(cls, token: TokenSettings) -> Holder:
        origin = Origin(token.name, token.traffic, token.areas, token.certificates, token.allow_sha1, token.senders, chinese=token.chinese)
        return cls(token.name, tuple(str(right) for right in token.rights), origin, token.person, token.client)

    @classmethod
    def console(cls) -> Holder:
        """Whoever may read the token file beside the socket: an operator and administrator of this node, not a releaser."""
        return cls(CONSOLE, ("operator", "viewer", "admin", "source"), Origin(CONSOLE, traffic=tuple(Traffic)))


class Desk:
    """Checks who asks and whether they may, then hands over to the verb. `verbs` are added by the daemon.

    `record`: where a refused command is written; a command that was carried out is written in the transaction of its change.
    """

    def __init__(self, record: Callable[[Deed, By], None] = lambda deed, by: None) -> None:
        self._record = record
        self._verbs: dict[str, Verb] = {}
        self._holders: list[tuple[Secret, Holder]] = []
        self.sessions: Sessions | None = None
        self.commands: Commands | None = None
        self.list_topics: Callable[[], tuple[str, ...]] = tuple
        self.guard: Guard | None = None
        self.delegates: Callable[[], Collection[str]] = tuple
        self.delegated: Callable[[str], Collection[str]] = lambda name: (NODE,)

    def hold(self, holders: list[tuple[Secret, Holder]]) -> None:
        """Who may speak from now on; replaces everyone before."""
        self._holders = holders

    def add(self, verbs: Mapping[str, Verb]) -> None:
        """Verbs that something behind the desk carries out. Raises: KeyError: the table of rights does not know one."""
        for name, verb in verbs.items():
            VERBS[name]
            self._verbs[name] = verb

    def actor(self, token: str, door: str, certificate: str = "") -> Actor:
        """Whoever owns this token; every token is compared, in constant time. `certificate`: SHA-256 of the one that the client has shown.
        Raises: NotAuthenticated."""
        holder = self._holder(token, certificate)
        return Actor(holder.name, holder.rights, door)

    def member(self, session: str, csrf: str, door: str, address: str = "") -> Actor:
        """The person behind a session; without the right `csrf` nonce one who only sees. `address`: where it is used, which ends it where
        that is not where it was opened. Raises: NotAuthenticated."""
        if self.sessions is None:
            raise NotAuthenticated("nobody logs in here")
        return self.sessions.member(session, csrf, door, address)

    def origin(self, actor: Actor) -> Origin:
        """What an actor may speak for."""
        if actor.session:
            found = self.sessions.origin(actor) if self.sessions is not None else None
            return found or Origin(actor.name, traffic=(), is_bound=True)
        for _, holder in self._holders:
            if holder.name == actor.name:
                return holder.origin
        return Origin(actor.name, traffic=())

    def _acting(self, actor: Actor, args: Mapping[str, Any]) -> Origin:
        """Who acts here, with over what: the owner of a signing token where one is given, who may be another."""
        token, origin = args.get("token"), self.origin(actor)
        if token and not actor.session:
            return msgspec.structs.replace(origin, own=Jurisdiction(self._holder(str(token)).origin.areas))
        return origin if origin.own is not None else msgspec.structs.replace(origin, own=Jurisdiction(origin.areas))

    def signer(self, token: str, areas: Collection[AreaRef] = ()) -> str:
        """The name behind a signing token, which is a releaser's or one to whom the mode in force delegates it: the mode of a place for
        what is for that place alone. `areas`: of the message, empty where they are not known. Raises: NotAuthenticated; NotAllowed: it
        may not sign, or not this."""
        holder = self._holder(token)
        return self._signing(holder.name, holder.rights, areas)

    def signer_of(self, actor: Actor, token: str, areas: Collection[AreaRef] = ()) -> str:
        """Who signs: the person behind the session, who signs as nobody else, so that two signatures are two sessions; else whoever owns
        the token. Raises: as signer()."""
        if not actor.session:
            return self.signer(token, areas)
        self.refuse_tokens(actor, (token,) if token else ())
        if not set(actor.rights).difference(SEEING, (STOP,)):
            raise NotAllowed(f"{actor.name} may not sign by a session that is locked or whose nonce is missing; log in again")
        self._signing(actor.name, actor.rights, areas)
        return actor.name

    def hand(self, actor: Actor, token: str, areas: Collection[AreaRef] = ()) -> Hand:
        """Who signs, by which session or token, and where that person sits. Raises: as signer_of()."""
        person = self.signer_of(actor, token, areas)
        host = self.sessions.address(actor) if actor.session and self.sessions is not None else actor.door
        return Hand(person, self.viewer(actor, token), host)

    def viewer(self, actor: Actor, token: str = "") -> str:
        """Who looks at something: a session, or whoever owns the token, by its name. Raises: NotAuthenticated; NotAllowed: by a session
        with somebody's token."""
        if actor.session:
            self.refuse_tokens(actor, (token,) if token else ())
            return actor.session
        return f"token/{self._holder(token).name if token else actor.name}"

    def refuse_tokens(self, actor: Actor, tokens: Collection[str]) -> None:
        """Raises: NotAllowed: signatures of others came by one person's session."""
        if actor.session and tokens:
            raise NotAllowed(f"{actor.name} signs for {actor.name} alone; whoever signs as well does so in a session of their own")

    def check_traffic(self, actor: Actor, traffic: Traffic) -> None:
        """Raises: WrongTraffic: a session of one class would touch what is of the other."""
        check_traffic(self.origin(actor), traffic)

    def _signing(self, name: str, rights: Collection[str], areas: Collection[AreaRef]) -> str:
        if "releaser" not in rights and name not in self.delegates():
            raise NotAllowed(f"{name} may not sign; that takes the right releaser")
        places = () if "releaser" in rights else self.delegated(name)
        within = all(any(lies_in(place, str(area)) for place in places) for area in areas)
        if places and NODE not in places and not (areas and within):
            said = f"for {', '.join(sorted(map(str, areas)))}" if areas else "not known by its areas; sign it by itself when it is there"
            raise NotAllowed(f"{name} may sign for {', '.join(sorted(places))} while its mode is declared, and this is {said}")
        return self._person(name)

    def person_of(self, actor: Actor) -> str:
        """Who stands behind an actor: two tokens of one person are one pair of hands, also beside the account of the same name."""
        return actor.name if actor.session else self._person(actor.name)

    def _person(self, name: str) -> str:
        return next((holder.person for _, holder in self._holders if holder.name == name and holder.person), name)

    async def _allow(self, actor: Actor, verb: str, args: Mapping[str, Any], *, again: bool = False) -> By:
        """In whose name it is done. `again`: it may have been done, so that the state of what it touches says nothing. Raises: NotFound: no
        such verb; NotAllowed, ReleaseNeeded, WrongTraffic."""
        if verb not in VERBS or verb not in self._verbs:
            raise NotFound(f"the desk knows no verb {verb!r}")
        by = By(actor.name, "+".join(actor.rights), f"{actor.door}/{actor.session}" if actor.session else actor.door)
        if not may(verb, actor.rights):
            self._record(Deed.of("deny", f"verb/{verb}"), by)
            if may(verb, set(actor.rights) - {LOCKED}):
                raise NotAllowed(f"{actor.name} may not {verb} by a session that is locked or whose nonce is missing; log in again")
            raise NotAllowed(f"{actor.name} may not {verb}; that takes one of the rights {', '.join(VERBS[verb])}")
        if self.guard is not None:
            try:
                await self.guard.check(actor, self._acting(actor, args), verb, args, again=again)
            except (NotAllowed, WrongTraffic) as refusal:
                self._record(Deed.of("deny", f"verb/{verb}", why=str(refusal)), by)
                raise
        return by

    async def do(self, actor: Actor, verb: str, args: Mapping[str, Any]) -> Any:  # shapes: docs/reference/desk.md
        """Carry out a verb. Raises: NotFound: no such verb; NotAllowed; and what the verb raises."""
        by = await self._allow(actor, verb, args)
        _refuse_blanks(verb, args)
        token = acting.set(by)
        try:
            return await self._verbs[verb](actor, args)
        except msgspec.ValidationError as error:
            raise FormatError(f"{verb}: {error}", code="bad-argument", where=verb) from error
        finally:
            acting.reset(token)

    @property
    def topics(self) -> tuple[str, ...]:
        """What the verb `state` shows."""
        return self.list_topics()

    async def command(self, actor: Actor, command: Command) -> Answer:
        """Carry out a command once, however often it is sent; what a person can cause is in the answer, and is not raised."""
        if self.commands is None:
            raise NotReady("commands are not taken yet", retry_after_s=1.0)
        if command.key:  # of a press that was answered before its person lost a right, or by a session of the other class
            try:
                await self._allow(actor, command.do, command.args, again=True)
            except FenghuoError as refusal:
                return Answer(ok=False, err=failure(refusal))
        origin = self.origin(actor)
        is_drill = origin.is_bound and Traffic.EXERCISE in origin.traffic
        return await self.commands.carry_out(actor, command, Traffic.EXERCISE if is_drill else Traffic.ACTUAL)

    def _holder(self, token: str, certificate: str = "") -> Holder:
        found: Holder | None = None
        for secret, holder in self._holders:
            if hmac.compare_digest(secret.reveal().encode(), token.encode()):
                found = holder
        if found is None or not token:
            raise NotAuthenticated("the token is missing or not known here")
        if found.client and not hmac.compare_digest(found.client, certificate):
            raise NotAuthenticated(f"the token {found.name} counts over TLS with its own client certificate alone")
        return found


def _refuse_blanks(verb: str, args: Mapping[str, Any]) -> None:
    """Nothing but blanks is no reason, wherever one is given. Raises: FormatError."""
    for name in ("reason", "despite"):
        if isinstance(said := args.get(name), str) and said and not said.strip():
            raise FormatError(f"{verb}: {name} is blank; it must say why", code="bad-argument", where=name)
