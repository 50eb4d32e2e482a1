"""The engine that an address names. Packages of others are not imported."""

from __future__ import annotations

from urllib.parse import urlsplit

from vivace.extras import brought_by
from vivace.tasks.engines.memory import MemoryEngine
from vivace.tasks.engines.protocol import Engine, EngineSettings
from vivace.tasks.results import MemoryResults, ResultStore

KINDS = {
    "redis": "redis",
    "rediss": "redis",
    "unix": "redis",
    "amqp": "rabbitmq",
    "amqps": "rabbitmq",
    "nats": "nats",
    "tls": "nats",
}


def kind_of(url: str) -> str:
    """``redis``, ``rabbitmq`` or ``nats``.

    Raises:
        ValueError: The address is of something else.
    """
    kind = KINDS.get(urlsplit(url).scheme)
    if kind is None:
        # The address may have a password in it.
        raise ValueError(
            f"There is no engine for addresses that begin with {urlsplit(url).scheme!r}. Give "
            "redis://, amqp:// or nats://, or none at all to stay in this process."
        )
    return kind


def check_installed(kind: str) -> None:
    """Import what an engine needs.

    Raises:
        MissingPackage: An extra is not installed.
    """
    with brought_by(f"tasks-{kind}"):
        if kind == "redis":
            import vivace.tasks.engines.redis
        elif kind == "rabbitmq":
            import vivace.tasks.engines.rabbitmq
        else:
            import vivace.tasks.engines.nats  # noqa: F401


def make_engine(url: str | None, settings: EngineSettings) -> Engine:
    """The engine at ``url``; in memory, if there is none."""
    if url is None:
        return MemoryEngine(settings)
    kind = kind_of(url)
    with brought_by(f"tasks-{kind}"):
        if kind == "redis":
            from vivace.tasks.engines.redis import RedisEngine

            return RedisEngine(url, settings)
        if kind == "rabbitmq":
            from vivace.tasks.engines.rabbitmq import RabbitMQEngine

            return RabbitMQEngine(url, settings)
        from vivace.tasks.engines.nats import NatsEngine

        return NatsEngine(url, settings)


def make_results(url: str | None, settings: EngineSettings) -> ResultStore | None:
    """Where results are kept: ``None``, where the engine at ``url`` keeps none."""
    if url is None:
        return MemoryResults(settings.keep_results)
    kind = kind_of(url)
    with brought_by(f"tasks-{kind}"):
        if kind == "redis":
            from vivace.tasks.engines.redis_results import RedisResults

            return RedisResults(url, settings)
        if kind == "nats":
            from vivace.tasks.engines.nats_results import NatsResults

            return NatsResults(url, settings)
    return None


__all__ = ["check_installed", "kind_of", "make_engine", "make_results"]
