"""A server that speaks S3: the one at ``S3_URL``, or one from PyPI in a process of its own.

With ``S3_URL`` the credentials are those of the environment.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from tempfile import NamedTemporaryFile
from typing import Any

import boto3  # type: ignore[import-untyped]


@dataclass
class Bucket:
    """An empty bucket of a server, and what there is to see in it."""

    endpoint: str
    name: str = field(default_factory=lambda: f"files-{token_hex(6)}")
    access_key_id: str = os.environ.get("AWS_ACCESS_KEY_ID", "tester")
    secret_access_key: str = os.environ.get("AWS_SECRET_ACCESS_KEY", "secret")

    def __post_init__(self) -> None:
        self.client: Any = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
        )
        self.client.create_bucket(Bucket=self.name)

    def objects(self) -> list[str]:
        listed = self.client.list_objects_v2(Bucket=self.name).get("Contents", [])
        return [one["Key"] for one in listed]

    def unfinished(self) -> list[str]:
        """The names of uploads that have begun and not ended."""
        listed = self.client.list_multipart_uploads(Bucket=self.name).get("Uploads", [])
        return [one["Key"] for one in listed]

    def environment(self) -> dict[str, str]:
        """For an app that keeps its files here."""
        return {
            "FILES_S3": self.endpoint,
            "FILES_BUCKET": self.name,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
        }


@contextmanager
def running_s3() -> Iterator[str]:
    """The address of a server."""
    if url := os.environ.get("S3_URL"):
        yield url
        return
    with own_s3() as (url, _):
        yield url


@contextmanager
def own_s3() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The address of a server that may be stopped, and its process."""
    with NamedTemporaryFile("r+") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield _address_of(process, Path(log.name)), process
        finally:
            process.kill()
            process.wait()


def _address_of(process: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + 60
    while not (found := re.search(r"Running on (http://127\.0\.0\.1:\d+)", log.read_text())):
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.05)
    return found[1]
