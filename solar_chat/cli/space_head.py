"""The head of README.md, which the Hub reads as a Space's settings: its plain values, and the one of them that depends on whose Space it is.

The picture that is shown where a Space is shared has to be an address, and the address has the Space's name in it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from solar_chat.errors import InputError
from solar_chat.models.resolve import HUB_ID
from solar_chat.paths import HUGGING_FACE

PICTURE: Final = "docs/page.png"
_MARK: Final = "---\n"


def front_matter(readme: str) -> dict[str, str]:
    """The plain values of the YAML block that a Space's README begins with."""
    block = readme.split(_MARK, 2)[1]
    return {name: value.strip("\"'") for name, value in re.findall(r"^(\w+): (.+)$", block, re.MULTILINE)}


def name_space(readme: Path, space: str) -> str:
    """Write where the picture of `space` ("owner/name") will lie into the head of `readme`; returns the address.

    Raises InputError `space_name` for what is no name of a Space, `space_head` where the file cannot be read or written.
    """
    if not HUB_ID.fullmatch(space):
        raise InputError("space_name", name=space)
    # Not on a mirror, which HF_ENDPOINT may name: Spaces are there alone.
    address = f"{HUGGING_FACE}/spaces/{space}/resolve/main/{PICTURE}"
    new = readme.with_name(f".{readme.name}.part")
    try:
        before, block, after = readme.read_text(encoding="utf-8").split(_MARK, 2)
        kept = "".join(line for line in block.splitlines(keepends=True) if not line.startswith("thumbnail:"))
        new.write_text(f"{before}{_MARK}{kept}thumbnail: {address}\n{_MARK}{after}", encoding="utf-8", newline="\n")
        os.replace(new, readme)
    except (OSError, ValueError) as error:
        new.unlink(missing_ok=True)
        raise InputError("space_head", path=readme, reason=str(error)) from error
    return address
