"""What Windows and macOS show of the program: the version resource of the .exe and the Info.plist of the .app."""

from __future__ import annotations

from typing import Any

NAME = "SolarChat"
TITLE = "Solar Chat"
DESCRIPTION = "Korean/English chat that runs on this computer"
BUNDLE_ID = "app.solarchat.SolarChat"
# torch has no wheel for an older macOS.
OLDEST_MACOS = "14.0"
# Language and code page of the strings, as Windows numbers them: U.S. English and Korean, Unicode.
_LANGUAGES = (0x0409, 0x0412)
_UNICODE = 1200


def version_resource(version: str) -> str:
    """The file that PyInstaller reads as `version`: an expression that makes a VSVersionInfo."""
    numbers = tuple(int(part) for part in [*version.split("."), "0", "0", "0", "0"][:4])
    strings = {
        "CompanyName": TITLE,
        "FileDescription": TITLE,
        "FileVersion": version,
        "InternalName": NAME,
        "LegalCopyright": "Apache-2.0",
        "OriginalFilename": f"{NAME}.exe",
        "ProductName": TITLE,
        "ProductVersion": version,
        "Comments": DESCRIPTION,
    }
    tables = [
        f"StringTable('{language:04X}{_UNICODE:04X}', [{', '.join(f'StringStruct({name!r}, {text!r})' for name, text in strings.items())}])"
        for language in _LANGUAGES
    ]
    translations = [number for language in _LANGUAGES for number in (language, _UNICODE)]
    return (
        f"VSVersionInfo(ffi=FixedFileInfo(filevers={numbers}, prodvers={numbers}, mask=0x3F, flags=0, OS=0x40004, fileType=1, subtype=0),\n"
        f"kids=[StringFileInfo([{', '.join(tables)}]), VarFileInfo([VarStruct('Translation', {translations})])])\n"
    )


def info_plist(version: str) -> dict[str, Any]:
    """Entries of Info.plist beside those that PyInstaller writes."""
    return {
        "CFBundleDisplayName": TITLE,
        "CFBundleShortVersionString": version,
        "CFBundleVersion": version,
        "CFBundleDevelopmentRegion": "en",
        "CFBundleLocalizations": ["en", "ko"],
        "LSMinimumSystemVersion": OLDEST_MACOS,
        "LSApplicationCategoryType": "public.app-category.productivity",
        "NSHighResolutionCapable": True,
        "NSRequiresAquaSystemAppearance": False,
        # The page comes from this computer over HTTP.
        "NSAppTransportSecurity": {"NSAllowsLocalNetworking": True},
    }
