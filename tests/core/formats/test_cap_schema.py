"""The strict verdict, version by version."""

from __future__ import annotations

import pytest

from fenghuo.formats.cap_schema import schema_verdict
from fenghuo.formats.xml_gate import open_document
from fenghuo.model.delivery import Verdict
from tests.core.formats.alerts import GOOD

CAP_10 = "http://www.incident.com/cap/1.0"
CAP_11 = "urn:oasis:names:tc:emergency:cap:1.1"
CAP_12 = "urn:oasis:names:tc:emergency:cap:1.2"
SIGNATURE = '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/></alert>'


def verdict(text: str, namespace: str = CAP_12) -> Verdict:
    """The verdict on a text in one version's namespace."""
    return schema_verdict(open_document(text.replace(CAP_12, namespace).encode()).root)


def test_valid() -> None:
    """The good alert is valid as 1.1 and as 1.2."""
    assert ["CAP 1.1", "CAP 1.2"] == [verdict(GOOD, CAP_11).detail, verdict(GOOD).detail]
    assert {"valid"} == {verdict(GOOD, CAP_11).value, verdict(GOOD).value}


def test_valid_10() -> None:
    """CAP 1.0 writes codes in one text, and knows no scope that must be."""
    old = GOOD.replace("<geocode><valueName>mca</valueName><value>320585110</value></geocode>", "<geocode>mca=320585110</geocode>")
    assert verdict(old.replace("<scope>Public</scope>", ""), CAP_10).ok


@pytest.mark.parametrize(
    ("old", "new", "valid_in"),
    [
        ("<scope>Public</scope>", "", ""),
        (">Actual<", ">Draft<", "1.1 1.2"),
        (">Actual<", "> Actual<", ""),
        (">Met<", ">CBRNE<", "1.1 1.2"),
        (">Likely<", ">Very Likely<", ""),
        (">Likely<", ">Observed<", "1.1 1.2"),
        ("<urgency>", "<responseType>Avoid</responseType><urgency>", "1.2"),
        ("<urgency>", "<responseType>Monitor</responseType><urgency>", "1.1 1.2"),
        ("08:00:00+08:00</sent>", "08:00:00Z</sent>", "1.1"),
        ("08:00:00+08:00</sent>", "08:00:00.5+08:00</sent>", "1.1"),
        ("<language>zh-CN</language>", "<language/>", "1.1 1.2"),
        ("</geocode>", "</geocode><altitude>high</altitude>", "1.1"),
        ("<area>", "<resource><resourceDesc>x</resourceDesc></resource><area>", "1.1"),
        ("</alert>", SIGNATURE, "1.2"),
        ("  <scope>", "stray<scope>", ""),
        ("  <scope>", "  <password>x</password><scope>", ""),
        ("<web>", "<web>", "1.1 1.2"),
    ],
)
def test_versions(old: str, new: str, valid_in: str) -> None:
    """Each version allows what it allows."""
    text = GOOD if old == "<web>" else GOOD.replace(old, new, 1)
    assert valid_in.split() == [version for version, namespace in (("1.1", CAP_11), ("1.2", CAP_12)) if verdict(text, namespace).ok]


def test_first_fault() -> None:
    """An invalid alert is told its first fault, in one line and without namespaces."""
    text = GOOD.replace("<scope>Public</scope>", "")
    fault = "CAP 1.2: Element 'info': This element is not expected. Expected is one of ( source, scope )."
    assert Verdict("schema", "invalid", False, fault) == verdict(text)


def test_no_schema() -> None:
    """For a namespace that is not CAP's there is none."""
    assert Verdict("schema", "no-schema", False, "namespace urn:x") == verdict(GOOD, "urn:x")
