"""The shop's server processes, and those who send them requests."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import Morsel, SimpleCookie
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx
from tests.servers.workers import connect, stop
from tests.unit.behaviour.process import Server

from .databases import Database

HERE = Path(__file__).parent
PASSWORD = "correct horse battery"
#: How many requests the shop gives each API key in each process.
REQUESTS_BY_KEY = 20
#: What ends TLS in front of the server says: sessions have cookies that are sent under TLS only.
PROXY = {"X-Forwarded-Proto": "https"}
SESSION, CSRF = "__Host-session", "__Host-csrf"


@dataclass(frozen=True)
class Client:
    """One who sends requests to one process of the server, from an address of their own.

    It keeps no cookies.
    """

    connection: httpx.Client
    #: Of the process.
    id: str
    address: str

    def request(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        sent = {**PROXY, "X-Forwarded-For": self.address, **(headers or {})}
        response = self.connection.request(method, path, headers=sent, **options)
        self.connection.cookies.clear()
        assert response.status_code < 500, response.text
        assert response.headers["x-process"] == self.id, "The connection has been made anew."
        return response

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)

    def delete(self, path: str, **options: Any) -> httpx.Response:
        return self.request("DELETE", path, **options)

    def ask_for_token(self, name: str, password: str = PASSWORD, **form: str) -> httpx.Response:
        return self.post("/token", data={"username": name, "password": password, **form})

    def sign_in(self, name: str, password: str = PASSWORD, **form: str) -> dict[str, Any]:
        """The tokens."""
        response = self.ask_for_token(name, password, **form)
        assert response.status_code == 200, response.text
        tokens: dict[str, Any] = response.json()
        return tokens

    def refresh(self, token: str, **form: str) -> httpx.Response:
        return self.post(
            "/token", data={"grant_type": "refresh_token", "refresh_token": token, **form}
        )

    def whoami(self, token: str) -> httpx.Response:
        return self.get("/whoami", headers=bearer(token))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@dataclass
class Browser:
    """Keeps cookies, whichever process it speaks to."""

    cookies: dict[str, str] = field(default_factory=dict)
    #: The ones that the last response has set.
    was_set: dict[str, Morsel[str]] = field(default_factory=dict)

    def request(
        self,
        client: Client,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> httpx.Response:
        sent = dict(headers or {})
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        response = client.request(method, path, headers=sent, **options)
        self._keep(response)
        return response

    def act(self, client: Client, method: str, path: str, **options: Any) -> httpx.Response:
        """With the CSRF token, as the site's own pages do."""
        headers = {"X-CSRF-Token": self.cookies[CSRF]}
        return self.request(client, method, path, headers=headers, **options)

    def sign_in(self, client: Client, name: str, password: str = PASSWORD) -> httpx.Response:
        body = {"name": name, "password": password}
        return self.request(client, "POST", "/session", json=body)

    def is_signed_in(self, client: Client) -> bool:
        return self.request(client, "GET", "/session").status_code == 200

    def _keep(self, response: httpx.Response) -> None:
        self.was_set = {}
        for line in response.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                self.was_set[name] = morsel
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value


@dataclass(frozen=True)
class Shop:
    """A server that is running, and its database."""

    url: str
    database: Database
    mailbox: Path
    #: One to each process.
    connections: dict[str, httpx.Client]

    def clients(self) -> list[Client]:
        """One for each process, all at the one address that nobody else has."""
        address = f"2001:db8:{token_hex(2)}:{token_hex(2)}::1"
        return [Client(one, id, address) for id, one in self.connections.items()]

    def register(self, client: Client, *roles: str, **account: str) -> str:
        """The name of a new account."""
        name = f"ada-{token_hex(6)}"
        body = {"name": name, "password": PASSWORD, **account}
        response = client.post("/register", json=body)
        assert response.status_code == 201, response.text
        if roles:
            self.database.change(self.database.user(name), roles=roles)
        return name

    def read_mail(self, name: str) -> str:
        """What was sent to the user; it is written after the answer."""
        until = time.monotonic() + 20
        while not (self.mailbox / name).exists():
            assert time.monotonic() < until, "Nothing was sent."
            time.sleep(0.01)
        sent = self.mailbox / name
        token = sent.read_text()
        sent.unlink()
        return token


@contextmanager
def open_shop(
    database: Database, mailbox: Path, environment: dict[str, str], *, processes: int = 2
) -> Iterator[Shop]:
    """Start a server with so many worker processes."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "uvicorn", "shop_app:app", "--app-dir", str(HERE)),
            *("--host", "127.0.0.1", "--port", "0", "--workers", str(processes)),
            # A connection stays with its process for as long as all the tests take.
            *("--timeout-keep-alive", "600", "--no-access-log"),
        ],
        env={
            **os.environ,
            "SHOP_DATABASE": database.url,
            "SHOP_MAIL": str(mailbox),
            "SHOP_REQUESTS_BY_KEY": str(REQUESTS_BY_KEY),
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    server = Server(process)
    connections: dict[str, httpx.Client] = {}
    try:
        server.wait_until_ready()
        url = f"http://127.0.0.1:{server.port}"
        connections = dict(connect(url, server, processes))
        yield Shop(url, database, mailbox, connections)
        assert "Traceback" not in server.log, server.log
    finally:
        for connection in connections.values():
            connection.close()
        stop(server)
