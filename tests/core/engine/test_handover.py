"""What an order of hand-over says, and what it leaves out when there is too much."""

from __future__ import annotations

from fenghuo.engine.handover import LONGEST, Handing, OpenLine, handover_text
from fenghuo.model.traffic import Priority

HANDING = Handing("taicang", 9.4, 64_300.0, "1a2b3c4d5e6f", (812, "deadbeefdeadbeefdeadbeef"))


def test_it_says_how_long_what_is_open_and_by_what_it_can_be_checked() -> None:
    """The most urgent first, each by its number; a long text is cut."""
    lines = [
        OpenLine(Priority.P2, 3, "上报 水位"),
        OpenLine(Priority.P1, 12, "立即组织沿江低洼地带群众转移到安置点"),
        OpenLine(Priority.P1, 7, "到岗"),
    ]
    assert (
        "【移交指挥】taicang电量9%，约可维持17.9小时，请接替指挥。未结3条"
        "：#0007P1到岗；#0012P1立即组织沿江低洼地带群众转移到…；#0003P2上报水位"
        "。名册1a2b3c4d，审计812:deadbeefdeadbeef"
    ) == handover_text(HANDING, lines)


def test_without_anything_open_it_says_so() -> None:
    """Command is handed over all the same."""
    assert "未结0条。名册" in handover_text(HANDING, [])


def test_what_does_not_fit_is_counted_and_is_the_least_urgent() -> None:
    """As long as its limit at most, however much is open."""
    lines = [OpenLine(Priority.P3 if number % 2 else Priority.P0, number, "请立即组织群众转移并报告人数情况") for number in range(1, 200)]
    text = handover_text(HANDING, lines)
    assert LONGEST - 30 <= len(text) <= LONGEST
    said = text.count("#")
    assert said == text.count("P0")
    assert f"；另{199 - said}条。名册" in text
