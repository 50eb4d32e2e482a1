"""`import fastapi` resolves to Vivace in a process where the alias is installed.

The alias is installed in processes of its own: the facade gives Vivace the peer's names for what
it leaves in scopes and in telemetry, and other tests share this process.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import vivace.compat
from vivace.compat.finder import FACADE, PeerFinder
from vivace.compat.modules import NATIVE_MODULES, PEER, PEER_VERSION

if TYPE_CHECKING:
    from .conftest import RunPython

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
    "fastapi.dependencies.models": "Dependant",
    "fastapi.dependencies.utils": (
        "get_dependant get_flat_params get_parameterless_sub_dependant get_typed_annotation "
        "get_typed_return_annotation get_typed_signature"
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
    "fastapi.middleware.asyncexitstack": "AsyncExitStackMiddleware",
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


LIST_MISSING = """
import json, sys, warnings
from importlib import import_module

warnings.simplefilter("ignore")
public, native = json.loads(sys.argv[1])
missing = {}
for module, names in public.items():
    try:
        imported = import_module(module)
    except ImportError as error:
        missing[module] = str(error)
    else:
        missing[module] = [name for name in names.split() if not hasattr(imported, name)]
copied = [peer for peer, own in native.items() if import_module(peer) is not import_module(own)]
renamed = [own for own in native.values() if import_module(own).__name__ != own]
print(json.dumps({"missing": missing, "copied": copied, "renamed": renamed}))
"""


@pytest.fixture(scope="module")
def found() -> Any:
    """What a process under the alias finds of the modules that are asked for here."""
    modules = json.dumps([PUBLIC_NAMES, NATIVE_MODULES])
    command = [sys.executable, "-m", "vivace.compat", "-c", LIST_MISSING, modules]
    return json.loads(subprocess.check_output(command, text=True))


@pytest.mark.parametrize("module", PUBLIC_NAMES)
def test_documented_names_resolve(found: Any, module: str) -> None:
    assert found["missing"][module] == []


def test_native_modules_are_one_object_under_both_names(found: Any) -> None:
    assert found["copied"] == []
    assert found["renamed"] == []


@pytest.mark.parametrize("peer_module", NATIVE_MODULES)
def test_native_module_does_not_hide_a_file_of_the_facade(peer_module: str) -> None:
    path = FACADE.joinpath(*peer_module.split(".")[1:])
    assert not path.exists()
    assert not path.with_suffix(".py").exists()


# Each line is a program that prints nothing, and fails where it finds another thing than expected.
PROGRAMS = {
    "submodules of a native package are native": """
import fastapi.middleware.cors, vivace.middleware.cors
assert fastapi.middleware.cors is vivace.middleware.cors
""",
    "classes of the facade have the peer's module names": """
import fastapi
assert fastapi.FastAPI.__module__ == "fastapi.applications"
""",
    "submodules are attributes without an import of their own": """
import fastapi
assert fastapi.encoders.jsonable_encoder
assert fastapi.openapi.utils.get_openapi and fastapi.security.http.HTTPBearer
assert fastapi.dependencies.models.Dependant
for package in (fastapi, fastapi.openapi, fastapi.security, fastapi.dependencies):
    assert not hasattr(package, "no_such_module")
""",
    "what a signature says is told as the peer tells it": """
from fastapi import Depends, Header
from fastapi.dependencies.utils import (
    get_dependant, get_flat_params, get_parameterless_sub_dependant, get_typed_return_annotation,
    get_typed_signature,
)
def check(token: str = Header()): ...
def read(item: "int", q: str = "", checked: None = Depends(check)) -> "str": ...
assert get_typed_signature(read).parameters["item"].annotation is int
assert get_typed_return_annotation(read) is str
assert get_typed_return_annotation(check) is None
dependant = get_dependant(path="/{item}", call=read)
assert [field.name for field in get_flat_params(dependant)] == ["item", "q", "token"]
dependant = get_parameterless_sub_dependant(depends=Depends(check), path="/")
assert dependant.call is check
def once(checked: None = Depends(check, use_cache=False)): ...
assert not get_dependant(path="/", call=once).dependencies[0].use_cache
""",
    "middleware may give every scope a stack": """
from fastapi import FastAPI, Request
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from fastapi.testclient import TestClient
app, closed = FastAPI(), []
app.add_middleware(AsyncExitStackMiddleware)
@app.get("/")
async def push(request: Request):
    request.scope["fastapi_middleware_astack"].callback(closed.append, "closed")
assert TestClient(app).get("/").status_code == 200
assert closed == ["closed"]
""",
    "telemetry goes by the peer's name": """
import fastapi
from vivace.telemetry import naming
assert (naming.prefix(), naming.title()) == ("fastapi", "FastAPI")
""",
    "packages that ask for the peer's version get the one that is mirrored": f"""
from importlib.metadata import distribution, metadata, version
assert version("fastapi") == {PEER_VERSION!r}
assert metadata("fastapi")["Name"] == "fastapi"
assert distribution("fastapi").files is None
assert version("starlette") != {PEER_VERSION!r}
""",
    "installing twice adds one finder": """
import sys, vivace.compat
vivace.compat.install()
assert [type(finder).__name__ for finder in sys.meta_path].count("PeerFinder") == 1
assert type(sys.meta_path[0]).__name__ == "PeerFinder"
""",
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_under_the_alias(run_python: RunPython, program: str) -> None:
    run_python("-m", "vivace.compat", "-c", program)


def test_installed_peer_is_not_reached(run_python: RunPython, tmp_path: Path) -> None:
    package = tmp_path / PEER
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "only_there.py").touch()
    code = "import fastapi; print(fastapi.__file__, hasattr(fastapi, 'only_there'))"
    assert run_python("-m", "vivace.compat", "-c", code) == f"{FACADE / '__init__.py'} False"


def test_installing_after_the_peer_was_imported_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        sys, "meta_path", [f for f in sys.meta_path if not isinstance(f, PeerFinder)]
    )
    monkeypatch.setitem(sys.modules, PEER, sys)
    with pytest.raises(RuntimeError, match="imported before the alias was installed"):
        vivace.compat.install()
