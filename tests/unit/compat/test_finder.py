"""`import fastapi` resolves to Vivace in a process where the alias is installed."""

from __future__ import annotations

import importlib.metadata
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import vivace.compat
from vivace.compat.finder import FACADE, PeerFinder
from vivace.compat.modules import NATIVE_MODULES, PEER
from vivace.telemetry import naming

if TYPE_CHECKING:
    from collections.abc import Iterator

# The names that the peer documents, by module.
PUBLIC_NAMES = {
    "fastapi": (
        "APIRouter BackgroundTasks Body Cookie Depends FastAPI File Form HTTPException Header Path "
        "Query Request Response Security UploadFile WebSocket WebSocketDisconnect "
        "WebSocketException __version__ params routing status"
    ),
    "fastapi.applications": "FastAPI",
    "fastapi.background": "BackgroundTasks",
    "fastapi.concurrency": (
        "contextmanager_in_threadpool iterate_in_threadpool run_in_threadpool "
        "run_until_first_complete"
    ),
    "fastapi.datastructures": (
        "URL Address Default DefaultPlaceholder FormData Headers QueryParams State UploadFile"
    ),
    "fastapi.encoders": "jsonable_encoder",
    "fastapi.exception_handlers": (
        "http_exception_handler request_validation_exception_handler "
        "websocket_request_validation_exception_handler"
    ),
    "fastapi.exceptions": (
        "DependencyScopeError FastAPIDeprecationWarning FastAPIError HTTPException "
        "PydanticV1NotSupportedError RequestValidationError ResponseValidationError "
        "ValidationException WebSocketException WebSocketRequestValidationError"
    ),
    "fastapi.logger": "logger",
    "fastapi.middleware": "Middleware",
    "fastapi.middleware.cors": "CORSMiddleware",
    "fastapi.middleware.gzip": "GZipMiddleware",
    "fastapi.middleware.httpsredirect": "HTTPSRedirectMiddleware",
    "fastapi.middleware.trustedhost": "TrustedHostMiddleware",
    "fastapi.middleware.wsgi": "WSGIMiddleware",
    "fastapi.openapi.constants": "METHODS_WITH_BODY REF_PREFIX REF_TEMPLATE",
    "fastapi.openapi.docs": (
        "get_redoc_html get_swagger_ui_html get_swagger_ui_oauth2_redirect_html "
        "swagger_ui_default_parameters"
    ),
    "fastapi.openapi.models": (
        "APIKey APIKeyIn Components Contact Discriminator Encoding Example ExternalDocumentation "
        "HTTPBase HTTPBearer Header Info License Link MediaType OAuth2 OAuthFlow "
        "OAuthFlowAuthorizationCode OAuthFlowClientCredentials OAuthFlowImplicit OAuthFlowPassword "
        "OAuthFlows OpenAPI OpenIdConnect Operation Parameter ParameterInType PathItem Reference "
        "RequestBody Response Schema SchemaType SecurityBase SecuritySchemeType Server "
        "ServerVariable Tag XML"
    ),
    "fastapi.openapi.utils": "get_openapi",
    "fastapi.param_functions": ("Body Cookie Depends File Form Header Path Query Security"),
    "fastapi.params": ("Body Cookie Depends File Form Header Param ParamTypes Path Query Security"),
    "fastapi.requests": "HTTPConnection Request",
    "fastapi.responses": (
        "EventSourceResponse FileResponse HTMLResponse JSONResponse ORJSONResponse "
        "PlainTextResponse RedirectResponse Response StreamingResponse UJSONResponse"
    ),
    "fastapi.routing": "APIRoute APIRouter APIWebSocketRoute",
    "fastapi.security": (
        "APIKeyCookie APIKeyHeader APIKeyQuery HTTPAuthorizationCredentials HTTPBasic "
        "HTTPBasicCredentials HTTPBearer HTTPDigest OAuth2 OAuth2AuthorizationCodeBearer "
        "OAuth2PasswordBearer OAuth2PasswordRequestForm OAuth2PasswordRequestFormStrict "
        "OpenIdConnect SecurityScopes"
    ),
    "fastapi.security.api_key": "APIKeyCookie APIKeyHeader APIKeyQuery",
    "fastapi.security.base": "SecurityBase",
    "fastapi.security.http": (
        "HTTPAuthorizationCredentials HTTPBase HTTPBasic HTTPBasicCredentials HTTPBearer HTTPDigest"
    ),
    "fastapi.security.oauth2": (
        "OAuth2 OAuth2AuthorizationCodeBearer OAuth2PasswordBearer OAuth2PasswordRequestForm "
        "OAuth2PasswordRequestFormStrict SecurityScopes"
    ),
    "fastapi.security.open_id_connect_url": "OpenIdConnect",
    "fastapi.security.utils": "get_authorization_scheme_param",
    "fastapi.sse": "EventSourceResponse ServerSentEvent format_sse_event",
    "fastapi.staticfiles": "StaticFiles",
    "fastapi.telemetry": "TelemetryConfig get_telemetry_data",
    "fastapi.templating": "Jinja2Templates",
    "fastapi.testclient": "TestClient",
    "fastapi.types": "DecoratedCallable IncEx",
    "fastapi.utils": "generate_unique_id is_body_allowed_for_status_code",
    "fastapi.websockets": "WebSocket WebSocketDisconnect WebSocketState",
}


@pytest.fixture
def alias(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The alias, installed for one test."""

    def peer_modules() -> list[str]:
        return [name for name in sys.modules if name.partition(".")[0] == PEER]

    for name in peer_modules():
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    # Importing the facade renames telemetry.
    monkeypatch.setattr(naming, "_names", naming._names)
    vivace.compat.install()
    yield
    for name in peer_modules():
        del sys.modules[name]


@pytest.mark.filterwarnings("ignore:starlette.middleware.wsgi is deprecated")
@pytest.mark.usefixtures("alias")
@pytest.mark.parametrize("module", PUBLIC_NAMES)
def test_documented_names_resolve(module: str) -> None:
    imported = import_module(module)
    missing = [name for name in PUBLIC_NAMES[module].split() if not hasattr(imported, name)]
    assert not missing


@pytest.mark.usefixtures("alias")
@pytest.mark.parametrize("peer_module", NATIVE_MODULES)
def test_native_module_is_one_object_under_both_names(peer_module: str) -> None:
    native = import_module(NATIVE_MODULES[peer_module])
    assert import_module(peer_module) is native
    assert native.__name__ == NATIVE_MODULES[peer_module]


@pytest.mark.parametrize("peer_module", NATIVE_MODULES)
def test_native_module_does_not_hide_a_file_of_the_facade(peer_module: str) -> None:
    path = FACADE.joinpath(*peer_module.split(".")[1:])
    assert not path.exists()
    assert not path.with_suffix(".py").exists()


@pytest.mark.usefixtures("alias")
def test_submodules_of_a_native_package_are_native() -> None:
    assert import_module("fastapi.middleware.cors") is import_module("vivace.middleware.cors")


@pytest.mark.usefixtures("alias")
def test_facade_has_the_peers_module_names() -> None:
    assert import_module("fastapi").FastAPI.__module__ == "fastapi.applications"


@pytest.mark.usefixtures("alias")
def test_submodules_are_attributes_without_an_import_of_their_own() -> None:
    peer = import_module("fastapi")
    assert peer.encoders is import_module("fastapi.encoders")
    assert not hasattr(peer, "no_such_module")


@pytest.mark.usefixtures("alias")
def test_telemetry_goes_by_the_peers_name() -> None:
    import_module(PEER)
    assert (naming.prefix(), naming.title()) == ("fastapi", "FastAPI")


@pytest.mark.usefixtures("alias")
def test_installed_peer_is_not_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / PEER
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "only_there.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert import_module(PEER).__file__ == str(FACADE / "__init__.py")
    assert find_spec("fastapi.only_there") is None


@pytest.mark.usefixtures("alias")
def test_peer_distribution_is_the_release_that_is_mirrored() -> None:
    assert importlib.metadata.version(PEER) == vivace.compat.PEER_VERSION
    assert importlib.metadata.metadata(PEER)["Name"] == PEER
    assert importlib.metadata.distribution(PEER).files is None
    assert importlib.metadata.version("starlette") != vivace.compat.PEER_VERSION


@pytest.mark.usefixtures("alias")
def test_installing_twice_adds_one_finder() -> None:
    vivace.compat.install()
    assert sum(isinstance(finder, PeerFinder) for finder in sys.meta_path) == 1
    assert isinstance(sys.meta_path[0], PeerFinder)


def test_installing_after_the_peer_was_imported_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        sys, "meta_path", [f for f in sys.meta_path if not isinstance(f, PeerFinder)]
    )
    monkeypatch.setitem(sys.modules, PEER, sys)
    with pytest.raises(RuntimeError, match="imported before the alias was installed"):
        vivace.compat.install()
