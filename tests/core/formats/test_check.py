"""The report of `fenghuo alert check`."""

from __future__ import annotations

import json

import pytest

from fenghuo.formats.check import check_report
from tests.core.formats.alerts import GOOD, SENT, spoiled

ALERT = GOOD.partition("\n")[2]
BAD = ALERT.replace("<scope>Public</scope>", "")
REPAIRED = ALERT.replace(">Public<", ">public<")


def test_shape() -> None:
    """The keys are those that scripts rely on, and all of it is ready for JSON."""
    report = check_report(GOOD.encode())
    assert {"verdict", "verdicts", "repairs", "error", "alerts"} == set(report)
    assert ("accepted", [], None) == (report["verdict"], report["repairs"], report["error"])
    assert {"check": "wellformed", "value": "yes", "ok": True, "detail": "utf-8"} == report["verdicts"][0]
    assert report == json.loads(json.dumps(report))


def test_refused() -> None:
    """A refusal has code, message and place."""
    report = check_report(spoiled("<scope>Public</scope>", ""))
    error = {"code": "missing-fact", "message": "scope is missing, and it is never guessed", "where": "/alert/scope"}
    assert ("refused", error) == (report["verdict"], report["error"])


def test_repaired() -> None:
    """Repairs are listed as texts."""
    report = check_report(spoiled(">Public<", ">public<"))
    assert ("accepted-with-repairs", ["alias-value at /alert/scope"]) == (report["verdict"], report["repairs"])


@pytest.mark.parametrize(
    ("alerts", "verdict", "outcomes"),
    [
        ((ALERT, BAD), "accepted", ["accepted", "refused"]),
        ((BAD, REPAIRED), "accepted-with-repairs", ["refused", "accepted-with-repairs"]),
        ((BAD, BAD), "refused", ["refused", "refused"]),
        ((), "refused", ["refused"]),
    ],
)
def test_container(alerts: tuple[str, ...], verdict: str, outcomes: list[str]) -> None:
    """A container is refused only if nothing in it could be taken."""
    report = check_report(f"<feed>{''.join(alerts)}</feed>".encode())
    assert (verdict, outcomes, verdict == "refused") == (
        report["verdict"],
        [one["verdict"] for one in report["alerts"]],
        report["error"] is not None,
    )


@pytest.mark.parametrize(
    ("later_s", "value", "ok"), [(0.0, "fresh", True), (-700.0, "from the future", False), (400 * 86_400.0, "expired", False)]
)
def test_the_age_is_a_verdict_and_changes_no_outcome(later_s: float, value: str, ok: bool) -> None:
    """An expired file is still of the right form: accepted, and said to be over."""
    report = check_report(GOOD.encode(), now=SENT.timestamp() + later_s)
    assert [(value, ok)] == [(one["value"], one["ok"]) for one in report["verdicts"] if one["check"] == "freshness"]
    assert report["verdicts"] == report["alerts"][0]["verdicts"]
    assert report["verdict"] == "accepted"


def test_an_order_without_its_own_time_is_fresh() -> None:
    """It is sent when it comes."""
    report = check_report(b'{"to":["org:a"],"text":"b"}', now=1_800_000_000.0)
    assert "fresh" == report["verdicts"][-1]["value"]
