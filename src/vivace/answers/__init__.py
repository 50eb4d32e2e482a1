"""Answers that are recorded and given again: what caching and idempotency stand on.

Inside, a module imports from those before it::

    answer, circuit, credentials, functions -> exchange, connection -> endpoints
"""

from vivace.answers.answer import Answer
from vivace.answers.functions import by_user

__all__ = ["Answer", "by_user"]
