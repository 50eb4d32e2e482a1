"""``python -m vivace``: the same as the ``vivace`` command."""

from __future__ import annotations

from vivace.cli import main

# Processes that serve an app import this module again, under another name.
if __name__ == "__main__":
    main()
