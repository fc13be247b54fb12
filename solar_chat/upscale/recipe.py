"""The recipe beside a result: what was stacked from what, as JSON that a person can read and `verify` can follow.

It holds the plan, not the weights, and no path of the machine it was made on: a source folder is named relative to the result.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solar_chat import __version__
from solar_chat.checkpoint import Checkpoint
from solar_chat.errors import InputError
from solar_chat.upscale.plan import METHODS, DepthPlan

RECIPE = "upscale.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Recipe:
    """One up-scaling."""

    plan: DepthPlan
    source: str
    """What a person calls the source: an id on the Hub, a folder's name."""
    location: str | None
    """The id on the Hub, or the folder relative to the result; None where there is no way from here to there (another drive)."""
    on_hub: bool
    files: tuple[str, ...]
    """The weight files by name where the source was a list of files."""
    command: str

    def text(self, source: Checkpoint) -> str:
        """The file's content."""
        content = {
            "format": _FORMAT,
            "made_by": f"Solar Chat {__version__}",
            "command": self.command,
            "source": {
                "name": self.source,
                "location": self.location,
                "on_hub": self.on_hub,
                "files": list(self.files),
                "layers": source.layers,
                "bytes": source.bytes,
            },
            "method": self.plan.method,
            "layers": self.plan.layers,
            "sources": list(self.plan.sources),
            "zeroed": list(self.plan.zeroed),
            "seams": [list(seam) for seam in self.plan.seams],
        }
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def read(cls, result: Path) -> Recipe:
        """The recipe in the folder `result`. Raises InputError `upscale_no_recipe` or `upscale_broken_file`."""
        try:
            content: dict[str, Any] = json.loads((result / RECIPE).read_text(encoding="utf-8"))
        except OSError as error:
            raise InputError("upscale_no_recipe", path=result) from error
        except ValueError as error:
            raise InputError("upscale_broken_file", file=RECIPE) from error
        try:
            source = content["source"]
            plan = DepthPlan(int(source["layers"]), tuple(map(int, content["sources"])), tuple(map(int, content["zeroed"])), content["method"])
            if content["format"] != _FORMAT or plan.method not in METHODS or not all(0 <= old < plan.source_layers for old in plan.sources):
                raise ValueError("content")
            return cls(plan, str(source["name"]), source["location"], bool(source["on_hub"]), tuple(source["files"]), str(content["command"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError("upscale_broken_file", file=RECIPE) from error


def location(source: Path, target: Path) -> str | None:
    """`source` as seen from `target`."""
    try:
        return Path(os.path.relpath(source.resolve(), target.resolve())).as_posix()
    except ValueError:  # another drive on Windows
        return None
