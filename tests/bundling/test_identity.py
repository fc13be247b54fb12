"""Icon, version resource, Info.plist and licences, as the systems' own formats."""

from __future__ import annotations

import plistlib
import struct
from pathlib import Path
from typing import Any

from PIL import Image

from bundling.icons import ICO_PIXELS, write_icns, write_ico
from bundling.identity import info_plist, version_resource
from bundling.licences import distributions_of, terms_of
from solar_chat import __version__
from solar_chat.paths import ASSETS


def test_windows_icon_has_every_size(tmp_path: Path) -> None:
    data = write_ico(ASSETS / "icon.png", tmp_path / "icon.ico").read_bytes()
    _, kind, count = struct.unpack_from("<HHH", data)
    widths = [data[6 + 16 * index] or 256 for index in range(count)]
    assert kind == 1
    assert sorted(widths) == sorted(ICO_PIXELS)


def test_macs_icon_opens(tmp_path: Path) -> None:
    with Image.open(write_icns(ASSETS / "icon.png", tmp_path / "icon.icns")) as icon:
        assert icon.format == "ICNS"
        assert icon.size == (1024, 1024)


def test_the_version_resource_is_an_expression_of_pyinstallers_classes() -> None:
    def structure(kind: str) -> Any:
        return lambda *arguments, **named: (kind, arguments, named)

    names = ("VSVersionInfo", "FixedFileInfo", "StringFileInfo", "StringTable", "StringStruct", "VarFileInfo", "VarStruct")
    kind, _, named = eval(version_resource("1.2.3"), {name: structure(name) for name in names})
    assert kind == "VSVersionInfo"
    assert named["ffi"][2]["filevers"] == (1, 2, 3, 0)
    (_, (tables,), _), (_, (((_, (_, languages), _),),), _) = named["kids"]
    assert [table[1][0] for table in tables] == ["040904B0", "041204B0"]
    assert languages == [0x409, 1200, 0x412, 1200]
    assert ("StringStruct", ("ProductVersion", "1.2.3"), {}) in tables[1][1][1]


def test_the_plist_is_one() -> None:
    found = plistlib.loads(plistlib.dumps(info_plist(__version__)))
    assert found["CFBundleLocalizations"] == ["en", "ko"]
    assert found["LSMinimumSystemVersion"] == "14.0"
    assert found["CFBundleShortVersionString"] == __version__


def test_terms_name_each_distribution_once() -> None:
    names = distributions_of(["torch", "functorch", "langdetect", "no_such_module"])
    assert names == ["langdetect", "torch"]
    terms = terms_of(names)
    assert "langdetect 1.0.9" in terms
    assert terms.count("Apache License\n") <= 2 or "as torch" in terms
