"""QR codes: what is drawn is the code, and it can be scanned."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import segno

from vivace.auth.mfa.qr import make_qr_svg

SVG = "{http://www.w3.org/2000/svg}"
TEXT = "otpauth://totp/Vivace:ada?secret=ORSXG5DTMVRXEZLUORSXG5DTMVRXEZLU&issuer=Vivace"


def drawn_modules(svg: str) -> list[list[bool]]:
    """The modules, with the quiet zone, as the lines of the drawing make them dark."""
    root = ElementTree.fromstring(svg)
    (group,) = root.iter(f"{SVG}g")
    assert group.get("transform") == "scale(4)"
    size = int(root.attrib["width"].removesuffix("px")) // 4
    modules = [[False] * size for _ in range(size)]
    (lines,) = (path for path in root.iter(f"{SVG}path") if path.get("stroke") == "#000")
    x, y = 0.0, 0.0
    for command, dx, dy, length in re.findall(
        r"([Mm])(-?[\d.]+) (-?[\d.]+)h(\d+)", lines.attrib["d"]
    ):
        x, y = (float(dx), float(dy)) if command == "M" else (x + float(dx), y + float(dy))
        for column in range(int(x), int(x) + int(length)):
            modules[int(y)][column] = True
        x += int(length)
    return modules


def test_the_drawing_is_the_code() -> None:
    code = segno.make_qr(TEXT, error="m")
    assert drawn_modules(make_qr_svg(TEXT)) == [
        [bool(module) for module in row] for row in code.matrix_iter(border=4)
    ]


def test_around_the_code_is_a_quiet_zone_of_four_modules() -> None:
    modules = drawn_modules(make_qr_svg(TEXT))
    assert not any(any(row) for row in (*modules[:4], *modules[-4:]))
    assert not any(any((*row[:4], *row[-4:])) for row in modules)
    assert all(modules[4][4:11]), "the finder pattern is in the corner"


def test_it_is_a_whole_document_on_a_white_ground() -> None:
    root = ElementTree.fromstring(make_qr_svg(TEXT))
    assert root.tag == f"{SVG}svg"
    width = root.attrib["width"].removesuffix("px")
    assert root.attrib["viewBox"] == f"0 0 {width} {width}"
    (ground,) = (path for path in root.iter(f"{SVG}path") if path.get("fill") == "#fff")
    side = int(width) // 4
    assert ground.attrib["d"] == f"M0 0h{side}v{side}h-{side}z"


def test_text_in_it_cannot_become_markup() -> None:
    svg = make_qr_svg('"><script>alert(1)</script>')
    assert "script" not in svg
    ElementTree.fromstring(svg)
