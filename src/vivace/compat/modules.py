"""Which native module answers for which module of the peer."""

from __future__ import annotations

from typing import Final

PEER: Final = "fastapi"

PEER_VERSION: Final = "0.165.0"
"""The release whose behaviour is mirrored: what `importlib.metadata.version("fastapi")` answers."""

# A row covers a package's submodules too: `fastapi.middleware.cors` is `vivace.middleware.cors`.
# Modules that are not listed are files of `facade/`; those have names that the peer spells
# differently, or gather under one name what Vivace keeps apart.
NATIVE_MODULES: Final[dict[str, str]] = {
    "fastapi.background": "vivace.background",
    "fastapi.concurrency": "vivace.concurrency",
    "fastapi.encoders": "vivace.encoders",
    "fastapi.exception_handlers": "vivace.exception_handlers",
    "fastapi.middleware": "vivace.middleware",
    "fastapi.middleware.asyncexitstack": "vivace.compat.exit_stack",
    "fastapi.openapi.docs": "vivace.describe.pages",
    "fastapi.openapi.models": "vivace.describe.models",
    "fastapi.openapi.utils": "vivace.describe.document",
    "fastapi.param_functions": "vivace.declare.functions",
    "fastapi.requests": "vivace.requests",
    "fastapi.responses": "vivace.responses",
    "fastapi.security.api_key": "vivace.security.api_key",
    "fastapi.security.http": "vivace.security.http",
    "fastapi.security.open_id_connect_url": "vivace.security.open_id_connect",
    "fastapi.sse": "vivace.sse",
    "fastapi.staticfiles": "vivace.staticfiles",
    "fastapi.status": "vivace.status",
    "fastapi.telemetry._runtime": "vivace.telemetry.runtime",
    "fastapi.templating": "vivace.templating",
    "fastapi.testclient": "vivace.testclient",
    "fastapi.types": "vivace.types",
    "fastapi.websockets": "vivace.websockets",
}


def find_native_module(peer_module: str) -> str | None:
    """The native module that answers for `peer_module`, or None if `facade/` has a file for it."""
    package = peer_module
    while package:
        if package in NATIVE_MODULES:
            return NATIVE_MODULES[package] + peer_module[len(package) :]
        package = package.rpartition(".")[0]
    return None
