"""The files of a built frontend: what is sent for a path, and what where there is no such file."""

from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import anyio.to_thread
from starlette.datastructures import URL, Headers
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from vivace.exceptions import warn_outside

if TYPE_CHECKING:
    from starlette.types import Scope

Fallback = Literal["auto", "index.html", "404.html"] | None
CheckDir = bool | Literal["auto"]

METHODS: Final = frozenset({"GET", "HEAD"})

#: Any of these set to ``development`` says that the build may not be there yet. The second is
#: the one that programs and deployments written for FastAPI set.
ENVIRONMENT_VARIABLES: Final = ("VIVACE_ENV", "FASTAPI_ENV")


class FoundFile(NamedTuple):
    path: str
    stat_result: os.stat_result
    #: True for the index of the directory that was asked for.
    is_index: bool


class FrontendFiles(StaticFiles):
    """Serve the files below ``directory``, and a fallback where there is none.

    A directory stands for its ``index.html``; without a slash at the end it redirects there.

    Args:
        directory: Where the build is.
        fallback: ``"index.html"`` lets the application in the browser route paths itself: that
            page is sent, with 200, to those who ask for HTML. ``"404.html"`` is sent with 404
            to everybody. ``"auto"`` takes ``404.html`` where there is one, else
            ``index.html``. ``None`` leaves it to the app's own 404.
    """

    def __init__(self, directory: str | os.PathLike[str], fallback: Fallback) -> None:
        super().__init__(directory=directory, check_dir=False)
        self.root = directory
        self.fallback = fallback

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The response to a request for ``path``, which is relative to the directory.

        Raises:
            HTTPException: 404; 405 where a file is there and the method is not GET or HEAD;
                401 where the file may not be read.
            RuntimeError: the directory, or the fallback that was asked for, does not exist.
        """
        if not self.config_checked:
            await self.check_config()
            self.config_checked = True
        found = await self.find(path)
        if scope["method"] not in METHODS:
            raise _refusal(found)
        if found is None:
            return await self._get_fallback(scope)
        if found.is_index and not scope["path"].endswith("/"):
            url = URL(scope=scope)
            return RedirectResponse(url.replace(path=url.path + "/"))
        return self.file_response(found.path, found.stat_result, scope)

    async def find(self, path: str) -> FoundFile | None:
        """Look up a file, or the index of a directory, in a worker thread.

        Raises:
            HTTPException: 401 where the file may not be read.
        """
        try:
            return await anyio.to_thread.run_sync(self._find, path)
        except PermissionError:
            raise HTTPException(401) from None
        except ValueError:
            # No file has a name with a null byte in it.
            return None
        except OSError as error:
            # A path of the application in the browser may well be longer than a file's name.
            if error.errno == errno.ENAMETOOLONG:
                return None
            raise

    def _find(self, path: str) -> FoundFile | None:
        file, stat_result = self.lookup_path(path)
        is_index = stat_result is not None and stat.S_ISDIR(stat_result.st_mode)
        if is_index:
            file, stat_result = self.lookup_path(os.path.join(path, "index.html"))  # noqa: PTH118
        if stat_result is None or not stat.S_ISREG(stat_result.st_mode):
            return None
        return FoundFile(file, stat_result, is_index)

    async def _get_fallback(self, scope: Scope) -> Response:
        if self.fallback in ("auto", "404.html"):
            found = await self.find("404.html")
            if found is not None:
                return FileResponse(found.path, status_code=404, stat_result=found.stat_result)
        elif self.fallback is None:
            raise HTTPException(404)
        if self.fallback == "404.html":
            raise missing_fallback(self.root, self.fallback)
        return await self._get_index(scope)

    async def _get_index(self, scope: Scope) -> Response:
        # Caches must not give the page to those who asked for something else, or the reverse
        # (RFC 9110, section 12.5.5).
        if not accepts_html(Headers(scope=scope)):
            raise HTTPException(404, headers={"Vary": "Accept"})
        found = await self.find("index.html")
        if found is None:
            if self.fallback == "index.html":
                raise missing_fallback(self.root, self.fallback)
            raise HTTPException(404)
        response = self.file_response(found.path, found.stat_result, scope)
        response.headers.add_vary_header("Accept")
        return response


def _refusal(found: FoundFile | None) -> HTTPException:
    """What answers a method that files do not have."""
    if found is None:
        return HTTPException(404)
    return HTTPException(405, headers={"Allow": ", ".join(sorted(METHODS))})


#: A weight of zero, which stands for "not acceptable" (RFC 9110, section 12.4.2).
_REFUSED = re.compile(r"q\s*=\s*0(\.0*)?", re.IGNORECASE)


def accepts_html(headers: Headers) -> bool:
    """Whether HTML is asked for by name, as browsers do when they navigate.

    ``*/*`` does not count: it is what scripts send for images, style sheets and data.
    """
    for media_range in ",".join(headers.getlist("accept")).split(","):
        media_type, *parameters = (part.strip() for part in media_range.split(";"))
        is_html = media_type.lower() in ("text/html", "application/xhtml+xml")
        if is_html and not any(_REFUSED.fullmatch(parameter) for parameter in parameters):
            return True
    return False


def check_frontend(
    directory: str | os.PathLike[str], fallback: Fallback, check_dir: CheckDir
) -> None:
    """Check that a build is there, as far as ``check_dir`` asks for it.

    ``"auto"`` warns of a missing directory in development and otherwise does as ``True``.

    Raises:
        RuntimeError: the directory, or the fallback asked for by name, does not exist.
    """
    if not check_dir:
        return
    in_development = check_dir == "auto" and _is_development()
    if not Path(directory).is_dir():
        message = (
            f"The frontend's directory {os.fspath(directory)!r} does not exist. "
            f"Its absolute path is {str(Path(directory).absolute())!r}: build the frontend, "
            "or start the program where that path is right."
        )
        if not in_development:
            raise RuntimeError(message)
        warn_outside(message, UserWarning)
    elif (
        not in_development
        and fallback in ("index.html", "404.html")
        and not (Path(directory) / fallback).is_file()
    ):
        raise missing_fallback(directory, fallback)


def missing_fallback(directory: str | os.PathLike[str], fallback: str) -> RuntimeError:
    """The error that says which fallback is missing, and where."""
    return RuntimeError(
        f"The frontend's fallback {fallback!r} does not exist in the directory "
        f"{os.fspath(directory)!r}, whose absolute path is {str(Path(directory).absolute())!r}: "
        "build the frontend, or name another fallback."
    )


def _is_development() -> bool:
    return any(os.environ.get(name) == "development" for name in ENVIRONMENT_VARIABLES)
