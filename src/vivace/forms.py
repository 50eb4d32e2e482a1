"""Whether forms can be read: their parser is an optional dependency."""

from __future__ import annotations

import warnings
from importlib import import_module

from vivace.exceptions import VivaceError

multipart_not_installed_error = (
    'Form data requires "python-multipart" to be installed.\n'
    "You can install it with:\n\n"
    "pip install python-multipart\n"
)
multipart_incorrect_install_error = (
    'Form data requires "python-multipart" to be installed, and "multipart", another package '
    "with the same module name, is installed in its place.\n"
    "You can replace it with:\n\n"
    "pip uninstall multipart\n"
    "pip install python-multipart\n"
)

# The first version whose module cannot be mistaken for that of the other package.
_UNAMBIGUOUS_VERSION = (0, 0, 13)


def ensure_multipart_is_installed() -> None:
    """Check that the parser of forms is installed.

    Raises:
        VivaceError: it is not, or a package of a similar name is installed in its place.
    """
    try:
        from python_multipart import __version__
    except ImportError:
        pass
    else:
        if _parsed(__version__) >= _UNAMBIGUOUS_VERSION:
            return
    _check_old_module()


def _check_old_module() -> None:
    if not _has("multipart", "__version__"):
        raise VivaceError(multipart_not_installed_error)
    # Both packages have a version; only the right one has the function.
    if not _has("multipart.multipart", "parse_options_header"):
        raise VivaceError(multipart_incorrect_install_error)


def _has(module: str, attribute: str) -> bool:
    with warnings.catch_warnings():
        # The old name warns that it is the old name.
        warnings.simplefilter("ignore")
        try:
            return hasattr(import_module(module), attribute)
        except ImportError:
            return False


def _parsed(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


__all__ = [
    "ensure_multipart_is_installed",
    "multipart_incorrect_install_error",
    "multipart_not_installed_error",
]
