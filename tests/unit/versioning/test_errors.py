from __future__ import annotations

from datetime import date

from vivace import HTTPException
from vivace.versioning import Deprecation, Version, VersionError
from vivace.versioning.errors import shortened, version_is_over


def test_what_a_client_has_sent_is_shown_in_part_and_quoted() -> None:
    assert shortened("2\n") == r"'2\n'"
    assert shortened("x" * 41) == f"'{'x' * 40}...'"


def test_a_version_that_is_over_says_what_was_said_of_its_end() -> None:
    day = date(2000, 1, 1)
    over = Deprecation(since=day, sunset=day, info="/info", policy="/policy", gone=True)
    error = version_is_over(Version("1", over))
    assert isinstance(error, VersionError)
    assert isinstance(error, HTTPException)
    assert (error.status_code, error.detail) == (410, "Version 1 is gone since 2000-01-01.")
    assert error.headers == {
        "Deprecation": "@946684800",
        "Sunset": "Sat, 01 Jan 2000 00:00:00 GMT",
        "Link": '</info>; rel="deprecation", </policy>; rel="sunset"',
    }
