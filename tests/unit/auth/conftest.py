from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.unit.auth.openid_provider import OpenIDProvider, running_provider


@pytest.fixture(scope="module")
def running() -> Iterator[OpenIDProvider]:
    with running_provider() as state:
        yield state


@pytest.fixture
def state(running: OpenIDProvider) -> OpenIDProvider:
    """The provider, as it should be."""
    vars(running).update(vars(OpenIDProvider(issuer=running.issuer)))
    return running
