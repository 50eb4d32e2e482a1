"""That nothing on the way keeps what is answered."""

from __future__ import annotations

from collections.abc import AsyncIterator

from vivace import HTTPException, Response

#: Both are asked for where there are tokens in an answer (RFC 6749, section 5.1).
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


async def forbid_storing(response: Response) -> AsyncIterator[None]:
    """A dependency of all routes, as what they answer or refuse with is for one user alone.

    A response that an endpoint makes itself is left as it is.
    """
    response.headers.update(NO_STORE)
    try:
        yield
    except HTTPException as error:
        error.headers = {**(error.headers or {}), **NO_STORE}
        raise


__all__ = ["NO_STORE", "forbid_storing"]
