"""A tokenizer, as llama.cpp knows it: pieces of SentencePiece with byte fallback ("llama"), or byte-level BPE with its merges ("gpt2").

What is given is the `tokenizers` library's own pipeline, and each of its steps is recognised or refused by name: a step that was skipped would give
other tokens, and a model that reads other tokens answers worse without anybody seeing why.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from solar_chat.errors import InputError
from solar_chat.gguf_words import IGNORES_MERGES, LLAMA_3, QWEN_2, SPACE

if TYPE_CHECKING:
    from gguf import GGUFWriter

_BYTE = re.compile(r"<0x[0-9A-F]{2}>")
# GPT-2's is not among them: the library's ByteLevel step cuts by it unasked.
_CUTS: Final = {LLAMA_3: "llama-bpe", QWEN_2: "qwen2"}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A tokenizer and what its model's configuration says of it."""

    tokenizer: str
    """The JSON of a `tokenizers.Tokenizer`."""
    bos_id: int | None
    """The token that a prompt begins with; None where the model wants none."""
    eos_ids: tuple[int, ...]
    """Tokens that end a reply, the model's own first."""
    stops: tuple[str, ...] = ()
    """What ends a turn in the model's template."""


@dataclass(frozen=True, slots=True)
class _Pipeline:
    kind: str
    cut: str
    adds_space: bool = False


def write_vocabulary(writer: GGUFWriter, vocabulary: Vocabulary, rows: int) -> None:
    """Write it, padded to `rows`, which the embedding has. Raises InputError `export_tokenizer` (what), `export_vocabulary` (tokens, rows)."""
    from gguf import TokenType

    state = json.loads(vocabulary.tokenizer)
    pipeline = _pipeline(state)
    ids: dict[str, int] = dict(state["model"]["vocab"])
    added = {int(token["id"]): token for token in state.get("added_tokens") or ()}
    pieces = {index: piece for piece, index in ids.items()} | {index: token["content"] for index, token in added.items()}
    if max(pieces) >= rows:
        raise InputError("export_vocabulary", tokens=max(pieces) + 1, rows=rows)
    types = {index: _type(piece, added.get(index), state["model"], pipeline) for index, piece in pieces.items()}
    # Rows that no token has: embeddings are often rounded up.
    everything = [pieces.get(index, f"[PAD{index}]") for index in range(rows)]
    writer.add_tokenizer_model(pipeline.kind)
    writer.add_tokenizer_pre(pipeline.cut)
    writer.add_token_list(everything)
    writer.add_token_types([types.get(index, TokenType.UNUSED) for index in range(rows)])
    merges = _merges(state["model"])
    if pipeline.kind == "llama":
        rank = {left + right: -float(place) for place, (left, right) in reversed(list(enumerate(merges)))}
        writer.add_token_scores([rank.get(piece, -float(len(merges))) for piece in everything])
        writer.add_add_space_prefix(pipeline.adds_space)
    else:
        writer.add_token_merges([f"{left} {right}" for left, right in merges])
    _write_special(writer, vocabulary, state, ids | {token["content"]: index for index, token in added.items()})


def leans_on_place(tokenizer: str) -> bool:
    """Whether only a text's very first word gets a space in front, and none behind a special token, where llama.cpp puts one everywhere."""
    return any(step.get("prepend_scheme") == "first" for step in _steps(json.loads(tokenizer).get("pre_tokenizer")))


def _write_special(writer: GGUFWriter, vocabulary: Vocabulary, state: Mapping[str, Any], ids: Mapping[str, int]) -> None:
    writer.add_add_bos_token(vocabulary.bos_id is not None)
    writer.add_add_eos_token(False)
    if vocabulary.bos_id is not None:
        writer.add_bos_token_id(vocabulary.bos_id)
    ends = list(dict.fromkeys(vocabulary.eos_ids))
    if ends:
        writer.add_eos_token_id(ends[0])
    turns = [ids[stop] for stop in vocabulary.stops if stop in ids] + ends
    if (turn := next((index for index in turns if index not in ends[:1]), None)) is not None:
        writer.add_eot_token_id(turn)
    if (unknown := ids.get(state["model"].get("unk_token") or "")) is not None:
        writer.add_unk_token_id(unknown)


def _pipeline(state: Mapping[str, Any]) -> _Pipeline:
    model = state["model"]
    if model.get("type") != "BPE" or model.get("dropout") or model.get("continuing_subword_prefix") or model.get("end_of_word_suffix"):
        raise _refused(f"model {model.get('type')}")
    for token in state.get("added_tokens") or ():
        if token.get("single_word") or token.get("lstrip") or token.get("rstrip"):
            raise _refused(f"added token {token['content']}")
    return _pieces(state) if model.get("byte_fallback") else _byte_level(state)


def _pieces(state: Mapping[str, Any]) -> _Pipeline:
    """Spaces become ▁, one stands in front of the text, and neighbours join by rank. Nothing else may happen."""
    space: bool | None = None
    replaced = doubled = False
    for step in _steps(state.get("normalizer")):
        if step["type"] == "Prepend" and step.get("prepend") == SPACE:
            space = True
        elif step["type"] == "Replace" and step.get("pattern") == {"String": " "} and step.get("content") == SPACE:
            replaced = True
        elif step["type"] == "Replace" and step.get("pattern") == {"Regex": rf"\A{SPACE}"} and step.get("content") == 2 * SPACE:
            # Metaspace puts none in front of a text that begins with one; SentencePiece and llama.cpp do.
            doubled = True
        # Hangul typed as single letters is composed by the model's own tokenizer and not by llama.cpp; typed text is composed already.
        elif step["type"] != "NFC":
            raise _refused(f"normalizer {step['type']}")
    for step in _steps(state.get("pre_tokenizer")):
        if step["type"] == "Metaspace" and step.get("replacement") == SPACE:
            space = bool(space) or step.get("prepend_scheme", "always") != "never"
            replaced = True
            if step.get("split", True):
                _require_none(state, lambda piece: SPACE in piece.lstrip(SPACE), "pieces across words")
        elif step["type"] == "Digits" and step.get("individual_digits"):
            _require_none(state, lambda piece: len(piece) > 1 and any(sign.isnumeric() for sign in piece), "pieces with digits")
        else:
            raise _refused(f"pre_tokenizer {step['type']}")
    if not replaced:
        raise _refused("no step for spaces")
    if doubled and not space:
        raise _refused("normalizer Replace")
    return _Pipeline("llama", "default", adds_space=bool(space))


def _byte_level(state: Mapping[str, Any]) -> _Pipeline:
    for step in _steps(state.get("normalizer")):
        if step["type"] != "NFC":
            raise _refused(f"normalizer {step['type']}")
    steps = list(_steps(state.get("pre_tokenizer")))
    last = steps[-1] if steps else {"type": "none"}
    if last["type"] != "ByteLevel" or last.get("add_prefix_space"):
        raise _refused(f"pre_tokenizer {last['type']}")
    if len(steps) == 1 and last.get("use_regex", True):
        cut = "gpt-2"
    elif len(steps) == 2 and not last.get("use_regex", True):
        cut = _cut_of(steps[0])
    else:
        raise _refused(f"pre_tokenizer {'+'.join(step['type'] for step in steps)}")
    if bool(state["model"].get("ignore_merges")) != (cut in IGNORES_MERGES):
        raise _refused(f"ignore_merges with {cut}")
    return _Pipeline("gpt2", cut)


def _cut_of(step: Mapping[str, Any]) -> str:
    pattern = (step.get("pattern") or {}).get("Regex")
    plain = step["type"] == "Split" and step.get("behavior") == "Isolated" and not step.get("invert")
    if not plain or pattern not in _CUTS:
        raise _refused(f"pre_tokenizer {step['type']} {pattern}")
    return _CUTS[pattern]


def _type(piece: str, token: Mapping[str, Any] | None, model: Mapping[str, Any], pipeline: _Pipeline) -> int:
    from gguf import TokenType

    if pipeline.kind == "llama" and piece == model.get("unk_token"):
        return TokenType.UNKNOWN
    if token is not None:
        return TokenType.CONTROL if token.get("special") else TokenType.USER_DEFINED
    return TokenType.BYTE if pipeline.kind == "llama" and _BYTE.fullmatch(piece) else TokenType.NORMAL


def _merges(model: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Newer files have pairs, older ones a string with a space."""
    pairs = (merge.split(" ", 1) if isinstance(merge, str) else merge for merge in model["merges"])
    return [(left, right) for left, right in pairs]


def _require_none(state: Mapping[str, Any], wrong: Any, what: str) -> None:
    """A step that cuts text changes nothing only where no piece reaches over a cut."""
    special = {token["content"] for token in state.get("added_tokens") or ()}
    if any(wrong(piece) for piece in state["model"]["vocab"] if piece not in special and not _BYTE.fullmatch(piece)):
        raise _refused(what)


def _steps(part: Mapping[str, Any] | None) -> Iterable[Mapping[str, Any]]:
    if part is None:
        return []
    inner = part.get("normalizers") or part.get("pretokenizers")
    return [part] if inner is None else [step for one in inner for step in _steps(one)]


def _refused(what: str) -> InputError:
    return InputError("export_tokenizer", what=what)
