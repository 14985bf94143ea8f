from __future__ import annotations

import pytest
from aiosmpplib.state import SmppCommandStatus as Status

from fenghuo_adapters.smpp_status import StatusClass, classify, is_later, status_name

REFUSED = ["CANCELFAIL", "CNTSUBDL", "INVMSGID", "QUERYFAIL", "REPLACEFAIL", "SUBMITFAIL", "UNKNOWNERR"]


def words(text: str) -> list[str]:
    return text.split()


EXPECTED = {
    StatusClass.OK: ["OK"],
    StatusClass.LATER: ["MSGQFUL", "THROTTLED", "X_T_APPN"],
    StatusClass.RECIPIENT: words("DELIVERYFAILURE INVDESTFLAG INVDLNAME INVDSTADR INVDSTNPI INVDSTTON INVNUMDESTS X_P_APPN X_R_APPN"),
    StatusClass.MESSAGE: words(
        "INVCMDLEN INVDFTMSGID INVESMCLASS INVEXPIRY INVMSGLEN INVNUMMSGS INVOPTPARAMVAL INVOPTPARSTREAM INVPARLEN INVPRTFLG INVREGDLVFLG"
        " INVREPFLAG INVSCHED INVSUBREP MISSINGOPTPARAM OPTPARNOTALLWD"
    ),
    StatusClass.CHANNEL: words(
        "ALYBND BINDFAIL INVBNDSTS INVCMDID INVPASWD INVSERTYP INVSRCADR INVSRCNPI INVSRCTON INVSYSID INVSYSTYP SYSERR"
    ),
    StatusClass.REFUSED: REFUSED,
}


@pytest.mark.parametrize("kind", list(StatusClass))
def test_every_status_has_its_class(kind: StatusClass) -> None:
    """The whole table of the standard, cell by cell."""
    assert EXPECTED[kind] == sorted(status.name.removeprefix("ESME_R") for status in Status if classify(status) is kind)


@pytest.mark.parametrize("status", [0x400, 0x4FF, 0x12345678])
def test_a_vendor_status_is_a_refusal_that_may_pass(status: int) -> None:
    """Nothing final is concluded from a number nobody has published."""
    assert StatusClass.REFUSED is classify(status)


def test_names_are_stable_words() -> None:
    """Scripts rely on them."""
    assert ["throttled", "invdstadr", "x-t-appn", "status-0x401"] == [status_name(status) for status in (0x58, 0x0B, 0x64, 0x401)]
    assert [True, False] == [is_later(0x58), is_later(0x0B)]
