"""Signing in: the password grant of OAuth 2.0, and tokens that open what their scopes allow."""

import hashlib
import secrets
from typing import Annotated

from vivace import APIRouter, Depends, HTTPException, Security
from vivace.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm, SecurityScopes

from .models import Token, User

router = APIRouter(tags=["users"])

bearer = OAuth2PasswordBearer(tokenUrl="token", scopes={"books:write": "Change the books."})


def hash_password(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)


SALT = secrets.token_bytes(16)
#: Every user of the example has the same password.
PASSWORD = hash_password("vivace", SALT)
USERS = {
    "reader": User(name="reader", scopes=[]),
    "keeper": User(name="keeper", scopes=["books:write"]),
}


class Sessions:
    """Who is signed in, by token; a real app keeps this outside the process."""

    def __init__(self) -> None:
        self.users: dict[str, User] = {}


SignedIn = Annotated[Sessions, Depends(Sessions, scope="app")]


@router.post("/token")
def sign_in(form: Annotated[OAuth2PasswordRequestForm, Depends()], sessions: SignedIn) -> Token:
    """Exchange a name and a password for a token (RFC 6749, section 4.3)."""
    right = secrets.compare_digest(hash_password(form.password, SALT), PASSWORD)
    if not right or form.username not in USERS:
        raise HTTPException(status_code=400, detail="The name or the password is wrong.")
    token = secrets.token_urlsafe()
    sessions.users[token] = USERS[form.username]
    return Token(access_token=token)


async def get_user(
    needed: SecurityScopes, token: Annotated[str, Depends(bearer)], sessions: SignedIn
) -> User:
    """The user who holds the request's token, if it opens what the endpoint needs (RFC 6750)."""
    user = sessions.users.get(token)
    if user is None:
        challenge = 'Bearer error="invalid_token"'
        raise HTTPException(401, "Sign in again.", headers={"WWW-Authenticate": challenge})
    if not set(needed.scopes) <= set(user.scopes):
        challenge = f'Bearer error="insufficient_scope", scope="{needed.scope_str}"'
        raise HTTPException(403, "You may not do this.", headers={"WWW-Authenticate": challenge})
    return user


CurrentUser = Annotated[User, Security(get_user)]
Keeper = Annotated[User, Security(get_user, scopes=["books:write"])]


@router.get("/me")
async def read_me(user: CurrentUser) -> User:
    return user
