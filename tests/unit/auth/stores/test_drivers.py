from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from vivace.auth.stores.drivers import MissingPackage, brought_by

PROJECT = Path(__file__).resolve().parents[4]

#: What each package of the extra is imported as, and what then cannot be imported without it.
NEEDED = {
    "authlib": ("authlib", "vivace.auth"),
    "cryptography": ("cryptography", "vivace.auth"),
    "email-validator": ("email_validator", "vivace.auth"),
    "httpx2": ("httpx2", "vivace.auth"),
    "joserfc": ("joserfc", "vivace.auth"),
    "pwdlib": ("pwdlib", "vivace.auth"),
    "pwdlib[argon2]": ("argon2", "vivace.auth"),
    "pwdlib[bcrypt]": ("bcrypt", "vivace.auth"),
    "pyjwt": ("jwt", "vivace.auth"),
    "pyotp": ("pyotp", "vivace.auth"),
    "segno": ("segno", "vivace.auth"),
    "sqlalchemy": ("sqlalchemy", "vivace.auth.stores.sql"),
}
#: What is looked for only when it is used; that says so itself.
LATER = {"aiosqlite", "alembic", "python-multipart"}


def import_without(modules: list[str], wanted: str) -> str:
    """The last line of the error that importing ``wanted`` makes where ``modules`` are not there.

    All is tried in a process of its own, which has imported nothing yet.
    """
    code = f"import sys; sys.modules.update(dict.fromkeys({modules!r})); import {wanted}"
    completed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert completed.returncode == 1, completed.stderr
    return completed.stderr.splitlines()[-1]


@pytest.mark.parametrize(("module", "wanted"), NEEDED.values(), ids=NEEDED)
def test_without_a_package_an_import_says_what_to_install(module: str, wanted: str) -> None:
    last = import_without([module], wanted)
    assert re.match(
        r"vivace\.auth\.stores\.drivers\.MissingPackage: \w+ is not installed\. ", last
    ), last
    assert last.endswith('Install it with: pip install "vivace[auth]"')


@pytest.mark.parametrize(
    "wanted", ["vivace.auth", "vivace.auth.stores.sql", "vivace.auth.settings"]
)
def test_without_the_extra_every_import_says_what_to_install(wanted: str) -> None:
    last = import_without([module for module, _ in NEEDED.values()], wanted)
    assert last.endswith('Install it with: pip install "vivace[auth]"')


def test_every_package_of_the_extra_is_tried() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    extra = project["project"]["optional-dependencies"]["auth"]
    names = {re.split(r"[\[>]", requirement)[0] for requirement in extra}
    assert names == {name.partition("[")[0] for name in NEEDED} | LATER


def test_what_is_missing_of_vivace_itself_is_no_matter_of_extras() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"vivace\.nothing"), brought_by("auth"):
        import vivace.nothing  # type: ignore[import-not-found] # noqa: F401


def test_a_package_of_no_extra_is_named() -> None:
    assert str(MissingPackage("asyncmy")).endswith("pip install asyncmy")
