"""Routes to manage endpoints, and to look at deliveries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from vivace import APIRouter, Depends, Query, Response
from vivace.webhooks.deliveries import Deliveries
from vivace.webhooks.endpoints import Endpoints
from vivace.webhooks.events import Events
from vivace.webhooks.routes.schemas import (
    AttemptOut,
    DeliveryDetailsOut,
    DeliveryOut,
    DeliveryPage,
    EndpointCreated,
    EndpointIn,
    EndpointOut,
    EndpointPatch,
    EventTypeOut,
    MessageOut,
    PublicKeyOut,
    ReplayIn,
    ReplayOut,
    SecretIn,
    SecretOut,
)
from vivace.webhooks.store.records import State

_NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"description": "It is not there."}}
_DISABLED: dict[int | str, dict[str, Any]] = {
    **_NOT_FOUND,
    409: {"description": "The endpoint is disabled."},
}


async def nobody() -> str:
    """The owner of endpoints in an app with one client."""
    return ""


def checked(owner: Callable[..., Any]) -> Callable[..., Any]:
    """``owner``, where it says whose the endpoints are: ``None`` would stand for everybody's."""

    async def checked_owner(given: Any = Depends(owner)) -> str:
        if not isinstance(given, str):
            raise TypeError(
                f"The owner of webhooks is {given!r}, by {owner!r}. It has to be text: a function "
                "in router(owner=...) refuses, with HTTPException(401), whoever it does not know."
            )
        return given

    return checked_owner


def make_router(
    endpoints: Endpoints,
    deliveries: Deliveries,
    events: Events,
    owner: Callable[..., Any] | None,
    dependencies: Sequence[Any],
) -> APIRouter:
    """The routes; ``owner`` is a dependency that says whose endpoints a request manages."""
    router = APIRouter(dependencies=[*dependencies], tags=["webhooks"])
    whose = Depends(checked(owner or nobody))
    _add_event_types(router, events)
    _add_endpoints(router, endpoints, whose)
    _add_actions(router, endpoints, deliveries, whose)
    _add_deliveries(router, deliveries, whose)
    return router


def _add_event_types(router: APIRouter, events: Events) -> None:
    @router.get("/event-types")
    async def list_event_types() -> list[EventTypeOut]:
        """The types of events that there are."""
        return [
            EventTypeOut(name=event.name, summary=event.summary, data=event.data_schema)
            for event in events
        ]


def _add_endpoints(router: APIRouter, endpoints: Endpoints, whose: Any) -> None:
    @router.post(
        "/endpoints",
        status_code=201,
        responses={409: {"description": "There are too many endpoints."}},
    )
    async def create_endpoint(
        data: EndpointIn, response: Response, owner: str = whose
    ) -> EndpointCreated:
        """Add an endpoint. Its secret is in the response, and is not shown again."""
        made, secret = await endpoints.create(
            data.url,
            data.event_types,
            owner=owner,
            description=data.description,
            enabled=data.enabled,
            signature=data.signature,
        )
        response.headers["Cache-Control"] = "no-store"
        shown = EndpointOut.model_validate(made).model_dump()
        return EndpointCreated(**shown, secret=secret)

    @router.get("/endpoints")
    async def list_endpoints(owner: str = whose) -> list[EndpointOut]:
        """All endpoints, the oldest first."""
        return [EndpointOut.model_validate(one) for one in await endpoints.of(owner)]

    @router.get("/endpoints/{endpoint_id}", responses=_NOT_FOUND)
    async def read_endpoint(endpoint_id: str, owner: str = whose) -> EndpointOut:
        """An endpoint."""
        return EndpointOut.model_validate(await endpoints.get(endpoint_id, owner=owner))

    @router.patch("/endpoints/{endpoint_id}", responses=_NOT_FOUND)
    async def change_endpoint(
        endpoint_id: str, data: EndpointPatch, owner: str = whose
    ) -> EndpointOut:
        """Change what is given. What is on its way to one that is disabled is given up."""
        changes = data.model_dump(exclude_none=True)
        changed = await endpoints.change(endpoint_id, owner=owner, **changes)
        return EndpointOut.model_validate(changed)

    @router.delete("/endpoints/{endpoint_id}", status_code=204, responses=_NOT_FOUND)
    async def delete_endpoint(endpoint_id: str, owner: str = whose) -> None:
        """Remove an endpoint, with all that is on its way to it."""
        await endpoints.delete(endpoint_id, owner=owner)


def _add_actions(
    router: APIRouter, endpoints: Endpoints, deliveries: Deliveries, whose: Any
) -> None:
    @router.post("/endpoints/{endpoint_id}/secret", responses=_NOT_FOUND)
    async def rotate_secret(
        endpoint_id: str, response: Response, data: SecretIn | None = None, owner: str = whose
    ) -> SecretOut:
        """Make a new secret. The former one signs too, for a while."""
        signature = None if data is None else data.signature
        secret, until = await endpoints.rotate_secret(endpoint_id, owner=owner, signature=signature)
        response.headers["Cache-Control"] = "no-store"
        return SecretOut(secret=secret, former_until=until)

    @router.get("/endpoints/{endpoint_id}/public-keys", responses=_NOT_FOUND)
    async def list_public_keys(endpoint_id: str, owner: str = whose) -> list[PublicKeyOut]:
        """What signatures of the version `v1a` are verified with, the present key first."""
        keys = await endpoints.public_keys(endpoint_id, owner=owner)
        return [PublicKeyOut(key=one.value, until=one.until) for one in keys]

    @router.post("/endpoints/{endpoint_id}/ping", status_code=202, responses=_DISABLED)
    async def ping_endpoint(endpoint_id: str, owner: str = whose) -> MessageOut:
        """Send a message of the type `webhook.ping`."""
        return MessageOut(message_id=await endpoints.ping(endpoint_id, owner=owner))

    @router.post("/endpoints/{endpoint_id}/replay", status_code=202, responses=_DISABLED)
    async def replay_endpoint(endpoint_id: str, data: ReplayIn, owner: str = whose) -> ReplayOut:
        """Deliver again what was written since a time: the dead letters, unless said otherwise."""
        count = await deliveries.replay_since(
            endpoint_id, data.since, until=data.until, states=data.states, owner=owner
        )
        return ReplayOut(count=count)


def _add_deliveries(router: APIRouter, deliveries: Deliveries, whose: Any) -> None:
    @router.get("/deliveries")
    async def list_deliveries(
        owner: str = whose,
        endpoint_id: Annotated[str | None, Query(max_length=100)] = None,
        state: Annotated[
            State | None, Query(description="`dead` for dead letters: what was given up.")
        ] = None,
        before: Annotated[str | None, Query(max_length=100)] = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
    ) -> DeliveryPage:
        """Deliveries, the newest first."""
        found = await deliveries.find(
            owner=owner, endpoint_id=endpoint_id, state=state, before=before, limit=limit
        )
        items = [DeliveryOut.model_validate(one) for one in found]
        return DeliveryPage(items=items, before=items[-1].id if len(items) == limit else None)

    @router.get("/deliveries/{delivery_id}", responses=_NOT_FOUND)
    async def read_delivery(delivery_id: str, owner: str = whose) -> DeliveryDetailsOut:
        """A delivery, with what is sent and its last 100 attempts."""
        details = await deliveries.get(delivery_id, owner=owner)
        shown = DeliveryOut.model_validate(details.delivery).model_dump()
        history = [AttemptOut.model_validate(one) for one in details.attempts]
        return DeliveryDetailsOut(**shown, body=details.body, history=history)

    @router.post("/deliveries/{delivery_id}/replay", status_code=202, responses=_DISABLED)
    async def replay_delivery(delivery_id: str, owner: str = whose) -> None:
        """Deliver again, under the same `webhook-id`."""
        await deliveries.replay(delivery_id, owner=owner)


__all__ = ["make_router"]
