"""A tokenizer for the measured models: SOLAR's own where `mistral_common` is installed (it is Mistral's first), else one of bytes."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.inference.shapes import SOLAR

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_SPECIAL: Final = ["<unk>", "<s>", "</s>"]
SENTENCES: Final = (
    "설정을 바꾸면 서버를 다시 시작하십시오.",
    "The cache keeps what was read before.",
    "한국어와 English를 함께 쓰는 문장도 있습니다.",
    "오늘은 날씨가 좋아서 산책을 다녀왔습니다.",
)


def write_tokenizer(folder: Path, vocabulary: int) -> None:
    """Put a tokenizer of `vocabulary` pieces into `folder`."""
    solar = _solar_tokenizer() if vocabulary == SOLAR.vocabulary else None
    if solar is not None:
        shutil.copy(solar, folder / "tokenizer.model")
    else:
        _of_bytes(vocabulary).save(str(folder / "tokenizer.json"))


def _solar_tokenizer() -> Path | None:
    """Mistral 7B's tokenizer.model, which SOLAR kept."""
    found = importlib.util.find_spec("mistral_common")
    if found is None or found.origin is None or importlib.util.find_spec("sentencepiece") is None:
        return None
    file = Path(found.origin).parent / "data" / "tokenizer.model.v1"
    return file if file.exists() else None


def _of_bytes(vocabulary: int) -> Tokenizer:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=_SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    missing = vocabulary - tokenizer.get_vocab_size()
    tokenizer.add_tokens([f"<unused_{number}>" for number in range(missing)])
    return tokenizer
