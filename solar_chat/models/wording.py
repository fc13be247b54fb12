"""What is said about models, for every door: sizes, times, licences, whether one runs here, how far a download is.

The words are the catalogue's (`models.*`); here is only which of them, with which numbers. The rule: a sentence that two doors need is put together
once. No layout: a door decides what stands where.
"""

from __future__ import annotations

from typing import Protocol

from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.models.fit import Fit
from solar_chat.models.four_bit import WEIGHTS as FOUR_BIT_WEIGHTS
from solar_chat.models.progress import DownloadProgress
from solar_chat.models.spec import ModelSpec
from solar_chat.models.storage import Copy


class Say(Protocol):
    """The sentence `models.<key>`."""

    def __call__(self, key: str, /, **params: object) -> str: ...


def speaker(catalogue: Catalogue, lang: InterfaceLanguage) -> Say:
    """The sentences `models.*` in one language."""

    def say(key: str, /, **params: object) -> str:
        return catalogue.tr(lang, f"models.{key}", **params)

    return say


def size(count: int) -> str:
    """Bytes for people."""
    if not count:
        return "-"
    if count < 1e6:
        return f"{count / 1e3:.0f} kB"
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def duration(seconds: float, say: Say) -> str:
    """Seconds for people: two figures are enough."""
    if seconds < 60:
        return say("seconds", count=max(1, round(seconds)))
    minutes = round(seconds / 60)
    return say("minutes", count=minutes) if minutes < 60 else say("hours", hours=minutes // 60, minutes=minutes % 60)


def terms(spec: ModelSpec, say: Say) -> str:
    """The licence, and what it does not allow."""
    licence = spec.licence or say("licence_unknown")
    return f"{licence}, {say('not_commercial')}" if spec.commercial is False else licence


def licence_sentence(spec: ModelSpec, say: Say) -> str:
    """What the licence means for whoever uses the model."""
    if spec.commercial is None:
        return say("licence_unclear", licence=spec.licence) if spec.licence else say("licence_missing")
    return say("licence_commercial" if spec.commercial else "licence_not_commercial", licence=spec.licence)


def verdict(fit: Fit, say: Say) -> str:
    """Whether it runs here, and what stands against it."""
    said = say(f"fit_{fit.verdict}")
    if fit.verdict == "too_large":
        if fit.disk_bytes > fit.disk_free_bytes:
            return say("fit_because", verdict=said, reason=say("lacks_disk", needed=size(fit.disk_bytes), free=size(fit.disk_free_bytes)))
        return say("fit_because", verdict=said, reason=say("lacks_memory", needed=size(fit.needed_bytes), free=size(fit.free_bytes)))
    if fit.verdict == "tight":
        return say("fit_because", verdict=said, reason=say("lacks_memory", needed=size(fit.needed_bytes), free=size(fit.free_bytes)))
    return said


def fit_line(fit: Fit, say: Say) -> str:
    """One form on this machine: engine, download, memory, verdict and speed."""
    kind = fit.form.kind if fit.form else "-"
    download = download_sizes(fit, say)
    if not fit.weight_bytes:
        return f"{kind}: {f'{download} · ' if fit.disk_bytes else ''}{say('fit_unknown')}"
    parts = [f"{fit.engine}, {fit.weights}", memory_sizes(fit, say), say(f"fit_{fit.verdict}"), say(f"speed_{fit.speed}")]
    if fit.disk_bytes:
        parts.insert(1, download)
    return f"{kind}: {' · '.join(parts)}"


def download_sizes(fit: Fit, say: Say) -> str:
    return say("download", size=size(fit.download_bytes), needed=size(fit.disk_bytes), free=size(fit.disk_free_bytes))


def memory_sizes(fit: Fit, say: Say) -> str:
    return say("memory", needed=size(fit.needed_bytes), free=size(fit.free_bytes))


def here(copy: Copy, say: Say) -> str:
    """What an earlier download left."""
    if copy.whole:
        return say("here_four_bit" if copy.form.weights == FOUR_BIT_WEIGHTS else "here_whole", size=size(copy.here_bytes), path=copy.path)
    return say("here_part", done=size(copy.here_bytes), total=size(copy.total_bytes))


def progress_line(now: DownloadProgress, say: Say) -> str:
    """How far a download is, how fast, and how long it will take."""
    if now.state == "asking":
        return say("download_asking")
    counts = f"{now.share:4.0%}  {size(now.done_bytes)} / {size(now.total_bytes)}"
    if now.state == "waiting":
        wait = say("download_waiting", time=duration(now.wait_s, say)) if now.wait_s else say("download_turn")
        return f"{counts} · {wait}"
    parts = [counts]
    if now.bytes_per_second:
        parts.append(f"{size(round(now.bytes_per_second))}/s")
    if now.seconds_left is not None:
        parts.append(say("download_left", time=duration(now.seconds_left, say)))
    return " · ".join(parts)
