"""Codes of an authenticator app: RFC 6238 as every app does it, with SHA-1, six digits and steps of 30 seconds."""

import base64
import hashlib
import hmac
import struct
from urllib.parse import quote

STEP_S = 30
DIGITS = 6


class SecretError(ValueError):
    """A text that is no authenticator's secret."""

    def __init__(self) -> None:
        super().__init__(
            "The authenticator's secret is not one: it must be base32 text, as it was shown at its set-up."
        )


def totp_code(secret: str, seconds: float) -> str:
    """Return the code that an app shows at this time, in seconds since the epoch; raise SecretError."""
    text = "".join(secret.split()).upper()
    try:
        key = base64.b32decode(text + "=" * (-len(text) % 8))
    except ValueError as error:  # Of base64, or of a letter beyond ASCII.
        raise SecretError from error
    if not key:
        raise SecretError
    digest = hmac.digest(key, struct.pack(">Q", int(seconds // STEP_S)), hashlib.sha1)
    start = digest[-1] & 0x0F
    (number,) = struct.unpack(">I", digest[start : start + 4])
    return f"{(number & 0x7FFFFFFF) % 10**DIGITS:0{DIGITS}}"


def enrolment_uri(secret: str, account: str) -> str:
    """Return the address that an app takes an account from, typed in or as a QR code."""
    return f"otpauth://totp/{quote(f'Waybill:{account}')}?secret={quote(secret)}&issuer=Waybill"
