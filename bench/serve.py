"""`python -m bench.serve APP FD`: uvicorn with uvloop and httptools, on a socket that is open.

Uvicorn's own `--fd` takes every socket for a Unix one, so that Nagle's algorithm stays on and each
answer waits for the delayed acknowledgement of its headers.
"""

from __future__ import annotations

import socket
import sys

import uvicorn


def main(app: str, descriptor: str) -> None:
    config = uvicorn.Config(
        app, loop="uvloop", http="httptools", access_log=False, log_level="warning"
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(descriptor))])


if __name__ == "__main__":
    main(*sys.argv[1:])
