"""From files to the columns that the trainers read, kept on the disk so that text larger than memory is no trouble.

The rule: what is left out, because it is too long or cannot be cut exactly, is counted and said. Knows the stages; trains nothing.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.upscale.chat import ChatTokens
from recipes.upscale.data import DataError, conversations, preferences, texts
from recipes.upscale.job import Job
from solar_chat.engine.loading import load_tokenizer
from solar_chat.models import describe_folder
from solar_chat.prompts import TEMPLATES

if TYPE_CHECKING:
    from datasets import Dataset

log = logging.getLogger("upscale")


@dataclass(frozen=True, slots=True)
class Reader:
    """How a model reads."""

    chat: ChatTokens

    @classmethod
    def of(cls, job: Job) -> Reader:
        """The model's own tokenizer and template, or the template that the job names. Raises ModelError or DataError."""
        template = TEMPLATES[job.template or describe_folder(job.model).template]
        return cls(ChatTokens(load_tokenizer(job.model), template, _end_id(job.model)))

    def rows(self, job: Job) -> Iterator[dict[str, list[int]]]:
        """The rows of the job's files as the trainer of its stage reads them. Raises DataError."""
        read, kept = 0, 0
        for row in {"pretrain": self._texts, "instruct": self._conversations, "dpo": self._preferences}[job.stage](job):
            read += 1
            if row is not None:
                kept += 1
                yield row
        if kept < read:
            log.warning("%d of %d rows are left out: longer than %d tokens, or cut differently in a prompt", read - kept, read, job.context_tokens)
        if not kept:
            raise DataError(f"no row is left to train on with --context-tokens {job.context_tokens}")

    def _texts(self, job: Job) -> Iterator[dict[str, list[int]]]:
        for text in texts(job.data):
            ids = [*self.chat.tokenizer.encode_prompt(text), self.chat.end_id]
            yield {"input_ids": ids, "labels": ids}

    def _conversations(self, job: Job) -> Iterator[dict[str, list[int]] | None]:
        for messages in conversations(job.data):
            tokens = self.chat.conversation(messages)
            # A cut reply would teach to stop in the middle.
            whole = tokens is not None and len(tokens.ids) <= job.context_tokens
            yield {"input_ids": tokens.ids, "labels": tokens.labels} if tokens is not None and whole else None

    def _preferences(self, job: Job) -> Iterator[dict[str, list[int]] | None]:
        for pair in preferences(job.data):
            tokens = self.chat.preference(pair)
            if tokens is None or len(tokens[0]) + max(map(len, tokens[1:])) > job.context_tokens:
                yield None
            else:
                yield dict(zip(("prompt_ids", "chosen_ids", "rejected_ids"), tokens, strict=True))


def read_tokens(job: Job, reader: Reader) -> Dataset:
    """The rows as a table on the disk, made once per job. Raises DataError."""
    from datasets import Dataset
    from datasets.exceptions import DatasetGenerationError

    # Given, so that the table is found again; the library's own would hash the tokenizer, which changes with use.
    key = hashlib.sha256(job.data_key.encode()).hexdigest()[:16]
    try:
        return Dataset.from_generator(lambda: reader.rows(job), cache_dir=str(job.work / "tokens"), fingerprint=key)
    except DatasetGenerationError as error:
        if isinstance(error.__cause__, DataError):
            raise error.__cause__ from None
        raise


def _end_id(folder: Path) -> int:
    """The token that ends a text, as the model's configuration says. Raises DataError where it says nothing."""
    for name in ("generation_config.json", "config.json"):
        path = folder / name
        config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        value = config.get("eos_token_id")
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, int):
            return value
    raise DataError(f"{folder.name} names no eos_token_id, so that no reply could be taught to end")
