"""Installs the alias in an interpreter whose parent runs under it: see `vivace.compat.children`."""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from pathlib import Path


def install_alias() -> None:
    # A child may be an interpreter of another environment, where there is no Vivace.
    if find_spec("vivace") is None:
        return
    from vivace.compat import install

    install()


def run_next_sitecustomize() -> None:
    """Run the module that this one stands before, as the interpreter would have."""
    here = Path(__file__).parent
    spec = PathFinder.find_spec(__name__, [path for path in sys.path if Path(path) != here])
    if spec is not None and spec.loader is not None:
        module = sys.modules[__name__] = module_from_spec(spec)
        spec.loader.exec_module(module)


install_alias()
run_next_sitecustomize()
