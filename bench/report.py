"""The table of results."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.cases import Case

# What each server answered in each round, in requests per second.
Rates = dict[str, list[float]]

# The last column is the bound of the one before it: the server's own work is in all of them, so
# that no framework is further above FastAPI than an app that does nothing.
HEADINGS = (
    f"{'':36}{'requests per second':>30}{'Vivace':>38}{'bare ASGI':>15}\n"
    f"{'case':36}{'bare ASGI':>10}{'FastAPI':>10}{'Vivace':>10}"
    f"{'of bare (aim)':>16}{'over FastAPI (aim)':>22}{'over FastAPI':>15}"
)


def median_ratio(numerators: list[float], denominators: list[float]) -> float:
    """The median of the ratios of each round: what slows a whole round down cancels out."""
    return median(a / b for a, b in zip(numerators, denominators))


def format_row(case: Case, rates: Rates) -> str:
    of_bare = median_ratio(rates["vivace"], rates["bare"])
    over_fastapi = median_ratio(rates["vivace"], rates["fastapi"])
    bound = median_ratio(rates["bare"], rates["fastapi"])
    aim = "" if case.over_fastapi is None else f"({case.over_fastapi:.1f})"
    medians = "".join(f"{median(rates[name]):10,.0f}" for name in ("bare", "fastapi", "vivace"))
    return (
        f"{case.title:36}{medians}"
        f"{of_bare:9.2f} ({case.of_bare:.2f})"
        f"{over_fastapi:15.1f} {aim:5}"
        f"{bound:15.1f}"
    )
