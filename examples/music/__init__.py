"""A bookshop: one example of most of what Vivace does.

    vivace dev examples/demo/main.py

Sign in as ``reader`` or ``keeper``; the password of both is ``vivace``.
"""
