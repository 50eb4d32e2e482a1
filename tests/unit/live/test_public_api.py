"""What users import of the package, and what imports what inside it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import vivace.live

PUBLIC = [
    *("Broker", "BrokerUnavailable", "Entry", "EventTooLarge", "Guest", "History", "Live"),
    *("LiveSettings", "LiveUnavailable", "Member", "MemoryBroker", "NatsBroker", "Overflow"),
    *("Present", "RedisBroker", "Room", "RoomFull", "Rooms", "TooManyMessages", "TooManySockets"),
    *("current_member", "current_message", "current_room"),
]
#: The modules in the order in which they may import each other: none imports a later one.
PARTS = [
    *({"brokers"}, {"settings", "messages", "frames"}, {"errors", "origin", "changes"}),
    *({"outlets"}, {"member"}, {"quota", "roster"}, {"feed"}, {"hub", "room"}, {"handlers"}),
    *({"visit"}, {"declared"}),
    *({"socket", "stream"}, {"rooms", "entrance"}, {"routes", "asyncapi", "page"}, {"kit"}),
]
SOURCE = Path(vivace.live.__file__).parent


def test_the_package_exports_these_names_and_no_others() -> None:
    assert vivace.live.__all__ == PUBLIC == sorted(PUBLIC)
    assert set(PUBLIC) <= set(dir(vivace.live))


@pytest.mark.parametrize("name", PUBLIC)
def test_every_exported_name_leads_somewhere(name: str) -> None:
    assert getattr(vivace.live, name) is getattr(vivace.live, name)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"'vivace\.live' has no attribute 'Nothing'"):
        _ = vivace.live.Nothing  # type: ignore[attr-defined]  # as it says


def test_drivers_are_imported_where_they_are_asked_for() -> None:
    code = "import sys, vivace.live; print({'redis', 'nats', 'vivace.auth'} & {*sys.modules})"
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert printed.stdout == "set()\n"


def imported(node: ast.stmt) -> list[str]:
    """The parts of this package that a statement imports, unless for types only."""
    if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("vivace.live."):
        return [str(node.module).split(".")[2]]
    return []


def test_a_module_imports_from_those_before_it() -> None:
    place = {name: number for number, names in enumerate(PARTS) for name in names}
    modules = [path for path in SOURCE.glob("*.py") if path.stem != "__init__"]
    assert {path.stem for path in modules} | {"brokers"} == set(place)
    for path in modules:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            for name in imported(node):
                same = place[name] == place[path.stem] and name != path.stem
                assert place[name] < place[path.stem] or same, f"{path.stem} imports {name}"


def test_it_stands_on_the_public_api() -> None:
    private = ("analyse", "compile", "runtime", "serve", "declare", "describe")
    for path in SOURCE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                assert not node.module.startswith(tuple(f"vivace.{one}" for one in private))
