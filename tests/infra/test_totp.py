"""Codes of an authenticator app, by the published examples."""

import base64
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from cdk.commands.totp import SecretError, enrolment_uri, totp_code

# RFC 6238, appendix B, for SHA-1; its codes have eight digits, of which an app shows the last six.
RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
RFC_CODES = {
    59: "94287082",
    1111111109: "07081804",
    1111111111: "14050471",
    1234567890: "89005924",
    2000000000: "69279037",
    20000000000: "65353130",
}


@pytest.mark.parametrize(("seconds", "code"), RFC_CODES.items())
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    """Leading zeros stay."""
    assert totp_code(RFC_SECRET, seconds) == code[-6:]


@pytest.mark.parametrize("written", [RFC_SECRET.lower(), " ".join(RFC_SECRET), f"{RFC_SECRET}\n"])
def test_a_secret_may_be_written_as_apps_show_it(written: str) -> None:
    """Small letters, spaces and a line break do not matter."""
    assert totp_code(written, 59) == totp_code(RFC_SECRET, 59)


@pytest.mark.parametrize("secret", ["", "1", "not base32!", "ABC", "äöü"])
def test_another_text_is_refused_without_being_repeated(secret: str) -> None:
    """The sentence says what a secret is, and does not print the value."""
    with pytest.raises(SecretError, match="base32") as caught:
        totp_code(secret, 0)

    assert not secret or secret not in str(caught.value).split()


def test_an_app_reads_the_address() -> None:
    """Issuer, account and secret come back."""
    address = urlsplit(enrolment_uri(RFC_SECRET, "ada+test@example.com"))

    assert (address.scheme, address.netloc, unquote(address.path)) == (
        "otpauth",
        "totp",
        "/Waybill:ada+test@example.com",
    )
    assert parse_qs(address.query) == {"secret": [RFC_SECRET], "issuer": ["Waybill"]}
