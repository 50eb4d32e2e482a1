"""Pages made from Jinja templates."""

from starlette.templating import Jinja2Templates

__all__ = ["Jinja2Templates"]
