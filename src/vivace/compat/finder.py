"""The meta-path finder that resolves `fastapi` to Vivace."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from importlib.metadata import Distribution, DistributionFinder
from importlib.util import spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING

from vivace.compat.modules import PEER, PEER_VERSION, find_native_module

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from os import PathLike
    from types import ModuleType

FACADE = Path(__file__).with_name("facade")


class NativeLoader(Loader):
    """Answers the import of a peer module with a native module itself, not a copy of it.

    One module object under two names: what a program patches in the one is patched in the other.
    """

    def __init__(self, native_module: str) -> None:
        self.native_module = native_module

    def exec_module(self, module: ModuleType) -> None:
        # The import system hands out what stands in sys.modules once this returns.
        sys.modules[module.__name__] = import_module(self.native_module)


class PeerDistribution(Distribution):
    """Tells packages that ask which FastAPI is installed the one whose behaviour is mirrored."""

    def read_text(self, filename: str) -> str | None:
        if filename != "METADATA":
            return None
        return f"Metadata-Version: 2.1\nName: {PEER}\nVersion: {PEER_VERSION}\n"

    def locate_file(self, path: str | PathLike[str]) -> Path:
        return FACADE.parent / path


class PeerFinder(DistributionFinder):
    """Finds the modules of the peer, and its distribution, in Vivace."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if fullname == PEER:
            # With this search location the import system finds the facade's own modules, and none
            # of an installed FastAPI.
            return spec_from_file_location(
                PEER, FACADE / "__init__.py", submodule_search_locations=[str(FACADE)]
            )
        native_module = find_native_module(fullname)
        if native_module is None:
            return None
        return ModuleSpec(fullname, NativeLoader(native_module))

    def find_distributions(
        self, context: DistributionFinder.Context = DistributionFinder.Context()
    ) -> Iterable[Distribution]:
        # Only who asks by name is answered: FastAPI is in no list of what is installed.
        return [PeerDistribution()] if context.name == PEER else []


def install() -> None:
    """Make `import fastapi` resolve to Vivace in this process. Installing twice does nothing more.

    Raises:
        RuntimeError: if `fastapi` has been imported already, and is not Vivace's.
    """
    if any(isinstance(finder, PeerFinder) for finder in sys.meta_path):
        return
    if PEER in sys.modules:
        raise RuntimeError(
            f"{PEER} was imported before the alias was installed: call vivace.compat.install() "
            f"first, or start the program with `python -m vivace.compat`"
        )
    sys.meta_path.insert(0, PeerFinder())
