"""The catalogues against the code: every sentence the code asks for is there, and every Korean sentence is in one speech level."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from solar_chat.i18n import Catalogue
from solar_chat.language import sentences

PACKAGE = Path(__file__).resolve().parents[1] / "solar_chat"
ERRORS = {"SolarChatError", "StartError", "InputError", "ModelError", "OutOfMemory", "StoreError", "StaleWrite"}


def raised() -> Iterator[tuple[str, str, frozenset[str]]]:
    """(place, key, parameter names) of every error made with a literal key."""
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS and node.args):
                continue
            key = node.args[0]
            if isinstance(key, ast.Constant) and all(keyword.arg for keyword in node.keywords):
                yield f"{file.name}:{node.lineno}", str(key.value), frozenset(str(keyword.arg) for keyword in node.keywords)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.load()


def test_every_error_has_its_sentence(catalogue: Catalogue) -> None:
    found = list(raised())
    assert len(found) > 50
    for lang in ("ko", "en"):
        for place, key, names in found:
            sentence = catalogue.sentences[lang].get(f"error.{key}")
            assert sentence is not None, f"{place}: error.{key} is missing in {lang}"
            wanted = set(re.findall(r"(?<!{){(\w+)", sentence))
            assert wanted <= names, f"{place}: error.{key} in {lang} wants {wanted - names}"


def test_korean_sentences_are_in_one_speech_level(catalogue: Catalogue) -> None:
    wrong = []
    for key, text in catalogue.sentences["ko"].items():
        # Labels are nouns and adverbs, and examples are what a person would type.
        if key.startswith("example.") or not text.endswith((".", "?", "!")):
            continue
        shown = re.sub(r"{\w+(:[^}]*)?}", "값", text)
        wrong += [(key, shown) for sentence in sentences(shown) if sentence.level not in ("formal", "none") and sentence.confidence >= 0.5]
    assert wrong == []
