"""What the extra ``files`` brings, and what is said where it is missing."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]

#: What each package of the extra is imported as, and what then cannot be imported without it.
NEEDED = {
    "filelock": ("filelock", "vivace.files.tus"),
    "filetype": ("filetype", "vivace.files"),
    "http-sf": ("http_sf", "vivace.files"),
    "obstore": ("obstore", "vivace.files.s3"),
    "python-multipart": ("python_multipart", "vivace.files"),
    "werkzeug": ("werkzeug", "vivace.files"),
}

PROGRAM = """
import sys, importlib
import vivace, vivace.routing
for missing, wanted in {needed!r}:
    for name in [name for name in sys.modules if name.startswith("vivace.files")]:
        del sys.modules[name]
    before = {{name: sys.modules.pop(name) for name in list(sys.modules)
              if name.partition(".")[0] == missing}}
    sys.modules[missing] = None
    try:
        importlib.import_module(wanted)
        print("imported")
    except ImportError as error:
        print(error)
    del sys.modules[missing]
    sys.modules.update(before)
"""


def test_without_a_package_an_import_says_what_to_install() -> None:
    program = PROGRAM.format(needed=list(NEEDED.values()))
    completed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert completed.returncode == 0, completed.stderr
    assert completed.stdout.splitlines() == [
        f'{module} is not installed. Install it with: pip install "vivace[files]"'
        for module, _ in NEEDED.values()
    ]


def test_every_package_of_the_extra_is_tried() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    extra = project["project"]["optional-dependencies"]["files"]
    assert {re.split(r"[\[>]", requirement)[0] for requirement in extra} == set(NEEDED)


def test_the_kit_alone_imports_no_store_of_others() -> None:
    program = "import vivace.files, sys; print('obstore' in sys.modules, 'filelock' in sys.modules)"
    completed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert completed.stdout.split() == ["False", "False"], completed.stderr
