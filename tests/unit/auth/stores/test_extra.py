from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

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

#: Tries each import in a process of its own, which has imported nothing of the kit's yet.
PROGRAM = """
import os, sys, vivace.applications

for modules, wanted in {cases!r}:
    if os.fork():
        os.wait()
        continue
    sys.modules.update(dict.fromkeys(modules))
    try:
        __import__(wanted)
    except ImportError as error:
        print(type(error).__name__, error, sep=": ", flush=True)
    os._exit(0)
"""


def errors_of(*cases: tuple[list[str], str]) -> list[str]:
    """What is said where some modules are not there, and another is imported."""
    program = PROGRAM.format(cases=cases)
    completed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert not completed.stderr
    return completed.stdout.splitlines()


def test_without_a_package_an_import_says_what_to_install() -> None:
    found = errors_of(*(([module], wanted) for module, wanted in NEEDED.values()))
    assert len(found) == len(NEEDED)
    for error in found:
        says = (
            r'MissingPackage: \w+ is not installed\. Install it with: pip install "vivace\[auth\]"'
        )
        assert re.fullmatch(says, error)


def test_without_an_extra_every_import_says_what_to_install() -> None:
    all_of_it = [module for module, _ in NEEDED.values()]
    wanted = ["vivace.auth", "vivace.auth.stores.sql", "vivace.auth.settings"]
    found = errors_of(
        *((all_of_it, each) for each in wanted), (["redis"], "vivace.auth.stores.redis")
    )
    extras = re.findall(r'Install it with: pip install "vivace\[(\w+)\]"$', "\n".join(found), re.M)
    assert extras == ["auth", "auth", "auth", "redis"]


def test_every_package_of_the_extra_is_tried() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    extra = project["project"]["optional-dependencies"]["auth"]
    names = {re.split(r"[\[>]", requirement)[0] for requirement in extra}
    assert names == {name.partition("[")[0] for name in NEEDED} | LATER
