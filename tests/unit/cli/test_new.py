from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from vivace.cli.new import package_name

from .conftest import Run, Write


def test_the_files_of_a_project(run: Run, project: Path) -> None:
    result = run("new", "my-shop")
    assert result.exit_code == 0, result.stderr
    assert "cd my-shop\n" in result.stdout
    made = {str(p.relative_to(project)) for p in project.rglob("*") if p.is_file()}
    assert made == {
        "my-shop/.gitignore",
        "my-shop/README.md",
        "my-shop/pyproject.toml",
        "my-shop/my_shop/__init__.py",
        "my-shop/my_shop/main.py",
        "my-shop/my_shop/notes.py",
        "my-shop/tests/test_notes.py",
    }
    settings = tomllib.loads((project / "my-shop/pyproject.toml").read_text())
    assert settings["project"]["name"] == "my-shop"
    assert settings["tool"]["vivace"]["entrypoint"] == "my_shop.main:app"


def test_the_files_of_a_project_with_sign_in(run: Run, project: Path) -> None:
    result = run("new", "my-shop", "--auth")
    assert result.exit_code == 0, result.stderr
    assert "Its secret is in my-shop/.env," in result.stdout
    made = {str(p.relative_to(project)) for p in project.rglob("*") if p.is_file()}
    assert made == {
        "my-shop/.env",
        "my-shop/.env.example",
        "my-shop/.gitignore",
        "my-shop/README.md",
        "my-shop/pyproject.toml",
        "my-shop/my_shop/__init__.py",
        "my-shop/my_shop/auth.py",
        "my-shop/my_shop/give_role.py",
        "my-shop/my_shop/main.py",
        "my-shop/my_shop/notes.py",
        "my-shop/my_shop/settings.py",
        "my-shop/tests/conftest.py",
        "my-shop/tests/test_auth.py",
        "my-shop/tests/test_notes.py",
    }
    settings = tomllib.loads((project / "my-shop/pyproject.toml").read_text())
    assert settings["project"]["dependencies"] == ["vivace[auth,standard]"]


def test_each_project_has_a_secret_of_its_own(run: Run, project: Path) -> None:
    secrets = set()
    for name in ("one", "two"):
        run("new", name, "--auth")
        file = project / name / ".env"
        assert file.stat().st_mode & 0o077 == 0
        assert "/.env\n" in (project / name / ".gitignore").read_text()
        match = re.search(rf"^{name.upper()}_SECRET=(\S{{32,}})$", file.read_text(), re.MULTILINE)
        assert match
        secrets.add(match[1])
        others = [p for p in (project / name).rglob("*") if p.is_file() and p != file]
        assert not any(match[1] in path.read_text() for path in others)
    assert len(secrets) == 2


def test_a_path_may_be_given(run: Run, project: Path) -> None:
    run("new", "a/b/shop")
    assert (project / "a/b/shop/shop/main.py").is_file()


def test_nothing_is_overwritten(run: Run, write: Write, project: Path) -> None:
    write("shop/precious.txt", "precious")
    write("file", "")
    for name in ("shop", "file"):
        result = run("new", name)
        assert result.exit_code == 1
        assert result.stderr.startswith(f"Error: {name} exists already.\n")
    assert [path.name for path in (project / "shop").iterdir()] == ["precious.txt"]


def test_an_empty_directory_is_filled(run: Run, project: Path) -> None:
    (project / "shop").mkdir()
    assert run("new", "shop").exit_code == 0
    assert (project / "shop/README.md").is_file()


def test_a_place_that_cannot_be_written(run: Run, write: Write) -> None:
    write("file", "")
    result = run("new", "file/shop")
    assert result.exit_code == 1
    assert "cannot be written: Not a directory" in result.stderr


@pytest.mark.parametrize(
    ("name", "package"), [("shop", "shop"), ("My-Shop.API", "my_shop_api"), ("a__b", "a_b")]
)
def test_the_name_of_the_package(name: str, package: str) -> None:
    assert package_name(name) == package


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("9lives", "cannot name a project"),
        ("shop!", "cannot name a project"),
        ("shop-", "cannot name a project"),
        ("class", "a word of Python's own"),
        ("json", "would hide another one"),
        ("vivace", "would hide another one"),
    ],
)
def test_a_name_that_does_not_do(run: Run, project: Path, name: str, message: str) -> None:
    result = run("new", name)
    assert result.exit_code == 1
    assert message in result.stderr
    assert list(project.iterdir()) == []
