from __future__ import annotations

import msgspec
import pytest

from fenghuo import Evidence
from fenghuo_sms import ModemSettings, modem_capabilities
from fenghuo_sms.modem_settings import check

GOOD = {"devices": ["/dev/ttyUSB2"]}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"devices": []}, "devices is empty; name at least one modem"),
        ({"devices": ["ttyUSB2"]}, "devices names 'ttyUSB2', which is neither the path of a device nor tcp://HOST:PORT"),
        ({"devices": ["/dev/a", "/dev/a"]}, "devices names a modem twice"),
        ({"centre": "home"}, "centre 'home' is not a number such as"),
        ({"storage": "sim"}, "storage 'sim' is no storage of a modem"),
        ({"init": ["CNMI"]}, "'CNMI' is not an AT command"),
        ({"reset_command": "reboot"}, "'reboot' is not an AT command"),
        ({"send_s": 0}, "send_s 0(.0)? must be greater than 0"),
        ({"fee_fen": -1}, "fee_fen -1(.0)? may not be negative"),
    ],
)
def test_a_mistake_is_a_sentence(wrong: dict[str, object], says: str) -> None:
    """It names the field, what it holds, and what would be right."""
    with pytest.raises(msgspec.ValidationError, match=says):
        msgspec.convert(GOOD | wrong, ModemSettings)


@pytest.mark.parametrize(("pin", "is_good"), [("1234", True), ("123", False), ("12a4", False), ("123456789", False)])
def test_a_pin_is_measured_before_it_is_given(pin: str, is_good: bool) -> None:
    """Three wrong ones lock the SIM."""
    found = check(msgspec.convert(GOOD | {"pin_file": "pin"}, ModemSettings), {"pin": pin}.__getitem__)
    assert is_good is not ("pin_file" in found)


def test_a_pool_carries_as_many_texts_at_once_as_it_has_modems() -> None:
    """Each of them one."""
    assert 3 == modem_capabilities(msgspec.convert({"devices": ["/dev/a", "/dev/b", "tcp://10.0.0.5:7000"]}, ModemSettings)).concurrency


def test_without_reports_nothing_above_accepted_is_claimed() -> None:
    """A channel without receipts never claims any."""
    assert Evidence.ACCEPTED is modem_capabilities(msgspec.convert(GOOD | {"reports": False}, ModemSettings)).evidence_max
