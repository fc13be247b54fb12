"""What the Hub says of a repository, and a file of it as a stream of bytes.

Sign-in, headers, redirects and the HTTP client are `huggingface_hub`'s; so are its errors, which are put into our words here and nowhere else. The
rule: a file is asked for at one commit, so that two halves of it never come from two versions. Writes nothing to the disk.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import PurePosixPath
from typing import Any

from solar_chat.errors import ModelError
from solar_chat.paths import hub_endpoint

METADATA_TIMEOUT_S = 10.0
# Silence of this length on an open line means that the line is dead. The Hub's own client uses the same.
READ_TIMEOUT_S = 10.0
_SHA256_DIGITS, _SHA1_DIGITS = 64, 40


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file of a repository."""

    path: str
    """With "/", relative to the repository."""
    size_bytes: int
    digest: str
    """Hex digits: sha256 of the content for what the Hub keeps in LFS, git's own object id (sha1) for the rest."""

    @property
    def is_sha256(self) -> bool:
        return len(self.digest) == _SHA256_DIGITS


@dataclass(frozen=True, slots=True)
class Listing:
    """A repository at one commit."""

    repo: str
    revision: str
    """What was asked for, "main" mostly."""
    commit: str
    files: tuple[HubFile, ...]
    licence: str | None = None
    """As the model card says; None where it does not."""
    parameters: int = 0
    """From the headers of its safetensors; 0 where the Hub does not say."""


class Hub:
    """One hub, huggingface.co or a mirror, for one model (whose name stands in the errors)."""

    def __init__(self, repo: str, endpoint: str | None = None) -> None:
        """`endpoint` beats `HF_ENDPOINT`, which is read now and not when the library was imported."""
        self.repo = repo
        self.endpoint = (endpoint or hub_endpoint()).rstrip("/")

    def listing(self, revision: str) -> Listing:
        """Files, sizes and checksums in one request. Raises what `problem` understands."""
        from huggingface_hub import HfApi

        info = HfApi(endpoint=self.endpoint).model_info(self.repo, revision=revision, files_metadata=True, timeout=METADATA_TIMEOUT_S)
        commit = info.sha or revision
        files = [self._file(sibling, commit) for sibling in info.siblings or () if _harmless(sibling.rfilename)]
        card = info.card_data
        licence = card.get("license") if card is not None else None
        total = getattr(info.safetensors, "total", 0) if info.safetensors is not None else 0
        return Listing(self.repo, revision, commit, tuple(files), licence if isinstance(licence, str) else None, total or 0)

    @contextlib.contextmanager
    def stream(self, file: HubFile, commit: str, start: int, stop: int | None = None) -> Iterator[tuple[int, Iterator[bytes]]]:
        """The bytes of `file` from `start` on, as (where they begin, the pieces). A server may begin at 0 all the same, and not end at `stop`.

        Plain HTTP with byte ranges, deliberately not Xet: every hub and mirror serves it, and what has come can be kept and gone on with after a
        kill, which neither Xet can do nor the Hub's own client, which deletes the part of a download that was broken off.
        """
        from huggingface_hub import get_session, hf_raise_for_status
        from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # exported by name at run time

        # Uncompressed, so that offsets are those of the file.
        asked = {"Range": f"bytes={start}-{'' if stop is None else stop - 1}"} if start or stop is not None else {}
        headers = {**build_hf_headers(), "Accept-Encoding": "identity", **asked}
        with get_session().stream("GET", self._url(file.path, commit), headers=headers, timeout=READ_TIMEOUT_S, follow_redirects=True) as answer:
            if answer.is_error:
                answer.read()
            hf_raise_for_status(answer)
            yield _first_byte(answer.headers.get("Content-Range")) if answer.status_code == 206 else 0, answer.iter_bytes()

    def beginning(self, file: HubFile, commit: str, count: int) -> bytes:
        """The first `count` bytes of `file`, or all of a shorter one. The line is closed behind them, whatever the server still had to say."""
        data = b""
        with self.stream(file, commit, 0, stop=count) as (_, pieces):
            for piece in pieces:
                data += piece
                if len(data) >= count:
                    break
        return data[:count]

    def problem(self, error: Exception) -> ModelError:
        """What an error of the Hub's client means, in our words. Offline, missing, gated and busy are four things."""
        from huggingface_hub import errors as hub

        if isinstance(error, ModelError):
            return error
        if isinstance(error, hub.OfflineModeIsEnabled):
            return ModelError("hub_switched_off", model=self.repo)
        if isinstance(error, hub.GatedRepoError):
            return ModelError("hub_gated", model=self.repo, url=f"{self.endpoint}/{self.repo}")
        if isinstance(error, hub.RevisionNotFoundError):
            return ModelError("hub_revision_missing", model=self.repo)
        if isinstance(error, hub.EntryNotFoundError):
            return ModelError("hub_file_missing", model=self.repo, file=_asked_file(error))
        if isinstance(error, hub.RepositoryNotFoundError | hub.HFValidationError):
            return ModelError("hub_unknown", model=self.repo)
        if isinstance(error, hub.HfHubHTTPError):
            return self._refusal(error)
        if isinstance(error, transport_error()):
            return ModelError("hub_offline", model=self.repo, hub=self.endpoint, reason=_first_line(error))
        return ModelError("hub_failed", model=self.repo, reason=_first_line(error))

    def _refusal(self, error: Any) -> ModelError:
        """An answer without one of the Hub's own error codes."""
        status = error.response.status_code
        if status == 429:
            return ModelError("hub_busy", model=self.repo, minutes=max(1, round((asked_wait_s(error) or 60) / 60)))
        if status in (401, 403):
            # Also what the Hub says of repositories that do not exist or are private, where it knows no token.
            known = "authorization" in error.response.request.headers
            return ModelError("hub_token" if known else "hub_unknown", model=self.repo)
        if status == 404:
            return ModelError("hub_unknown", model=self.repo)
        return ModelError("hub_failed", model=self.repo, reason=_first_line(error))

    def _file(self, sibling: Any, commit: str) -> HubFile:
        if sibling.lfs is not None:
            return HubFile(sibling.rfilename, sibling.lfs.size, sibling.lfs.sha256)
        if sibling.size is not None and sibling.blob_id:
            return HubFile(sibling.rfilename, sibling.size, sibling.blob_id)
        return self._file_of_headers(sibling.rfilename, commit)

    def _file_of_headers(self, path: str, commit: str) -> HubFile:
        """For mirrors whose listing knows only names. Raises ModelError `hub_failed` where they say nothing to check the file by."""
        from huggingface_hub import get_hf_file_metadata

        found = get_hf_file_metadata(self._url(path, commit), timeout=METADATA_TIMEOUT_S, endpoint=self.endpoint)
        if found.size is None or found.etag is None or len(found.etag) not in (_SHA256_DIGITS, _SHA1_DIGITS):
            raise ModelError("hub_failed", model=self.repo, reason=f"no size or checksum of {path}")
        return HubFile(path, found.size, found.etag)

    def _url(self, path: str, commit: str) -> str:
        from huggingface_hub import hf_hub_url

        return str(hf_hub_url(self.repo, path, revision=commit, endpoint=self.endpoint))


def transport_error() -> type[Exception]:
    """The base of the HTTP library's connection errors: httpx's under version 1 of the Hub's client, httpx2's under version 2."""
    from huggingface_hub import get_session

    found: type[Exception] = importlib.import_module(type(get_session()).__module__.split(".")[0]).TransportError
    return found


def is_passing(error: Exception) -> bool:
    """Whether the same request may succeed a little later."""
    from huggingface_hub import errors as hub

    if isinstance(error, hub.HfHubHTTPError):
        return error.response.status_code in (408, 429) or error.response.status_code >= 500
    return isinstance(error, transport_error())


def asked_wait_s(error: Exception) -> float | None:
    """How long the hub asked to be left alone, by its rate limit header or `Retry-After` (seconds or a date); None where it did not."""
    from huggingface_hub import errors as hub
    from huggingface_hub.utils import parse_ratelimit_headers  # type: ignore[attr-defined]  # exported by name at run time

    if not isinstance(error, hub.HfHubHTTPError):
        return None
    headers = error.response.headers
    limit = parse_ratelimit_headers(headers)
    if error.response.status_code == 429 and limit is not None and limit.remaining == 0:
        return float(limit.reset_in_seconds)
    said = headers.get("Retry-After", "").strip()
    if said.isdigit():
        return float(said)
    try:
        until = parsedate_to_datetime(said)
    except ValueError:
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _harmless(path: str) -> bool:
    """A listing is somebody else's data: no name of it may lead out of the folder, on any system."""
    parts = PurePosixPath(path)
    return not parts.is_absolute() and ".." not in parts.parts and not set(path) & set('\\:*?"<>|\0')


def _first_byte(content_range: str | None) -> int:
    """`bytes 100-199/200` → 100."""
    first = (content_range or "").removeprefix("bytes ").partition("-")[0]
    return int(first) if first.isdigit() else 0


def _asked_file(error: Any) -> str:
    return str(error.response.request.url.path).rsplit("/", 1)[-1] if getattr(error, "response", None) is not None else "-"


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).split("\n", 1)[0]
