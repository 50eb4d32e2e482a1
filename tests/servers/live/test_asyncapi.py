"""AsyncAPI documents of several apps, held to the schema that AsyncAPI publishes.

The schema is in the npm package `@asyncapi/specs`, which is fetched once into `.cache`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar

import jsonschema_rs
import pytest
from pydantic import BaseModel, ConfigDict, Field, computed_field
from tests.unit.live.chat import make_chat

from vivace import Depends, Header, Security, Vivace
from vivace.auth import Auth, MemoryStore, User
from vivace.live import Guest, Live
from vivace.security import HTTPBasic, OAuth2AuthorizationCodeBearer, OpenIdConnect
from vivace.versioning import ByHeader, Versions

PACKAGE = "@asyncapi/specs"
VERSION = "6.11.1"
SCHEMA = Path(__file__).parents[3] / ".cache" / "asyncapi" / VERSION / "3.0.0.json"

pytestmark = pytest.mark.xdist_group("asyncapi")


def fetch_schema() -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip(f"There is no npm, which fetches the schema in {PACKAGE}")
    SCHEMA.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCHEMA.parent) as directory:
        command = [npm, "pack", f"{PACKAGE}@{VERSION}", "--fetch-retries=1", "--json"]
        fetched = subprocess.run(
            command, cwd=directory, capture_output=True, text=True, timeout=120
        )
        if fetched.returncode:
            error = json.loads(fetched.stdout or "{}").get("error", {})
            unreachable = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT")
            assert error.get("code") in unreachable, fetched.stderr
            pytest.skip(f"The registry that has {PACKAGE} is not reachable: {error['code']}")
        (archive,) = Path(directory).glob("*.tgz")
        with tarfile.open(archive) as package:
            package.extract("package/schemas/3.0.0.json", directory, filter="data")
        (Path(directory) / "package/schemas/3.0.0.json").rename(SCHEMA)


@pytest.fixture(scope="module")
def schema() -> Any:
    if not SCHEMA.exists():
        fetch_schema()
    return jsonschema_rs.validator_for(json.loads(SCHEMA.read_text()), validate_formats=True)


class Circle(BaseModel):
    kind: Literal["circle"] = "circle"
    centre: tuple[float, float]


class Polygon(BaseModel):
    kind: Literal["polygon"] = "polygon"
    corners: list[tuple[float, float]] = Field(min_length=3)
    within: Shape | None = None


Shape = Annotated[Circle | Polygon, Field(discriminator="kind")]


class Draw(BaseModel):
    """Something is drawn.

    It is seen by all.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"type": "draw"}]})

    type: Literal["draw", "draw:again", "draw/over"] = "draw"
    shape: Shape
    others: dict[str, Shape] = {}
    width: Annotated[int, Field(gt=0, le=50, multiple_of=2, deprecated=True)] = 2
    label: str = Field("", alias="Label", max_length=10, pattern="^[a-z]*$", description="A name")
    at: tuple[int, str] | tuple[int, ...] = (1,)


T = TypeVar("T")


class Changed(BaseModel, Generic[T]):
    type: Literal["changed"] = "changed"
    value: T
    raw: bytes = b""

    @computed_field
    def twice(self) -> list[T]:
        return [self.value, self.value]


class Old:
    class Said(BaseModel):
        type: Literal["said"] = "said"
        text: str


class New:
    class Said(BaseModel):
        type: Literal["said"] = "said"
        texts: list[str]


auth = Auth("a secret of this test, long enough for it", store=MemoryStore())
basic = HTTPBasic()
provider = OpenIdConnect(openIdConnectUrl="https://id.example/.well-known/openid-configuration")
here = OpenIdConnect(openIdConnectUrl="/openid", scheme_name="here")
code = OAuth2AuthorizationCodeBearer("https://id.example/authorize", "https://id.example/token")


async def admit_user(user: Annotated[User, auth.user]) -> Guest:
    return Guest(user.name)


async def admit_anyhow(
    one: Annotated[Any, Depends(basic)],
    two: Annotated[Any, Security(provider, scopes=["rooms"])],
    three: Annotated[Any, Depends(here)],
    four: Annotated[Any, Security(code, scopes=["rooms"])],
    level: Literal["low", "high"],
    x_region: Annotated[str | None, Header(description="Where")] = None,
) -> Guest:
    return Guest("ada")


def chat() -> dict[str, Any]:
    live = Live()
    app, _ = make_chat(live)
    return live.asyncapi(app)


def typed_unions() -> dict[str, Any]:
    live = Live()
    live.rooms("/boards/{board:path}/{n:int}", receives=Draw, sends=Draw | Changed[int])
    live.rooms("/shown/{room}", sends=Draw, shows=Shape, name="shown", max_members=3)
    return live.asyncapi(Vivace(title="Boards", version="2", description="All"), "/api")


def no_messages() -> dict[str, Any]:
    live = Live()
    live.rooms("/news", sends=Draw, presence=False)
    live.rooms("/{n}", sends=Changed[str], streams=False, description="No streams")
    return live.asyncapi(Vivace())


def nothing() -> dict[str, Any]:
    return Live().asyncapi(Vivace())


def versions() -> dict[str, Any]:
    live = Live()
    live.rooms("/v1/rooms/{room}", receives=Old.Said, sends=Old.Said)
    live.rooms("/v2/rooms/{room}", receives=New.Said, sends=New.Said)
    app = Vivace()
    Versions("1", "2", by=[ByHeader("API-Version")], default="2").install(app)
    live.install(app)
    return live.asyncapi(app)


def security() -> dict[str, Any]:
    live = Live()
    live.rooms("/private/{room}", sends=Draw, admits=admit_user)
    live.rooms("/anyhow/{room}", sends=Draw, admits=admit_anyhow, dependencies=[Depends(basic)])
    return live.asyncapi(Vivace())


@pytest.mark.parametrize(
    "make", [chat, typed_unions, no_messages, nothing, versions, security], ids=lambda f: f.__name__
)
def test_a_document_is_what_asyncapi_says(make: Any, schema: Any) -> None:
    # As JSON: what is no JSON would not be served.
    document = json.loads(json.dumps(make(), allow_nan=False))
    found = [f"{error.instance_path}: {error.message}" for error in schema.iter_errors(document)]
    assert found == []


def test_the_schema_does_refuse_what_is_none(schema: Any) -> None:
    document = typed_unions()
    place = document["components"]["schemas"]["Draw-Input"]["properties"]["shape"]
    place["discriminator"] = {"propertyName": "kind"}
    assert not schema.is_valid(document)
