"""One app for both frameworks: $BENCH_FRAMEWORK says whether FastAPI or Vivace runs it."""

import os
from typing import Annotated

from pydantic import BaseModel, Field

if os.environ["BENCH_FRAMEWORK"] == "fastapi":
    from fastapi import Depends, FastAPI as Framework, Query
else:
    from vivace import Depends, Query, Vivace as Framework

from bench.apps import guarded, heroes

app = Framework()
guarded.add_to(app)
heroes.add_to(app)


@app.get("/plain")
async def plain():
    return {"message": "Hello, world!", "count": 3}


@app.get("/items/{item_id}")
async def parameters(
    item_id: int,
    limit: Annotated[int, Query(ge=1, le=100)],
    search: Annotated[str, Query(max_length=50)],
):
    return {"item_id": item_id, "limit": limit, "search": search}


class Customer(BaseModel):
    name: str
    email: str


class Order(BaseModel):
    number: int = Field(ge=1)
    customer: Customer
    tags: list[str]
    total: float


@app.post("/orders")
async def model(order: Order) -> Order:
    return order


class Page:
    def __init__(self, skip: int = 0, limit: int = 10):
        self.skip = skip
        self.limit = limit


def filters(page: Annotated[Page, Depends()]):
    return {"skip": page.skip, "limit": page.limit}


async def listing(filters: Annotated[dict[str, int], Depends(filters)]):
    return {"filters": filters, "user": "alice"}


@app.get("/dependencies")
async def dependencies(listing: Annotated[dict[str, object], Depends(listing)]):
    return listing


def add_route(number: int) -> None:
    @app.get(f"/section-{number}/{{item_id}}")
    async def section(item_id: int):
        return {"section": number, "item_id": item_id}


for number in range(200):
    add_route(number)
