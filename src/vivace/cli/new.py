"""``vivace new``: start a project."""

import keyword
import re
import secrets
import sys
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template
from typing import Annotated

import typer
from rich.console import Console

from vivace.cli.errors import CommandError

#: Ends the name of each template: without it tools would take them for source of Vivace's own.
SUFFIX = ".template"
#: What the app's package is called among the templates.
PACKAGE = "package"
#: The file of a project that has its secret.
SECRETS = ".env"


def new(
    directory: Annotated[
        Path,
        typer.Argument(
            metavar="NAME",
            help="The project's name, or the path of the directory to make; its last part is "
            "the name then.",
            show_default=False,
        ),
    ],
    auth: Annotated[bool, typer.Option("--auth", help="Have its users sign in.")] = False,
) -> None:
    """Start a project: an app, a test of it, and what packages them."""
    name = directory.name
    package = package_name(name)
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise CommandError(
            f"{directory} exists already.", "Choose another name, or remove it first."
        )
    values = {
        "name": name,
        "package": package,
        "variables": package.upper(),
        "secret": secrets.token_urlsafe(32),
    }
    # Those for sign-in take the place of others of the same path.
    texts = dict(render(files("vivace.cli") / "templates", values))
    if auth:
        texts |= render(files("vivace.cli") / "auth_templates", values)
    try:
        for path, text in texts.items():
            write(directory / path, text)
    except OSError as error:
        raise CommandError(f"{error.filename} cannot be written: {error.strerror}.") from None
    console = Console(highlight=False)
    console.print(f"Made {directory}. Next:\n", soft_wrap=True, markup=False)
    for command in (f"cd {directory}", "vivace dev", "pytest"):
        console.print(f"    {command}", soft_wrap=True, markup=False)
    if auth:
        console.print(
            f"\nIts secret is in {directory / SECRETS}, for this machine alone; git ignores it. "
            "README.md says more.",
            soft_wrap=True,
            markup=False,
        )


def write(file: Path, text: str) -> None:
    """Write a file, and the directories that it stands in; one with secrets for its owner alone."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.name == SECRETS:
        file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")


def package_name(name: str) -> str:
    """The name of the Python package of the project ``name``.

    Raises:
        CommandError: ``name`` is no name for a project (PEP 508), or its package would hide a
            module that it needs.
    """
    if not re.fullmatch(r"[A-Za-z]([A-Za-z0-9._-]*[A-Za-z0-9])?", name):
        raise CommandError(
            f"{name!r} cannot name a project.",
            "A name starts with a letter, ends with a letter or digit, "
            "and has only letters, digits, '-', '_' and '.'.",
        )
    package = re.sub(r"[._-]+", "_", name).lower()
    if keyword.iskeyword(package):
        raise CommandError(f"{package!r} is a word of Python's own.", "Choose another name.")
    if package in sys.stdlib_module_names or package in {"fastapi", "tests", "vivace"}:
        raise CommandError(
            f"A package named {package!r} would hide another one.", "Choose another name."
        )
    return package


def render(
    templates: Traversable, values: dict[str, str], at: Path = Path()
) -> list[tuple[Path, str]]:
    """Every file below ``templates``: its path and its text, with ``values`` filled in."""
    rendered = []
    for entry in sorted(templates.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            name = values["package"] if entry.name == PACKAGE else entry.name
            rendered += render(entry, values, at / name)
        elif entry.name.endswith(SUFFIX):
            text = Template(entry.read_text(encoding="utf-8")).substitute(values)
            rendered.append((at / entry.name.removesuffix(SUFFIX), text))
    return rendered
