"""Makes what the page carries: `assets/page/AppKR-*.woff2`, `assets/page/OFL.txt`, `assets/icon.svg` and `assets/icon.png`.

    python recipes/assets/build.py [--fonts /usr/share/fonts/opentype/noto]

The fonts are Noto Sans CJK KR (Debian: fonts-noto-cjk) cut down to Korean and Latin; they carry another name because the licence keeps "Source"
for the original. All 11,172 syllables stay: the common 2,350 are a quarter of the size, but a chat meets names and slang that need the rest.
The icon is drawn here; its PNG is taken by Chromium, so that no SVG library is needed. Needs fonttools, brotli and Playwright.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTCollection, TTFont
from playwright.sync_api import sync_playwright

ASSETS = Path(__file__).resolve().parents[2] / "assets"
FAMILY = "AppKR"
SOURCE_FAMILY = "Noto Sans CJK KR"
ICON_PIXELS = 256

# Unicode blocks, half open. Han is left out: it is eight times as big, and every system that shows Chinese brings its own.
KEPT = (
    (0x0020, 0x007F),  # Latin
    (0x00A0, 0x0250),  # Latin with accents
    (0x02B0, 0x0370),  # tone and combining marks
    (0x0370, 0x0400),  # Greek, for formulas
    (0x1100, 0x1200),  # jamo
    (0x2000, 0x2070),  # punctuation
    (0x2070, 0x20D0),  # superscripts, subscripts, currency
    (0x2100, 0x2300),  # letter-like, numbers, arrows, mathematics
    (0x2460, 0x2600),  # enclosed numbers, boxes, shapes
    (0x3000, 0x3040),  # East Asian punctuation
    (0x3130, 0x3190),  # compatibility jamo
    (0x3200, 0x3280),  # enclosed Korean
    (0xA960, 0xA980),  # old jamo
    (0xAC00, 0xD7A4),  # syllables
    (0xD7B0, 0xD800),  # old jamo
    (0xFF00, 0xFFF0),  # full width
)

# The sun as a speech bubble; in it a ㅎ, the letter a Korean laughs with.
ICON = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 256 256" role="img" aria-label="Solar Chat">
  <defs>
    <linearGradient id="sun" x1="0" y1="0" x2="0.6" y2="1">
      <stop offset="0" stop-color="#f6b443"/>
      <stop offset="1" stop-color="#d9662b"/>
    </linearGradient>
  </defs>
  <path fill="url(#sun)" d="M128 14a108 108 0 1 1-51.500 202.900L30.600 240.300a6.500 6.500 0 0 1-8.700-8.700l22.400-46.300A108 108 0 0 1 128 14z"/>
  <g fill="none" stroke="#fffaf2" stroke-width="17" stroke-linecap="round">
    <path d="M106 65h44"/>
    <path d="M76 98h104"/>
    <circle cx="128" cy="150" r="31"/>
  </g>
</svg>
"""

COPYRIGHT = """The files AppKR-Regular.woff2 and AppKR-Bold.woff2 are modified versions (subsets under another name) of Noto Sans CJK KR.

Copyright 2014-2021 Adobe (http://www.adobe.com/), with Reserved Font Name 'Source'.

This Font Software is licensed under the SIL Open Font License, Version 1.1.
This license is copied below, and is also available with a FAQ at: https://openfontlicense.org

-----------------------------------------------------------
SIL OPEN FONT LICENSE Version 1.1 - 26 February 2007
-----------------------------------------------------------

"""


def cut_font(collection: Path, style: str, target: Path) -> None:
    """Write the Korean face of `collection`, reduced to `KEPT`, as woff2."""
    faces = TTCollection(str(collection)).fonts
    font: TTFont = next(face for face in faces if face["name"].getDebugName(1) == SOURCE_FAMILY or face["name"].getDebugName(16) == SOURCE_FAMILY)
    options = Options()
    options.flavor = "woff2"
    # Vertical forms and regional variants are a third of the file, and a chat is written across.
    options.layout_features = ["ccmp", "kern", "liga", "locl", "mark", "mkmk", "ljmo", "vjmo", "tjmo"]
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.hinting = False
    options.desubroutinize = False
    options.drop_tables += ["vhea", "vmtx", "VORG"]
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[point for first, end in KEPT for point in range(first, end)])
    subsetter.subset(font)
    names = font["name"]
    for number, text in ((1, FAMILY), (2, style), (3, f"{FAMILY}-{style}"), (4, f"{FAMILY} {style}"), (6, f"{FAMILY}-{style}")):
        names.setName(text, number, 3, 1, 0x409)
    cff = font["CFF "].cff
    cff.fontNames = [f"{FAMILY}-{style}"]
    top = cff.topDictIndex[0]
    top.FullName, top.FamilyName = f"{FAMILY} {style}", FAMILY
    font.flavor = "woff2"
    font.save(str(target))


def licence(debian: Path) -> str:
    """The OFL as Debian prints it in its copyright file, without the indentation."""
    text = debian.read_text(encoding="utf-8")
    start = text.index(" PREAMBLE")
    end = text.index("\nLicense: GPL-3+", start)
    lines = (line.removeprefix(" ").rstrip() for line in text[start:end].splitlines())
    return COPYRIGHT + "\n".join("" if line == "." else line for line in lines).strip() + "\n"


def draw_icon(target: Path, png: Path) -> None:
    """Write the SVG, and the PNG that a window or a favicon wants."""
    target.write_text(ICON, encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": ICON_PIXELS, "height": ICON_PIXELS})
        page.set_content(f"<body style='margin:0;background:transparent'>{ICON}</body>")
        page.screenshot(path=str(png), omit_background=True)
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fonts", type=Path, default=Path("/usr/share/fonts/opentype/noto"))
    parser.add_argument("--licence", type=Path, default=Path("/usr/share/doc/fonts-noto-cjk/copyright"))
    given = parser.parse_args()
    page = ASSETS / "page"
    page.mkdir(parents=True, exist_ok=True)
    for style in ("Regular", "Bold"):
        cut_font(given.fonts / f"NotoSansCJK-{style}.ttc", style, page / f"{FAMILY}-{style}.woff2")
    (page / "OFL.txt").write_text(licence(given.licence), encoding="utf-8")
    draw_icon(ASSETS / "icon.svg", ASSETS / "icon.png")


if __name__ == "__main__":
    main()
