"""What a newcomer notes down while learning FastAPI runs on Vivace.

Each snippet in ``notes/`` runs twice: natively, with Vivace's names in the place of FastAPI's, and
as it is written, in a process where ``import fastapi`` resolves to Vivace. Fragments find here what
they leave out; what the notes speak of without code is in ``notes/mentioned.md``.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import anyio
import pytest
from itsdangerous import BadSignature, URLSafeSerializer

from vivace.testclient import AsyncTestClient, TestClient
from vivace.websockets import WebSocketDisconnect

PROJECT = Path(__file__).resolve().parents[2]
NOTES = Path(__file__).with_name("notes")

#: The name of the framework in the snippets; ``fastapi`` in the process that has the alias.
NAME = os.environ.get("VIVACE_NOTES_NAME", "vivace")

Names = dict[str, Any]
Run = Callable[..., Names]


def snippets(chapter: str) -> list[str]:
    """The code in a chapter of the notes, in order."""
    text = (NOTES / f"{chapter}.md").read_text(encoding="utf-8")
    found = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return found if NAME == "fastapi" else [natively(snippet) for snippet in found]


def natively(snippet: str) -> str:
    return snippet.replace("FastAPI", "Vivace").replace("fastapi", "vivace")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """A function that runs snippets in one module after another, and gives what they define.

    A snippet that begins with the name of a file is a module of its own, which others can import.
    """
    monkeypatch.syspath_prepend(tmp_path)

    def run_snippets(snippets: Sequence[str], **names: Any) -> Names:
        module = ModuleType("snippets")
        module.__dict__.update(names)
        for snippet in snippets:
            write_module(snippet, tmp_path)
            exec(compile(snippet, "<snippet>", "exec", dont_inherit=True), module.__dict__)
        return module.__dict__

    yield run_snippets
    sys.modules.pop("router_example", None)


def write_module(snippet: str, folder: Path) -> None:
    if file := re.match(r"# (\w+\.py)", snippet):
        (folder / file[1]).write_text(snippet, encoding="utf-8")


def test_the_framework_is_vivace() -> None:
    framework = import_module(NAME)
    assert "vivace" in Path(framework.__file__ or "").parts


# First steps.

ROOT, ENDPOINT, ROUTER, MAIN, AUTHORS, BOOKS, BOOK = snippets("first_steps")
MODELS, FILES, WAITING, COOKIES, NESTED, MIDDLEWARE, BACKGROUND = snippets("mentioned")


def test_a_function_becomes_an_endpoint(run: Run) -> None:
    app = run([ENDPOINT])["app"]
    app.get("/again")(run([ROOT])["read_root"])
    assert TestClient(app).get("/again").json() == {"Hello": "World"}


def test_an_endpoint(run: Run) -> None:
    response = TestClient(run([ENDPOINT])["app"]).get("/")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {"Hello": "World"}


def test_a_router_in_a_module_of_its_own(run: Run) -> None:
    client = TestClient(run([ROUTER, MAIN])["app"])
    assert client.get("/items/42").json() == {"item_id": 42}
    assert client.get("/items/many").status_code == 422
    assert "/items/{item_id}" in client.get("/openapi.json").json()["paths"]


def test_a_path_parameter(run: Run) -> None:
    client = TestClient(run([ENDPOINT, AUTHORS])["app"])
    assert client.get("/authors/7").json() == {"author_id": 7, "name": "Ernest Hemingway"}
    response = client.get("/authors/seven")
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["path", "author_id"]
    assert client.get("/authors/").status_code == 404


def test_a_query_parameter_that_may_be_left_out(run: Run) -> None:
    client = TestClient(run([ENDPOINT, BOOKS])["app"])
    assert client.get("/books").json() == {"books": ["All Books"]}
    some = {"year": 2010, "books": ["Book 1", "Book 2"]}
    assert client.get("/books?year=2010").json() == some
    assert client.get("/books?genre=fiction&year=2010").json() == some
    response = client.get("/books?year=recent")
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["query", "year"]


def test_a_model_of_a_request_and_of_a_response(run: Run) -> None:
    client = TestClient(run([BOOK, MODELS])["app"])
    book = {"title": "Emma", "author": "Jane Austen", "year": 1815}
    assert client.post("/books", json=book).json() == book
    assert client.post("/books", json={**book, "year": "1815"}).json() == book
    response = client.post("/books", json={"title": "Emma", "year": 1815})
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["body", "author"]


# Data: files up and down, and work that waits.


def test_files_up_and_down(run: Run, tmp_path: Path) -> None:
    client = TestClient(run([FILES], folder=tmp_path)["app"])
    response = client.post("/files", files={"file": ("a.txt", b"some text", "text/plain")})
    assert response.json() == {"name": "a.txt", "type": "text/plain"}
    files = [("files", ("a", b"1")), ("files", ("b", b"22"))]
    assert client.post("/sizes", files=files).json() == [1, 2]
    response = client.get("/files/a.txt")
    assert response.content == b"some text"
    assert response.headers["content-disposition"] == 'attachment; filename="a.txt"'


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
async def test_requests_wait_side_by_side(run: Run) -> None:
    answers = []

    async def ask(client: AsyncTestClient, number: int) -> None:
        answers.append((await client.get(f"/{number}")).json())

    async with AsyncTestClient(run([WAITING])["app"]) as client:
        with anyio.fail_after(10):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(ask, client, 0)
                tasks.start_soon(ask, client, 1)
    assert sorted(answers) == [0, 1]


# Testing.


@pytest.mark.timeout(180)
def test_the_tests_in_the_notes_pass(tmp_path: Path) -> None:
    for snippet in snippets("testing"):
        write_module(snippet, tmp_path)
    assert "1 passed" in run_pytest(cwd=tmp_path, alias=NAME == "fastapi")


def run_pytest(*arguments: str, cwd: Path, alias: bool) -> str:
    """The report of a pytest in a process of its own, under the alias or not.

    Raises:
        AssertionError: a test failed.
    """
    command = [sys.executable, *(["-m", "vivace.compat"] if alias else []), "-m", "pytest"]
    # Under the alias Vivace is there before pytest, which says that it comes too late to rewrite
    # the assertions in it.
    options = ["-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    # It is slow to import.
    options += ["-p", "no:schemathesis"]
    completed = subprocess.run(
        [*command, *options, *arguments], cwd=cwd, capture_output=True, text=True, timeout=170
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    return completed.stdout


# Authentication: the fragments leave out the database, the passwords and the tokens.

LOGIN, CURRENT_USER, ME = snippets("authentication")
SECRET = "not a secret, as this is a test"


class Column:
    """A column of a table: comparing it says which rows are asked for."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, value: object) -> Any:
        return lambda row: getattr(row, self.name) == value

    __hash__ = None  # type: ignore[assignment]


class User:
    username: Any = Column("username")

    def __init__(self, id: int, username: str, password: str) -> None:
        self.id = id
        self.username = username
        self.hashed_password = hash_password(password)


def hash_password(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()


class Session:
    """A session with a database that has one table, which it keeps in memory."""

    def __init__(self, users: list[User]) -> None:
        self.users = users
        self.is_open = True

    def query(self, table: type[User]) -> Session:
        assert self.is_open
        return self

    def filter(self, condition: Callable[[User], bool]) -> Session:
        return Session([user for user in self.users if condition(user)])

    def first(self) -> User | None:
        return next(iter(self.users), None)

    def all(self) -> list[User]:
        return self.users


def get_db() -> Iterator[Session]:
    session = Session([User(1, "ada", "analytical"), User(2, "alan", "enigma")])
    yield session
    session.is_open = False


class Tokens:
    """Signed tokens, by the names of libraries for JSON Web Tokens (RFC 7519)."""

    @staticmethod
    def encode(claims: dict[str, Any]) -> str:
        return str(URLSafeSerializer(SECRET).dumps(claims))

    @staticmethod
    def decode(token: str, key: str, algorithms: list[str]) -> Any:
        return URLSafeSerializer(key).loads(token)


def surroundings() -> Names:
    """What the fragments about authentication and dependencies leave out."""
    framework = import_module(NAME)
    security = import_module(f"{NAME}.security")
    return {
        "app": getattr(framework, "FastAPI" if NAME == "fastapi" else "Vivace")(),
        "users_crud_router": framework.APIRouter(),
        "Depends": framework.Depends,
        "HTTPException": framework.HTTPException,
        "OAuth2PasswordRequestForm": security.OAuth2PasswordRequestForm,
        "oauth2_scheme": security.OAuth2PasswordBearer(tokenUrl="token"),
        "Session": Session,
        "get_db": get_db,
        "User": User,
        "verify_password": lambda password, hashed: hash_password(password) == hashed,
        "create_access_token": Tokens.encode,
        "jwt": Tokens,
        "JWTError": BadSignature,
        "SECRET_KEY": SECRET,
        "ALGORITHM": "HS256",
    }


def log_in(client: TestClient, username: str, password: str) -> Any:
    return client.post("/token", data={"username": username, "password": password})


def test_login(run: Run) -> None:
    client = TestClient(run([LOGIN], **surroundings())["app"])
    response = log_in(client, "ada", "analytical")
    assert response.status_code == 200
    assert response.json() == {
        "access_token": Tokens.encode({"sub": "ada"}),
        "token_type": "bearer",
    }
    for name, password in [("ada", "wrong"), ("nobody", "analytical")]:
        response = log_in(client, name, password)
        assert (response.status_code, response.json()) == (400, {"detail": "Invalid credentials"})
    response = client.post("/token", data={"username": "ada"})
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["body", "password"]


def test_the_current_user(run: Run) -> None:
    client = TestClient(run([LOGIN, CURRENT_USER, ME], **surroundings())["app"])
    token = log_in(client, "alan", "enigma").json()["access_token"]
    response = client.get("/me", headers={"Authorization": f"Bearer {token}"})
    assert response.json() == {"id": 2, "username": "alan"}


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "Bearer forged",
        f"Basic {Tokens.encode({'sub': 'ada'})}",
        f"Bearer {Tokens.encode({'sub': 'nobody'})}",
        f"Bearer {Tokens.encode({})}",
    ],
)
def test_no_user_without_a_right_token(run: Run, authorization: str | None) -> None:
    client = TestClient(run([CURRENT_USER, ME], **surroundings())["app"])
    headers = {} if authorization is None else {"Authorization": authorization}
    assert client.get("/me", headers=headers).status_code == 401


def test_the_login_is_documented(run: Run) -> None:
    app = run([LOGIN, CURRENT_USER, ME], **surroundings())["app"]
    document = TestClient(app).get("/openapi.json").json()
    assert document["paths"]["/me"]["get"]["security"] == [{"OAuth2PasswordBearer": []}]
    form = document["paths"]["/token"]["post"]["requestBody"]["content"]
    assert list(form) == ["application/x-www-form-urlencoded"]


def test_a_session_in_a_cookie(run: Run) -> None:
    client = TestClient(run([COOKIES])["app"])
    assert client.get("/session").json() is None
    client.post("/login")
    assert client.get("/session").json() == "7f3a"
    client.post("/logout")
    assert client.get("/session").json() is None


# Advanced features.

(USERS,) = snippets("advanced")


def test_a_dependency(run: Run) -> None:
    names = run([USERS], **surroundings())
    names["app"].include_router(names["users_crud_router"])
    client = TestClient(names["app"])
    assert [user["username"] for user in client.get("/users").json()] == ["ada", "alan"]
    operation = client.get("/openapi.json").json()["paths"]["/users"]["get"]
    assert operation["description"] == "Reading all the users."


def test_a_dependency_of_a_dependency(run: Run) -> None:
    client = TestClient(run([NESTED], **surroundings())["app"])
    assert client.get("/names").json() == ["ada", "alan"]


def test_middleware(run: Run) -> None:
    client = TestClient(run([MIDDLEWARE])["app"])
    response = client.get("/", headers={"Origin": "https://shop.example"})
    assert response.json() == {"Hello": "World"}
    assert float(response.headers["X-Process-Time"]) > 0
    assert response.headers["Access-Control-Allow-Origin"] == "https://shop.example"


def test_a_background_task(run: Run) -> None:
    names = run([BACKGROUND])
    response = TestClient(names["app"]).post("/orders/ada")
    assert (response.status_code, response.json()) == (202, {"sent": 0})
    assert names["sent"] == ["Thanks to ada"]


# WebSockets.


def test_a_websocket(run: Run) -> None:
    app = run(snippets("websocket"), app=surroundings()["app"])["app"]
    with TestClient(app).websocket_connect("/ws") as socket:
        assert socket.receive_text() == "Welcome to the chat room!"
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_text()
    assert closed.value.code == 1000


if NAME == "vivace":

    @pytest.mark.timeout(180)
    def test_the_notes_as_they_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("VIVACE_NOTES_NAME", "fastapi")
        printed = run_pytest(__file__, cwd=PROJECT, alias=True)
        assert re.search(r"\d+ passed in", printed), printed
