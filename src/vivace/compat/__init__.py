"""Run programs written for FastAPI on Vivace, unchanged.

Under the alias, `import fastapi` and every public `fastapi.*` module resolve to Vivace, whether or
not FastAPI itself is installed:

    python -m vivace.compat -m uvicorn shop.main:app

or, from a program of one's own, before anything imports `fastapi`:

    import vivace.compat

    vivace.compat.install()

What the alias answers with stands in two places: `modules.py` names the native module behind each
peer module, and `facade/` holds the modules where names or behaviour differ. Nothing else of Vivace
knows that the alias exists.
"""

from __future__ import annotations

from vivace.compat.children import install_in_children
from vivace.compat.finder import install
from vivace.compat.modules import PEER_VERSION

__all__ = ["PEER_VERSION", "install", "install_in_children"]
