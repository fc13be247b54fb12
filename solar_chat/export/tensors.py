"""The tensors of a checkpoint under llama.cpp's names, read, turned and converted a few rows at a time.

Names come from the `gguf` library's own table. The rule: memory stays flat, whatever the model; and every tensor of the checkpoint goes into the
file, is known to be superfluous, or is refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from solar_chat.checkpoint import Checkpoint, StoredTensor
from solar_chat.errors import InputError
from solar_chat.export.shape import architecture, head_width, number
from solar_chat.export.types import Weights, stored_bytes, tensor_type

if TYPE_CHECKING:
    import numpy as np
    from gguf import GGMLQuantizationType
    from numpy.typing import NDArray

# Rows are converted in pieces of about this many elements: 16 MB of float32.
_PIECE_ELEMENTS = 4_000_000
_READABLE = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}
_ENDINGS = (".weight", ".bias")
# Beside weights, llama.cpp reads these and no others.
_BIASES = {
    "llama": {"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"},
    "qwen2": {"attn_q", "attn_k", "attn_v"},
    "qwen3": set[str](),
}
# Recomputed from the configuration everywhere; old checkpoints have them all the same.
_SUPERFLUOUS = re.compile(r"\.rotary_emb\.inv_freq$")


@dataclass(frozen=True, slots=True)
class Entry:
    """One tensor of the file."""

    name: str
    source: StoredTensor
    kind: GGMLQuantizationType
    heads: int = 0
    """Heads whose rows are put into Meta's order; 0 leaves them."""

    @property
    def stored_bytes(self) -> int:
        return stored_bytes(self.source.shape, self.kind)


def entries(source: Checkpoint, weights: Weights) -> list[Entry]:
    """What the file will hold, embedding first, layers in order. Raises InputError `export_tensor`, `export_tensor_missing`, `export_dtype`."""
    from gguf import MODEL_ARCH, get_tensor_name_map

    config, kind = source.config, architecture(source.config)
    layers, tied = number(config, "num_hidden_layers"), bool(config.get("tie_word_embeddings"))
    table = get_tensor_name_map(MODEL_ARCH[kind.upper()], layers)
    found: dict[str, Entry] = {}
    for name, tensor in source.tensors.items():
        if _SUPERFLUOUS.search(name) or (tied and name == "lm_head.weight"):
            continue
        new = table.get_name(name, try_suffixes=_ENDINGS)
        if new is None or not name.endswith(_ENDINGS) or len(tensor.shape) > 2 or not _bias_allowed(new, kind):
            raise InputError("export_tensor", tensor=name)
        if tensor.dtype not in _READABLE:
            raise InputError("export_dtype", tensor=name, dtype=tensor.dtype)
        found[new] = Entry(new, tensor, tensor_type(new, tensor.shape, weights, tied=tied), _turned_heads(new, kind, config))
    for new in _needed(kind, layers, tied=tied):
        if new not in found:
            raise InputError("export_tensor_missing", tensor=new)
    _check_shapes(found, config)
    return sorted(found.values(), key=lambda entry: _place(entry.name))


def pieces(entry: Entry, piece_elements: int = _PIECE_ELEMENTS) -> Iterator[NDArray[Any]]:
    """The tensor as it stands in the file, some rows at a time. Raises InputError `export_not_finite`, `export_too_large`, `upscale_cut_off`."""
    import numpy as np
    from gguf.quants import quantize

    shape = entry.source.shape
    rows, width = (shape[0], shape[1]) if len(shape) == 2 else (1, shape[0])
    per_head = (shape[0] // entry.heads) if entry.heads else 1
    if entry.heads and len(shape) == 1:
        yield _turned(next(_read(entry.source, 1, width, 1)).reshape(-1, 1), entry.heads).reshape(-1)
        return
    step = max(1, piece_elements // (width * per_head)) * per_head
    for block in _read(entry.source, rows, width, step):
        turned = _turned(block, len(block) // per_head) if entry.heads else block
        if not np.isfinite(turned).all():
            raise InputError("export_not_finite", tensor=entry.source.name)
        with np.errstate(over="ignore"):
            done: NDArray[Any] = quantize(turned, entry.kind)
        if done.dtype == np.float16 and not np.isfinite(done).all():
            raise InputError("export_too_large", tensor=entry.source.name)
        yield done


def _read(tensor: StoredTensor, rows: int, width: int, step: int) -> Iterator[NDArray[np.float32]]:
    """`step` rows at a time, as float32."""
    import numpy as np

    form = np.dtype(_READABLE[tensor.dtype])
    with tensor.file.open("rb") as file:
        file.seek(tensor.start)
        for start in range(0, rows, step):
            count = min(step, rows - start)
            raw = file.read(count * width * form.itemsize)
            if len(raw) < count * width * form.itemsize:
                raise InputError("upscale_cut_off", file=tensor.file.name)
            values = np.frombuffer(raw, form).reshape(count, width)
            # The upper half of a float32 is what a bfloat16 is.
            yield (values.astype("<u4") << 16).view("<f4") if tensor.dtype == "BF16" else values.astype("<f4")


def _turned(rows: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Rows of a rotary projection in the order of Meta's original code, which llama.cpp keeps for Llama: halves become pairs."""
    return rows.reshape(heads, 2, len(rows) // heads // 2, -1).swapaxes(1, 2).reshape(rows.shape)


def _turned_heads(name: str, kind: str, config: Mapping[str, Any]) -> int:
    if kind != "llama":
        return 0
    heads = number(config, "num_attention_heads")
    if ".attn_q." in name:
        return heads
    return number(config, "num_key_value_heads", heads) if ".attn_k." in name else 0


def _bias_allowed(name: str, kind: str) -> bool:
    part, ending = name.rsplit(".", 2)[-2:]
    return ending != "bias" or part in _BIASES[kind]


def _needed(kind: str, layers: int, *, tied: bool) -> Iterator[str]:
    yield from ("token_embd.weight", "output_norm.weight", *(() if tied else ("output.weight",)))
    parts = ["attn_norm", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_norm", "ffn_gate", "ffn_up", "ffn_down"]
    parts += ["attn_q_norm", "attn_k_norm"] if kind == "qwen3" else []
    for layer in range(layers):
        yield from (f"blk.{layer}.{part}.weight" for part in parts)
        if kind == "qwen2":
            yield from (f"blk.{layer}.attn_{part}.bias" for part in "qkv")


def _check_shapes(found: Mapping[str, Entry], config: Mapping[str, Any]) -> None:
    """What the configuration and the tensors say of each other; llama.cpp would only say that it failed."""
    hidden, width, heads = number(config, "hidden_size"), head_width(config), number(config, "num_attention_heads")
    key_value = number(config, "num_key_value_heads", heads) * width
    inner, vocabulary = number(config, "intermediate_size"), number(config, "vocab_size")
    wanted = {"token_embd": (vocabulary, hidden), "output": (vocabulary, hidden)}
    wanted |= {
        "attn_q": (heads * width, hidden),
        "attn_k": (key_value, hidden),
        "attn_v": (key_value, hidden),
        "attn_output": (hidden, heads * width),
    }
    wanted |= {"ffn_gate": (inner, hidden), "ffn_up": (inner, hidden), "ffn_down": (hidden, inner)}
    for name, entry in found.items():
        part, ending = name.rsplit(".", 2)[-2:]
        if ending == "weight" and part in wanted and entry.source.shape != wanted[part]:
            raise InputError("export_tensor", tensor=entry.source.name)


def _place(name: str) -> tuple[int, int, str]:
    numbered = re.match(r"blk\.(\d+)\.", name)
    return (1, int(numbered[1]), name) if numbered else (0 if name.startswith("token_embd") else 2, 0, name)
