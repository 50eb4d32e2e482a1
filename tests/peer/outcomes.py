"""A pytest plugin that writes how each test ended to the file that $PEER_OUTCOMES names."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

OUTCOMES: dict[str, str] = {}


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.failed:
        OUTCOMES[report.nodeid] = "failed"


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    # A test has passed if its call has, and neither its setup nor its teardown has failed.
    if report.failed:
        OUTCOMES[report.nodeid] = "failed"
    elif report.when == "call" or report.skipped:
        OUTCOMES.setdefault(report.nodeid, report.outcome)


def pytest_sessionfinish(session: pytest.Session) -> None:
    # Workers hand their reports to the process that started them, and leave the writing to it.
    if not hasattr(session.config, "workerinput"):
        Path(os.environ["PEER_OUTCOMES"]).write_text(json.dumps(OUTCOMES))
