"""What a model on the Hub consists of, without its weights: config, index, and the beginnings of its safetensors files.

A few kilobytes of 20 GB, enough to plan with. The rule: nothing is written to the disk, and an answer is broken off where a server sends more than it
was asked for. What the bytes mean is for `checkpoint` to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from solar_chat.checkpoint import INDEX, header_bytes, shards
from solar_chat.errors import ModelError, SolarChatError
from solar_chat.models.hub import Hub, HubFile
from solar_chat.models.spec import Form
from solar_chat.models.storage import wanted

# The header of a shard of 5 GB takes 10 to 30 kB.
_FIRST_BYTES = 65_536
_LARGEST_SMALL_FILE_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class Outline:
    """One commit of a repository."""

    config: bytes | None
    index: bytes | None
    heads: Mapping[str, tuple[bytes, int]]
    """Weight file → (what it begins with, header and all; its size in bytes)."""
    fetched_bytes: int
    """How much of the files came over the line."""


def outline(form: Form, progress: Callable[[float], None] | None = None, *, endpoint: str | None = None) -> Outline:
    """Ask the Hub for `form`, which must be safetensors of a repository; `progress` gets the share of the files that were looked at.

    Raises ModelError: those of `Hub.problem`, `model_only_pickle`; InputError `upscale_broken_file`.
    """
    if form.repo is None:
        raise ValueError("a form without a repository is nowhere on the Hub")
    hub = Hub(form.repo, endpoint)
    try:
        return _Asking(hub, form, progress).outline()
    except SolarChatError:
        raise
    except Exception as error:
        raise hub.problem(error) from error


class _Asking:
    def __init__(self, hub: Hub, form: Form, progress: Callable[[float], None] | None) -> None:
        listing = hub.listing(form.revision)
        self._hub, self._commit, self._progress = hub, listing.commit, progress
        self._files = {file.path: file for file in wanted(listing, form)}
        self._fetched = 0

    def outline(self) -> Outline:
        config, index = self._small("config.json"), self._small(INDEX)
        weight_map = shards(index)
        names = sorted(set(weight_map.values())) if weight_map else [name for name in self._files if name.endswith(".safetensors")]
        if not names:
            raise ModelError("model_only_pickle", path=self._hub.repo)
        heads = {}
        for done, name in enumerate(names, start=1):
            if name not in self._files:
                raise ModelError("hub_file_missing", model=self._hub.repo, file=name)
            heads[name] = (self._head(self._files[name]), self._files[name].size_bytes)
            if self._progress is not None:
                self._progress(done / len(names))
        return Outline(config, index, heads, self._fetched)

    def _small(self, name: str) -> bytes | None:
        file = self._files.get(name)
        return None if file is None else self._beginning(file, min(file.size_bytes, _LARGEST_SMALL_FILE_BYTES))

    def _head(self, file: HubFile) -> bytes:
        beginning = self._beginning(file, min(file.size_bytes, _FIRST_BYTES))
        length = header_bytes(beginning)
        if length is None or 8 + length <= len(beginning):
            return beginning
        return beginning + self._beginning(file, min(file.size_bytes, 8 + length), start=len(beginning))

    def _beginning(self, file: HubFile, stop: int, start: int = 0) -> bytes:
        """Bytes `start` to `stop`."""
        if stop <= start:
            return b""
        with self._hub.stream(file, self._commit, start, stop) as (begins, pieces):
            found = bytearray()
            for piece in pieces:
                self._fetched += len(piece)
                found += piece
                if begins + len(found) >= stop:
                    break
        return bytes(found[start - begins : stop - begins])
