"""What a browser keeps between the way to a provider and the way back."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from hmac import compare_digest
from typing import TYPE_CHECKING

from vivace.auth.openid.provider import Provider, SignInFailed
from vivace.auth.vault import Vault, new_token

if TYPE_CHECKING:
    from vivace import Request, Response

#: For how long, in seconds, a user may be at the provider.
LIFETIME = 600
PURPOSE = "openid"


@dataclass(frozen=True, kw_only=True)
class Flow:
    """One sign-in that is under way, in one browser."""

    #: The name of the provider.
    provider: str
    redirect_uri: str
    #: Where the user is to be in the end.
    next: str
    #: The id of the user to whom the identity is to be linked; ``None`` for a sign-in.
    link_to: str | None = None
    #: Binds the answer to this browser (RFC 6749, section 10.12).
    state: str = field(default_factory=new_token)
    #: Binds the ID token to this sign-in (OpenID Connect Core, section 15.5.2).
    nonce: str = field(default_factory=new_token)
    #: The code verifier (RFC 7636, section 4.1).
    verifier: str = field(default_factory=new_token)


class FlowCookie:
    """Keeps a :class:`Flow` in a cookie that only the server can read or write.

    Args:
        secure: Whether browsers send it under TLS only. Then its name has the prefix ``__Host-``,
            so that no other host of the domain can set one (RFC 6265bis, section 4.1.3.2).
    """

    def __init__(self, vault: Vault, *, secure: bool) -> None:
        self._vault = vault
        self._secure = secure
        self.name = "__Host-openid" if secure else "openid"

    def set(self, response: Response, flow: Flow) -> None:
        """Have the browser keep ``flow``, in place of one that it may have."""
        # Lax, as the way back is a link on the provider's site.
        response.set_cookie(
            self.name,
            self._vault.encrypt(json.dumps(asdict(flow)), PURPOSE),
            max_age=LIFETIME,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    def clear(self, response: Response) -> None:
        """Have the browser forget what it keeps."""
        response.delete_cookie(
            self.name, path="/", secure=self._secure, httponly=True, samesite="lax"
        )

    def read(self, request: Request, provider: Provider, state: str | None) -> Flow:
        """The flow that ``request`` comes back from.

        Raises:
            SignInFailed: There is none, it is too old, it is another provider's, or ``state`` is
                not its own. Which, is not said.
        """
        flow = self._decrypted(request.cookies.get(self.name, ""))
        # An answer is taken from the one provider that was asked (RFC 9700, section 4.4).
        if (
            flow is None
            or flow.provider != provider.name
            or not compare_digest(flow.state.encode(), (state or "").encode(errors="replace"))
        ):
            raise SignInFailed(
                "This sign-in was not begun in this browser, or took too long: begin again"
            )
        return flow

    def _decrypted(self, cookie: str) -> Flow | None:
        text = self._vault.decrypt(cookie, PURPOSE, within=LIFETIME)
        if text is None:
            return None
        try:
            return Flow(**json.loads(text))
        except TypeError:  # It was begun under another version of the kit.
            return None


__all__ = ["LIFETIME", "Flow", "FlowCookie"]
