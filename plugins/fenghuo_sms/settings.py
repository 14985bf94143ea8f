"""Settings of an SMS channel over SMPP: `[channels.NAME.settings]` with type "sms.smpp"; and how its numbers are written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

__all__ = ["SmsSettings", "check", "masked", "msisdn", "password_fault"]

PASSWORD_OCTETS = 8
"""Source: SMPP 3.4 §5.2.2, a password has at most 9 octets with its NUL."""


class SmsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One account at one short message centre (短信网关).

    `system_id`, `password_file`, `system_type`: the account; the password is in the file. `source_addr`: our number as recipients
    see it. `numbers`: recipients as the centre wants them, "international" (8613…) or "national" (13…). `long`: texts of several
    parts as "udh" parts or as one "payload". `window`: submissions under way at once; `per_s`: submissions a second as agreed with
    the operator, 0 for no limit. `enquire_link_s`: a dead line is noticed within two of these. `response_s`: longest wait for the
    answer to a text; `receipt_q95_s`: 95 % of delivery reports have come by then. `fee_fen`: ¥0.01 a part.
    """

    host: str
    system_id: str
    password_file: str
    source_addr: str
    port: int = 2775
    system_type: str = ""
    numbers: Literal["international", "national"] = "international"
    long: Literal["udh", "payload"] = "udh"
    window: int = 32
    per_s: float = 0.0
    enquire_link_s: float = 30.0
    response_s: float = 10.0
    connect_s: float = 10.0
    reconnect_most_s: float = 15.0
    receipt_q95_s: float = 60.0
    fee_fen: float = 5.0

    def __post_init__(self) -> None:
        if not self.host:
            raise ValueError('host is empty; give the centre\'s name or address, for example host = "10.8.0.1"')
        if not 1 <= self.port <= 65535:
            raise ValueError(f"port {self.port} is not a TCP port; it goes from 1 to 65535")
        if not re.fullmatch(r"\+?\d{1,20}|[\x21-\x7e]{1,11}", self.source_addr):
            raise ValueError(
                f"source_addr {self.source_addr!r} is neither a number of up to 20 digits nor a name of up to 11 ASCII characters"
            )
        self._check_account()
        self._check_numbers()

    def _check_account(self) -> None:
        for name, most in (("system_id", 15), ("system_type", 12)):
            value = str(getattr(self, name))
            if len(value) > most or not value.isascii():
                raise ValueError(f"{name} {value!r} must be ASCII and at most {most} characters: SMPP has room for no more")
        if not self.system_id:
            raise ValueError("system_id is empty; it is the account's name at the centre")

    def _check_numbers(self) -> None:
        if not 1 <= self.window <= 1000:
            raise ValueError(f"window {self.window} is not one of 1 to 1000 submissions")
        if self.per_s < 0 or self.fee_fen < 0:
            raise ValueError("per_s and fee_fen may not be negative")
        for name in ("enquire_link_s", "response_s", "connect_s", "reconnect_most_s", "receipt_q95_s"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} {getattr(self, name)} must be greater than 0")


def check(settings: SmsSettings, secret: Callable[[str], str]) -> Mapping[str, str]:
    """What a bind could not even say, by key. Raises: ConfigError when the file cannot be read."""
    fault = password_fault(secret(settings.password_file))
    return {"password_file": fault} if fault else {}


def password_fault(password: str) -> str:
    """Why SMPP has no room for a password, to go on after the name of its file; empty when it has."""
    if password.isascii() and len(password) <= PASSWORD_OCTETS:
        return ""
    is_long = len(password) > PASSWORD_OCTETS
    held = f"{len(password)} characters" if is_long else "characters beyond ASCII"
    return f"holds a password of {held}; it must be ASCII and at most {PASSWORD_OCTETS} characters: SMPP has room for no more"


def msisdn(text: str) -> str:
    """A telephone number the one right way: `+8613800138000`. A mainland mobile number may leave out the country code.

    Spaces and hyphens are dropped; `00` stands for `+`. Source: ITU-T E.164 (at most 15 digits). Raises: ValueError with a sentence.
    """
    bare = re.sub(r"[\s\-()]", "", text)
    number = f"+{bare[2:]}" if bare.startswith("00") else bare
    if re.fullmatch(r"1[3-9]\d{9}", number, re.ASCII):
        return f"+86{number}"
    if re.fullmatch(r"861[3-9]\d{9}", number, re.ASCII):
        return f"+{number}"
    if not re.fullmatch(r"\+[1-9]\d{6,14}", number, re.ASCII):
        raise ValueError(f"{text!r} is not a telephone number such as +8613800138000 or 13800138000")
    if number.startswith("+86") and not re.fullmatch(r"\+86(1[3-9]\d{9}|1[0-9]{10,12}|[2-9]\d{8,10}|10\d{8})", number, re.ASCII):
        raise ValueError(f"{text!r} is not a number of mainland China: +86 and 11 digits for a mobile telephone")
    return number


def masked(address: str) -> str:
    """A number as logs and unauthorised eyes may see it: 138****8000."""
    national = address.removeprefix("+86")
    return f"{national[:3]}****{national[-4:]}" if len(national) >= 8 else "****"
