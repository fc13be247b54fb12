"""The tokenizer of a model on this machine, without the model: for counting and comparing."""

from __future__ import annotations

from pathlib import Path

from solar_chat.engine.gguf_file import read_gguf
from solar_chat.engine.gguf_tokenizer import gguf_tokenizer
from solar_chat.engine.loading import load_tokenizer
from solar_chat.engine.tokenizer import TextTokenizer


def tokenizer_of(path: Path) -> TextTokenizer:
    """Of a folder or of a GGUF file. Raises ModelError as loading the model would."""
    return gguf_tokenizer(read_gguf(path)) if path.suffix.lower() == ".gguf" else load_tokenizer(path)
