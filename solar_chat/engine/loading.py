"""From a model folder or a GGUF file to a running backend.

Safetensors through the classes of transformers, with no code from the checkpoint; GGUF through llama.cpp. The rule: everything that can be known to
fail is checked before memory is taken, every foreign error is mapped here once, and after a failure nothing stays allocated. Does not download
(`models`).
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any, Protocol

from solar_chat.checkpoint import Checkpoint
from solar_chat.engine.batch import seats_for
from solar_chat.engine.checkpoint import LoadableCheckpoint, read_checkpoint, read_json
from solar_chat.engine.gguf_file import GgufFile, read_gguf
from solar_chat.engine.gguf_tokenizer import gguf_tokenizer
from solar_chat.engine.llama_cpp import LlamaCppBackend
from solar_chat.engine.llama_server import require_llama_cpp
from solar_chat.engine.local import LocalBackend
from solar_chat.engine.memory import free_memory, is_out_of_memory, keep_weights_apart, release_frames
from solar_chat.engine.protocol import Backend
from solar_chat.engine.tokenizer import TextTokenizer
from solar_chat.engine.weights import CopyPlace, Progress, Unsaved, load_four_bit, load_plain, silent
from solar_chat.errors import ModelError, OutOfMemory
from solar_chat.hardware import NF4_BYTES_PER_WEIGHT, Hardware

# The products of a model this small are done before a second thread has woken up, and a thread that waits for a core somebody else is using holds up
# the others: 11M parameters on two busy cores took 13 ms a token with one thread and 234 ms with two.
SINGLE_THREAD_PARAMETERS = 100_000_000
# The system and the app itself want to live too.
RESERVE_BYTES = 300_000_000


class LoadableModel(Protocol):
    """What loading needs to know of a model; `solar_chat.models.ModelSpec` is one."""

    @property
    def id(self) -> str: ...

    @property
    def path(self) -> Path | None:
        """Its folder or GGUF file on this machine, None before it was fetched."""

    @property
    def context_tokens(self) -> int: ...


def load_model(
    spec: LoadableModel,
    hardware: Hardware,
    progress: Progress | None = None,
    *,
    place: CopyPlace | None = None,
    unsaved: Unsaved | None = None,
) -> Backend:
    """Load `spec` for `hardware`: a GGUF file by llama.cpp, a folder by transformers.

    A large folder that is to run in four bits is quantized into `place`, or loaded from there; `unsaved` is told why that was not possible.
    Raises ModelError `model_not_downloaded` and those of `load_gguf` and `load_checkpoint`; OutOfMemory `memory_too_small` before anything was read,
    `memory_loading` after.
    """
    report = progress or silent
    if spec.path is None:
        raise ModelError("model_not_downloaded", model=spec.id)
    if spec.path.suffix.lower() == ".gguf":
        return load_gguf(spec, spec.path, hardware, report)
    return load_checkpoint(spec, spec.path, hardware, report, place, unsaved)


def check_model(spec: LoadableModel, hardware: Hardware) -> None:
    """Raise what `load_model` would raise before it takes memory, as far as that does not depend on what another model holds just now."""
    if spec.path is None:
        raise ModelError("model_not_downloaded", model=spec.id)
    if spec.path.suffix.lower() == ".gguf":
        total = hardware.device_total_bytes if hardware.device == "mps" else hardware.host_total_bytes
        *_, needed = _checked_gguf(spec, spec.path, hardware, total)
    else:
        total = hardware.device_total_bytes
        *_, needed = _checked_checkpoint(spec, spec.path, hardware)
    _require_memory(spec, needed, total)


def load_gguf(spec: LoadableModel, path: Path, hardware: Hardware, report: Progress) -> LlamaCppBackend:
    """Load the file at `path`. Raises ModelError as `require_llama_cpp`, `read_gguf` and `gguf_tokenizer` do, `model_load_failed`; OutOfMemory
    `memory_too_small`."""
    report("check", 0.0)
    # The wheels of xllamacpp compute on CPUs and on Metal.
    on_metal = hardware.device == "mps"
    free_bytes = hardware.device_free_bytes if on_metal else hardware.host_free_bytes
    file, tokenizer, context_tokens, in_8_bits, needed = _checked_gguf(spec, path, hardware, free_bytes)
    _require_memory(spec, needed, free_bytes)
    report("weights", 0.0)
    try:
        backend = LlamaCppBackend(
            file,
            tokenizer,
            name=spec.id,
            context_tokens=context_tokens,
            device="mps" if on_metal else "cpu",
            threads=1 if file.parameters < SINGLE_THREAD_PARAMETERS else hardware.physical_cores,
            cache_in_8_bits=in_8_bits,
        )
    except RuntimeError as error:
        # It says no more than that it failed; what can be known was checked above.
        raise ModelError("model_load_failed", model=spec.id, reason="llama.cpp") from error
    report("ready", 1.0)
    return backend


def _checked_gguf(spec: LoadableModel, path: Path, hardware: Hardware, free_bytes: int) -> tuple[GgufFile, TextTokenizer, int, bool, int]:
    """The file, its tokenizer, the context, whether keys and values are held in 8 bits, and the memory in bytes that all of it takes."""
    require_llama_cpp(spec.id, path, hardware)
    file = read_gguf(path)
    tokenizer = gguf_tokenizer(file)
    context_tokens = min(spec.context_tokens, file.number("context_length", spec.context_tokens))
    in_8_bits = file.takes_8_bit_cache(context_tokens, free_bytes - RESERVE_BYTES)
    return file, tokenizer, context_tokens, in_8_bits, file.weight_bytes + file.cache_bytes(context_tokens, in_8_bits=in_8_bits)


def load_checkpoint(
    spec: LoadableModel, path: Path, hardware: Hardware, report: Progress, place: CopyPlace | None = None, unsaved: Unsaved | None = None
) -> LocalBackend:
    """Load the folder at `path`.

    Raises ModelError: `model_folder_missing`, `model_file_missing`, `model_file_broken`, `model_only_pickle`, `model_remote_code`,
    `model_architecture`, `model_quantization`, `model_weights_mismatch`, `model_load_failed`; OutOfMemory `memory_too_small`, `memory_loading`.
    """
    report("check", 0.0)
    checkpoint, tokenizer, context_tokens, needed = _checked_checkpoint(spec, path, hardware)
    quantized = _in_four_bits(checkpoint, hardware)
    _require_memory(spec, needed, hardware.device_free_bytes)
    report("weights", 0.0)
    keep_weights_apart()
    try:
        model = load_four_bit(checkpoint, hardware, report, place, unsaved) if quantized else load_plain(checkpoint, hardware, report)
        end_ids = _end_ids(model, path)
    except ModelError as error:
        release_frames(error)
        free_memory()
        raise
    except Exception as error:
        release_frames(error)
        free_memory()
        if is_out_of_memory(error):
            raise OutOfMemory("memory_loading", model=spec.id) from error
        raise ModelError("model_load_failed", model=spec.id, reason=str(error).split("\n", 1)[0]) from error
    report("ready", 1.0)
    return LocalBackend(
        model,
        tokenizer,
        name=spec.id,
        context_tokens=context_tokens,
        end_ids=end_ids,
        threads=1 if checkpoint.parameters < SINGLE_THREAD_PARAMETERS else hardware.physical_cores,
        seats=seats_for(model, context_tokens, hardware.device_free_bytes - model.get_memory_footprint()),
    )


def _checked_checkpoint(spec: LoadableModel, path: Path, hardware: Hardware) -> tuple[LoadableCheckpoint, TextTokenizer, int, int]:
    """The folder, its tokenizer, the context and the memory in bytes that it takes."""
    checkpoint = read_checkpoint(path)
    tokenizer = load_tokenizer(path)
    context_tokens = min(spec.context_tokens, int(checkpoint.config.get("max_position_embeddings") or spec.context_tokens))
    needed = needed_bytes(checkpoint, hardware, context_tokens, quantized=_in_four_bits(checkpoint, hardware))
    return checkpoint, tokenizer, context_tokens, needed


def _in_four_bits(checkpoint: LoadableCheckpoint, hardware: Hardware) -> bool:
    return checkpoint.prequantized or hardware.wants_nf4(checkpoint.parameters)


def _require_memory(spec: LoadableModel, needed_bytes: int, free_bytes: int) -> None:
    if needed_bytes + RESERVE_BYTES > free_bytes:
        raise OutOfMemory("memory_too_small", model=spec.id, needed_gb=f"{needed_bytes / 1e9:.1f}", free_gb=f"{free_bytes / 1e9:.1f}")


def load_tokenizer(folder: Path) -> TextTokenizer:
    """The tokenizer in `folder`; `tokenizer.json` is read directly, a lone SentencePiece `tokenizer.model` through transformers."""
    from tokenizers import Tokenizer

    has_config = (folder / "tokenizer_config.json").exists()
    config = read_json(folder, "tokenizer_config.json") if has_config else {}
    if (folder / "tokenizer.json").exists():
        try:
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # tokenizers raises bare Exception
            raise ModelError("model_file_broken", path=folder, file="tokenizer.json", reason=str(error)) from error
    elif (folder / "tokenizer.model").exists():
        tokenizer = _convert_sentencepiece(folder)
        # What LlamaTokenizer does where its configuration says nothing; the converted pipeline no longer knows.
        config = {"add_bos_token": True, "bos_token": "<s>", **config}
    else:
        raise ModelError("model_file_missing", path=folder, file="tokenizer.json")
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return TextTokenizer(tokenizer, bos_id=_bos_id(tokenizer, config))


def _convert_sentencepiece(folder: Path) -> Any:
    """A `tokenizers.Tokenizer` made of `tokenizer.model`; transformers needs two more packages for that and fails oddly without them."""
    missing = [package for package, module in (("sentencepiece", "sentencepiece"), ("protobuf", "google.protobuf")) if not _installed(module)]
    if missing:
        raise ModelError("package_missing", path=folder, packages=" ".join(missing))
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False).backend_tokenizer
    except Exception as error:
        raise ModelError("model_file_broken", path=folder, file="tokenizer.model", reason=str(error).split("\n", 1)[0]) from error


def _installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _bos_id(tokenizer: Any, config: dict[str, Any]) -> int | None:
    """The token a prompt begins with: as `add_bos_token` says, else as the tokenizer's own post-processor does."""
    written = config.get("bos_token")
    named = written.get("content") if isinstance(written, dict) else written
    bos = tokenizer.token_to_id(named) if isinstance(named, str) else None
    first = tokenizer.encode("", add_special_tokens=True).ids[:1]
    if config.get("add_bos_token") is False:
        return None
    if config.get("add_bos_token") is True and bos is not None:
        return int(bos)
    return int(first[0]) if first and (bos is None or first[0] == bos) else None


def needed_bytes(checkpoint: LoadableCheckpoint, hardware: Hardware, context_tokens: int, *, quantized: bool) -> int:
    """Memory for the weights and a full KV cache on the device; what a forward pass takes besides is small next to them."""
    config = checkpoint.config
    width = hardware.weight_width(quantized=quantized)
    hidden, heads = int(config["hidden_size"]), int(config["num_attention_heads"])
    head_width = int(config.get("head_dim") or hidden // heads)
    kv_heads = int(config.get("num_key_value_heads") or heads)
    cache = 2 * int(config["num_hidden_layers"]) * kv_heads * head_width * width * context_tokens
    return (checkpoint.bytes if checkpoint.prequantized else weight_bytes(checkpoint, width, quantized=quantized)) + cache


def weight_bytes(checkpoint: Checkpoint, width: int, *, quantized: bool) -> int:
    """Memory for the weights, `width` bytes for each that is not in four bits."""
    if not quantized:
        return checkpoint.parameters * width
    # The embedding and the head are not quantized.
    config = checkpoint.text_config
    vocabulary, hidden = (int(config.get(key) or 0) for key in ("vocab_size", "hidden_size"))
    plain = vocabulary * hidden * (1 if config.get("tie_word_embeddings") else 2)
    return plain * width + int((checkpoint.parameters - plain) * NF4_BYTES_PER_WEIGHT)


def _end_ids(model: Any, folder: Path) -> frozenset[int]:
    """Tokens that end a reply: those of generation_config.json and of config.json."""
    generation = read_json(folder, "generation_config.json") if (folder / "generation_config.json").exists() else {}
    found: set[int] = set()
    for ids in (generation.get("eos_token_id"), model.config.eos_token_id):
        found |= {ids} if isinstance(ids, int) else set(ids or ())
    return frozenset(found)
