from __future__ import annotations

import subprocess
import sys

from vivace import mongo


def test_every_public_name_leads_somewhere() -> None:
    assert mongo.__all__ == sorted(mongo.__all__)
    assert all(hasattr(mongo, name) for name in mongo.__all__)


def test_without_its_extra_it_says_what_to_install() -> None:
    program = "import sys; sys.modules['bson'] = None; import vivace.mongo"
    completed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert 'pip install "vivace[mongo]"' in completed.stderr
