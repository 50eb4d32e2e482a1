"""What is compressed can be read, each part as soon as it is sent."""

from __future__ import annotations

import subprocess
import sys
import zlib
from collections.abc import Callable
from typing import Any

import brotli
import pytest
from hypothesis import given, strategies as st

from vivace.extras import MissingPackage
from vivace.middleware.codecs import _import_zstd, choose_levels, find_codecs

READERS: dict[str, Callable[[], Callable[[bytes], bytes]]] = {
    "gzip": lambda: zlib.decompressobj(zlib.MAX_WBITS | 16).decompress,
    "br": lambda: brotli.Decompressor().process,
    "zstd": lambda: _import_zstd().ZstdDecompressor().decompress,
}

each_coding = pytest.mark.parametrize("coding", ["br", "zstd", "gzip"])


@each_coding
@given(parts=st.lists(st.binary(max_size=200), min_size=1, max_size=8))
def test_each_part_can_be_read_at_once(coding: str, parts: list[bytes]) -> None:
    codec = find_codecs()[coding]
    encoder, read = codec.make(codec.level), READERS[coding]()
    for part in parts[:-1]:
        assert read(encoder.compress(part)) == part
    assert read(encoder.finish(parts[-1])) == parts[-1]


@each_coding
def test_all_levels_work(coding: str) -> None:
    codec = find_codecs()[coding]
    for level in codec.levels:
        assert READERS[coding]()(codec.make(level).finish(b"hello" * 100)) == b"hello" * 100


def test_codings_are_ordered_by_preference_unless_the_app_says_otherwise() -> None:
    assert list(choose_levels(None)) == ["br", "zstd", "gzip"]
    chosen = choose_levels({"gzip": 9, "br": 1})
    assert [(name, level) for name, (_, level) in chosen.items()] == [("gzip", 9), ("br", 1)]


@pytest.mark.parametrize(
    ("levels", "complaint"),
    [
        ({"deflate": 1}, "'deflate', which is none of"),
        ({"br": 11}, "br has no level 11, but 0 to 9"),
        ({"gzip": 0}, "gzip has no level 0, but 1 to 9"),
        ({"zstd": 22}, "zstd has no level 22, but 1 to 15"),
    ],
)
def test_levels_that_there_are_not_are_errors(levels: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        choose_levels(levels)


def test_without_the_extra_there_is_gzip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vivace.middleware.codecs.find_codecs", dict)
    for coding in ("br", "zstd"):
        with pytest.raises(MissingPackage, match=r'pip install "vivace\[compression\]"'):
            choose_levels({coding: 1})
    program = (
        "import sys; sys.modules['brotli'] = sys.modules['backports'] = None;"
        "sys.modules['compression'] = None;"
        "from vivace.middleware.codecs import find_codecs; print(*find_codecs())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.split() == ["gzip"], done.stderr
