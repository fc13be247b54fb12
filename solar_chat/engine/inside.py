"""A model opened for looking into: what it expects of a text, token by token, and how far each of its layers moves the stream.

For measuring, not for answering: whole texts in one pass, no cache, any causal model that transformers itself knows. The rule is that of loading:
what can be known to fail fails before memory is taken, and no code of a checkpoint runs.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from solar_chat.checkpoint import Checkpoint
from solar_chat.engine.loading import RESERVE_BYTES, weight_bytes
from solar_chat.engine.memory import free_memory, is_out_of_memory, release_frames
from solar_chat.engine.weights import reported, require_all, silent
from solar_chat.errors import InputError, ModelError, OutOfMemory
from solar_chat.hardware import SMALL_FLOAT32_BYTES, Hardware

# Logits are made float32 for so many tokens at a time: a vocabulary is a hundred times as wide as a layer.
_LOGITS_TOKENS = 256
_WIDTHS = {"float32": 4, "bfloat16": 2, "float16": 2}


@dataclass(frozen=True, slots=True)
class Seen:
    """What one pass over a window showed, as sums over its counted tokens."""

    tokens: int
    nats: float
    """Minus the natural logarithm of each token's probability, given what stands before it in the window."""
    cosines: tuple[float, ...]
    """Per layer, of what goes in and what comes out."""


def weight_format(checkpoints: Sequence[Checkpoint], hardware: Hardware, window_tokens: int, name: str) -> str:
    """In which format all of them can be opened in turn: as exact as fits, because two models are only comparable in the same one.

    "float32", "bfloat16", "float16" or "nf4". Raises OutOfMemory `memory_too_small`.
    """
    largest = max(checkpoints, key=lambda checkpoint: checkpoint.parameters)
    small = hardware.device == "cpu" and largest.parameters * 4 <= SMALL_FLOAT32_BYTES
    formats = [*(["float32"] if small else []), hardware.dtype, *(["nf4"] if hardware.quantization == "nf4" else [])]
    needed = 0
    for chosen in formats:
        needed = _needed_bytes(largest, chosen, window_tokens)
        if needed + RESERVE_BYTES <= hardware.device_free_bytes:
            return chosen
    raise OutOfMemory("memory_too_small", model=name, needed_gb=f"{needed / 1e9:.1f}", free_gb=f"{hardware.device_free_bytes / 1e9:.1f}")


@contextlib.contextmanager
def opened(checkpoint: Checkpoint, hardware: Hardware, chosen: str, name: str) -> Iterator[OpenModel]:
    """The model while the block lasts; its memory is free afterwards. `chosen` comes from `weight_format`.

    Raises ModelError `measure_architecture`, `model_weights_mismatch`, `model_load_failed`, OutOfMemory `memory_loading`.
    """
    model = OpenModel(_read(checkpoint, hardware, chosen, name), checkpoint.layers, name)
    try:
        yield model
    finally:
        model.close()
        free_memory()


class OpenModel:
    """Weights on the device, and a hook behind every layer."""

    def __init__(self, model: Any, layers: int, name: str) -> None:
        self._model, self._name = model, name
        self._cosines: list[float] = []
        self._first = 0
        self._hooks = [layer.register_forward_hook(self._heard, with_kwargs=True) for layer in _layers(model, layers)]

    def look(self, ids: Sequence[int], first: int) -> Seen:
        """One pass over the window `ids`, of which the tokens from number `first` (1 or more) on count.

        Raises OutOfMemory `memory_generating`, ModelError `generation_failed`.
        """
        import torch

        self._cosines, self._first = [], first
        given = torch.tensor([list(ids)], device=self._model.device)
        try:
            with torch.no_grad():
                logits = self._model(input_ids=given, use_cache=False).logits[0]
                nats = 0.0
                for start in range(first, len(ids), _LOGITS_TOKENS):
                    stop = min(start + _LOGITS_TOKENS, len(ids))
                    expected = logits[start - 1 : stop - 1].float()
                    nats += torch.nn.functional.cross_entropy(expected, given[0, start:stop], reduction="sum").item()
        except Exception as error:
            release_frames(error)
            if is_out_of_memory(error):
                raise OutOfMemory("memory_generating", model=self._name) from error
            raise ModelError("generation_failed", model=self._name, reason=str(error).split("\n", 1)[0]) from error
        return Seen(len(ids) - first, nats, tuple(self._cosines))

    def close(self) -> None:
        for hook in self._hooks:
            hook.remove()
        self._model = None

    def _heard(self, _layer: Any, given: tuple[Any, ...], named: dict[str, Any], out: Any) -> None:
        import torch

        before = given[0] if given else named["hidden_states"]
        after = out[0] if isinstance(out, tuple) else out
        with torch.no_grad():
            cosines = torch.nn.functional.cosine_similarity(before[0, self._first :].float(), after[0, self._first :].float(), dim=-1)
            self._cosines.append(cosines.sum().item())


def _needed_bytes(checkpoint: Checkpoint, chosen: str, window_tokens: int) -> int:
    """Weights, and the logits of a window, beside which the rest of a pass is small."""
    width = _WIDTHS.get(chosen, 2)
    logits = window_tokens * int(checkpoint.text_config.get("vocab_size") or 0) * width
    return weight_bytes(checkpoint, width, quantized=chosen == "nf4") + logits


def _read(checkpoint: Checkpoint, hardware: Hardware, chosen: str, name: str) -> Any:
    import torch
    import transformers

    kind = str(checkpoint.config.get("model_type"))
    if kind not in transformers.models.auto.modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        raise ModelError("measure_architecture", path=checkpoint.folder, type=kind)
    dtype = getattr(torch, hardware.dtype if chosen == "nf4" else chosen)
    options: dict[str, Any] = {}
    if chosen == "nf4":
        options["quantization_config"] = transformers.BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=dtype
        )
    if chosen == "nf4" or hardware.device != "cpu":
        options["device_map"] = {"": hardware.device}
    try:
        with reported(silent):
            model, info = transformers.AutoModelForCausalLM.from_pretrained(
                str(checkpoint.folder),
                dtype=dtype,
                use_safetensors=True,
                local_files_only=True,
                trust_remote_code=False,
                output_loading_info=True,
                ignore_mismatched_sizes=True,
                **options,
            )
    except Exception as error:
        release_frames(error)
        free_memory()
        if is_out_of_memory(error):
            raise OutOfMemory("memory_loading", model=name) from error
        raise ModelError("model_load_failed", model=name, reason=str(error).split("\n", 1)[0]) from error
    require_all(info, checkpoint.folder)
    return model.eval()


def _layers(model: Any, count: int) -> list[Any]:
    """The list of layers, found as in a checkpoint: by its length, the outermost one. Raises InputError `upscale_no_layers`."""
    import torch

    lists = [(name, module) for name, module in model.named_modules() if isinstance(module, torch.nn.ModuleList) and len(module) == count]
    if not lists:
        raise InputError("upscale_no_layers", layers=count, found="-")
    return list(min(lists, key=lambda entry: entry[0].count("."))[1])
