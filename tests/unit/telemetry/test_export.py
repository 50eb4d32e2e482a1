from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider

from vivace.exceptions import VivaceError
from vivace.telemetry.export import SIGNALS, Component, Signal
from vivace.telemetry.providers import is_proxy

#: Nothing listens there.
ENDPOINT = "http://127.0.0.1:9/v1"


@dataclass
class Part:
    """A provider, or what is added to one."""

    endpoint: str = ""
    parts: list[Component] = field(default_factory=list)
    is_shut_down: bool = False

    def add(self, component: Component) -> None:
        self.parts.append(component)

    def refuse(self, component: Component) -> None:
        raise LookupError("no more parts")

    def force_flush(self) -> None: ...

    def shutdown(self) -> None:
        self.is_shut_down = True


class World:
    """Where providers are global, and a signal whose they are."""

    def __init__(self) -> None:
        self.provider: object = trace.ProxyTracerProvider()
        self.made: list[Part] = []
        self.signal = Signal(
            name="SIGNS",
            get_provider=lambda: self.provider,
            set_provider=self.set,
            make_provider=self.make,
            registration="add",
            make_component=self.make,
        )

    def set(self, provider: object) -> None:
        self.provider = provider

    def make(self, endpoint: str = "") -> Part:
        self.made.append(Part(endpoint))
        return self.made[-1]


@pytest.fixture
def world() -> World:
    return World()


def test_a_given_provider_is_in_force(world: World) -> None:
    own = Part()
    assert world.signal.find_provider(own) is own
    assert world.made == []
    assert is_proxy(world.provider)


@pytest.mark.parametrize("explicit", [None, trace.ProxyTracerProvider()])
def test_the_global_provider_is_in_force_where_none_is_given(
    world: World, explicit: object
) -> None:
    world.provider = Part()
    assert world.signal.find_provider(explicit) is world.provider
    assert world.made == []


def test_a_provider_is_made_where_none_is_set(world: World) -> None:
    provider = world.signal.find_provider(None)
    assert provider is world.made[0] is world.provider
    assert world.signal.find_provider(None) is provider
    assert len(world.made) == 1


def test_a_provider_that_another_thread_set_first_is_kept(world: World) -> None:
    first = Part()
    signal = replace(world.signal, set_provider=lambda provider: world.set(first))
    assert signal.find_provider(None) is first
    assert world.made[0].is_shut_down
    assert not first.is_shut_down


def test_an_exporter_is_added_to_a_provider(world: World) -> None:
    provider = Part()
    component = world.signal.add_exporter(provider, ENDPOINT)
    assert provider.parts == [component] == world.made
    assert world.made[0].endpoint == ENDPOINT


def test_a_provider_that_takes_no_exporter_is_named(world: World) -> None:
    with pytest.raises(VivaceError, match="object does not support adding an OTLP exporter"):
        world.signal.add_exporter(object(), ENDPOINT)
    assert world.made == []


def test_an_exporter_that_is_refused_is_shut_down(world: World) -> None:
    signal = replace(world.signal, registration="refuse")
    with pytest.raises(LookupError, match="no more parts"):
        signal.add_exporter(Part(), ENDPOINT)
    assert world.made[0].is_shut_down


def test_there_are_three_signals() -> None:
    assert [*SIGNALS] == ["TRACES", "METRICS", "LOGS"]
    assert all(signal.name == name for name, signal in SIGNALS.items())


PROVIDERS: dict[str, Any] = {
    "TRACES": TracerProvider,
    "METRICS": MeterProvider,
    "LOGS": LoggerProvider,
}


@pytest.mark.parametrize("name", ["TRACES", "LOGS"])
def test_the_providers_of_the_sdk_take_exporters(name: str) -> None:
    provider = PROVIDERS[name](shutdown_on_exit=False)
    component = SIGNALS[name].add_exporter(provider, ENDPOINT)
    # Nothing has been recorded, so that there is nothing to be sent.
    assert component.force_flush()
    provider.shutdown()


@pytest.mark.parametrize("name", ["TRACES", "METRICS", "LOGS"])
def test_a_signal_has_a_provider_of_its_own(name: str) -> None:
    made = SIGNALS[name].make_provider()
    assert type(made) is PROVIDERS[name]
    assert hasattr(made, SIGNALS[name].registration)
    made.shutdown()
