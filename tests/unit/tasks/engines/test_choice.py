from __future__ import annotations

import sys

import pytest

from vivace.extras import MissingPackage
from vivace.tasks.engines.choice import check_installed, kind_of, make_engine, make_results
from vivace.tasks.engines.memory import MemoryEngine
from vivace.tasks.results import MemoryResults

from ..conftest import settings

KINDS = {
    "redis://h": "redis",
    "rediss://h": "redis",
    "amqp://h": "rabbitmq",
    "amqps://h": "rabbitmq",
    "nats://h": "nats",
    "tls://h": "nats",
}


def test_an_address_names_its_engine() -> None:
    assert {url: kind_of(url) for url in KINDS} == KINDS


def test_another_address_is_refused_without_its_password() -> None:
    with pytest.raises(ValueError, match="begin with 'kafka'") as refused:
        kind_of("kafka://user:secret@host")
    assert "secret" not in str(refused.value)


def test_without_an_address_all_stays_in_memory() -> None:
    assert isinstance(make_engine(None, settings()), MemoryEngine)
    assert isinstance(make_results(None, settings()), MemoryResults)


def test_rabbitmq_keeps_no_results() -> None:
    assert make_results("amqp://h", settings()) is None


@pytest.mark.parametrize(
    ("kind", "package"),
    [("redis", "taskiq_redis"), ("rabbitmq", "aio_pika"), ("nats", "taskiq_nats")],
)
def test_a_package_that_is_missing_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, kind: str, package: str
) -> None:
    monkeypatch.delitem(sys.modules, f"vivace.tasks.engines.{kind}", raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingPackage, match=rf"{package} .*vivace\[tasks-{kind}\]"):
        check_installed(kind)
