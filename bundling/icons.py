"""The app's icon in the formats of Windows and macOS, made of `assets/icon.png` when a bundle is built."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

# What Explorer, the task bar and the title bar ask for at their scales.
ICO_PIXELS = (16, 20, 24, 32, 40, 48, 64, 96, 128, 256)
# The largest picture of an .icns; Pillow makes the smaller ones.
ICNS_PIXELS = 1024


def write_ico(png: Path, target: Path) -> Path:
    """Windows' icon. Returns `target`."""
    with Image.open(png) as icon:
        icon.convert("RGBA").save(target, format="ICO", sizes=[(pixels, pixels) for pixels in ICO_PIXELS])
    return target


def write_icns(png: Path, target: Path) -> Path:
    """macOS' icon. Returns `target`."""
    with Image.open(png) as icon:
        icon.convert("RGBA").resize((ICNS_PIXELS, ICNS_PIXELS), Image.Resampling.LANCZOS).save(target, format="ICNS")
    return target
