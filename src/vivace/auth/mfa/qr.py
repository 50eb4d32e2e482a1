"""QR codes as images that a page can show."""

from __future__ import annotations

from io import BytesIO

import segno


def make_qr_svg(text: str) -> str:
    """``text`` as a QR code (ISO/IEC 18004), drawn as an SVG document.

    It can stand in a page as it is, and as a ``data:`` URL in an ``img``. It has a white ground and
    the quiet zone of four modules, so that it can be scanned off a dark page too.

    Raises:
        segno.DataOverflowError: More text than a code can hold: some 2300 bytes.
    """
    svg = BytesIO()
    # Classes would take on the styles of the page; the unit makes segno write a view box, so that
    # the page can scale the image.
    segno.make_qr(text, error="m").save(
        svg,
        kind="svg",
        scale=4,
        unit="px",
        dark="#000",
        light="#fff",
        xmldecl=False,
        nl=False,
        title="QR code",
        svgclass=None,
        lineclass=None,
    )
    return svg.getvalue().decode()


__all__ = ["make_qr_svg"]
