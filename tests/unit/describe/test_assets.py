from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vivace import Vivace
from vivace.describe import assets
from vivace.describe.assets import BUNDLES, Page, find_assets
from vivace.testclient import TestClient

Install = Callable[..., Path]
PAGES: list[Page] = ["swagger_ui", "redoc", "scalar"]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts distributions on the path that have the files of a page, and fail when imported."""
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assets._installed.cache_clear()

    def install(page: Page, *, version: str | None = None, files: bool = True) -> Path:
        bundle = BUNDLES[page]
        package = tmp_path / bundle.module
        folder = package / bundle.folder
        folder.mkdir(parents=True)
        (package / "__init__.py").write_text("raise AssertionError('imported')")
        for name in bundle.files.values() if files else ():
            (folder / name).write_text(f"the file {name}")
        version = version or f"{bundle.majors[-1]}.1"
        info = tmp_path / f"{bundle.distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        metadata = f"Metadata-Version: 2.1\nName: {bundle.distribution}\nVersion: {version}\n"
        (info / "METADATA").write_text(metadata)
        return folder

    yield install
    assets._installed.cache_clear()


@pytest.mark.parametrize("page", PAGES)
def test_the_files_of_an_installed_distribution_are_found(page: Page, install: Install) -> None:
    folder = install(page)
    found = find_assets()[page]
    assert found.directory == folder
    assert set(found.arguments("/x").values()) >= {f"/x/{f}" for f in BUNDLES[page].files.values()}


@pytest.mark.parametrize("page", PAGES)
def test_without_the_distribution_a_page_uses_the_cdn(page: Page, install: Install) -> None:
    found = find_assets()[page]
    assert found.directory is None
    assert found.arguments("/x") == {}


def test_files_of_another_major_version_are_left_alone(install: Install) -> None:
    install("redoc", version="3.0.1")
    assert find_assets()["redoc"].directory is None


def test_a_distribution_without_the_files_is_left_alone(install: Install) -> None:
    install("scalar", files=False)
    assert find_assets()["scalar"].directory is None


def test_the_cdn_can_be_asked_for(install: Install) -> None:
    install("swagger_ui")
    assert find_assets(from_cdn=True)["swagger_ui"].directory is None


@pytest.mark.parametrize("page", PAGES)
def test_an_app_serves_installed_files_below_the_page(page: Page, install: Install) -> None:
    install(page)
    app = Vivace(docs_url="/swagger_ui", redoc_url="/redoc", scalar_url="/scalar")
    client = TestClient(app)
    html = client.get(f"/{page}").text
    for name in BUNDLES[page].files.values():
        assert f'"/{page}/assets/{name}"' in html
        assert client.get(f"/{page}/assets/{name}").text == f"the file {name}"
    assert client.get(f"/{page}/assets/../__init__.py").status_code == 404
    assert "https://" not in html


def test_a_page_at_the_root_has_its_files_below_it(install: Install) -> None:
    install("swagger_ui")
    client = TestClient(Vivace(docs_url="/"))
    assert '"/assets/swagger-ui.css"' in client.get("/").text
    assert client.get("/assets/swagger-ui.css").status_code == 200


def test_pages_behind_a_proxy_name_its_prefix(install: Install) -> None:
    install("swagger_ui")
    app = Vivace(root_path="/api", scalar_url="/scalar")
    client = TestClient(app)
    swagger_ui = client.get("/docs").text
    assert '"/api/docs/assets/swagger-ui.css"' in swagger_ui
    assert "url: '/api/openapi.json'" in swagger_ui
    assert "'/api/docs/oauth2-redirect'" in swagger_ui
    assert '"url": "/api/openapi.json"' in client.get("/scalar").text
    assert 'spec-url="/api/openapi.json"' in client.get("/redoc").text


def test_pages_can_be_switched_off() -> None:
    client = TestClient(Vivace(docs_url=None, redoc_url=None))
    for path in ("/docs", "/docs/oauth2-redirect", "/redoc", "/scalar"):
        assert client.get(path).status_code == 404
    assert client.get("/openapi.json").status_code == 200
    client = TestClient(Vivace(openapi_url=None, scalar_url="/scalar"))
    for path in ("/openapi.json", "/docs", "/redoc", "/scalar"):
        assert client.get(path).status_code == 404
