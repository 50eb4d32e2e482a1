"""``vivace openapi``: write an app's OpenAPI document."""

import contextlib
import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from vivace.cli.discovery import find_target
from vivace.cli.errors import CommandError
from vivace.cli.options import AppArgument, AsFastapiOption, NameOption


class Format(StrEnum):
    JSON = "json"
    YAML = "yaml"


#: By which suffix of a file a format is recognised.
SUFFIXES = {".json": Format.JSON, ".yaml": Format.YAML, ".yml": Format.YAML}


def openapi(
    app: AppArgument = None,
    *,
    name: NameOption = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            dir_okay=False,
            help="The file to write, in place of standard output.",
            show_default=False,
        ),
    ] = None,
    format: Annotated[
        Format | None,
        typer.Option(
            help="By default what the suffix of FILE says, and JSON otherwise.",
            show_default=False,
        ),
    ] = None,
    as_fastapi: AsFastapiOption = False,
) -> None:
    """Write the OpenAPI document of an app."""
    # What the program prints while it is imported is no part of the document.
    with contextlib.redirect_stdout(sys.stderr):
        target = find_target(app, name=name, as_fastapi=as_fastapi)
        describe = getattr(target.app, "openapi", None)
        if not callable(describe):
            raise CommandError(
                f"{target.import_string} is {type(target.app).__name__}, which has no OpenAPI.",
                "Name the Vivace app itself with --app.",
            )
        document = describe()
    text = dump(document, format or format_of(output))
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{output} cannot be written: {error.strerror}.") from None


def format_of(file: Path | None) -> Format:
    if file is None:
        return Format.JSON
    return SUFFIXES.get(file.suffix.lower(), Format.JSON)


def dump(document: dict[str, Any], format: Format) -> str:
    """The document as text that ends in a line break."""
    if format is Format.JSON:
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    try:
        import yaml
    except ModuleNotFoundError:
        raise CommandError("YAML needs PyYAML.", 'pip install "vivace[standard]"') from None
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    return text
