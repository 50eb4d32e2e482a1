from __future__ import annotations

import io
import json
from types import CodeType
from typing import Any

import pytest

from vivace import Vivace
from vivace.cli.errors import CommandError, format_cause, report


def reported(error: CommandError) -> str:
    file = io.StringIO()
    report(error, file)
    return file.getvalue()


def test_an_error_is_its_message() -> None:
    error = CommandError("There is no app.")
    assert (str(error), error.message, error.hint) == ("There is no app.", "There is no app.", None)
    assert error.exit_code == 1
    assert reported(error) == "Error: There is no app.\n"


def test_a_hint_stands_below_the_message() -> None:
    assert reported(CommandError("No app.", "Name one.")) == "Error: No app.\nName one.\n"


def test_an_error_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    report(CommandError("No app."))
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "Error: No app.\n")


@pytest.mark.parametrize("text", ["[bold]shop[/bold]", "[/]", "a[0]", ":smile:", "word " * 60])
def test_text_is_printed_as_it_is(text: str) -> None:
    assert reported(CommandError(text, text)) == f"Error: {text}\n{text}\n"


def caught(call: Any, *arguments: Any) -> Exception:
    try:
        call(*arguments)
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


def program(text: str, **names: Any) -> tuple[CodeType, dict[str, Any]]:
    """A program of the user's, to be executed."""
    return compile(text, "shop.py", "exec"), {"__name__": "shop", **names}


def test_the_cause_stands_above_the_message() -> None:
    cause = caught(exec, *program("def open_shop():\n    1 / 0\n\nopen_shop()"))
    error = CommandError("shop.py cannot be imported.")
    error.__cause__ = cause
    trace, message = reported(error).split("Error: shop", 1)
    assert trace.startswith("Traceback (most recent call last):")
    assert 'File "shop.py", line 2, in open_shop' in trace
    assert "ZeroDivisionError: division by zero" in trace
    assert message == ".py cannot be imported.\n"


def test_a_cause_ends_in_the_program_where_the_framework_raised_it() -> None:
    text = "app = Vivace()\n\n@app.get('no slash')\ndef read(): ..."
    shown = format_cause(caught(exec, *program(text, Vivace=Vivace)))
    assert 'File "shop.py", line 3' in shown
    assert "vivace/" not in shown
    assert shown.splitlines()[-1].strip()


def test_a_cause_goes_on_into_other_packages() -> None:
    shown = format_cause(caught(exec, *program("json.loads('{')", json=json)))
    assert 'File "shop.py", line 1' in shown
    assert "json/decoder.py" in shown


def test_a_syntax_error_shows_its_line() -> None:
    shown = format_cause(caught(compile, "1 +", "shop.py", "exec"))
    assert 'File "shop.py", line 1' in shown
    assert "1 +" in shown
    assert "SyntaxError: invalid syntax" in shown


def test_a_cause_that_was_never_raised_has_no_traceback() -> None:
    assert format_cause(ValueError("wrong")) == "ValueError: wrong"


def test_what_imports_the_program_is_not_shown(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from importlib import import_module

    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "broken_shop.py").write_text("raise LookupError('no stock')")

    def load() -> None:
        import_module("broken_shop")

    error = caught(load)
    assert error.__traceback__ is not None
    # From the import on, as it is where the command line imports.
    error.__traceback__ = error.__traceback__.tb_next and error.__traceback__.tb_next.tb_next
    shown = format_cause(error)
    assert "importlib" not in shown
    assert "broken_shop.py" in shown.splitlines()[1]
    assert shown.endswith("LookupError: no stock")
