"""What a centre's command_status says about trying again: one table. Source: SMPP 3.4 §5.1.3."""

from __future__ import annotations

from enum import StrEnum

from aiosmpplib.state import SmppCommandStatus

__all__ = ["StatusClass", "classify", "is_later", "status_name"]


class StatusClass(StrEnum):
    """OK; LATER: the same submission is welcome after a while; RECIPIENT: this number never; MESSAGE: this message never;
    REFUSED: the centre rejected this one and does not say for good; CHANNEL: the centre or our account, whatever we send."""

    OK = "ok"
    LATER = "later"
    RECIPIENT = "recipient"
    MESSAGE = "message"
    REFUSED = "refused"
    CHANNEL = "channel"


_TABLE: dict[SmppCommandStatus, StatusClass] = {
    **dict.fromkeys((SmppCommandStatus.ESME_ROK,), StatusClass.OK),
    **dict.fromkeys(
        (SmppCommandStatus.ESME_RTHROTTLED, SmppCommandStatus.ESME_RMSGQFUL, SmppCommandStatus.ESME_RX_T_APPN),
        StatusClass.LATER,
    ),
    **dict.fromkeys(
        (
            SmppCommandStatus.ESME_RINVDSTADR,
            SmppCommandStatus.ESME_RINVDSTTON,
            SmppCommandStatus.ESME_RINVDSTNPI,
            SmppCommandStatus.ESME_RINVNUMDESTS,
            SmppCommandStatus.ESME_RINVDLNAME,
            SmppCommandStatus.ESME_RINVDESTFLAG,
            SmppCommandStatus.ESME_RX_P_APPN,
            SmppCommandStatus.ESME_RX_R_APPN,
            SmppCommandStatus.ESME_RDELIVERYFAILURE,
        ),
        StatusClass.RECIPIENT,
    ),
    **dict.fromkeys(
        (
            SmppCommandStatus.ESME_RINVMSGLEN,
            SmppCommandStatus.ESME_RINVCMDLEN,
            SmppCommandStatus.ESME_RINVPRTFLG,
            SmppCommandStatus.ESME_RINVREGDLVFLG,
            SmppCommandStatus.ESME_RINVESMCLASS,
            SmppCommandStatus.ESME_RINVSUBREP,
            SmppCommandStatus.ESME_RINVREPFLAG,
            SmppCommandStatus.ESME_RINVNUMMSGS,
            SmppCommandStatus.ESME_RINVSCHED,
            SmppCommandStatus.ESME_RINVEXPIRY,
            SmppCommandStatus.ESME_RINVDFTMSGID,
            SmppCommandStatus.ESME_RINVOPTPARSTREAM,
            SmppCommandStatus.ESME_ROPTPARNOTALLWD,
            SmppCommandStatus.ESME_RINVPARLEN,
            SmppCommandStatus.ESME_RMISSINGOPTPARAM,
            SmppCommandStatus.ESME_RINVOPTPARAMVAL,
        ),
        StatusClass.MESSAGE,
    ),
    **dict.fromkeys(
        (
            SmppCommandStatus.ESME_RINVCMDID,
            SmppCommandStatus.ESME_RINVBNDSTS,
            SmppCommandStatus.ESME_RALYBND,
            SmppCommandStatus.ESME_RSYSERR,
            SmppCommandStatus.ESME_RINVSRCADR,
            SmppCommandStatus.ESME_RINVSRCTON,
            SmppCommandStatus.ESME_RINVSRCNPI,
            SmppCommandStatus.ESME_RBINDFAIL,
            SmppCommandStatus.ESME_RINVPASWD,
            SmppCommandStatus.ESME_RINVSYSID,
            SmppCommandStatus.ESME_RINVSERTYP,
            SmppCommandStatus.ESME_RINVSYSTYP,
        ),
        StatusClass.CHANNEL,
    ),
}


def classify(status: int) -> StatusClass:
    """The class of a status; one that is not in the table - a vendor's own, or one that no submission can get - is REFUSED."""
    try:
        return _TABLE.get(SmppCommandStatus(status), StatusClass.REFUSED)
    except ValueError:
        return StatusClass.REFUSED


def is_later(status: int) -> bool:
    """Whether the same submission is welcome after a while."""
    return classify(status) is StatusClass.LATER


def status_name(status: int) -> str:
    """A word that scripts may rely on: `throttled`, `invdstadr`; `status-0x401` for a vendor's own."""
    try:
        return str(SmppCommandStatus(status).name).removeprefix("ESME_R").replace("_", "-").lower()
    except ValueError:
        return f"status-0x{status:x}"
