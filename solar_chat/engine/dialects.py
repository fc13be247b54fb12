"""What servers of the OpenAI protocol understand beyond it, told apart by the name each writes into `owned_by` of its model list.

The rule: only what a server is known to understand is sent to it; of a server that does not say who it is, nothing is assumed. Values only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Dialect:
    """One kind of server."""

    name: str
    sampling: Mapping[str, str] = field(default_factory=dict)
    """Fields of `Sampling` that OpenAI's protocol lacks, and what they are called there."""
    continues: bool = False
    """Whether a last message of the assistant is taken as the beginning of the reply, to be gone on with."""
    continuing: Mapping[str, object] = field(default_factory=dict)
    """What says so, where it has to be said."""
    reasoning_tokens: int = 0
    """Room beside the reply for reasoning, where a model may reason without being asked to and its limit counts both."""
    lists_all: bool = False
    """Whether a model that is missing in its list is not there. Others know more names than they list, or take any."""
    usual_context_tokens: int = 4096
    """Of a model that does not tell its own."""


_FULL = MappingProxyType({"top_k": "top_k", "min_p": "min_p", "repetition_penalty": "repetition_penalty"})
# vLLM refuses the one flag without the other.
_CONTINUE = MappingProxyType({"continue_final_message": True, "add_generation_prompt": False})

PLAIN = Dialect("plain")
VLLM = Dialect("vllm", _FULL, continues=True, continuing=_CONTINUE, lists_all=True)
SGLANG = Dialect("sglang", _FULL, continues=True, continuing=MappingProxyType({"continue_final_message": True}), lists_all=True)
# Goes on with a last assistant message unless started with --no-prefill-assistant (ggml-org/llama.cpp#13174, #13608).
LLAMA_CPP = Dialect("llamacpp", MappingProxyType({**_FULL, "repetition_penalty": "repeat_penalty"}), continues=True)
# Goes on with it in every template (ollama/ollama#6778), and ignores what it does not know. Its own context is 4,096 tokens unless its owner
# says otherwise, and a longer prompt is cut off at the front without a word: so no more is assumed.
OLLAMA = Dialect("ollama", continues=True, lists_all=True)
# The smallest of its models reads 32,768. Solar Pro 3 reasons unless told not to, which each of them is told differently: 512 tokens would be thought
# away.
UPSTAGE = Dialect("upstage", reasoning_tokens=4096, usual_context_tokens=32_768)

_BY_OWNER = {"vllm": VLLM, "sglang": SGLANG, "llamacpp": LLAMA_CPP, "library": OLLAMA, "upstage": UPSTAGE}


def dialect_of(base_url: str, owner: str | None) -> Dialect:
    """How the server at `base_url` is spoken to, whose model list names `owner`."""
    host = base_url.split("://", 1)[-1].split("/", 1)[0].lower()
    if host == "api.upstage.ai":
        return UPSTAGE
    # Ollama names the owner of a tag, who need not be "library".
    return OLLAMA if host.endswith(":11434") else _BY_OWNER.get((owner or "").lower(), PLAIN)
