"""A byte-fallback BPE tokenizer for Korean and English, small enough that the output layer stays cheap.

Laid out like Llama's (▁ for a space, `<0xE3>` bytes for what the vocabulary lacks), so that every Llama runtime can stream it, but trained on our
own text: Korean costs about a third of the tokens it costs on Llama's own vocabulary. Text is composed (NFC) and digits stand alone. There is no BOS;
a turn's end is the end of text.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

SPECIAL_TOKENS = ("<|end|>", "<|system|>", "<|user|>", "<|assistant|>")
END_ID = 0
_BYTES = tuple(f"<0x{value:02X}>" for value in range(256))
_ASCII = [chr(code) for code in range(33, 127)]


def train_tokenizer(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """A tokenizer of exactly `vocab_size` tokens: 4 special, 256 bytes, then characters and merges learned from `texts`."""
    learner = Tokenizer(models.BPE())
    learner.normalizer = normalizers.NFC()
    learner.pre_tokenizer = _splitter()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size - len(SPECIAL_TOKENS) - len(_BYTES), min_frequency=2, initial_alphabet=[*_ASCII, "▁"], show_progress=False
    )
    learner.train_from_iterator(texts, trainer)
    learned = json.loads(learner.to_str())["model"]

    # The trainer can only number byte tokens as special ones, which decoding would then skip; so they are numbered here.
    names = [*SPECIAL_TOKENS, *_BYTES, *sorted(learned["vocab"], key=learned["vocab"].get)]
    vocab = {name: index for index, name in enumerate(names)}
    merges = [(left, right) for left, right in learned["merges"]]
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges, byte_fallback=True))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = _splitter()
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(content=" ", left=1)])
    tokenizer.add_special_tokens(list(SPECIAL_TOKENS))
    return tokenizer


def _splitter() -> pre_tokenizers.PreTokenizer:
    # "always": the first word after a role marker gets its ▁ too, and so is the same token as anywhere else.
    return pre_tokenizers.Sequence(
        [pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always"), pre_tokenizers.Digits(individual_digits=True)]
    )


def encode_loosely(tokenizer: Tokenizer, text: str, rng: random.Random, share: float = 0.3) -> list[int]:
    """The ids of `text` with a `share` of its words cut in two before merging, so that a model sees stems and endings apart as well.

    The idea is subword regularization (BPE-dropout, arXiv 1910.13267); done here because the library's own draws from a generator without a seed.
    """
    ids: list[int] = []
    for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(text)):
        cut = rng.randrange(1, len(word)) if len(word) > 2 and rng.random() < share else len(word)
        for part in (word[:cut], word[cut:]):
            ids += [token.id for token in tokenizer.model.tokenize(part)]
    return ids


def save_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """Write tokenizer.json and tokenizer_config.json, as transformers reads them."""
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|end|>", pad_token="<|end|>", clean_up_tokenization_spaces=False, add_bos_token=False
    )
    fast.save_pretrained(folder)
    # transformers 5 writes a class name that version 4 does not know; both know this one.
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text(encoding="utf-8")) | {"tokenizer_class": "PreTrainedTokenizerFast"}
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
