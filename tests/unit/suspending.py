"""Processes that stand still for a while, as those that hang do."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import Any


def suspend(process: subprocess.Popen[Any]) -> None:
    """Have a process of this one's stand still, and all of its group if it leads one.

    It does when this returns: on a busy machine, threads may go on for a while after the signal.
    """
    if os.getpgid(process.pid) == process.pid:
        os.killpg(process.pid, signal.SIGSTOP)
    else:
        process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
