"""What compresses: gzip always, Brotli and Zstandard with the extra ``compression``."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from vivace.extras import MissingPackage


class Encoder(Protocol):
    """Compresses one response."""

    def compress(self, data: bytes) -> bytes:
        """``data``, and what was kept before, so that all of it can be read by the client."""
        ...

    def finish(self, data: bytes) -> bytes:
        """The same for the last of it."""
        ...


@dataclass(frozen=True)
class Codec:
    """A content coding.

    Args:
        make: Makes an encoder of a level.
        level: The one that is taken where none is asked for: fast enough for each response.
        levels: Those that there are.
    """

    make: Callable[[int], Encoder]
    level: int
    levels: range


class GzipEncoder:
    """RFC 1952."""

    def __init__(self, level: int) -> None:
        self._compressor = zlib.compressobj(level, zlib.DEFLATED, zlib.MAX_WBITS | 16)

    def compress(self, data: bytes) -> bytes:
        return self._compressor.compress(data) + self._compressor.flush(zlib.Z_SYNC_FLUSH)

    def finish(self, data: bytes) -> bytes:
        return self._compressor.compress(data) + self._compressor.flush()


def _find_brotli() -> Codec | None:
    try:
        import brotli
    except ImportError:
        return None

    class BrotliEncoder:
        """RFC 7932, with a window of 512 KiB: a stream keeps that much."""

        def __init__(self, level: int) -> None:
            self._compressor = brotli.Compressor(quality=level, lgwin=19)

        def compress(self, data: bytes) -> bytes:
            compressed: bytes = self._compressor.process(data) + self._compressor.flush()
            return compressed

        def finish(self, data: bytes) -> bytes:
            compressed: bytes = self._compressor.process(data) + self._compressor.finish()
            return compressed

    # Above 9 it takes a hundred times as long.
    return Codec(BrotliEncoder, 4, range(10))


def _import_zstd() -> Any:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd


def _find_zstd() -> Codec | None:
    try:
        zstd = _import_zstd()
    except ImportError:
        return None

    class ZstdEncoder:
        """RFC 8878, in a window that each client has to have (RFC 9659: 8 MB at most)."""

        def __init__(self, level: int) -> None:
            self._compressor = zstd.ZstdCompressor(level=level)

        def compress(self, data: bytes) -> bytes:
            flush = zstd.ZstdCompressor.FLUSH_BLOCK
            compressed: bytes = self._compressor.compress(data, mode=flush)
            return compressed

        def finish(self, data: bytes) -> bytes:
            flush = zstd.ZstdCompressor.FLUSH_FRAME
            compressed: bytes = self._compressor.compress(data, mode=flush)
            return compressed

    return Codec(ZstdEncoder, 3, range(1, 16))


def find_codecs() -> dict[str, Codec]:
    """Those whose packages are installed, the ones that are preferred first.

    Brotli is smaller than Zstandard at the same cost for responses of the size that they have.
    """
    gzip = Codec(GzipEncoder, 6, range(1, 10))
    found = {"br": _find_brotli(), "zstd": _find_zstd(), "gzip": gzip}
    return {name: codec for name, codec in found.items() if codec is not None}


def choose_levels(levels: Mapping[str, int] | None) -> dict[str, tuple[Codec, int]]:
    """The codecs of an app, each with its level.

    Args:
        levels: By coding, in order of preference; ``None`` for all that are installed.

    Raises:
        MissingPackage: The package of one of them is not installed.
        ValueError: There is no such coding, or no such level.
    """
    installed = find_codecs()
    if levels is None:
        return {name: (codec, codec.level) for name, codec in installed.items()}
    chosen: dict[str, tuple[Codec, int]] = {}
    for name, level in levels.items():
        if name not in ("br", "zstd", "gzip"):
            raise ValueError(f'levels has {name!r}, which is none of "br", "zstd" and "gzip".')
        if name not in installed:
            raise MissingPackage("brotli" if name == "br" else "backports.zstd", "compression")
        known = installed[name].levels
        if level not in known:
            raise ValueError(f"{name} has no level {level}, but {known[0]} to {known[-1]}.")
        chosen[name] = (installed[name], level)
    return chosen


__all__ = ["Codec", "Encoder", "choose_levels", "find_codecs"]
