"""What a client is told when a sign-in, or a request that needs one, is refused."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

from vivace import HTTPException

#: Where nothing is named that is wrong. After ``Bearer`` there has to be something (RFC 6750,
#: section 3).
CHALLENGE = 'Bearer realm="api"'


class AuthError(HTTPException):
    """A request that is refused because of who makes it."""


class NotSignedIn(AuthError):
    """401 for a request without credentials (RFC 6750, section 3): no error is named."""

    def __init__(self) -> None:
        super().__init__(401, "Not authenticated", {"WWW-Authenticate": CHALLENGE})


class InvalidCredentials(AuthError):
    """401 for a token, key or session that is wrong, expired or ended; which is not said."""

    def __init__(self, description: str = "The credentials are not valid") -> None:
        challenge = f'Bearer error="invalid_token", error_description="{description}"'
        super().__init__(401, description, {"WWW-Authenticate": challenge})


class InvalidSignIn(AuthError):
    """401 for a name and a password that do not belong together; which is wrong is not said."""

    def __init__(self) -> None:
        super().__init__(401, "Incorrect name or password", {"WWW-Authenticate": CHALLENGE})


class WrongPassword(AuthError):
    """403 for somebody signed in who has to give their password again, and gives another.

    It is no 401, which would say that the token is no good (RFC 6750, section 3.1).
    """

    def __init__(self) -> None:
        super().__init__(403, "The password is wrong")


class InvalidReset(AuthError):
    """400 for a reset token that is unknown, expired or used up; which is not said."""

    def __init__(self) -> None:
        super().__init__(400, "The token is not valid")


class NotAcceptable(ValueError):
    """A name, an email address or a password that no account can have.

    Args:
        field: Which of them: ``name``, ``email`` or ``password``.
        reason: What is asked of it; never what was given.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


class InsufficientScope(AuthError):
    """403 for one who is signed in and may not do this (RFC 6750, section 3.1)."""

    def __init__(self, needed: Iterable[str]) -> None:
        scopes = " ".join(sorted(needed))
        challenge = 'Bearer error="insufficient_scope"'
        if scopes:
            challenge += f', scope="{scopes}"'
        super().__init__(403, "Not enough permissions", {"WWW-Authenticate": challenge})


class CsrfFailed(AuthError):
    """403 for an unsafe request of a session without the token that only its own pages know."""

    def __init__(self, description: str = "CSRF token missing or incorrect") -> None:
        super().__init__(403, description)


class TooManyAttempts(AuthError):
    """429 for sign-ins that have failed too often (RFC 6585, section 4).

    Args:
        seconds: How long to wait.
    """

    def __init__(self, seconds: float) -> None:
        headers = {"Retry-After": str(max(1, ceil(seconds)))}
        super().__init__(429, "Too many failed attempts", headers)


class MfaRequired(AuthError):
    """403 for a sign-in whose first step was right, and that needs a second one.

    Args:
        mfa_token: What the client sends with the code.
    """

    def __init__(self, mfa_token: str) -> None:
        detail = {"error": "mfa_required", "mfa_token": mfa_token}
        super().__init__(403, detail)


class InvalidChallenge(AuthError):
    """401 for a second step whose first one does not count any more: it has to be done again."""

    def __init__(self) -> None:
        description = "The sign-in has expired or ended. Begin anew."
        detail = {"error": "invalid_mfa_token", "error_description": description}
        super().__init__(401, detail, {"WWW-Authenticate": CHALLENGE})


class InvalidCode(AuthError):
    """403 for a one-time code or a recovery code that is wrong or used up; which is not said.

    It is no 401, as what the request is made with, a token or a first step, is still good.
    """

    def __init__(self) -> None:
        detail = {"error": "invalid_code", "error_description": "The code is wrong or used up"}
        super().__init__(403, detail)


class MfaConflict(AuthError):
    """409 for a change of the second step that its present state does not allow."""

    def __init__(self, description: str) -> None:
        super().__init__(409, description)


class TooManyKeys(AuthError):
    """409 for one who has as many API keys as a user may.

    Args:
        most: How many that are.
    """

    def __init__(self, most: int) -> None:
        super().__init__(409, f"You have {most} API keys, and may have no more. Revoke one first.")


class OAuthError(AuthError):
    """An error of the token endpoint (RFC 6749, section 5.2).

    Args:
        error: The code, as ``invalid_grant``.
        description: For the developer of the client.
    """

    def __init__(self, error: str, description: str) -> None:
        super().__init__(400, {"error": error, "error_description": description})
        self.error = error


__all__ = [
    "AuthError",
    "CsrfFailed",
    "InsufficientScope",
    "InvalidChallenge",
    "InvalidCode",
    "InvalidCredentials",
    "InvalidReset",
    "InvalidSignIn",
    "MfaConflict",
    "MfaRequired",
    "NotAcceptable",
    "NotSignedIn",
    "OAuthError",
    "TooManyAttempts",
    "TooManyKeys",
    "WrongPassword",
]
