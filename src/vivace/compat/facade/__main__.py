"""`python -m fastapi`: the `vivace` command under the peer's name."""

from __future__ import annotations

from .cli import main

# Processes that serve an app import this module again, under another name.
if __name__ == "__main__":
    main()
