"""Projects that ``vivace new`` has made, in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Run


def run_in(
    directory: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=directory,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


each_kind = pytest.mark.parametrize("kind", [[], ["--auth"]], ids=["plain", "auth"])


@each_kind
def test_the_tests_of_a_project_pass(run: Run, project: Path, kind: list[str]) -> None:
    run("new", "shop", *kind)
    result = run_in(project / "shop", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider")
    assert result.returncode == 0, result.stdout + result.stderr
    assert ("12 passed" if kind else "4 passed") in result.stdout


@each_kind
def test_the_app_of_a_project_is_found(run: Run, project: Path, kind: list[str]) -> None:
    run("new", "shop", *kind)
    result = run_in(project / "shop", "vivace", "routes")
    assert result.returncode == 0, result.stderr
    assert "/notes/{note_id}" in result.stdout
    assert ("/token" in result.stdout) == bool(kind)


def test_an_app_with_sign_in_says_that_its_secret_is_missing(run: Run, project: Path) -> None:
    run("new", "shop", "--auth")
    (project / "shop/.env").unlink()
    for secret in ("", "too short"):
        result = run_in(project / "shop", "vivace", "routes", SHOP_SECRET=secret)
        assert result.returncode == 1
        assert "SHOP_SECRET is missing, or has less than 32 characters." in result.stderr
        assert "too short" not in result.stderr


def test_a_role_is_given_by_a_command(run: Run, project: Path) -> None:
    run("new", "shop", "--auth")
    result = run_in(project / "shop", "shop.give_role", "ada", "admin")
    assert (result.returncode, result.stderr) == (1, "There is no account 'ada'.\n")


@each_kind
@pytest.mark.parametrize("check", [["check", "--select=E,F,I"], ["format", "--check"]])
def test_a_project_is_well_formatted(
    run: Run, project: Path, check: list[str], kind: list[str]
) -> None:
    run("new", "shop", *kind)
    result = run_in(project / "shop", "ruff", check[0], "--isolated", "--no-cache", *check[1:])
    assert result.returncode == 0, result.stdout + result.stderr
