from __future__ import annotations

import sys
from pathlib import Path

import pytest

from vivace.cli.discovery import DEFAULT_FILES, find_target
from vivace.cli.errors import CommandError, report

from .conftest import APP, Write


@pytest.mark.parametrize("file", DEFAULT_FILES)
def test_the_default_files_are_found(write: Write, file: str) -> None:
    write(file, APP)
    target = find_target(None)
    assert target.import_string == f"{Path(file).stem}:app"
    assert target.app.title == "Shop"


def test_the_first_default_file_is_taken(write: Write) -> None:
    write("api.py", APP)
    write("main.py", APP)
    write("app/main.py", APP)
    assert find_target(None).import_string == "main:app"


def test_the_entrypoint_of_pyproject_goes_before_the_default_files(write: Write) -> None:
    write("main.py", APP)
    write("shop/__init__.py", "")
    write("shop/api.py", APP.replace("app", "shop_app"))
    write("pyproject.toml", '[tool.vivace]\nentrypoint = "shop.api:shop_app"')
    assert find_target(None).import_string == "shop.api:shop_app"


def test_the_entrypoint_of_a_program_for_fastapi_is_found(write: Write) -> None:
    write("shop.py", APP)
    write("pyproject.toml", '[tool.fastapi]\nentrypoint = "shop:app"')
    assert find_target(None).import_string == "shop:app"


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("shop", "shop.main:app"),
        ("shop/main.py", "shop.main:app"),
        ("./shop/main.py", "shop.main:app"),
        ("shop/main.py:app", "shop.main:app"),
        ("shop.main", "shop.main:app"),
        ("shop.main:app", "shop.main:app"),
        ("shop.main:holder.app", "shop.main:holder.app"),
        ("shop/inner/api.py", "shop.inner.api:app"),
        ("loose/api.py", "api:app"),
    ],
)
def test_an_app_is_named_in_many_ways(write: Write, where: str, expected: str) -> None:
    write("shop/__init__.py", "")
    write("shop/main.py", APP + "\nclass holder:\n    app = app\n")
    write("shop/inner/__init__.py", "")
    write("shop/inner/api.py", APP)
    write("loose/api.py", APP)
    assert find_target(where).import_string == expected


def test_an_absolute_path_outside_the_working_directory(write: Write, tmp_path: Path) -> None:
    write("elsewhere/shop.py", APP)
    write("here/empty.txt", "")
    file = tmp_path / "elsewhere" / "shop.py"
    assert find_target(str(file)).import_string == "shop:app"
    assert sys.path[0] == str(file.parent)


def test_a_package_that_is_an_app_itself(write: Write) -> None:
    write("shop/__init__.py", APP)
    assert find_target("shop").import_string == "shop:app"
    assert find_target("shop/__init__.py").import_string == "shop:app"


def test_the_name_may_be_given_apart(write: Write) -> None:
    write("main.py", APP.replace("app", "first") + APP.replace("app", "second"))
    assert find_target(None, name="second").import_string == "main:second"
    assert find_target("main:second", name="second").import_string == "main:second"
    with pytest.raises(CommandError, match="names 'second', but --app names 'first'"):
        find_target("main:second", name="first")


@pytest.mark.parametrize(
    ("names", "expected"),
    [(["server"], "server"), (["server", "api"], "api"), (["server", "api", "app"], "app")],
)
def test_the_name_of_the_app_is_found(write: Write, names: list[str], expected: str) -> None:
    write("main.py", "from vivace import Vivace\n" + "".join(f"{n} = Vivace()\n" for n in names))
    assert find_target(None).attribute == expected


def test_an_app_within_a_middleware_is_found_by_its_name(write: Write) -> None:
    write("main.py", "from vivace import Vivace\ninner = Vivace()\napp = inner.__call__")
    # Of the kinds of apps, one of Vivace's own goes first.
    assert find_target(None).attribute == "inner"
    write("api.py", "async def app(scope, receive, send): ...")
    assert find_target("api.py").attribute == "app"


def find_error(where: str | None = None, name: str | None = None) -> CommandError:
    with pytest.raises(CommandError) as caught:
        find_target(where, name=name)
    return caught.value


@pytest.mark.usefixtures("project")
def test_nothing_to_be_found() -> None:
    error = find_error()
    assert error.message.startswith("No app found in this directory: there is none of main.py")
    assert "[tool.vivace]" in str(error.hint)


def test_nothing_to_be_found_in_a_directory(write: Write) -> None:
    write("empty/readme.txt", "")
    assert "No app found in empty" in find_error("empty").message


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("where", ["missing.py", "path/to/missing", "missing.py:app", "a-b"])
def test_a_path_that_does_not_exist(where: str) -> None:
    assert find_error(where).message == f"Path does not exist {where.removesuffix(':app')}"


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("where", ["missing", "missing.inner:app"])
def test_a_module_that_does_not_exist(where: str) -> None:
    assert find_error(where).message.startswith("There is no module missing")


def test_a_file_that_is_no_program(write: Write) -> None:
    write("notes.txt", "")
    assert find_error("notes.txt").message == "notes.txt is not a Python file."


def test_a_file_whose_name_cannot_be_imported(write: Write) -> None:
    write("my-shop.py", APP)
    assert "'my-shop' is not a Python name" in find_error("my-shop.py").message


def test_a_file_that_another_module_hides(write: Write) -> None:
    write("json.py", APP)
    error = find_error("json.py")
    assert error.message.startswith("json.py is hidden by another module of the name json")
    assert error.hint == "Rename the file."


def test_a_module_without_an_app(write: Write) -> None:
    write("main.py", "app = 1")
    assert find_error().message == "There is no app in main."
    assert find_error("main:app").message == "'app' in main is not an app but int."


def test_a_module_with_several_apps(write: Write) -> None:
    write("main.py", "from vivace import Vivace\na = Vivace()\nb = Vivace()")
    error = find_error()
    assert error.message == "main holds several apps: a, b."
    assert error.hint == "Say which one is meant, for example --app a."


def test_an_app_of_another_name(write: Write) -> None:
    write("main.py", APP)
    error = find_error("main:missing")
    assert error.message == "There is no 'missing' in main."
    assert error.hint == "It holds: app."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool", "pyproject.toml cannot be read"),
        ("[tool.vivace]\nentrypoint = 1", "has to be a string"),
    ],
)
def test_a_wrong_pyproject(write: Write, text: str, message: str) -> None:
    write("pyproject.toml", text)
    assert message in find_error().message


def reported(error: CommandError, capsys: pytest.CaptureFixture[str]) -> str:
    report(error)
    return capsys.readouterr().err


def test_an_error_of_the_program_shows_where_it_is(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write("main.py", "import inner")
    write("inner.py", "def fail():\n    1 / 0\n\nfail()")
    text = reported(find_error(), capsys)
    assert text.startswith(f'Traceback (most recent call last):\n  File "{file}", line 1')
    assert "in fail\n    1 / 0" in text
    assert text.endswith(
        "ZeroDivisionError: division by zero\nError: main could not be imported.\n"
    )
    # Neither this package nor the import system is where something has to be mended.
    assert "discovery.py" not in text
    assert "importlib" not in text


def test_a_mistake_in_a_declaration_is_where_it_was_written(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("main.py", "from vivace import Query\n\nlimit = Query(max_lenght=3)\n")
    lines = reported(find_error(), capsys).splitlines()
    assert lines[2] == "    limit = Query(max_lenght=3)"
    assert lines[-2].endswith("Did you mean 'max_length'?")
    assert sum(line.startswith("  File ") for line in lines) == 1


def test_a_syntax_error_shows_its_line(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("main.py", "def (:\n")
    text = reported(find_error(), capsys)
    assert "def (:" in text
    assert "discovery.py" not in text


def test_a_package_that_is_not_installed(write: Write) -> None:
    write("main.py", "import missing_package")
    error = find_error()
    assert error.message == "main could not be imported."
    assert "'missing_package'" in str(error.hint)


def test_a_program_for_fastapi_is_told_of_the_alias(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As where FastAPI is not installed, whether it is here or not.
    write("main.py", "raise ModuleNotFoundError('No module named fastapi', name='fastapi')")
    assert "--as-fastapi" in str(find_error().hint)


def test_the_directory_of_the_app_is_imported_from_first(write: Write) -> None:
    write("shop/main.py", "import neighbour\n" + APP)
    write("shop/neighbour.py", "")
    assert find_target("shop/main.py").import_string == "main:app"


FACTORY = """
from vivace import Vivace

def make_app() -> Vivace:
    app = Vivace(title="Made")
    app.get("/made")(lambda: None)
    return app
"""


@pytest.mark.parametrize("where", ["main.py:make_app", "main:make_app"])
def test_a_function_that_makes_the_app(write: Write, where: str) -> None:
    write("main.py", FACTORY)
    target = find_target(where)
    assert target.is_factory
    assert target.app.title == "Made"
    assert target.import_string == "main:make_app"


def test_an_app_that_is_a_function_is_no_factory(write: Write) -> None:
    write("main.py", "async def app(scope, receive, send): ...\ndef old(scope): ...")
    assert not find_target("main:app").is_factory
    assert not find_target("main:old").is_factory


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def make(): raise LookupError('no settings')", "make() of main could not make the app."),
        ("def make(): return 1", "make() of main makes no app but int."),
    ],
)
def test_a_function_that_makes_no_app(write: Write, text: str, message: str) -> None:
    write("main.py", text)
    with pytest.raises(CommandError) as raised:
        find_target("main:make")
    assert raised.value.message == message
