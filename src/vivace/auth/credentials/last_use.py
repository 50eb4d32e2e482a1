"""When a credential was last used."""

from __future__ import annotations

from datetime import timedelta
from logging import getLogger

from vivace.auth.stores.protocol import Store
from vivace.auth.stores.records import ApiKey, Session, now

logger = getLogger(__name__)


async def note_use(store: Store, used: ApiKey | Session, every: timedelta) -> None:
    """Write down that ``used`` is used now, unless that was done less than ``every`` ago.

    Who is faster in another process has written the same, and a store that cannot be written to is
    no reason to refuse a request that has been found good: it is logged.
    """
    name = "last_used_at" if isinstance(used, ApiKey) else "seen_at"
    time, last = now(), getattr(used, name)
    if last is not None and time - last < every:
        return
    try:
        await store.replace(used, **{name: time})
    except Exception:
        kind = type(used).__name__
        logger.warning("The last use of a %s could not be written down.", kind, exc_info=True)


__all__ = ["note_use"]
