"""Settings of a Tiantong terminal: `[channels.NAME.settings]` with type "tiantong.sms"; and how its numbers are written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

from fenghuo_adapters.at_lines import check_centre, check_commands, check_device
from fenghuo_adapters.at_pin import pin_fault
from fenghuo_adapters.at_profile import Profile

__all__ = ["SatellitePost", "TiantongSettings", "check", "masked", "number"]

_POSITIVE = ("baud", "command_s", "prompt_s", "send_s", "poll_s", "open_s", "reopen_most_s", "part_s", "receipt_q95_s")
_NOT_NEGATIVE = ("fee_fen", "watts_idle", "watts_transmit", "reset_s", "power_s", "unregistered_reset_s")


class SatellitePost(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Fenghuo endpoint behind a satellite number: its node code and the key shared with it. `is_head`: it is the upper one of the two
    (the key comes from there); `since`: UTC seconds when the key was put in; `commands`: it has devices that start by what it is sent,
    so that alerts and orders go to it as commands."""

    code: int
    key_id: int
    secret_file: str
    is_head: bool = False
    since: float = 0.0
    commands: bool = False


class TiantongSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One terminal or handset of the Tiantong satellite (天通). What differs from maker to maker is a setting.

    `device`: a serial device, or tcp://HOST:PORT for one behind a serial server; `baud`: of the serial one. `pin_file`: file with the
    SIM's PIN, empty where it has none; `centre`: number of the short message centre, empty for the SIM's. `init`: commands after the usual
    ones, `-` before one that may fail. `mark_query`: a query that this maker answers with a line of its name. `storage`: where it keeps
    what comes in; `notices`, `notices_direct`: +CNMI that stores it, and where that is refused. `registration_queries`: those that tell
    the registration, `registered`: stats that mean it is. `signal_query`, `signal_pattern` (its first group is the number),
    `signal_least`, `signal_unknown`: the signal; an empty query asks for none. `command_s`, `prompt_s`, `send_s`: longest answers to a
    command, to AT+CMGS, to a submission. `poll_s`: between two looks. `reset_command`, `reset_s`: restarts it, and how long that takes;
    `power_command`, `power_s`: program and arguments that switch its power off and on, empty for none. `reopen_most_s`: longest wait
    between two openings; `unregistered_reset_s`: without a satellite for so long it is restarted, 0 for never. `reports`: ask for delivery
    reports; without them nothing above ACCEPTED is claimed. `part_s`: typical seconds of one part; `fee_fen`: ¥0.01 a part;
    `watts_idle`, `watts_transmit`: what it draws; `receipt_q95_s`: 95 % of reports have come by then. `posts.NUMBER`: whoever is there is a
    Fenghuo endpoint, and gets the message as a sealed frame in characters; `code`: our own node code for that, 1-255; `suite`: "intl" or
    "gm".
    """

    device: str
    baud: int = 115_200
    pin_file: str = ""
    centre: str = ""
    init: tuple[str, ...] = ()
    mark_query: str = "AT+CMEE?"
    storage: str = "SM"
    notices: str = "AT+CNMI=2,1,0,2,0"
    notices_direct: str = "AT+CNMI=2,1,0,1,0"
    registration_queries: tuple[str, ...] = ("AT+CREG?",)
    registered: tuple[int, ...] = (1, 5)
    signal_query: str = "AT+CSQ"
    signal_pattern: str = r"\+CSQ: *(\d+)"
    signal_least: float = 1.0
    signal_unknown: tuple[float, ...] = (99.0,)
    command_s: float = 10.0
    prompt_s: float = 15.0
    send_s: float = 60.0
    poll_s: float = 60.0
    open_s: float = 5.0
    reset_command: str = "AT+CFUN=1,1"
    reset_s: float = 30.0
    power_command: tuple[str, ...] = ()
    power_s: float = 60.0
    reopen_most_s: float = 60.0
    unregistered_reset_s: float = 0.0
    reports: bool = True
    part_s: float = 20.0
    fee_fen: float = 100.0
    watts_idle: float = 1.0
    watts_transmit: float = 6.0
    receipt_q95_s: float = 180.0
    code: int = 0
    suite: Literal["intl", "gm"] = "intl"
    posts: dict[str, SatellitePost] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        check_device("device", self.device)
        check_centre(self.centre)
        self._check_commands()
        self._check_signal()
        self._check_numbers()
        self._check_posts()

    def _check_commands(self) -> None:
        check_commands((*self.init, *self.registration_queries, self.mark_query, self.notices, self.notices_direct, self.reset_command))
        if not self.mark_query.endswith("?"):
            raise ValueError(f"mark_query {self.mark_query!r} must be a query such as AT+CMEE?, answered by a line of its name")
        if not self.registration_queries:
            raise ValueError('registration_queries is empty; without one nobody knows whether it has a satellite, for example ["AT+CREG?"]')

    def _check_signal(self) -> None:
        if self.signal_query:
            check_commands((self.signal_query,))
        try:
            groups = re.compile(self.signal_pattern).groups
        except re.error as wrong:
            raise ValueError(f"signal_pattern {self.signal_pattern!r} is no regular expression: {wrong}") from None
        if self.signal_query and groups < 1:
            raise ValueError(f"signal_pattern {self.signal_pattern!r} has no group; the first one must be the number, as in (\\d+)")

    def _check_numbers(self) -> None:
        for name in _POSITIVE:
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} {getattr(self, name)} must be greater than 0")
        for name in _NOT_NEGATIVE:
            if getattr(self, name) < 0:
                raise ValueError(f"{name} {getattr(self, name)} may not be negative")

    def _check_posts(self) -> None:
        written = [number(name) for name in self.posts]
        if len(set(written)) < len(written):
            raise ValueError("posts names a number twice; every post has one of its own")
        codes = [self.code, *(post.code for post in self.posts.values())] if self.posts else []
        wrong = [code for code in codes if not 1 <= code <= 255]
        if wrong:
            raise ValueError(f"code {wrong[0]} is not one of 1 to 255, which this node and each of its posts must have")
        if len(set(codes)) < len(codes):
            raise ValueError("a node code is used twice; this node and every post have one of their own")
        upward = [name for name, post in self.posts.items() if post.commands and post.is_head]
        if upward:
            raise ValueError(f"posts.{upward[0]}.commands is true, and that post is above this one (is_head): commands go down")

    def numbers_of(self) -> dict[int, str]:
        """Node code → the number behind which that endpoint is, written the one right way."""
        return {post.code: number(name) for name, post in self.posts.items()}

    def heads(self) -> frozenset[str]:
        """The numbers of the posts that are set over this one."""
        return frozenset(number(name) for name, post in self.posts.items() if post.is_head)

    def commanded(self) -> frozenset[str]:
        """The numbers of posts to which alerts and orders go as commands."""
        return frozenset(number(name) for name, post in self.posts.items() if post.commands)

    def profile(self, pin: str) -> Profile:
        """These settings as the modem layer takes them."""
        return Profile(pin=pin, wants_report=self.reports, **{name: getattr(self, name) for name in _SHARED})


_SHARED = tuple(name for name in Profile.__struct_fields__ if name in TiantongSettings.__struct_fields__)


def check(settings: TiantongSettings, secret: Callable[[str], str]) -> Mapping[str, str]:
    """What start() would refuse of the SIM, by key. Raises: ConfigError when the file cannot be read."""
    fault = pin_fault(secret(settings.pin_file)) if settings.pin_file else ""
    return {"pin_file": fault} if fault else {}


def number(text: str) -> str:
    """A number that a satellite terminal reaches, the one right way: `+8617401234567`; a mainland mobile number may leave out the country
    code. Source: ITU-T E.164. Raises: ValueError with a sentence."""
    bare = re.sub(r"[\s\-()]", "", text)
    full = f"+{bare[2:]}" if bare.startswith("00") else bare
    if re.fullmatch(r"1[3-9]\d{9}", full, re.ASCII):
        return f"+86{full}"
    if not re.fullmatch(r"\+[1-9]\d{6,14}", full, re.ASCII):
        raise ValueError(f"{text!r} is not a telephone number such as +8617401234567 or 17401234567")
    return full


def masked(address: str) -> str:
    """A number as logs and unauthorised eyes may see it: 174****4567."""
    national = address.removeprefix("+86")
    return f"{national[:3]}****{national[-4:]}" if len(national) >= 8 else "****"
