"""What a Hugging Face Space gives the app to live in: which folders can be written to, whether the GPU is lent by the call, where it is reached.

The rule: nothing on a Space is asked of anybody. Its owner sets variables and secrets, reads the log, and sits at no terminal; a home that cannot be
written to is no reason not to start. Reads the environment, opens nothing.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from solar_chat.errors import StartError
from solar_chat.paths import Home

PORT: Final = 7860
"""Where a Space's own proxy looks."""
BUCKET: Final = Path("/data")
"""Where a Space's storage bucket is mounted, unless its owner chose another place."""
BUCKET_VARIABLE: Final = "SOLAR_CHAT_BUCKET"
_FOLDER: Final = "solar-chat"


def space_home(chosen: Path | None = None, environment: Mapping[str, str] = os.environ) -> Home:
    """The folders of an app on a Space: `chosen`, else the usual ones where they can be written to, else temporary ones; and the bucket.

    Whoever talks on a Space is a visitor, so nothing that must last lies in a temporary folder.
    """
    usual = Home.find(chosen)
    try:
        home = usual.create()
    except StartError:
        home = Home.find(Path(tempfile.gettempdir()) / _FOLDER)
    return replace(home, bucket=_bucket(environment))


def gpu_by_the_call(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this Space has a GPU only while a decorated function runs (ZeroGPU)."""
    return environment.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


def space_address(environment: Mapping[str, str] = os.environ) -> str | None:
    """Where people find the page; None where the Space does not say."""
    host = environment.get("SPACE_HOST", "").split(",")[0]
    return f"https://{host}/" if host else None


def _bucket(environment: Mapping[str, str]) -> Path | None:
    """The bucket's folder for this app; None where none is mounted, or only to be read."""
    named = environment.get(BUCKET_VARIABLE)
    mounted = Path(named) if named else BUCKET
    # A plain folder of the image is gone at the next start; what the owner names is what they mean.
    if not mounted.is_dir() or not (named or mounted.is_mount()) or not os.access(mounted, os.W_OK):
        return None
    return mounted / _FOLDER
