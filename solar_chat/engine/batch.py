"""Replies made together: several prompts and replies of one model, one token of each at a time.

What a step costs is mostly reading weights and calling kernels, whether for one token or for many. Each reply has a seat: rows of its own in one
buffer a layer, where it stands at a position of its own, and a mask hides what lies behind it. A seat keeps its rows after its reply, so that a
prompt that begins like an earlier one is not read again. The rule: a seat's `ids` lists exactly the tokens whose keys and values its rows hold, and a
reply is what it would be alone, but for the rounding of a product of several rows. Called by one thread; knows no queue (`worker`).
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from solar_chat.engine.cache import PreallocatedLayer, PrefixCache, shared_tokens
from solar_chat.engine.memory import is_out_of_memory, release_frames
from solar_chat.engine.protocol import Event, Finished, FinishReason, GenerationRequest, Prefilled
from solar_chat.engine.replying import Picker, Reply
from solar_chat.engine.token_step import TokenStep
from solar_chat.engine.tokenizer import TextTokenizer
from solar_chat.errors import ModelError, OutOfMemory

if TYPE_CHECKING:
    from torch import Tensor

# A step of so many takes the model in the box 60 ms on one core; whoever wants the model alone waits for one.
MOST_SEATS: Final = 64
# Of the memory that is free beside the weights. The rest is the page's own cache and whatever else the machine does.
_SHARE_OF_FREE: Final = 0.25
# Copying rows from another seat takes a moment, too.
_WORTH_COPYING: Final = 16

Told = Event | BaseException | None
"""What a guest is told; None behind the last event."""


def seats_for(model: Any, context_tokens: int, free_bytes: int) -> int:
    """How many replies at a time the memory allows that is free beside the weights; 0 where it is fewer than two."""
    config = model.config
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    seat = 2 * config.num_hidden_layers * heads * width * context_tokens * model.dtype.itemsize
    seats = min(MOST_SEATS, int(free_bytes * _SHARE_OF_FREE) // seat)
    return seats if seats > 1 else 0


class _SeatLayer(PreallocatedLayer):
    """Keys and values of one layer, [seats, heads, tokens, width]."""

    def __init__(self, seats: int, capacity_tokens: int) -> None:
        # Zeroed: a mask hides an unused row that holds zeros, not one that holds NaN by chance.
        super().__init__(capacity_tokens, zeroed=True)
        self._seats = seats
        self.seat = 0
        """Whose rows a prompt is written to."""
        self.positions: Tensor | None = None
        """int64 [n], where each of the first n seats writes in a step."""
        self.rows = 0
        """How many rows a step looks at."""

    def update(self, keys: Tensor, values: Tensor, *_args: object, **_kwargs: object) -> tuple[Tensor, Tensor]:
        if self._keys is None or self._values is None:
            self._keys, self._values = self._reserve(keys), self._reserve(values)
        if self.positions is not None:
            count = keys.shape[0]
            seats = self.positions.new_tensor(range(count))
            self._keys[seats, :, self.positions] = keys[:, :, 0]
            self._values[seats, :, self.positions] = values[:, :, 0]
            return self._keys[:count, :, : self.rows], self._values[:count, :, : self.rows]
        own = slice(self.seat, self.seat + 1)
        start, self._used = self._used, self._used + keys.shape[-2]
        self._keys[own, :, start : self._used] = keys
        self._values[own, :, start : self._used] = values
        return self._keys[own, :, : self._used], self._values[own, :, : self._used]

    def begin_at(self, seat: int, tokens: int) -> None:
        """A prompt goes on behind the `tokens` rows of `seat`."""
        self.seat, self._used = seat, tokens

    def copy_rows(self, source: int, target: int, tokens: int) -> None:
        """The first `tokens` rows of one seat, for another."""
        if self._keys is not None and self._values is not None:
            self._keys[target, :, :tokens] = self._keys[source, :, :tokens]
            self._values[target, :, :tokens] = self._values[source, :, :tokens]

    def clear(self, seat: int) -> None:
        """Zero the rows of one seat."""
        if self._keys is not None and self._values is not None:
            self._keys[seat].zero_()
            self._values[seat].zero_()

    def _reserve(self, like: Tensor) -> Tensor:
        _, heads, _, width = like.shape
        return like.new_zeros((self._seats, heads, self._capacity_tokens, width))


class _SeatCache(PrefixCache):
    """All layers of a model."""

    def __init__(self, layers: int, seats: int, capacity_tokens: int) -> None:
        from transformers.cache_utils import Cache

        super().__init__(0, capacity_tokens)
        self._seated = [_SeatLayer(seats, capacity_tokens) for _ in range(layers)]
        self.for_model = Cache(layers=list(self._seated))

    def begin_at(self, seat: int, tokens: int) -> None:
        for layer in self._seated:
            layer.begin_at(seat, tokens)

    def copy_rows(self, source: int, target: int, tokens: int) -> None:
        import torch

        with torch.inference_mode():
            for layer in self._seated:
                layer.copy_rows(source, target, tokens)

    def clear(self, seat: int) -> None:
        import torch

        with torch.inference_mode():
            for layer in self._seated:
                layer.clear(seat)

    @contextlib.contextmanager
    def stepping(self, positions: Tensor, rows: int) -> Iterator[None]:
        """The first seats write at `positions` and look at `rows`."""
        for layer in self._seated:
            layer.positions, layer.rows = positions, rows
        try:
            yield
        finally:
            for layer in self._seated:
                layer.positions = None


@dataclass(slots=True, eq=False)
class Guest:
    """One request in company."""

    request: GenerationRequest
    stop: threading.Event
    tell: Callable[[Told], None]
    seated: bool = False
    over: bool = False
    """Whether the last event was told."""


@dataclass(slots=True, eq=False)
class _Seat:
    """The rows of one reply."""

    number: int
    ids: list[int] = field(default_factory=list)
    guest: Guest | None = None
    # What follows is the guest's.
    prompt: list[int] = field(default_factory=list)
    reused: int = 0
    limit: int = 0
    reply: Reply | None = None
    picker: Picker | None = None
    """None while the prompt is being read."""
    token: int = 0
    """Chosen, shown, and not yet read."""
    started: float = 0.0


class Batch:
    """The seats at one model."""

    def __init__(
        self,
        model: Any,
        encode: Callable[[GenerationRequest], list[int]],
        tokenizer: TextTokenizer,
        *,
        name: str,
        context_tokens: int,
        end_ids: frozenset[int],
        seats: int,
        chunk_tokens: int,
    ) -> None:
        """`encode` makes the tokens of a request's prompt, or raises what is wrong with it."""
        self._model, self._encode, self._tokenizer = model, encode, tokenizer
        self._name, self._context_tokens, self._end_ids, self._chunk_tokens = name, context_tokens, end_ids, chunk_tokens
        self._seats = [_Seat(number) for number in range(seats)]
        self._cache: _SeatCache | None = None
        self._step: TokenStep | None = None

    @property
    def seats(self) -> int:
        return len(self._seats)

    def sit(self, guest: Guest) -> None:
        """Take `guest` in; there must be a free seat. What is wrong with the request is told to the guest."""
        guest.seated = True
        try:
            prompt = self._encode(guest.request)
            room = self._context_tokens - len(prompt)
            if not prompt:
                raise ModelError("prompt_empty")
            if room < min(1, guest.request.max_reply_tokens):
                raise ModelError("prompt_too_long", tokens=len(prompt), context=self._context_tokens)
        except Exception as error:  # tokenizers raise whatever they like; the guest is told
            self._dismiss(guest, error)
            return
        try:
            seat = self._seat_for(prompt)
            reply = Reply(guest.request, self._tokenizer)
        except Exception as error:  # as in `step`; the thread that calls has others to serve
            release_frames(error)
            self._dismiss(guest, self._explained(error))
            return
        seat.guest, seat.prompt, seat.reused, seat.started = guest, prompt, len(seat.ids), time.perf_counter()
        seat.limit = min(guest.request.max_reply_tokens, room)
        seat.reply, seat.picker = reply, None
        guest.tell(Prefilled(seat.reused, len(prompt), seat.reused))

    def step(self) -> None:
        """A chunk of what is to be read, and a token for each reply that has begun. Raises nothing: guests are told."""
        try:
            for seat in self._seats:
                if seat.guest is not None and seat.guest.stop.is_set():
                    self._end(seat, "cancelled")
            self._read_prompts()
            self._read_tokens()
        except Exception as error:  # torch raises whatever it likes; nothing that was written then can be trusted
            release_frames(error)
            self._cache = self._step = None
            for seat in self._seats:
                seat.ids = []
                if seat.guest is not None:
                    self._fail(seat, error)

    def _seat_for(self, prompt: list[int]) -> _Seat:
        """The free seat that knows most of `prompt`, its rows shortened to that; those of another seat are copied where they know more."""
        shared = {seat.number: shared_tokens(seat.ids, prompt) for seat in self._seats}
        seat = max((seat for seat in self._seats if seat.guest is None), key=lambda seat: (shared[seat.number], -seat.number))
        known = shared[seat.number]
        best = max(self._seats, key=lambda seat: shared[seat.number])
        if self._cache is not None and shared[best.number] >= known + _WORTH_COPYING:
            known = shared[best.number]
            # Where copying breaks off, nobody knows what is there.
            seat.ids = []
            self._cache.copy_rows(best.number, seat.number, known)
        seat.ids = prompt[:known]
        return seat

    def _read_prompts(self) -> None:
        """One chunk, of the prompt that has waited longest and, where it is short, of the next ones."""
        import torch

        left = self._chunk_tokens
        for seat in sorted((seat for seat in self._seats if seat.guest is not None and seat.picker is None), key=lambda seat: seat.started):
            if left <= 0:
                return
            part = seat.prompt[len(seat.ids) : len(seat.ids) + left]
            cache = self._opened()
            cache.begin_at(seat.number, len(seat.ids))
            with torch.inference_mode():
                tokens = torch.tensor([part], device=self._model.device)
                read = self._model.model(input_ids=tokens, cache=cache.for_model, use_cache=True)
                # As a matrix: for a slice of three dimensions a CPU first copies the whole head.
                logits = self._model.lm_head(read.last_hidden_state[0][-1:]).float()[0]
            left -= len(part)
            seat.ids += part
            self._tell(seat, Prefilled(len(seat.ids), len(seat.prompt), seat.reused))
            if len(seat.ids) == len(seat.prompt):
                assert seat.guest is not None
                try:
                    seat.picker = Picker(seat.guest.request, seat.prompt, self._tokenizer, self._end_ids, logits)
                except Exception as error:  # as in `step`, but only of this one, and what was read is right
                    release_frames(error)
                    self._fail(seat, error)
                else:
                    self._go_on(seat, logits)

    def _read_tokens(self) -> None:
        """The token that each reply chose last, and from what follows the next one."""
        import torch

        answering = [seat for seat in self._seats if seat.guest is not None and seat.picker is not None]
        if not answering:
            return
        cache = self._opened()
        assert self._step is not None
        # The seats between them run along: what they write behind their rows is not counted.
        company = self._seats[: answering[-1].number + 1]
        for seat in company:
            del seat.ids[self._context_tokens - 1 :]
        rows = max(len(seat.ids) for seat in answering) + 1
        device = self._model.device
        positions = torch.tensor([len(seat.ids) for seat in company], device=device)
        tokens = torch.tensor([[seat.token if seat.picker is not None else 0] for seat in company], device=device)
        mask = None
        if any(len(seat.ids) + 1 < rows for seat in company):
            hidden = torch.arange(rows, device=device)[None] > positions[:, None]
            mask = hidden.to(self._model.dtype).masked_fill(hidden, float("-inf"))[:, None, None]
        cos, sin = self._step.angles_at(positions)
        with torch.inference_mode(), cache.stepping(positions, rows):
            logits = self._step.through_layers(tokens, positions[:, None], (cos.transpose(0, 1), sin.transpose(0, 1)), mask)
        for seat in answering:
            seat.ids.append(seat.token)
            self._go_on(seat, logits[seat.number])

    def _go_on(self, seat: _Seat, logits: Tensor) -> None:
        """Choose the next token of a reply, show what may be shown, and end it where it ends."""
        reply, picker = seat.reply, seat.picker
        assert reply is not None
        assert picker is not None
        if reply.tokens >= seat.limit:
            return self._end(seat, "length")
        try:
            seat.token = picker.pick(logits)
        except Exception as error:  # as in `step`, but only of this one
            release_frames(error)
            seat.ids = []
            # A mask hides what was no number from nobody: nothing times NaN is NaN.
            self._opened().clear(seat.number)
            return self._fail(seat, error)
        if seat.token in picker.end_ids:
            return self._end(seat, "stop")
        if text := reply.push(seat.token, logits):
            self._tell(seat, reply.piece(text))
        if reply.scanner.stopped:
            return self._end(seat, "stop")
        return self._end(seat, "length") if reply.tokens >= seat.limit else None

    def _end(self, seat: _Seat, reason: FinishReason) -> None:
        assert seat.reply is not None
        if rest := seat.reply.end():
            self._tell(seat, seat.reply.piece(rest))
        self._tell(seat, Finished(reason, len(seat.prompt), seat.reply.tokens, time.perf_counter() - seat.started))
        self._leave(seat, None)

    def _fail(self, seat: _Seat, error: Exception) -> None:
        self._leave(seat, self._explained(error))

    def _explained(self, error: Exception) -> ModelError:
        if is_out_of_memory(error):
            return OutOfMemory("memory_generating", model=self._name)
        return ModelError("generation_failed", model=self._name, reason=str(error).split("\n", 1)[0])

    def _leave(self, seat: _Seat, last: BaseException | None) -> None:
        guest, seat.guest, seat.picker, seat.reply = seat.guest, None, None, None
        if guest is not None:
            self._dismiss(guest, last)

    def _dismiss(self, guest: Guest, last: BaseException | None) -> None:
        guest.over = True
        guest.tell(last)

    def _tell(self, seat: _Seat, event: Event) -> None:
        if seat.guest is not None:
            seat.guest.tell(event)

    def _opened(self) -> _SeatCache:
        """The rows, reserved at the first need."""
        if self._cache is None:
            self._cache = _SeatCache(self._model.config.num_hidden_layers, len(self._seats), self._context_tokens)
            self._step = TokenStep(self._model, self._cache)
        return self._cache
