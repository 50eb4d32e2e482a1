"""Run FastAPI's own test-suite on Vivace: `make peer-suite`.

The suite is taken from the source archive of the release that Vivace mirrors: its tests, and the
tutorials and scripts that they run, but not the package. It runs in an environment of its own,
where FastAPI is not installed. No test is deselected.

Arguments are pytest's. With none, the whole suite runs, and is held to `KNOWN.md`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import venv
from pathlib import Path
from typing import Any

from vivace.compat import PEER_VERSION

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
CACHE = PROJECT / ".cache" / "peer"
SUITE = CACHE / f"fastapi-{PEER_VERSION}"
ENVIRONMENT = CACHE / "venv"
PYTHON = str(ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin") / "python")
OUTCOMES = CACHE / "outcomes.json"
KNOWN = HERE / "KNOWN.md"

# The whole of what is unpacked. The peer's package is not among it: its source is never read.
PARTS = {"LICENSE", "README.md", "docs", "docs_src", "pyproject.toml", "scripts", "tests"}

# What some of the peer's tests are skipped without, beside what its project file asks for.
OPTIONAL_NEEDS = ["orjson", "ujson"]
# The peer's command line is part of Vivace.
NOT_NEEDED = re.compile(r"fastapi-cli\b")

LEAST_PASSED = 5170


def fetch_suite() -> None:
    """Unpack the suite into the cache, if it is not there."""
    if SUITE.exists():
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    source_only = ["--no-binary", "fastapi", "--dest", str(CACHE)]
    subprocess.run([*command, *source_only, f"fastapi=={PEER_VERSION}"], check=True)
    archive = CACHE / f"fastapi-{PEER_VERSION}.tar.gz"
    with tarfile.open(archive) as source:
        members = [member for member in source if member.name.split("/")[1] in PARTS]
        source.extractall(CACHE, members, filter="data")
    archive.unlink()


def list_needs() -> list[str]:
    """The requirements of the suite, from the peer's project file."""
    project = tomllib.loads((SUITE / "pyproject.toml").read_text())
    needs = [
        *list_group(project["dependency-groups"], "tests"),
        *project["project"]["optional-dependencies"]["all"],
        *OPTIONAL_NEEDS,
    ]
    return [need for need in needs if not NOT_NEEDED.match(need)]


def list_group(groups: dict[str, list[Any]], name: str) -> list[str]:
    """The requirements of a dependency group (PEP 735), with those of the groups it includes."""
    needs: list[str] = []
    for entry in groups[name]:
        needs += [entry] if isinstance(entry, str) else list_group(groups, entry["include-group"])
    return needs


def make_environment() -> None:
    """Install the suite's needs and Vivace, if what they ask for has changed."""
    needs = list_needs()
    installed = ENVIRONMENT / "installed"
    wanted = "\n".join([*needs, (PROJECT / "pyproject.toml").read_text()])
    if installed.exists() and installed.read_text() == wanted:
        return
    venv.create(ENVIRONMENT, with_pip=True)
    install = [PYTHON, "-m", "pip", "install", "--quiet"]
    # Not all of them: where there is Brotli, clients ask for it, which the suite does not expect.
    vivace = f"{PROJECT}[opentelemetry,standard]"
    subprocess.run([*install, *needs, "itsdangerous", "--editable", vivace], check=True)
    peer_is_there = (
        "import sys; from importlib.util import find_spec; sys.exit(find_spec('fastapi'))"
    )
    if subprocess.run([PYTHON, "-P", "-c", peer_is_there], capture_output=True).returncode:
        sys.exit("FastAPI is installed where its suite is to run on Vivace: something needs it")
    installed.write_text(wanted)


def run_suite(arguments: list[str]) -> int:
    """Run pytest under the alias, in the suite's folder; pytest's exit status."""
    OUTCOMES.unlink(missing_ok=True)
    python_path = filter(None, [str(HERE), os.environ.get("PYTHONPATH")])
    environment = {
        **os.environ,
        "PEER_OUTCOMES": str(OUTCOMES),
        "PYTHONPATH": os.pathsep.join(python_path),
    }
    command = [PYTHON, "-m", "vivace.compat", "-m", "pytest", "-p", "outcomes"]
    # Pytest's own lines of progress and counts, whatever else is installed.
    options = ["-p", "no:sugar", "--no-header", "--tb=short", "-n", str(os.cpu_count() or 1)]
    targets = arguments or ["tests"]
    return subprocess.run([*command, *options, *targets], cwd=SUITE, env=environment).returncode


def read_known() -> set[str]:
    """The ids of the tests that are listed as not passing."""
    rows = KNOWN.read_text().splitlines()
    return set(re.findall(r"^\| `(tests/.+?)` \|", "\n".join(rows), re.MULTILINE))


def compare(outcomes: dict[str, str], *, whole: bool) -> int:
    """Hold the outcomes to what is known; the exit status."""
    known = read_known()
    failed = {test for test, outcome in outcomes.items() if outcome == "failed"}
    passed = {test for test, outcome in outcomes.items() if outcome == "passed"}
    for test in sorted(failed - known):
        print(f"failed, and is not in KNOWN.md: {test}")
    for test in sorted(passed & known):
        print(f"passed, though it is in KNOWN.md: {test}")
    too_few = whole and len(passed) < LEAST_PASSED
    if too_few:
        print(f"{len(passed)} passed; at least {LEAST_PASSED} must")
    return int(too_few or not failed <= known)


def main(arguments: list[str]) -> int:
    fetch_suite()
    make_environment()
    status = run_suite(arguments)
    # 0: all passed, 1: some failed. Anything else means that the suite was not run to its end.
    if status not in (0, 1):
        return status
    return compare(json.loads(OUTCOMES.read_text()), whole=not arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
