"""What all security schemes have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

# Annotations of ``__call__`` are read at run time: they say what is injected.
from starlette.requests import HTTPConnection  # noqa: TC002

from vivace.exceptions import HTTPException

if TYPE_CHECKING:
    from vivace.describe.security_schemes import SecurityBase


class SecurityScheme(ABC):
    """A dependency that takes a client's credentials from a request, and documents how.

    It says nothing of whether the credentials are right: that is for the dependency that uses it.
    It works on HTTP requests and on WebSocket handshakes.

    Attributes:
        model: The scheme as OpenAPI shows it.
        scheme_name: The name of the scheme in the document.
        auto_error: Whether to refuse a request that has no credentials. Where it is false such a
            request gets ``None``, so that authentication can be optional.
        challenge: The ``WWW-Authenticate`` of the refusal (RFC 9110 §11.6.1).
    """

    model: SecurityBase
    scheme_name: str
    auto_error: bool
    challenge: str

    def __init__(
        self, model: SecurityBase, *, scheme_name: str | None, auto_error: bool, challenge: str
    ) -> None:
        self.model = model
        self.scheme_name = scheme_name or type(self).__name__
        self.auto_error = auto_error
        self.challenge = challenge

    @abstractmethod
    async def __call__(self, request: HTTPConnection) -> Any:
        """The credentials that the client sent.

        Raises:
            HTTPException: There are none, and ``auto_error`` is true.
        """

    def make_not_authenticated_error(self) -> HTTPException:
        """The refusal of a request without credentials: override it for another one.

        A 401 with a challenge, which RFC 9110 §15.5.2 demands of every 401.
        """
        return HTTPException(
            status_code=401,
            detail="Not authenticated",
            headers={"WWW-Authenticate": self.challenge},
        )

    def refuse(self) -> None:
        """Deal with a request that has no credentials.

        Raises:
            HTTPException: ``auto_error`` is true.
        """
        if self.auto_error:
            raise self.make_not_authenticated_error()


def split_authorization(request: HTTPConnection) -> tuple[str, str]:
    """The ``Authorization`` of a request as scheme and credentials (RFC 9110 §11.6.2).

    Either is empty where it was not sent.
    """
    scheme, _, credentials = request.headers.get("Authorization", "").strip().partition(" ")
    return scheme, credentials.strip()


__all__ = ["SecurityScheme", "split_authorization"]
