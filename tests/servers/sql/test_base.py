"""Writing that is taken back, on servers."""

from tests.unit.sql import test_base
from tests.unit.sql.test_base import database_and_app

from .sharing import shared_tests

globals().update(shared_tests(test_base))

__all__ = ["database_and_app"]
