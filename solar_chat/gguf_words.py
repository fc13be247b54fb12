"""How the tokenizers in GGUF files take text apart, by llama.cpp's names for it: what `engine` reads and `export` writes.

The rule: one table for both, since a file that is written with one pattern and read with another has other tokens, and nobody sees why its model
answers worse. Compiles no pattern and knows no library's classes.
"""

from __future__ import annotations

from typing import Final

SPACE: Final = "▁"
"""What stands for a space in the pieces of SentencePiece."""
_CONTRACTIONS: Final = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_TAIL: Final = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
GPT_2: Final = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA_3: Final = _CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}" + _TAIL
QWEN_2: Final = _CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}" + _TAIL
WORDS: Final = {
    "gpt-2": GPT_2,
    "llama-bpe": LLAMA_3,
    "llama3": LLAMA_3,
    "llama-v3": LLAMA_3,
    "qwen2": QWEN_2,
    "deepseek-r1-qwen": QWEN_2,
    "solar-open": QWEN_2,
}
"""Name in `tokenizer.ggml.pre` → the pattern of the words that byte-level BPE merges inside."""
IGNORES_MERGES: Final = frozenset({"llama-bpe", "llama3", "llama-v3"})
"""Those that take a word that is in the vocabulary as it is, whatever its merges."""
