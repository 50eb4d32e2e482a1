"""A provider of OpenID Connect on loopback, which does as it should or as a test wants it to."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from secrets import token_urlsafe
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

import uvicorn
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from vivace import Header, HTTPException, Request, Vivace
from vivace.responses import JSONResponse, RedirectResponse
from vivace.types import ASGIApp

CLIENT_ID = "bookshop"
CLIENT_SECRET = "a-secret-of-the-client-with-a-colon:in-it"

Claims = dict[str, Any]


@dataclass
class Grant:
    """What a code stands for."""

    redirect_uri: str
    challenge: str
    nonce: str


@dataclass
class OpenIDProvider:
    """The state of the provider: who is signed in there, and how it misbehaves."""

    issuer: str = ""
    sub: str = "ada-1"
    #: What UserInfo says besides the subject.
    userinfo: Claims = field(default_factory=dict)
    #: What the ID token says otherwise than it should; ``None`` leaves a claim out, and a
    #: ``timedelta`` is a time so long after now.
    claims: Claims = field(default_factory=dict)
    #: What discovery says otherwise.
    metadata: Claims = field(default_factory=dict)
    #: What comes back from the authorization endpoint otherwise.
    answer: Claims = field(default_factory=dict)
    #: What the token endpoint says otherwise.
    token: Claims = field(default_factory=dict)
    is_down: bool = False
    keys: list[RSAKey | ECKey] = field(default_factory=lambda: [ECKey.generate_key("P-256")])
    #: Makes the ID token in place of the key.
    sign: Callable[[Claims], str] | None = None
    #: The paths that were asked for.
    asked: list[str] = field(default_factory=list)
    grants: dict[str, Grant] = field(default_factory=dict)

    def id_token(self, claims: Claims) -> str:
        if self.sign is not None:
            return self.sign(claims)
        key = self.keys[0]
        algorithm = "ES256" if isinstance(key, ECKey) else "RS256"
        header = {"alg": algorithm, "kid": key.thumbprint()}
        # Not by `jwt.encode`, which refuses text that JSON can have all the same.
        return jws.serialize_compact(header, json.dumps(claims), key, [algorithm])

    def discovery(self) -> Claims:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            # It names what must not be accepted, too.
            "id_token_signing_alg_values_supported": ["ES256", "RS256", "HS256", "none"],
            "authorization_response_iss_parameter_supported": True,
            **self.metadata,
        }

    def jwks(self) -> Claims:
        return {
            "keys": [
                {**key.as_dict(private=False), "kid": key.thumbprint(), "use": "sig"}
                for key in self.keys
            ]
        }


def half_hash(text: str) -> str:
    """``at_hash`` for algorithms with SHA-256 (OpenID Connect Core, section 3.1.3.6)."""
    return unpadded(hashlib.sha256(text.encode()).digest()[:16])


def unpadded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def make_app(provider: OpenIDProvider) -> Vivace:
    app = Vivace()

    @app.middleware("http")
    async def watch(request: Request, call_next: Callable[[Request], Any]) -> Any:
        provider.asked.append(request.url.path)
        if provider.is_down:
            return JSONResponse({"secret": "inner workings"}, 503)
        return await call_next(request)

    @app.get("/.well-known/openid-configuration")
    async def discovery() -> Claims:
        return provider.discovery()

    @app.get("/jwks")
    async def jwks() -> Claims:
        return provider.jwks()

    @app.get("/authorize")
    async def authorize(
        response_type: str,
        client_id: str,
        redirect_uri: str,
        scope: str,
        state: str,
        nonce: str,
        code_challenge: str,
        code_challenge_method: str,
    ) -> RedirectResponse:
        if client_id != CLIENT_ID or response_type != "code" or "openid" not in scope.split():
            raise HTTPException(400, "invalid_request")
        if code_challenge_method != "S256":
            raise HTTPException(400, "S256 is required")
        code = token_urlsafe(16)
        provider.grants[code] = Grant(redirect_uri, code_challenge, nonce)
        answer = {"code": code, "state": state, "iss": provider.issuer, **provider.answer}
        query = urlencode({name: value for name, value in answer.items() if value is not None})
        return RedirectResponse(f"{redirect_uri}?{query}", 302)

    @app.post("/token")
    async def token(
        request: Request, authorization: Annotated[str | None, Header()] = None
    ) -> JSONResponse:
        form = dict(parse_qsl((await request.body()).decode()))
        if not is_client(authorization, form):
            return JSONResponse({"error": "invalid_client"}, 401)
        grant = provider.grants.pop(form.get("code", ""), None)
        if grant is None or not is_granted(grant, form):
            return JSONResponse({"error": "invalid_grant"}, 400)
        access_token = token_urlsafe(16)
        now = int(time.time())
        claims = {
            "iss": provider.issuer,
            "sub": provider.sub,
            "aud": CLIENT_ID,
            "exp": now + 300,
            "iat": now,
            "nonce": grant.nonce,
            "at_hash": half_hash(access_token),
            **provider.claims,
        }
        kept = {
            name: now + int(value.total_seconds()) if isinstance(value, timedelta) else value
            for name, value in claims.items()
            if value is not None
        }
        return JSONResponse(
            {
                "access_token": access_token,
                "token_type": "Bearer",
                "expires_in": 300,
                "id_token": provider.id_token(kept),
                **provider.token,
            }
        )

    @app.get("/userinfo")
    async def userinfo(authorization: Annotated[str, Header()]) -> Claims:
        return {"sub": provider.sub, **provider.userinfo}

    return app


def is_client(authorization: str | None, form: dict[str, str]) -> bool:
    """Whether the client has shown that it is (RFC 6749, section 2.3.1)."""
    if authorization is None:
        return (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)
    name, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
    return (name, secret) == (CLIENT_ID, CLIENT_SECRET)


def is_granted(grant: Grant, form: dict[str, str]) -> bool:
    """Whether it is for this browser (RFC 6749, section 4.1.3; RFC 7636, section 4.6)."""
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    return (
        form.get("grant_type") == "authorization_code"
        and form.get("redirect_uri") == grant.redirect_uri
        and unpadded(digest) == grant.challenge
    )


def unsigned(claims: Claims) -> str:
    """A token of the algorithm ``none`` (RFC 7519, section 6)."""
    parts = ({"alg": "none"}, claims)
    return ".".join([*(unpadded(json.dumps(part).encode()) for part in parts), ""])


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """A server of ``app`` on loopback, in a thread of its own: where it is."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, ws="none", log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started and thread.is_alive() and time.monotonic() < until:
        time.sleep(0.005)
    try:
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)


@contextmanager
def running_provider() -> Iterator[OpenIDProvider]:
    """A provider that is served on loopback."""
    state = OpenIDProvider()
    with serving(make_app(state)) as url:
        state.issuer = url
        yield state
