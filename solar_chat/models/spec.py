"""What the app knows of a model: where it is, how to talk to it, what it needs and what its licence allows.

Values only. The rule: a fact that nobody measured or published is None or 0, never a guess that looks like a fact.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

FormKind = Literal["safetensors", "gguf"]

FLOAT16_BYTES = 2


@dataclass(frozen=True, slots=True)
class Shape:
    """The numbers of an architecture that decide its KV cache."""

    layers: int
    kv_heads: int
    head_dim: int

    def kv_bytes(self, tokens: int) -> int:
        """Keys and values of `tokens` tokens in 16 bits."""
        return 2 * FLOAT16_BYTES * self.layers * self.kv_heads * self.head_dim * tokens


@dataclass(frozen=True, slots=True)
class Form:
    """One set of files that holds a model's weights."""

    kind: FormKind
    repo: str | None
    """`owner/name` on the Hugging Face Hub; None for files on this machine."""
    weights: str
    """What the weights are stored in: "float16", "bfloat16", "Q4_K_M" and so on."""
    download_bytes: int
    """Of all files that are fetched; 0 where nobody said."""
    file: str | None = None
    """The one file of a GGUF."""
    revision: str = "main"
    estimated: bool = False
    """`download_bytes` follows from the parameters: nobody has published it. The Hub is asked before a download."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A model that stays on a server of the OpenAI protocol: what is written to it leaves this program."""

    base_url: str
    """Up to and with `/v1`; no key, no user name, no question mark."""
    model: str
    """As the server calls it."""


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One model, in one of its forms."""

    id: str
    """What a person types and what is stored in the settings."""
    name: str
    """For people."""
    path: Path | None
    """Its folder, or its GGUF file, on this machine; None until `fetch` brought it."""
    template: str
    """Key of `prompts.TEMPLATES`."""
    context_tokens: int
    forms: tuple[Form, ...] = ()
    """What can be downloaded; none for a model of this machine."""
    form: Form | None = None
    """The one of `forms` that was asked for; None leaves the choice to the hardware."""
    licence: str | None = None
    """SPDX-like id; None where nobody said."""
    commercial: bool | None = None
    """Whether the licence allows commercial use; None where it is not known."""
    languages: tuple[str, ...] = ()
    parameters: int = 0
    """0 where it is not known before loading."""
    shape: Shape | None = None
    tokens_per_syllable: float | None = None
    """Tokens that one Hangul syllable costs, measured on Korean prose; None where nobody did."""
    limits: tuple[str, ...] = ()
    """Keys `model_limit.<key>` of what a person should know before trusting it."""
    refused: str | None = None
    """Key `model_refused.<key>`: why this app does not run it. It is listed all the same, because people ask for it."""
    remote: Remote | None = None
    """Where it answers, if not on this machine's own hardware; there is nothing to download then."""
    copies_language: bool = False
    """Too small to leave the language of the turns before, whatever its system prompt says."""
