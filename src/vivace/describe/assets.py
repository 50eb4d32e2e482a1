"""Where the scripts of the documentation pages are: in an installed package, or on a CDN."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

Page = Literal["swagger_ui", "redoc", "scalar"]


@dataclass(frozen=True)
class Bundle:
    """The files of one page in a distribution on PyPI."""

    distribution: str
    #: The major versions of the distribution whose files the page is written for.
    majors: range
    #: The top-level module, which is found but never imported, and the folder in it.
    module: str
    folder: str
    #: The name of each file by the parameter of the page that takes its URL.
    files: dict[str, str]
    #: What else the page is to be told where the files are local.
    settings: dict[str, Any] = field(default_factory=dict)

    def directory(self) -> Path | None:
        """The folder with the files; ``None`` where the distribution is not installed."""
        try:
            major = int(version(self.distribution).partition(".")[0])
        except (PackageNotFoundError, ValueError):
            return None
        spec = find_spec(self.module)
        if major not in self.majors or spec is None or spec.origin is None:
            return None
        folder = Path(spec.origin).parent / self.folder
        return folder if all((folder / name).is_file() for name in self.files.values()) else None


BUNDLES: dict[Page, Bundle] = {
    "swagger_ui": Bundle(
        distribution="swagger-ui-py",
        # Versions are years; those before have no Swagger UI that knows OpenAPI 3.1.
        majors=range(23, 100),
        module="swagger_ui",
        folder="static",
        files={
            "swagger_js_url": "swagger-ui-bundle.js",
            "swagger_css_url": "swagger-ui.css",
            "swagger_favicon_url": "favicon-32x32.png",
        },
    ),
    "redoc": Bundle(
        distribution="star-openapi-redoc",
        # Versions are those of ReDoc, whose third is another page altogether.
        majors=range(2, 3),
        module="star_openapi_redoc",
        folder="templates/redoc/js",
        files={"redoc_js_url": "redoc.standalone.js"},
        settings={"with_google_fonts": False},
    ),
    "scalar": Bundle(
        distribution="star-openapi-scalar",
        majors=range(1, 2),
        module="star_openapi_scalar",
        folder="templates/scalar/js",
        files={"scalar_js_url": "scalar.standalone.js"},
        settings={"with_default_fonts": False},
    ),
}


@dataclass(frozen=True)
class PageAssets:
    """Where the files of one page are.

    Attributes:
        directory: The folder to serve; ``None`` where the page loads its files from a CDN.
    """

    directory: Path | None
    bundle: Bundle

    def arguments(self, prefix: str) -> dict[str, Any]:
        """The keyword arguments that tell the page's function where its files are.

        Args:
            prefix: The URL at which ``directory`` is served.
        """
        if self.directory is None:
            return {}
        urls = {name: f"{prefix}/{file}" for name, file in self.bundle.files.items()}
        return {**urls, **self.bundle.settings}


def find_assets(*, from_cdn: bool = False) -> dict[Page, PageAssets]:
    """The assets of each page, local ones wherever their distribution is installed.

    Args:
        from_cdn: Use the CDN for all of them.
    """
    return {
        page: PageAssets(None if from_cdn else _installed(page), bundle)
        for page, bundle in BUNDLES.items()
    }


@lru_cache
def _installed(page: Page) -> Path | None:
    return BUNDLES[page].directory()


__all__ = ["BUNDLES", "Bundle", "Page", "PageAssets", "find_assets"]
