"""Files served as they are."""

from starlette.staticfiles import StaticFiles

__all__ = ["StaticFiles"]
