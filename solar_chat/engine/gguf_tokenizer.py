"""The tokenizer that a GGUF file carries, as one of the `tokenizers` library.

llama.cpp only offers its own over HTTP, and a prompt has to be counted and its special tokens parsed without that. Two kinds: the pieces of
SentencePiece with byte fallback (SOLAR, EEVE, Llama 2, Mistral) and byte-level BPE (Llama 3, Qwen). The rule: the same ids as llama.cpp makes, which
the tests compare; a kind that was not compared is refused.
"""

from __future__ import annotations

from typing import Any

from solar_chat.engine.gguf_file import GgufFile
from solar_chat.engine.tokenizer import TextTokenizer
from solar_chat.errors import ModelError
from solar_chat.gguf_words import IGNORES_MERGES, LLAMA_3, QWEN_2, SPACE, WORDS


def gguf_tokenizer(file: GgufFile) -> TextTokenizer:
    """The tokenizer of `file`. Raises ModelError `gguf_tokenizer` for a kind that is not known, `model_file_broken` for one that cannot be."""
    from gguf.constants import TokenType

    kind, cut = str(file.metadata.get("tokenizer.ggml.model")), str(file.metadata.get("tokenizer.ggml.pre", ""))
    pieces: list[str] = file.metadata.get("tokenizer.ggml.tokens") or []
    if not pieces or kind not in ("llama", "gpt2") or (kind == "gpt2" and cut not in WORDS):
        raise ModelError("gguf_tokenizer", file=file.path.name, type=f"{kind} {cut}".strip())
    types: list[int] = file.metadata.get("tokenizer.ggml.token_type") or [TokenType.NORMAL] * len(pieces)
    try:
        if kind == "llama":
            tokenizer = _pieces(pieces, types, file.metadata)
        else:
            tokenizer = _byte_level(pieces, file.metadata.get("tokenizer.ggml.merges") or [], cut)
        _add_special(tokenizer, pieces, types)
    except Exception as error:  # tokenizers raises bare Exception
        reason = str(error).split("\n", 1)[0]
        raise ModelError("model_file_broken", path=file.path.parent, file=file.path.name, reason=reason) from error
    # Where the file does not say: Llama 3 begins a prompt with BOS, and those are its names.
    return TextTokenizer(tokenizer, bos_id=_bos_id(file, begins=kind == "llama" or WORDS.get(cut) is LLAMA_3))


def writes_leading_space(file: GgufFile) -> bool:
    """Whether a text's first token carries a space that is not the text's own, as SentencePiece writes it."""
    return file.metadata.get("tokenizer.ggml.model") == "llama" and bool(file.metadata.get("tokenizer.ggml.add_space_prefix", True))


def _pieces(pieces: list[str], types: list[int], metadata: dict[str, Any]) -> Any:
    """SentencePiece's BPE: of all neighbours that form a piece, those of the highest score are joined first."""
    from gguf.constants import TokenType
    from tokenizers import Tokenizer, models, normalizers

    vocabulary = {piece: index for index, piece in enumerate(pieces)}
    scores: list[float] = metadata["tokenizer.ggml.scores"]
    joined = [index for index, piece in enumerate(pieces) if types[index] in (TokenType.NORMAL, TokenType.USER_DEFINED) and len(piece) > 1]
    joined.sort(key=lambda index: -scores[index])
    merges = [
        (piece[:cut], piece[cut:])
        for piece in (pieces[index] for index in joined)
        for cut in range(1, len(piece))
        if piece[:cut] in vocabulary and piece[cut:] in vocabulary
    ]
    unknown = next((piece for piece, kind in zip(pieces, types, strict=True) if kind == TokenType.UNKNOWN), None)
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, unk_token=unknown, byte_fallback=True, fuse_unk=True))
    first: list[Any] = [normalizers.Prepend(SPACE)] if metadata.get("tokenizer.ggml.add_space_prefix", True) else []
    tokenizer.normalizer = normalizers.Sequence([*first, normalizers.Replace(" ", SPACE)])
    return tokenizer


def _byte_level(pieces: list[str], merges: list[str], cut: str) -> Any:
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

    vocabulary = {piece: index for index, piece in enumerate(pieces)}
    pairs = [(left, right) for left, right in (merge.split(" ", 1) for merge in merges)]
    tokenizer = Tokenizer(models.BPE(vocabulary, pairs, ignore_merges=cut in IGNORES_MERGES))
    words = pre_tokenizers.Split(Regex(WORDS[cut]), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([words, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    if WORDS[cut] is QWEN_2:
        # Its own tokenizer composes Hangul typed as single letters, which llama.cpp leaves out.
        tokenizer.normalizer = normalizers.NFC()
    return tokenizer


def _add_special(tokenizer: Any, pieces: list[str], types: list[int]) -> None:
    from gguf.constants import TokenType
    from tokenizers import AddedToken

    special = [piece for piece, kind in zip(pieces, types, strict=True) if kind in (TokenType.CONTROL, TokenType.UNKNOWN)]
    written = [piece for piece, kind in zip(pieces, types, strict=True) if kind == TokenType.USER_DEFINED]
    tokenizer.add_special_tokens([AddedToken(piece, normalized=False, special=True) for piece in special])
    tokenizer.add_tokens([AddedToken(piece, normalized=False) for piece in written])


def _bos_id(file: GgufFile, *, begins: bool) -> int | None:
    """The token a prompt begins with; `begins` is what such a file does where it says nothing."""
    bos = file.metadata.get("tokenizer.ggml.bos_token_id", 1 if file.metadata.get("tokenizer.ggml.model") == "llama" else None)
    return bos if file.metadata.get("tokenizer.ggml.add_bos_token", begins) else None
