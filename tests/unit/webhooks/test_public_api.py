from __future__ import annotations

import subprocess
import sys

import vivace.webhooks as webhooks


def test_every_exported_name_leads_somewhere() -> None:
    assert all(hasattr(webhooks, name) for name in webhooks.__all__)
    assert len(set(webhooks.__all__)) == len(webhooks.__all__)


def test_no_driver_and_no_test_client_is_imported() -> None:
    heavy = ["asyncpg", "asyncmy", "alembic", "vivace.testclient", "vivace.auth"]
    program = f"import sys, vivace.webhooks; print(*sorted(set({heavy!r}) & set(sys.modules)))"
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert printed.stdout.strip() == ""
