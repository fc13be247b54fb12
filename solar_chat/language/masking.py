"""What in a text is not prose: code, links, paths, numbers, emoji and quoted mentions.

Every pattern here runs in linear time, because it also reads text from strangers. Regions never overlap and keep their order. Nothing here decides
what language or speech level anything is in; a quotation counts as a mention only while its line has words of its own.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

from solar_chat.language.types import SpanKind

_EXTENSIONS: Final = (
    "py|js|ts|tsx|jsx|json|jsonl|ya?ml|toml|md|txt|csv|tsv|html?|css|xml|sh|bash|bat|ps1|exe|dll|zip|gz|tar|pdf|png|jpe?g|gif|svg|mp[34]|wav|docx?"
    "|xlsx?|pptx?|hwpx?|java|kt|c|cc|cpp|h|hpp|rs|go|rb|php|sql|ini|cfg|conf|log|lock|safetensors|gguf|bin|pt|ipynb"
)
_TOKEN: Final = re.compile(
    r"(?P<url>(?:https?|ftp)://[!-~]+(?:(?<=[/=?&#_-])[가-힣][가-힣!-~]*)?|(?<![A-Za-z0-9.])www\.[!-~]+|(?<![A-Za-z0-9.@-])[A-Za-z0-9-]{1,63}\.(?:com|org|net|io|dev|kr|co\.kr|ai)\b(?:/[!-~]*)?)"
    r"|(?P<email>(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,6})"
    r"|(?P<path>(?<![A-Za-z0-9가-힣/~.])(?:~|\.{1,2})?/[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*/?"
    r"|(?<![A-Za-z0-9])[A-Za-z]:\\[A-Za-z0-9._\\-]+"
    rf"|(?<![A-Za-z0-9._/-])[A-Za-z0-9_][A-Za-z0-9_/-]{{0,120}}\.(?:{_EXTENSIONS})(?![A-Za-z0-9]))"
    r"|(?P<number>(?<![A-Za-z0-9])[+-]?\d{1,40}(?:[.,:]\d{1,40})*(?:%|(?![A-Za-z0-9])|(?=[A-Za-z])))"
    r"|(?P<emoji>[\U0001F1E6-\U0001F1FF\U0001F300-\U0001FAFF\u2600-\u27BF\u2B50\u2B55\u203C\u2049]"
    r"[\U0001F1E6-\U0001F1FF\U0001F300-\U0001FAFF\u2600-\u27BF\uFE0F\u200D\U0001F3FB-\U0001F3FF]*)"
)
_INLINE_CODE: Final = re.compile(r"(?<!`)(`{1,2})(?!`)([^`\n]{1,2000})\1(?!`)")
_FENCE: Final = re.compile(r"[ \t]{0,12}(?:[-*>] )?(```+|~~~+)")
_TRAILING: Final = ".,;:!?)\"'`>]}*"
_QUOTES: Final = (('"', '"'), ("“", "”"), ("‘", "’"), ("「", "」"), ("『", "』"), ("《", "》"), ("〈", "〉"))
_QUOTE: Final = re.compile(
    "|".join(f"{re.escape(opening)}[^{re.escape(opening)}{re.escape(closing)}\n]{{1,400}}{re.escape(closing)}" for opening, closing in _QUOTES)
    # An apostrophe between Latin letters is English spelling, not a quotation.
    + r"|(?<![A-Za-z0-9'])'(?=[^\s'])[^'\n]{1,400}(?<=[^\s'])'(?![A-Za-z'])"
)
_LETTER: Final = re.compile(r"[A-Za-z가-힣ㄱ-ㅎㅏ-ㅣ]")


@dataclass(frozen=True, slots=True)
class Region:
    """A stretch that is not prose; offsets in characters, half open."""

    start: int
    end: int
    kind: SpanKind


def fenced_blocks(text: str) -> list[Region]:
    """Fenced code blocks, fence lines included; an unclosed block runs to the end."""
    if "```" not in text and "~~~" not in text:
        return []
    found: list[Region] = []
    opened: tuple[int, str] | None = None
    position = 0
    for line in text.splitlines(keepends=True):
        match = _FENCE.match(line)
        if match:
            fence = match.group(1)
            if opened is None:
                if "`" not in line[match.end() :]:
                    opened = (position, fence)
            elif fence.startswith(opened[1]) and not line[match.end() :].strip():
                found.append(Region(opened[0], position + len(line.rstrip("\r\n")), "code"))
                opened = None
        position += len(line)
    if opened is not None:
        found.append(Region(opened[0], len(text), "code"))
    return found


def regions(text: str, *, lone_quotes: bool = False) -> list[Region]:
    """All non-prose of `text`, in order. `lone_quotes` also masks a quotation that is nearly all of its line."""
    found = fenced_blocks(text)
    blocked = [(region.start, region.end) for region in found]
    starts = [start for start, _ in blocked]

    def free(start: int, end: int) -> bool:
        index = bisect_right(starts, start) - 1
        if index >= 0 and blocked[index][1] > start:
            return False
        return index + 1 >= len(blocked) or blocked[index + 1][0] >= end

    def take(candidates: list[Region]) -> None:
        kept = [region for region in candidates if region.end > region.start and free(region.start, region.end)]
        if not kept:
            return
        found.extend(kept)
        blocked.extend((region.start, region.end) for region in kept)
        blocked.sort()
        starts[:] = [start for start, _ in blocked]

    if "`" in text:
        take([Region(match.start(), match.end(), "code") for match in _INLINE_CODE.finditer(text)])
    quotes = [Region(match.start(), match.end(), "quote") for match in _QUOTE.finditer(text)]
    # A link inside a quotation belongs to the quotation; code never does.
    take([region for region in quotes if lone_quotes or _is_mention(text, region)])
    take([_trimmed(text, match) for match in _TOKEN.finditer(text)])
    return sorted(found, key=lambda region: region.start)


def _trimmed(text: str, match: re.Match[str]) -> Region:
    kind = match.lastgroup
    end = match.end()
    if kind in ("url", "path"):
        while end > match.start() and text[end - 1] in _TRAILING:
            end -= 1
    named: SpanKind = "number" if kind == "number" else "emoji" if kind == "emoji" else "url"
    return Region(match.start(), end, named)


def _is_mention(text: str, region: Region) -> bool:
    """Whether the rest of the line is prose that speaks about the quotation (notes: 2 letters and 15 % of the quotation's length)."""
    start = text.rfind("\n", 0, region.start) + 1
    end = text.find("\n", region.end)
    rest = text[max(start, region.start - 400) : region.start] + text[region.end : region.end + 400 if end < 0 else min(end, region.end + 400)]
    letters = len(_LETTER.findall(rest))
    return letters >= 2 and letters >= 0.15 * (region.end - region.start)
