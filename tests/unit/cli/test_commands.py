from __future__ import annotations

import io
import subprocess
import sys

import pytest

import vivace
import vivace.cli

from .conftest import APP, Run, Write


def test_the_version(run: Run) -> None:
    result = run("--version")
    assert result.exit_code == 0
    assert result.stdout == f"Vivace {vivace.__version__}\n"


def test_without_a_command_the_help_is_shown(run: Run) -> None:
    result = run()
    for command in ("dev", "run", "routes", "openapi", "new"):
        assert f"\n  {command} " in result.output


@pytest.mark.parametrize("command", ["dev", "run", "routes", "openapi", "new"])
def test_each_command_has_help(run: Run, command: str) -> None:
    result = run(command, "-h")
    assert result.exit_code == 0
    assert f"{command} [OPTIONS]" in result.stdout


def test_a_command_that_does_not_exist(run: Run) -> None:
    result = run("deploy")
    assert result.exit_code == 2
    assert "No such command 'deploy'" in result.stderr


def test_a_wrong_option(run: Run) -> None:
    result = run("run", "--port", "99999")
    assert result.exit_code == 2
    assert "--port" in result.stderr


def test_what_a_user_can_mend_is_an_error_without_a_traceback(run: Run) -> None:
    result = run("dev", "missing.py")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == "Error: Path does not exist missing.py\n"


def test_errors_go_where_the_caller_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["other", "dev", "missing.py"])
    errors = io.StringIO()
    with pytest.raises(SystemExit) as caught:
        vivace.cli.main("other", errors=errors)
    assert caught.value.code == 1
    assert errors.getvalue() == "Error: Path does not exist missing.py\n"
    assert capsys.readouterr() == ("", "")


def test_help_calls_the_command_as_it_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["other", "--help"])
    with pytest.raises(SystemExit):
        vivace.cli.main("other")
    assert "Usage: other [OPTIONS]" in capsys.readouterr().out


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_what_to_install_is_said_where_something_is_missing(missing: str) -> None:
    result = run_python(
        f"import sys; sys.modules[{missing!r}] = None; import vivace.cli; vivace.cli.main()"
    )
    assert result.returncode == 1
    assert 'pip install "vivace[standard]"' in result.stderr
    assert "Traceback" not in result.stderr


def test_what_to_install_is_said_where_there_is_no_server(write: Write) -> None:
    write("main.py", APP)
    result = run_python(
        "import sys; sys.modules['uvicorn'] = None; sys.argv = ['vivace', 'run']\n"
        "import vivace.cli; vivace.cli.main()"
    )
    assert result.returncode == 1
    assert 'pip install "vivace[standard]"' in result.stderr
    assert "Traceback" not in result.stderr


def test_the_framework_does_not_import_the_command() -> None:
    result = run_python(
        "import sys, vivace, vivace.cli\n"
        "print(*sorted({'typer', 'rich', 'uvicorn', 'click'} & set(sys.modules)))"
    )
    assert result.stdout.split() == []
    assert result.returncode == 0


def test_commands_are_known_without_the_framework() -> None:
    """Shell completion runs the command at every press of a key."""
    result = run_python(
        "import sys, vivace.cli.commands\n"
        "print(*sorted({'pydantic', 'starlette', 'uvicorn'} & set(sys.modules)))"
    )
    assert result.stdout.split() == []
    assert result.returncode == 0


def test_the_package_runs_as_a_module() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "vivace", "--version"], capture_output=True, text=True
    )
    assert result.stdout == f"Vivace {vivace.__version__}\n"
