from __future__ import annotations

import pytest

from fenghuo_adapters.at_status import Blame, blame_of, error_name


@pytest.mark.parametrize(
    ("code", "blame"),
    [("cms-1", Blame.RECIPIENT), ("cms-195", Blame.RECIPIENT), ("cms-304", Blame.MESSAGE), ("cms-42", Blame.LATER),
     ("cms-331", Blame.CHANNEL),
     ("cms-310", Blame.CHANNEL), ("cms-332", Blame.DOUBT), ("cms-500", Blame.UNSURE), ("error", Blame.UNSURE), ("cme-10", Blame.CHANNEL),
     ("cms-no network service", Blame.UNSURE), ("cms-9999", Blame.UNSURE)],
)  # fmt: skip
def test_whose_fault_an_error_is(code: str, blame: Blame) -> None:
    """A number, a text, our modem, or nobody who says so."""
    assert blame == blame_of(code)


@pytest.mark.parametrize(("code", "name"), [("cms-331", "cms-331 (no network)"), ("cms-9999", "cms-9999"), ("error", "error")])
def test_an_operator_reads_what_it_means(code: str, name: str) -> None:
    """Where the standard says it."""
    assert name == error_name(code)
