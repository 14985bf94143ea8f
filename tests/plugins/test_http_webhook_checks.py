"""What a webhook needs beside its settings, judged without a connection."""

from __future__ import annotations

import ssl

import pytest

from fenghuo import ConfigError
from fenghuo_adapters.http_credentials import secret_fault, trust
from fenghuo_http import WebhookSettings
from fenghuo_http.webhook_checks import faults

CA = """\
-----BEGIN CERTIFICATE-----
MIIBijCCATGgAwIBAgIUN/tanzqDDbhb6BkYEjx97jZSg6swCgYIKoZIzj0EAwIw
GjEYMBYGA1UEAwwPVGFpY2FuZyBUZXN0IENBMCAXDTI2MTEyNjAyMjIzM1oYDzIx
MjYxMTAyMDIyMjMzWjAaMRgwFgYDVQQDDA9UYWljYW5nIFRlc3QgQ0EwWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAATY+GHhoYUvqcFasRSCRqgkmOQDkhBPVSC8lr2I
9dzOxyixnQ5d9tJCa+cXknneX3/oT6snCIqLijcttEcacs+Xo1MwUTAdBgNVHQ4E
FgQUfo+wbM2tpCZwuZjvdms9MnBZqkIwHwYDVR0jBBgwFoAUfo+wbM2tpCZwuZjv
dms9MnBZqkIwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiA3tOqP
OXYRfXctvbJBFqhsGZA5vdr0aJKqCY6zAJUWuQIgNBD50Adlibg77mh5vSlA+Fv5
ndUxpFiday1psZO7baY=
-----END CERTIFICATE-----
"""
FILES = {"ca.pem": CA, "secret": "Bearer abc", "broken.pem": CA.replace("MII", "mii"), "two-lines": "Bearer abc\nBearer def"}


def test_sound_files_have_no_fault() -> None:
    """A certificate and a secret on one line are what a webhook needs."""
    assert {} == faults(WebhookSettings(ca_file="ca.pem", secret_file="secret"), FILES.__getitem__)


def test_without_files_there_is_nothing_to_read() -> None:
    """A webhook that names no file asks for none."""
    assert {} == faults(WebhookSettings(), lambda _: pytest.fail("nothing is to be read"))


def test_every_fault_is_told_with_its_key() -> None:
    """One bad file does not hide the other."""
    assert {"secret_file", "ca_file"} == set(faults(WebhookSettings(ca_file="broken.pem", secret_file="two-lines"), FILES.__getitem__))


@pytest.mark.parametrize(("secret", "is_fit"), [("Bearer abc", True), ("", False), ("a\nb", False), ("密码", False), ("tab\there", False)])
def test_a_header_takes_printable_ascii(secret: str, is_fit: bool) -> None:
    """Anything else would be an injected header or an encoding nobody agreed on."""
    assert is_fit is (secret_fault(secret) == "")


def test_only_the_named_certificates_are_trusted() -> None:
    """The system's own anchors are not, and the far end must have a certificate."""
    context = trust(CA)
    assert [((("commonName", "Taicang Test CA"),),)] == [certificate["subject"] for certificate in context.get_ca_certs()]
    assert ssl.CERT_REQUIRED is context.verify_mode


@pytest.mark.parametrize("pem", ["", "no certificate", FILES["broken.pem"]])
def test_what_is_no_certificate_is_refused(pem: str) -> None:
    """With a sentence that says what the file must hold."""
    with pytest.raises(ConfigError, match="from -----BEGIN CERTIFICATE----- on"):
        trust(pem)
