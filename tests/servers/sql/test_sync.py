"""Synchronous sessions, on servers."""

from tests.unit.sql import test_sync

from .sharing import shared_tests

globals().update(shared_tests(test_sync))
