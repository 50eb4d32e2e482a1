"""Form limits that an app passes on to the apps mounted in it.

What is declared inside one app is merged once, when its routes are built. An app mounted in
another learns of the outer one's limits from the scope only::

    mount.app = FormLimitsMiddleware(mount.app, limits)        # on the outer side
    form = await request.form(**merge_inherited(scope, limits))    # on the inner side
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vivace.declare.form_limits import FormLimits, merge_form_limits

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

SCOPE_KEY = "vivace.form_limits"


class FormLimitsMiddleware:
    """Apply ``limits`` to the forms that ``app`` reads, where it declares none of its own."""

    def __init__(self, app: ASGIApp, limits: FormLimits) -> None:
        self.app = app
        self.limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[SCOPE_KEY] = merge_inherited(scope, self.limits)
        await self.app(scope, receive, send)


def merge_inherited(scope: Scope, limits: FormLimits) -> FormLimits:
    """``limits``, completed with those of the apps in which this one is mounted."""
    inherited: FormLimits | None = scope.get(SCOPE_KEY)
    return limits if inherited is None else merge_form_limits(inherited, limits)
