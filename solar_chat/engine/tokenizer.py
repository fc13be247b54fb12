"""Text to token ids and back, through the `tokenizers` library alone.

Reading one `tokenizer.json` takes milliseconds where the Auto classes take seconds. The rule: at most one BOS, and text leaves only as whole
characters. Knows nothing of templates; the special tokens a template writes are parsed because the tokenizer lists them.
"""

from __future__ import annotations

import codecs
import json
import re
from typing import TYPE_CHECKING

from tokenizers.decoders import DecodeStream

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_BYTE_TOKEN = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class TextTokenizer:
    """A `tokenizers.Tokenizer` with the BOS rule of its checkpoint. Safe to use from several threads."""

    def __init__(self, tokenizer: Tokenizer, *, bos_id: int | None) -> None:
        """`bos_id` is the token every prompt starts with, None where the model wants none."""
        self.tokenizer = tokenizer
        self.bos_id = bos_id
        added = tokenizer.get_added_tokens_decoder()
        self.special_ids = frozenset(index for index, token in added.items() if token.special)
        self._added = {token.content: index for index, token in added.items()}
        self._added_ids = frozenset(added)
        self._byte_of = byte_level_alphabet() if _decodes_byte_level(tokenizer) else None

    def encode(self, text: str) -> list[int]:
        """Token ids of `text`, without BOS."""
        ids: list[int] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def encode_prompt(self, text: str) -> list[int]:
        """Token ids of a prompt, with exactly one BOS where the model wants one."""
        ids = self.encode(text)
        return ids if self.bos_id is None or ids[:1] == [self.bos_id] else [self.bos_id, *ids]

    def added_id(self, text: str) -> int | None:
        """The id of the added token that is spelled `text`, e.g. a template's end mark."""
        return self._added.get(text)

    def bytes_of(self, token: int) -> bytes | None:
        """The bytes that `token` stands for, where it is not simply a piece of text."""
        piece = self.tokenizer.id_to_token(token)
        if piece is None or token in self._added_ids:
            return None
        if self._byte_of is not None:
            return bytes(self._byte_of[character] for character in piece)
        if match := _BYTE_TOKEN.fullmatch(piece):
            return bytes([int(match[1], 16)])
        # A vocabulary may hold the replacement character itself, which `DecodeStream` takes for an unfinished one.
        return piece.replace("▁", " ").encode() if _REPLACEMENT in piece else None

    def raw_of(self, token: int) -> bytes:
        """The bytes that `token` is written as where it stands alone, special ones by their names; none for a number without a token."""
        raw = self.bytes_of(token)
        if raw is not None:
            return raw
        piece = self.tokenizer.id_to_token(token) or ""
        return (piece if token in self._added_ids else piece.replace("▁", " ")).encode()

    @property
    def vocabulary_size(self) -> int:
        """Added tokens counted in."""
        return int(self.tokenizer.get_vocab_size())


class Detokenizer:
    """Token ids of one reply in, whole characters out.

    Three kinds of vocabularies pass through here: pieces of text, byte-level BPE, and pieces with byte fallback (`<0xE3>`); of the last kind also
    those whose decoder was saved without the step that joins the bytes, and which would otherwise show the literal `<0xE3>`. At most three bytes of
    an unfinished character wait; bytes that form none leave as U+FFFD at once, and what is unfinished when the reply ends was no text.
    """

    def __init__(self, tokenizer: TextTokenizer) -> None:
        self._tokenizer = tokenizer
        self._pieces: DecodeStream | None = None
        self._bytes = codecs.getincrementaldecoder("utf-8")("replace")
        self._began_with_bytes = False

    def push(self, token: int) -> str:
        """The characters that `token` completes, often none. Special tokens have no text."""
        if token in self._tokenizer.special_ids:
            return ""
        raw = self._tokenizer.bytes_of(token)
        if raw is not None:
            self._began_with_bytes |= self._pieces is None
            return self._bytes.decode(raw)
        unfinished = self._bytes.decode(b"", final=True)
        if self._pieces is None:
            # Decoders drop the space in front of a text's first token; behind bytes it is not the first, so it follows itself.
            self._pieces = DecodeStream(ids=[token]) if self._began_with_bytes else DecodeStream()
        return unfinished + (self._pieces.step(self._tokenizer.tokenizer, token) or "")


def byte_level_alphabet() -> dict[str, int]:
    """Character → byte of byte-level BPE (GPT-2): printable Latin-1 stands for itself, the other bytes for the characters from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(0x100 + index): byte for index, byte in enumerate(others)}


def _decodes_byte_level(tokenizer: Tokenizer) -> bool:
    if tokenizer.decoder is None:
        return False
    state = json.loads(tokenizer.decoder.__getstate__())
    return any(step.get("type") == "ByteLevel" for step in (state, *state.get("decoders", ())))
