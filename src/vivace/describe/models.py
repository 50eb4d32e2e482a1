"""The OpenAPI 3.1 document as pydantic models.

Section numbers are those of the OpenAPI Specification 3.1.0; ``Schema`` follows JSON Schema
2020-12. Every object keeps keys that are not listed here, because the specification lets any
object carry extensions (§4.9).
"""

from __future__ import annotations

from enum import Enum
from typing import Any, Literal

from pydantic import AnyUrl, BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from vivace.describe.objects import OpenAPIObject
from vivace.describe.security_schemes import (
    APIKey,
    APIKeyIn,
    HTTPBase,
    HTTPBearer,
    OAuth2,
    OAuthFlow,
    OAuthFlowAuthorizationCode,
    OAuthFlowClientCredentials,
    OAuthFlowImplicit,
    OAuthFlowPassword,
    OAuthFlows,
    OpenIdConnect,
    SecurityBase,
    SecurityScheme,
    SecuritySchemeType,
)


class Reference(BaseModel):
    """A pointer to another component (§4.8.23)."""

    model_config = ConfigDict(defer_build=True)

    ref: str = Field(alias="$ref")


class ExternalDocumentation(OpenAPIObject):
    """A link to documentation kept elsewhere (§4.8.11)."""

    description: str | None = None
    url: AnyUrl


# --- Schemas ---------------------------------------------------------------------------------

SchemaType = Literal["array", "boolean", "integer", "null", "number", "object", "string"]


class Discriminator(BaseModel):
    """The property that tells the members of a union apart (§4.8.25)."""

    model_config = ConfigDict(defer_build=True)

    propertyName: str
    mapping: dict[str, str] | None = None


class XML(OpenAPIObject):
    """How a property is written as XML (§4.8.26)."""

    name: str | None = None
    namespace: str | None = None
    prefix: str | None = None
    attribute: bool | None = None
    wrapped: bool | None = None


class Schema(OpenAPIObject):
    """A type, in JSON Schema 2020-12 with OpenAPI's own additions (§4.8.24)."""

    # JSON Schema Core, §8: identifiers and references.
    schema_: str | None = Field(default=None, alias="$schema")
    vocabulary: str | None = Field(default=None, alias="$vocabulary")
    id: str | None = Field(default=None, alias="$id")
    anchor: str | None = Field(default=None, alias="$anchor")
    dynamicAnchor: str | None = Field(default=None, alias="$dynamicAnchor")
    ref: str | None = Field(default=None, alias="$ref")
    dynamicRef: str | None = Field(default=None, alias="$dynamicRef")
    defs: dict[str, SchemaOrBool] | None = Field(default=None, alias="$defs")
    comment: str | None = Field(default=None, alias="$comment")
    # JSON Schema Core, §10 and §11: schemas applied to the value and to its parts.
    allOf: list[SchemaOrBool] | None = None
    anyOf: list[SchemaOrBool] | None = None
    oneOf: list[SchemaOrBool] | None = None
    not_: SchemaOrBool | None = Field(default=None, alias="not")
    if_: SchemaOrBool | None = Field(default=None, alias="if")
    then: SchemaOrBool | None = None
    else_: SchemaOrBool | None = Field(default=None, alias="else")
    dependentSchemas: dict[str, SchemaOrBool] | None = None
    prefixItems: list[SchemaOrBool] | None = None
    items: SchemaOrBool | None = None
    contains: SchemaOrBool | None = None
    properties: dict[str, SchemaOrBool] | None = None
    patternProperties: dict[str, SchemaOrBool] | None = None
    additionalProperties: SchemaOrBool | None = None
    propertyNames: SchemaOrBool | None = None
    unevaluatedItems: SchemaOrBool | None = None
    unevaluatedProperties: SchemaOrBool | None = None
    # JSON Schema Validation, §6: assertions. ``int`` keeps whole numbers as they were written.
    type: SchemaType | list[SchemaType] | None = None
    enum: list[Any] | None = None
    const: Any | None = None
    multipleOf: int | float | None = Field(default=None, gt=0)
    maximum: int | float | None = None
    exclusiveMaximum: int | float | None = None
    minimum: int | float | None = None
    exclusiveMinimum: int | float | None = None
    maxLength: int | None = Field(default=None, ge=0)
    minLength: int | None = Field(default=None, ge=0)
    pattern: str | None = None
    maxItems: int | None = Field(default=None, ge=0)
    minItems: int | None = Field(default=None, ge=0)
    uniqueItems: bool | None = None
    maxContains: int | None = Field(default=None, ge=0)
    minContains: int | None = Field(default=None, ge=0)
    maxProperties: int | None = Field(default=None, ge=0)
    minProperties: int | None = Field(default=None, ge=0)
    required: list[str] | None = None
    dependentRequired: dict[str, list[str]] | None = None
    # JSON Schema Validation, §7 and §8: format and encoded content.
    format: str | None = None
    contentEncoding: str | None = None
    contentMediaType: str | None = None
    contentSchema: SchemaOrBool | None = None
    # JSON Schema Validation, §9: annotations.
    title: str | None = None
    description: str | None = None
    default: Any | None = None
    deprecated: bool | None = None
    readOnly: bool | None = None
    writeOnly: bool | None = None
    examples: list[Any] | None = None
    # OpenAPI's own. ``example`` is superseded by ``examples`` (§4.8.24.1).
    discriminator: Discriminator | None = None
    xml: XML | None = None
    externalDocs: ExternalDocumentation | None = None
    example: Any | None = None


SchemaOrBool = Schema | bool


# --- Parameters, bodies and responses --------------------------------------------------------


class Example(TypedDict, total=False):
    """One named example of a value (§4.8.19)."""

    summary: str | None
    description: str | None
    value: Any | None
    externalValue: AnyUrl | None

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]  # pydantic reads it


class ParameterInType(Enum):
    """Where a parameter stands in a request (§4.8.12.1)."""

    query = "query"
    header = "header"
    path = "path"
    cookie = "cookie"


class Encoding(OpenAPIObject):
    """How one property of a form or multipart body is written (§4.8.15)."""

    contentType: str | None = None
    headers: dict[str, Header | Reference] | None = None
    style: str | None = None
    explode: bool | None = None
    allowReserved: bool | None = None


class MediaType(OpenAPIObject):
    """A body in one media type (§4.8.14)."""

    schema_: Schema | Reference | None = Field(default=None, alias="schema")
    #: The schema of each item of a stream (OpenAPI 3.2.0, §4.14; an extension under 3.1).
    itemSchema: Schema | Reference | None = None
    example: Any | None = None
    examples: dict[str, Example | Reference] | None = None
    encoding: dict[str, Encoding] | None = None


class ParameterBase(OpenAPIObject):
    """What a parameter and a header have in common."""

    description: str | None = None
    required: bool | None = None
    deprecated: bool | None = None
    # Either a schema with a style of serialization ...
    style: str | None = None
    explode: bool | None = None
    allowReserved: bool | None = None
    schema_: Schema | Reference | None = Field(default=None, alias="schema")
    example: Any | None = None
    examples: dict[str, Example | Reference] | None = None
    # ... or a media type.
    content: dict[str, MediaType] | None = None


class Parameter(ParameterBase):
    """A parameter of an operation (§4.8.12)."""

    name: str
    in_: ParameterInType = Field(alias="in")


class Header(ParameterBase):
    """A header of a response or of a part of a multipart body (§4.8.21)."""


class RequestBody(OpenAPIObject):
    """The body of a request, by media type (§4.8.13)."""

    description: str | None = None
    content: dict[str, MediaType]
    required: bool | None = None


class ServerVariable(OpenAPIObject):
    """A variable in the URL template of a server (§4.8.6)."""

    enum: list[str] | None = Field(default=None, min_length=1)
    default: str
    description: str | None = None


class Server(OpenAPIObject):
    """A place where the API is served (§4.8.5)."""

    url: AnyUrl | str
    description: str | None = None
    variables: dict[str, ServerVariable] | None = None


class Link(OpenAPIObject):
    """How the values of a response lead to another operation (§4.8.20)."""

    operationRef: str | None = None
    operationId: str | None = None
    parameters: dict[str, Any] | None = None
    requestBody: Any | None = None
    description: str | None = None
    server: Server | None = None


class Response(OpenAPIObject):
    """One response of an operation (§4.8.17)."""

    description: str
    headers: dict[str, Header | Reference] | None = None
    content: dict[str, MediaType] | None = None
    links: dict[str, Link | Reference] | None = None


# --- Operations ------------------------------------------------------------------------------


class Operation(OpenAPIObject):
    """One method of one path (§4.8.10)."""

    tags: list[str] | None = None
    summary: str | None = None
    description: str | None = None
    externalDocs: ExternalDocumentation | None = None
    operationId: str | None = None
    parameters: list[Parameter | Reference] | None = None
    requestBody: RequestBody | Reference | None = None
    #: Extensions stand beside the status codes, hence ``Any``.
    responses: dict[str, Response | Any] | None = None
    callbacks: dict[str, dict[str, PathItem] | Reference] | None = None
    deprecated: bool | None = None
    security: list[dict[str, list[str]]] | None = None
    servers: list[Server] | None = None


class PathItem(OpenAPIObject):
    """The operations of one path (§4.8.9)."""

    ref: str | None = Field(default=None, alias="$ref")
    summary: str | None = None
    description: str | None = None
    get: Operation | None = None
    put: Operation | None = None
    post: Operation | None = None
    delete: Operation | None = None
    options: Operation | None = None
    head: Operation | None = None
    patch: Operation | None = None
    trace: Operation | None = None
    servers: list[Server] | None = None
    parameters: list[Parameter | Reference] | None = None


# --- The document ----------------------------------------------------------------------------


class Contact(OpenAPIObject):
    """Whom to ask about the API (§4.8.3)."""

    name: str | None = None
    url: AnyUrl | None = None
    email: str | None = None


class License(OpenAPIObject):
    """The licence of the API: an SPDX expression or a URL, not both (§4.8.4)."""

    name: str
    identifier: str | None = None
    url: AnyUrl | None = None


class Info(OpenAPIObject):
    """What the API is called and who stands behind it (§4.8.2)."""

    title: str
    summary: str | None = None
    description: str | None = None
    termsOfService: str | None = None
    contact: Contact | None = None
    license: License | None = None
    version: str


class Components(OpenAPIObject):
    """What the rest of the document refers to by name (§4.8.7)."""

    schemas: dict[str, Schema | Reference] | None = None
    responses: dict[str, Response | Reference] | None = None
    parameters: dict[str, Parameter | Reference] | None = None
    examples: dict[str, Example | Reference] | None = None
    requestBodies: dict[str, RequestBody | Reference] | None = None
    headers: dict[str, Header | Reference] | None = None
    securitySchemes: dict[str, SecurityScheme | Reference] | None = None
    links: dict[str, Link | Reference] | None = None
    callbacks: dict[str, dict[str, PathItem] | Reference | Any] | None = None
    pathItems: dict[str, PathItem | Reference] | None = None


class Tag(OpenAPIObject):
    """A name that groups operations (§4.8.22)."""

    name: str
    description: str | None = None
    externalDocs: ExternalDocumentation | None = None


class OpenAPI(OpenAPIObject):
    """The whole document (§4.8.1)."""

    openapi: str
    info: Info
    jsonSchemaDialect: str | None = None
    servers: list[Server] | None = None
    #: Extensions stand beside the paths, hence ``Any``.
    paths: dict[str, PathItem | Any] | None = None
    webhooks: dict[str, PathItem | Reference] | None = None
    components: Components | None = None
    security: list[dict[str, list[str]]] | None = None
    tags: list[Tag] | None = None
    externalDocs: ExternalDocumentation | None = None


__all__ = [
    "XML",
    "APIKey",
    "APIKeyIn",
    "Components",
    "Contact",
    "Discriminator",
    "Encoding",
    "Example",
    "ExternalDocumentation",
    "HTTPBase",
    "HTTPBearer",
    "Header",
    "Info",
    "License",
    "Link",
    "MediaType",
    "OAuth2",
    "OAuthFlow",
    "OAuthFlowAuthorizationCode",
    "OAuthFlowClientCredentials",
    "OAuthFlowImplicit",
    "OAuthFlowPassword",
    "OAuthFlows",
    "OpenAPI",
    "OpenAPIObject",
    "OpenIdConnect",
    "Operation",
    "Parameter",
    "ParameterBase",
    "ParameterInType",
    "PathItem",
    "Reference",
    "RequestBody",
    "Response",
    "Schema",
    "SchemaOrBool",
    "SchemaType",
    "SecurityBase",
    "SecurityScheme",
    "SecuritySchemeType",
    "Server",
    "ServerVariable",
    "Tag",
]
