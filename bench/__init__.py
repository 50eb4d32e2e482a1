"""Requests per second of Vivace beside FastAPI and a bare ASGI app: `make bench`."""
