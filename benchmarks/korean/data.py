"""The public sets, as labelled items.

A set is a folder under the data folder, named as in `SETS`; a line's name is its file's path there and its number from 1, so that anyone can look it
up. Files are read as they are published: what a part leaves out, the part says. Nothing is downloaded.
"""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

SETS: Final = {
    "korean-honorific-translation": "https://github.com/spongepad/Korean-Honorific-Translation",
    "cocoa-mt-ko": "https://github.com/amazon-science/contrastive-controlled-mt",
    "stylekqc": "https://github.com/cynthia/stylekqc",
    "korean-honorifics-llm": "https://github.com/no0m0321/korean-honorifics-llm",
    "docs-ko-formal-react": "https://github.com/reactjs/ko.react.dev",
    "docs-ko-haeyo-toss-ff": "https://github.com/toss/frontend-fundamentals",
    "docs-ko-plain-k8s": "https://github.com/kubernetes-retired/kubernetes-docs-ko",
    "kpopmt": "https://github.com/skswldndi/KpopMT",
    "kite": "https://github.com/junkim100/KITE",
    "lingua-testdata": "https://github.com/pemistahl/lingua-py",
}
"""Set → the repository it comes from."""
# Posts by private people: counted, never shown.
_UNQUOTED: Final = frozenset({"kpopmt"})
_LEVELS: Final = {1: "plain", 2: "casual", 3: "hage", 4: "hao", 5: "polite", 6: "formal"}
_REPOSITORY: Final = Path(__file__).resolve().parents[2]
_COCOA: Final = "train/en-ko/formality-control.train.{domain}.en-ko"


class MissingSet(Exception):
    """A set, or a file of it, is not in the data folder."""


@dataclass(frozen=True, slots=True)
class Item:
    """A text with its label; `set` is the file's path in the data folder, `line` counts from 1."""

    set: str
    line: int
    text: str
    label: str

    @property
    def quotable(self) -> bool:
        """Whether the text may be shown."""
        return self.set.split("/")[0] not in _UNQUOTED


@dataclass(frozen=True, slots=True)
class Pair:
    """The same in two registers."""

    casual: Item
    polite: Item
    english: str


def data_folder(chosen: Path | None) -> Path:
    """`chosen`, else SOLAR_CHAT_DATA, else `data` in the repository, else `shared/data` beside it."""
    if chosen is not None:
        return chosen
    if named := os.environ.get("SOLAR_CHAT_DATA"):
        return Path(named)
    inside = _REPOSITORY / "data"
    return inside if inside.is_dir() else _REPOSITORY.parent / "shared" / "data"


@dataclass(frozen=True, slots=True)
class Data:
    """The sets under one folder. Every reader raises MissingSet where its file is not there."""

    folder: Path

    def path(self, name: str) -> Path:
        """A file or folder by its path in the data folder."""
        found = self.folder / name
        if not found.exists():
            set_name = name.split("/")[0]
            raise MissingSet(f"{set_name} is not in the data folder; get it from {SETS[set_name]}")
        return found

    def items(self, name: str, label: str) -> list[Item]:
        """The lines of a text file that are not blank, all with one label."""
        lines = self.path(name).read_text(encoding="utf-8").split("\n")
        return [Item(name, number, line.strip(), label) for number, line in enumerate(lines, 1) if line.strip()]

    def honorific_translation(self) -> list[Item]:
        """KHT valid: what was said in 반말, and the same in 존댓말."""
        folder = "korean-honorific-translation"
        return self.items(f"{folder}/src-valid.txt", "banmal") + self.items(f"{folder}/tgt-valid.txt", "jondaemal")

    def stylekqc(self) -> list[Item]:
        """StyleKQC dev: requests to an assistant."""
        name = "stylekqc/dev.tsv"
        with self.path(name).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
        return [Item(name, number, row["sentence"], "jondaemal" if row["style"] == "polite" else "banmal") for number, row in enumerate(rows, 2)]

    def cocoa(self) -> list[Pair]:
        """CoCoA-MT ko train: one English line in 반말 and in 존댓말."""
        found: list[Pair] = []
        for domain in ("telephony", "topical_chat"):
            base = "cocoa-mt-ko/" + _COCOA.format(domain=domain)
            english = self.path(f"{base}.en").read_text(encoding="utf-8").splitlines()
            casual = self.items(f"{base}.informal.ko", "banmal")
            polite = self.items(f"{base}.formal.ko", "jondaemal")
            found += [Pair(*pair) for pair in zip(casual, polite, english, strict=True)]
        return found

    def prompts(self) -> list[Item]:
        """The 54 prompts in six levels (three tasks, three wordings), one item a prompt."""
        name = "korean-honorifics-llm/prompts/templates.yaml"
        found: list[Item] = []
        task, level = "", 0
        # The file is lists of quoted strings under `instructions: task: level:`; a YAML library would lose the line numbers.
        body = self.path(name).read_text(encoding="utf-8").split("\n")
        first = body.index("instructions:") + 1
        for number, line in enumerate(body[first:], first + 1):
            if match := re.fullmatch(r"  (\w+):", line):
                task = match[1]
            elif match := re.fullmatch(r"    (\d):", line):
                level = int(match[1])
            elif (match := re.fullmatch(r'      - "(.*)"', line)) and task in ("nsmc", "copa", "summ"):
                found.append(Item(name, number, match[1], _LEVELS[level]))
        return found

    def pages(self, set_name: str) -> Iterator[tuple[str, str]]:
        """(path in the data folder, content) of every page of a set of documents."""
        for path in sorted(self.path(set_name).rglob("*")):
            name = path.relative_to(self.folder).as_posix()
            if path.suffix in (".md", ".html") and name.count("/") > 1:
                yield name, path.read_text(encoding="utf-8")

    def kite(self) -> list[Item]:
        """KITE's instructions translated from IFEval; their language is Korean."""
        name = "kite/translated_and_filtered/instruction/relevant.jsonl"
        lines = self.path(name).read_text(encoding="utf-8").split("\n")
        return [Item(name, number, str(json.loads(line)["instruction"]), "ko") for number, line in enumerate(lines, 1) if line.strip()]

    def kpopmt(self) -> list[Item]:
        """Fan posts; their language is Korean."""
        return self.items("kpopmt/fan-monolingual.ko", "ko")

    def lingua(self, kind: str, language: str) -> list[Item]:
        """`kind` is sentences, word-pairs or single-words; `language` is ko or en."""
        return self.items(f"lingua-testdata/{kind}/{language}.txt", language)


def relabelled(item: Item, text: str, label: str | None = None) -> Item:
    """`item` with another text, and another label where one is given."""
    return replace(item, text=text, label=item.label if label is None else label)
