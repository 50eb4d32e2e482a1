"""A shop for each database, for all tests of this directory.

PostgreSQL is looked for where ``VIVACE_TEST_POSTGRESQL`` says; where there is none, the tests that
need it are skipped.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.unit.auth.openid_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    OpenIDProvider,
    running_provider,
)

from .databases import Database, new_database
from .shop import Client, Shop, open_shop

#: The tests of one are for one worker of xdist, which starts the server once.
DATABASES = [
    pytest.param(kind, marks=pytest.mark.xdist_group(f"a shop on {kind}"))
    for kind in ("sqlite", "postgresql")
]


@pytest.fixture(scope="session")
def provider() -> Iterator[OpenIDProvider]:
    with running_provider() as state:
        yield state


@pytest.fixture(scope="session")
def environment(provider: OpenIDProvider) -> dict[str, str]:
    """What all servers are set up with."""
    keys: dict[str, Ed25519PrivateKey | RSAPrivateKey] = {
        "SHOP_ED25519": Ed25519PrivateKey.generate(),
        "SHOP_RSA": generate_private_key(65537, 2048),
    }
    pems = {
        name: key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        for name, key in keys.items()
    }
    return {
        **pems,
        "SHOP_SECRET": "a secret for tests, and for nothing else",
        "SHOP_KEYS": "ed,rs",
        "SHOP_ISSUER": provider.issuer,
        "SHOP_CLIENT_ID": CLIENT_ID,
        "SHOP_CLIENT_SECRET": CLIENT_SECRET,
    }


@pytest.fixture(scope="session", params=DATABASES)
def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    with new_database(request.param, tmp_path_factory.mktemp(request.param)) as made:
        yield made


@pytest.fixture(scope="session")
def shop(
    database: Database, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    with open_shop(database, tmp_path_factory.mktemp("mailbox"), environment) as opened:
        yield opened


@pytest.fixture
def clients(shop: Shop) -> list[Client]:
    return shop.clients()


@pytest.fixture
def one(clients: list[Client]) -> Client:
    """Speaks to one of the two processes."""
    return clients[0]


@pytest.fixture
def two(clients: list[Client]) -> Client:
    """Speaks to the other one, from the same address."""
    return clients[1]
