"""The documentation is true: its code runs, its links lead somewhere, its commands exist.

A page is read from top to bottom, as a reader would follow it, in an empty folder:

* ``python`` blocks run one after the other in one module. From the block on that begins with the
  name of a file, as in ``# main.py``, they are also written to that file.
* ``pycon`` blocks are doctests in the same module.
* in ``console`` blocks every command has to exist, with its options; one that is followed by
  output is run, and has to print it.

``...`` stands for anything in what is printed.
"""

from __future__ import annotations

import ast
import contextlib
import doctest
import functools
import linecache
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import pytest

PROJECT = Path(__file__).resolve().parents[2]
SOURCE = PROJECT / "src" / "vivace"
PAGES = [
    PROJECT / "README.md",
    PROJECT / "CONTRIBUTING.md",
    *sorted((PROJECT / "docs").glob("*.md")),
]
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE_SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]\[]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
FILE_NAME = re.compile(r"# ([\w/]+\.py)$", re.MULTILINE)

#: The stages in the order in which they may import each other: none imports a later one.
STAGES = ["declare", "analyse", "runtime", "compile", "serve"]


@dataclass(frozen=True)
class Block:
    """A fenced block, with the number of its first line in the page."""

    language: str
    text: str
    line: int


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for match in FENCE.finditer(text):
        yield Block(match[1], match[2], text.count("\n", 0, match.start()) + 2)


def prose(page: Path) -> str:
    """The page without its blocks."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


# Code.


def run_page(page: Path) -> None:
    """Run the code of ``page`` in the current folder.

    Raises:
        AssertionError: something printed is not what the page says.
    """
    module = ModuleType("main")
    module.__file__ = None
    # Dataclasses and pydantic look names up in the module that a class says it is of.
    sys.modules[module.__name__] = module
    for block in blocks(page):
        if block.language == "python":
            run_python(page, block, module)
        elif block.language == "pycon":
            run_doctest(page, block, module)
        elif block.language == "console":
            run_console(block)


def run_python(page: Path, block: Block, module: ModuleType) -> None:
    if file := FILE_NAME.match(block.text):
        path = Path(file[1]).resolve()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("", encoding="utf-8")
        # So that the analysis, which reads the source of functions, finds it.
        module.__file__ = str(path)
    if module.__file__ is None:
        exec(compile(block.text, page.name, "exec", dont_inherit=True), module.__dict__)
        return
    path = Path(module.__file__)
    before = path.read_text(encoding="utf-8")
    path.write_text(before + block.text, encoding="utf-8")
    linecache.checkcache(str(path))
    text = "\n" * before.count("\n") + block.text
    exec(compile(text, str(path), "exec", dont_inherit=True), module.__dict__)


def run_doctest(page: Path, block: Block, module: ModuleType) -> None:
    namespace = module.__dict__
    test = doctest.DocTestParser().get_doctest(
        block.text, namespace, page.name, str(page), block.line - 1
    )
    test.globs = namespace
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    assert not runner.run(test, out=report.append, clear_globs=False).failed, "".join(report)


def run_console(block: Block) -> None:
    for command, output in commands_with_output(block):
        if output:
            words = [*invocation(shlex.split(command, comments=True))]
            # Nothing of another plugin's in pytest's report, and none that is slow to import.
            options = "-p no:sugar -p no:cacheprovider -p no:schemathesis"
            environment = {**os.environ, "PYTEST_ADDOPTS": options}
            completed = subprocess.run(
                words, capture_output=True, text=True, timeout=170, env=environment
            )
            printed = "\n".join(line.rstrip() for line in completed.stdout.splitlines())
            how = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
            same = doctest.OutputChecker().check_output(output, printed + "\n", how)
            assert same, f"{command}\n{printed}\n{completed.stderr}"


def invocation(words: list[str]) -> list[str]:
    """A command as it is run here, whatever is on the path."""
    if words[0] == "python":
        return [sys.executable, *words[1:]]
    assert words[0] in ("vivace", "pytest"), f"{words[0]} is not run here"
    return [sys.executable, "-m", *words]


def commands_with_output(block: Block) -> Iterator[tuple[str, str]]:
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


@pytest.mark.timeout(180)
@pytest.mark.usefixtures("quick_hashes")
@each_page
def test_code_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    if "vivace.compat.install()" in page.read_text(encoding="utf-8"):
        # The alias is there for the rest of the process, so this has to be another one.
        command = [sys.executable, "-W", "error", __file__, str(page)]
        completed = subprocess.run(command, capture_output=True, text=True, timeout=170)
        assert completed.returncode == 0, completed.stderr
        return
    try:
        with mock.patch.dict(os.environ), what_runs_beside(page):
            run_page(page)
    finally:
        sys.modules.pop("main", None)


@pytest.fixture
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed as everywhere, but for as little as that can cost."""
    from pwdlib.hashers.argon2 import Argon2Hasher

    class QuickHasher(Argon2Hasher):
        def __init__(self, **costs: int) -> None:
            super().__init__(time_cost=1, memory_cost=8, parallelism=1)

    monkeypatch.setattr("vivace.auth.accounts.passwords.Argon2Hasher", QuickHasher)


@contextlib.contextmanager
def what_runs_beside(page: Path) -> Iterator[None]:
    """The server that the page on documents takes for granted."""
    if page.name != "mongo.md":
        yield
        return
    from tests.unit.mongo.server import is_installed, running_server

    if not is_installed():
        pytest.skip("SecantusDB is not installed.")
    with running_server() as server:
        os.environ["MONGO_URL"] = server.url
        yield


# Commands.


def commands(page: Path) -> Iterator[list[str]]:
    """Every command that the page names, in blocks or in the text, as words."""
    for block in blocks(page):
        if block.language == "console":
            for command, _ in commands_with_output(block):
                yield shlex.split(command, comments=True)
    for span in CODE_SPAN.findall(prose(page)):
        if re.match(r"(make|vivace|python -m vivace\S*) [\w.-]", span):
            yield shlex.split(span)


def make_targets() -> set[str]:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))


def check_vivace_command(words: list[str]) -> None:
    """Check that the ``vivace`` command takes ``words``."""
    import typer.main

    from vivace.cli.commands import app

    command: Any = typer.main.get_command(app)
    while words and not words[0].startswith("-") and hasattr(command, "commands"):
        assert words[0] in command.commands, f"there is no command {words[0]}"
        command, words = command.commands[words[0]], words[1:]
    known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
    known |= {"--help", "-h"}
    for word in words:
        if word.startswith("-"):
            assert word.partition("=")[0] in known, f"{command.name} has no {word}"


@each_page
def test_commands_exist(page: Path) -> None:
    for words in commands(page):
        match words:
            case ["make", *arguments]:
                named = {word for word in arguments if "=" not in word}
                assert named <= make_targets(), words
            case ["vivace", *arguments] | ["python", "-m", "vivace", *arguments]:
                check_vivace_command(arguments)
            case ["python", "-m", "vivace.compat", *_]:
                pass
            case ["pytest" | "pip" | "cd" | "git" | "python", *_]:
                pass
            case _:
                pytest.fail(f"{words[0]} is no command that the pages are known to use")


# Links.


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of ``page``."""
    headings = HEADING.findall(prose(page))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_page
def test_links_resolve(page: Path) -> None:
    for target in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", target):
            assert target.startswith("https://"), target
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), f"{page.name} links to {target}"
        if anchor:
            assert anchor in anchors(linked), f"{page.name} links to {target}"


def test_every_page_is_listed() -> None:
    index = PROJECT / "docs" / "index.md"
    listed = set(LINK.findall(prose(index)))
    assert {page.name for page in PAGES if page.parent.name == "docs"} <= {*listed, index.name}


# Attacks.

ATTACK = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


@pytest.mark.parametrize("battery", ["auth", "webhooks"])
def test_every_attack_is_tried(battery: str) -> None:
    table = (
        (PROJECT / "docs" / f"{battery}.md").read_text(encoding="utf-8").partition("## Attacks")[2]
    )
    rows = re.findall(r"^\| (?!attack |---)(.+) \|$", table, re.MULTILINE)
    assert rows
    for row in rows:
        named = ATTACK.findall(row)
        assert len(named) == row.count("::") > 0, row
        for file, test in named:
            found = [
                *PROJECT.glob(f"tests/*/{battery}/**/{file}"),
                *PROJECT.glob(f"tests/unit/{file}"),
            ]
            assert found, f"there is no {file}"
            text = "".join(path.read_text(encoding="utf-8") for path in found)
            assert re.search(rf"^(async )?def {test}\(", text, re.MULTILINE), f"no {test} in {file}"


# The map of the code.


def test_the_map_has_every_module() -> None:
    mapped = (PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for path in SOURCE.rglob("*.py"):
        module = path.relative_to(SOURCE)
        # The alias's modules are named as those of the peer are, and are described together.
        if module.parts[:2] == ("compat", "facade") or path.name.startswith("__"):
            continue
        section = mapped if len(module.parts) == 1 else section_of(mapped, module.parts[0])
        assert f"`{path.name}`" in section, f"CONTRIBUTING.md does not say what {module} is for"


def section_of(text: str, package: str) -> str:
    """What the map says of ``package``: the lines of its table."""
    found = re.search(rf"^### `{package}/`.*?(?=^##)", text, re.MULTILINE | re.DOTALL)
    assert found, f"CONTRIBUTING.md has no section on {package}/"
    return found[0]


def test_the_map_names_what_exists() -> None:
    text = (PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    names = {path.name for path in SOURCE.rglob("*.py")}
    for span in CODE_SPAN.findall(text):
        if re.fullmatch(r"\w+\.py", span):
            assert span in names, f"there is no {span}"
        elif re.fullmatch(r"(src|tests|docs|bench|examples)/[\w./]*", span):
            assert (PROJECT / span).exists(), f"there is no {span}"


def test_the_source_distribution_has_what_the_tests_read() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    read = {path.relative_to(PROJECT).parts[0] for path in (*PAGES, SOURCE, Path(__file__))}
    assert read <= {*included}
    assert {*included} <= {path.name for path in PROJECT.iterdir()}


@pytest.mark.parametrize("stage", STAGES)
def test_stages_import_only_earlier_ones(stage: str) -> None:
    later = STAGES[STAGES.index(stage) + 1 :]
    for path in (SOURCE / stage).rglob("*.py"):
        for module in imported_at_run_time(path):
            assert package_of(module) not in later, f"{path.relative_to(SOURCE)} imports {module}"


#: What is only imported by who asks for it, and by what else it may be.
APART = {
    # Batteries may add to documents; stages may not know of them.
    "describe": {"describe", "applications", "security", "compat", "ratelimit", "idempotency"},
    "applications": {"applications", "cli", "compat"},
    "cli": {"cli", "compat", "__main__"},
    "compat": {"compat", "cli"},
    "testclient": {"testclient", "pytest_plugin", "compat"},
    "pytest_plugin": {"pytest_plugin"},
    "templating": {"templating", "compat"},
}


@pytest.mark.parametrize("apart", APART)
def test_what_stands_beside_the_stages_is_not_imported_by_them(apart: str) -> None:
    for path in SOURCE.rglob("*.py"):
        relative = path.relative_to(SOURCE)
        importer = relative.parts[0].removesuffix(".py")
        for module in imported_at_run_time(path):
            if importer not in APART[apart]:
                assert package_of(module) != apart, f"{relative} imports {module}"


def package_of(module: str) -> str:
    """The package or module of Vivace that ``module`` is in; nothing for any other."""
    top, _, rest = module.partition(".")
    return rest.partition(".")[0] if top == "vivace" else ""


#: What the body of a module, and that of a statement, is made of.
WITH_STATEMENTS = (ast.stmt, ast.excepthandler, ast.match_case)


@functools.cache
def imported_at_run_time(path: Path) -> frozenset[str]:
    imported: set[str] = set()
    nodes: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            imported.update(name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "vivace":
            imported.update(f"vivace.{name.name}" for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported.add(node.module)
        else:
            # An import is a statement, and no expression has any.
            inner = ast.iter_child_nodes(node)
            nodes += [one for one in inner if isinstance(one, WITH_STATEMENTS)]
    return frozenset(imported)


if __name__ == "__main__":
    with contextlib.suppress(KeyError):
        del os.environ["PYTHONSAFEPATH"]
    run_page(Path(sys.argv[1]))
