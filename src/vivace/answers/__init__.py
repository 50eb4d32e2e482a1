"""Answers that are recorded and given again: what caching and idempotency stand on.

Inside, a module imports from those before it::

    answer, credentials, functions -> exchange -> endpoints
"""

from vivace.answers.answer import Answer

__all__ = ["Answer"]
