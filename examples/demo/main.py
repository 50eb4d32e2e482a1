"""The app."""

from pathlib import Path

from vivace import Request, Vivace
from vivace.responses import HTMLResponse
from vivace.staticfiles import StaticFiles
from vivace.templating import Jinja2Templates

from . import books, live, users
from .models import Selection
from .store import ReadBooks

HERE = Path(__file__).parent

app = Vivace(
    title="Bookshop",
    version="1.0.0",
    summary="An example of most of what Vivace does.",
    # Errors are sent as application/problem+json (RFC 9457).
    problem_details=True,
    # Nothing is measured, even where OpenTelemetry is set up for the process.
    telemetry={"tracing": False, "metrics": False, "logs": False},
    description="Sign in as `reader` or `keeper`; the password of both is `vivace`.",
)
app.include_router(users.router)
app.include_router(books.router)
app.include_router(live.router)
app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")

templates = Jinja2Templates(directory=HERE / "templates")


@app.get("/", response_class=HTMLResponse, include_in_schema=False)
def show_shop(request: Request, books: ReadBooks) -> HTMLResponse:
    """A page that lists the books, and follows what happens to them."""
    return templates.TemplateResponse(
        request, "shop.html", {"books": list(books.select(Selection(limit=100)))}
    )
