from __future__ import annotations

import msgspec
import pytest

from fenghuo import Evidence
from fenghuo_tiantong import TiantongSettings, capabilities, fenghuo_channel_types
from fenghuo_tiantong.settings import check, masked, number

GOOD = {"device": "/dev/ttyUSB3"}
POST = {"code": 11, "key_id": 11, "secret_file": "key"}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"device": "ttyUSB3"}, "device names 'ttyUSB3', which is neither the path of a device nor tcp://HOST:PORT"),
        ({"init": ["SATMODE"]}, "'SATMODE' is not an AT command"),
        ({"mark_query": "AT+CMEE=1"}, "mark_query 'AT\\+CMEE=1' must be a query"),
        ({"registration_queries": []}, "registration_queries is empty"),
        ({"signal_query": "CSQ"}, "'CSQ' is not an AT command"),
        ({"signal_pattern": "(("}, "is no regular expression"),
        ({"signal_pattern": "\\d+"}, "has no group"),
        ({"send_s": 0}, "send_s 0(.0)? must be greater than 0"),
        ({"fee_fen": -1}, "fee_fen -1(.0)? may not be negative"),
        ({"centre": "home"}, "centre 'home' is not a number"),
        ({"posts": {"tower": POST}, "code": 1}, "'tower' is not a telephone number"),
        ({"posts": {"+8617400000011": POST}}, "code 0 is not one of 1 to 255"),
        ({"posts": {"+8617400000011": POST}, "code": 11}, "a node code is used twice"),
        ({"posts": {"17400000011": POST, "+8617400000011": POST}, "code": 1}, "posts names a number twice"),
    ],
)
def test_a_mistake_is_a_sentence(wrong: dict[str, object], says: str) -> None:
    """It names the field, what it holds, and what would be right."""
    with pytest.raises(msgspec.ValidationError, match=says):
        msgspec.convert(GOOD | wrong, TiantongSettings)


def test_every_difference_of_a_maker_reaches_the_modem_layer() -> None:
    """No setting is read and forgotten."""
    settings = msgspec.convert(
        GOOD | {"init": ["AT^X"], "signal_query": "", "send_s": 45, "notices": "AT+CNMI=1,1,0,2,0"}, TiantongSettings
    )
    profile = settings.profile("1234")
    assert (("AT^X",), "", 45, "AT+CNMI=1,1,0,2,0", "1234") == (
        profile.init,
        profile.signal_query,
        profile.send_s,
        profile.notices,
        profile.pin,
    )


@pytest.mark.parametrize(("pin", "is_good"), [("1234", True), ("12345678", True), ("123", False), ("12a4", False)])
def test_a_pin_is_measured_before_it_is_given(pin: str, is_good: bool) -> None:
    """Three wrong ones lock the SIM."""
    found = check(msgspec.convert(GOOD | {"pin_file": "pin"}, TiantongSettings), {"pin": pin}.__getitem__)
    assert is_good is not ("pin_file" in found)


def test_without_reports_nothing_above_accepted_is_claimed() -> None:
    """A channel without receipts never claims any."""
    settings = msgspec.convert(GOOD | {"reports": False}, TiantongSettings)
    assert Evidence.ACCEPTED is capabilities(settings).evidence_max


@pytest.mark.parametrize(
    ("text", "found"),
    [("17401234567", "+8617401234567"), ("+86 174 0123 4567", "+8617401234567"), ("0088216123456", "+88216123456")],
)
def test_a_number_has_one_right_way(text: str, found: str) -> None:
    """Also one of another satellite network."""
    assert found == number(text)


@pytest.mark.parametrize("text", ["tower", "12345", "+86"])
def test_what_is_no_number_is_refused(text: str) -> None:
    """With a sentence."""
    with pytest.raises(ValueError, match="is not a telephone number"):
        number(text)


def test_a_number_is_masked() -> None:
    """In the middle."""
    assert "174****4567" == masked("+8617401234567")


def test_a_key_that_is_none_is_found_before_the_start() -> None:
    """By `fenghuo config check`, in a sentence that names the table."""
    (channel,) = fenghuo_channel_types()
    settings = msgspec.convert(GOOD | {"code": 1, "posts": {"+8617400000011": POST}}, TiantongSettings)
    assert channel.check is not None
    (fault,) = channel.check(settings, lambda _: "no key").values()
    assert "posts.+8617400000011.secret_file holds no key; it must be at least 32 hexadecimal digits" in fault
    assert {} == channel.check(settings, lambda _: "5a" * 16)
    assert "satellite-code" == capabilities(settings).form
