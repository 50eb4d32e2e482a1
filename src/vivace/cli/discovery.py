"""Finding the app that a command is about: from a path, an import string or nothing at all."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vivace.cli.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

#: Looked for in this order, below the directory that was named or the current one.
DEFAULT_FILES = (
    "main.py",
    "app.py",
    "api.py",
    "app/main.py",
    "app/app.py",
    "app/api.py",
)
#: Names that an app is looked for under before any other name.
DEFAULT_NAMES = ("app", "api")

IMPORT_STRING = re.compile(r"(?P<module>\w+(?:\.\w+)*):(?P<attribute>\w+(?:\.\w+)*)")
DOTTED_NAME = re.compile(r"\w+(?:\.\w+)*")


@dataclass(frozen=True)
class Module:
    """A module by the name it is imported under and the directory it is imported from."""

    name: str
    directory: Path
    #: The file that it must turn out to be, where the user named one.
    file: Path | None = None


@dataclass(frozen=True)
class Target:
    """An app that was found, and where."""

    module: str
    attribute: str
    app: Any
    #: Whether the name is that of a function that makes the app.
    is_factory: bool = False

    @property
    def import_string(self) -> str:
        """``module:attribute``, by which any other process can import it as well."""
        return f"{self.module}:{self.attribute}"


def find_target(where: str | None, *, name: str | None = None, as_fastapi: bool = False) -> Target:
    """Import the app that ``where`` names.

    The directory of the app is put first on ``sys.path``, and stays there: the app may import
    its neighbours later on, and so may the processes that serve it.

    Args:
        where: a file, a directory, a module or ``module:app``. Where it is ``None`` the
            ``entrypoint`` of ``[tool.vivace]`` in ``pyproject.toml`` is taken, then the first of
            :data:`DEFAULT_FILES` that exists.
        name: the variable that holds the app, or the function that makes it; a variable is looked
            for by default.
        as_fastapi: let ``import fastapi`` resolve to Vivace, here and in child processes.

    Raises:
        CommandError: there is no such file, module or app, or importing it failed.
    """
    if as_fastapi:
        from vivace import compat

        compat.install()
        compat.install_in_children()
    if where is None:
        where = configured_entrypoint(Path.cwd())
    location, named = split_location(where)
    if name is not None and named is not None and name != named:
        raise CommandError(
            f"{where} names {named!r}, but --app names {name!r}.", "Leave one of them out."
        )
    module = locate_module(location)
    imported = import_module(module)
    attribute = name or named
    if attribute is None:
        attribute = find_app_name(imported)
    return target_in(imported, attribute)


def target_in(module: ModuleType, attribute: str) -> Target:
    """The app that ``module`` has under this name, or that a function of this name makes.

    Raises:
        CommandError: there is none, or the function fails.
    """
    app = get_app(module, attribute)
    if is_factory(app):
        made = make_app(app, module.__name__)
        return Target(module.__name__, attribute, made, is_factory=True)
    return Target(module.__name__, attribute, app)


def configured_entrypoint(directory: Path) -> str | None:
    """The ``entrypoint`` set in the ``pyproject.toml`` of ``directory``, if there is one."""
    # A project that comes from FastAPI keeps its own setting.
    for section in ("vivace", "fastapi"):
        entrypoint = read_settings(directory, section).get("entrypoint")
        if entrypoint is not None:
            if not isinstance(entrypoint, str):
                raise CommandError(
                    f"entrypoint of [tool.{section}] in pyproject.toml has to be a string.",
                    'For example: entrypoint = "shop.main:app"',
                )
            return entrypoint
    return None


def read_settings(directory: Path, section: str = "vivace") -> dict[str, Any]:
    """What ``[tool.vivace]`` of the ``pyproject.toml`` of ``directory`` says, if there is one."""
    file = directory / "pyproject.toml"
    if not file.is_file():
        return {}
    try:
        tool = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CommandError(f"pyproject.toml cannot be read: {error}.") from None
    settings: dict[str, Any] = tool.get(section, {})
    return settings


def split_location(where: str | None) -> tuple[str | None, str | None]:
    """Split ``module:app`` or ``file.py:app``; the app's name is ``None`` where not given."""
    if where is None:
        return None, None
    if match := IMPORT_STRING.fullmatch(where):
        return match["module"], match["attribute"]
    location, colon, name = where.rpartition(":")
    if colon and location.endswith(".py") and name.isidentifier():
        return location, name
    return where, None


def locate_module(location: str | None) -> Module:
    """The module that a path or a dotted name stands for."""
    if location is None:
        return module_of_file(find_default_file(Path()))
    path = Path(location)
    if path.is_dir():
        return module_of_file(find_default_file(path))
    if path.is_file():
        return module_of_file(path)
    if DOTTED_NAME.fullmatch(location) and not location.endswith(".py"):
        return Module(location, Path.cwd())
    raise CommandError(f"Path does not exist {location}")


def find_default_file(directory: Path) -> Path:
    """The first of :data:`DEFAULT_FILES` in ``directory``, or the package that it is."""
    candidates = [directory / name for name in DEFAULT_FILES]
    if directory != Path():
        candidates.append(directory / "__init__.py")
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    place = "this directory" if directory == Path() else str(directory)
    raise CommandError(
        f"No app found in {place}: there is none of {', '.join(DEFAULT_FILES)}.",
        "Name the file (path/to/file.py) or the app (module:app), "
        "or set entrypoint of [tool.vivace] in pyproject.toml.",
    )


def module_of_file(file: Path) -> Module:
    """The name by which ``file`` is imported, counting the packages that it stands in."""
    file = file.resolve()
    if file.suffix != ".py":
        raise CommandError(f"{file.name} is not a Python file.")
    names = [] if file.stem == "__init__" else [file.stem]
    directory = file.parent
    while (directory / "__init__.py").is_file():
        names.insert(0, directory.name)
        directory = directory.parent
    for name in names:
        if not name.isidentifier():
            raise CommandError(
                f"{file.name} cannot be imported: {name!r} is not a Python name.",
                "Rename it with letters, digits and underscores.",
            )
    return Module(".".join(names), directory, file)


def import_module(module: Module) -> ModuleType:
    """Import ``module`` with its directory first on ``sys.path``."""
    directory = str(module.directory)
    if directory not in sys.path[:1]:
        sys.path.insert(0, directory)
    try:
        imported = importlib.import_module(module.name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if module.name == missing or module.name.startswith(f"{missing}."):
            raise CommandError(
                f"There is no module {module.name} here.",
                f"It was looked for in {directory} and among the installed packages.",
            ) from None
        raise CommandError(
            f"{module.name} could not be imported.", missing_hint(missing)
        ) from error
    except Exception as error:
        raise CommandError(f"{module.name} could not be imported.") from error
    check_origin(module, imported)
    return imported


def missing_hint(missing: str) -> str:
    if missing.partition(".")[0] == "fastapi":
        return "To run a program written for FastAPI on Vivace, add --as-fastapi."
    return f"Install what provides {missing!r}, or mend the import."


def check_origin(module: Module, imported: ModuleType) -> None:
    """Refuse another module of the same name: one imported before, or of the standard library."""
    origin = getattr(imported, "__file__", None)
    if module.file is None or (origin and Path(origin).resolve() == module.file):
        return
    raise CommandError(
        f"{module.file.name} is hidden by another module of the name {module.name}: "
        f"{origin or 'one built into Python'}.",
        "Rename the file.",
    )


def find_app_name(module: ModuleType) -> str:
    """The variable of ``module`` that holds its app.

    Raises:
        CommandError: it holds none, or several of which none is named ``app`` or ``api``.
    """
    from vivace.applications import Vivace

    found = [name for name, value in vars(module).items() if isinstance(value, Vivace)]
    for name in DEFAULT_NAMES:
        if name in found:
            return name
    if len(found) == 1:
        return found[0]
    if found:
        raise CommandError(
            f"{module.__name__} holds several apps: {', '.join(found)}.",
            f"Say which one is meant, for example --app {found[0]}.",
        )
    # Any other ASGI app, such as one wrapped in a middleware.
    for name in DEFAULT_NAMES:
        if callable(getattr(module, name, None)):
            return name
    raise CommandError(
        f"There is no app in {module.__name__}.",
        "Make one, such as app = Vivace(), or name the variable that holds it with --app.",
    )


def get_app(module: ModuleType, attribute: str) -> Any:
    """The app of ``module`` under the (dotted) name ``attribute``."""
    value: Any = module
    for name in attribute.split("."):
        try:
            value = getattr(value, name)
        except AttributeError:
            raise CommandError(
                f"There is no {attribute!r} in {module.__name__}.", existing_apps_hint(module)
            ) from None
    if not callable(value):
        raise CommandError(
            f"{attribute!r} in {module.__name__} is not an app but {type(value).__name__}.",
            existing_apps_hint(module),
        )
    return value


def is_factory(value: Any) -> bool:
    """Whether it makes an app: a function that can be called with nothing, as no ASGI app can."""
    if not inspect.isfunction(value) or inspect.iscoroutinefunction(value):
        return False
    try:
        inspect.signature(value).bind()
    except TypeError:
        return False
    return True


def make_app(factory: Callable[[], Any], module: str) -> Any:
    """The app that ``factory`` makes.

    Raises:
        CommandError: It fails, or makes something else.
    """
    try:
        app = factory()
    except Exception as error:
        raise CommandError(f"{factory.__name__}() of {module} could not make the app.") from error
    if not callable(app):
        raise CommandError(
            f"{factory.__name__}() of {module} makes no app but {type(app).__name__}.",
            "Have it return the app.",
        )
    return app


def existing_apps_hint(module: ModuleType) -> str | None:
    from vivace.applications import Vivace

    found = [name for name, value in vars(module).items() if isinstance(value, Vivace)]
    return f"It holds: {', '.join(found)}." if found else None
