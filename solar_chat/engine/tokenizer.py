"""Text to token ids and back, through the `tokenizers` library alone.

Reading one `tokenizer.json` takes milliseconds where the Auto classes take seconds. The rule: at most one BOS, and text leaves only as whole
characters. Knows nothing of templates; the special tokens a template writes are parsed because the tokenizer lists them.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from tokenizers.decoders import DecodeStream

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# A UTF-8 character has at most four bytes, so at most four byte tokens; what is still no character after these never becomes one.
MAX_HELD_TOKENS = 4
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_BYTE_TOKEN = re.compile(r"<0x([0-9A-Fa-f]{2})>")


class TextTokenizer:
    """A `tokenizers.Tokenizer` with the BOS rule of its checkpoint. Safe to use from several threads."""

    def __init__(self, tokenizer: Tokenizer, *, bos_id: int | None) -> None:
        """`bos_id` is the token every prompt starts with, None where the model wants none."""
        self.tokenizer = tokenizer
        self.bos_id = bos_id
        self._added = {token.content: index for index, token in tokenizer.get_added_tokens_decoder().items()}
        self.special_ids = frozenset(index for index, token in tokenizer.get_added_tokens_decoder().items() if token.special)
        self.byte_of = {
            index: int(match[1], 16)
            for index in (tokenizer.token_to_id(f"<0x{byte:02X}>") for byte in range(256))
            if index is not None and (match := _BYTE_TOKEN.fullmatch(tokenizer.id_to_token(index) or ""))
        }

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


class Detokenizer:
    """Token ids of one reply in, whole characters out.

    Three kinds of vocabularies pass through here: pieces of text, byte-level BPE, and pieces with byte fallback (`<0xE3>`); of the last kind also
    those whose decoder was saved without the step that joins the bytes, and which would otherwise show the literal `<0xE3>`.
    """

    def __init__(self, tokenizer: TextTokenizer) -> None:
        self._tokenizer = tokenizer
        self._stream = DecodeStream()
        self._held: list[int] = []
        self._shown: list[int] = []
        self._bytes = codecs.getincrementaldecoder("utf-8")("replace")

    def push(self, token: int) -> str:
        """The characters that `token` completes, often none. Special tokens have no text."""
        if token in self._tokenizer.special_ids:
            return ""
        self._held.append(token)
        piece = self._stream.step(self._tokenizer.tokenizer, token)
        if piece is None:
            return self._drain() if len(self._held) > MAX_HELD_TOKENS else ""
        self._shown, self._held = self._held, []
        return self._join_bytes(piece, token)

    def finish(self) -> str:
        """What is left when the reply ends; a character cut in the middle is dropped."""
        rest = self._text_of_held().rstrip(_REPLACEMENT)
        self._held = []
        self._bytes.reset()
        return rest

    def _join_bytes(self, piece: str, token: int) -> str:
        byte = self._tokenizer.byte_of.get(token)
        if byte is not None and piece == self._tokenizer.tokenizer.id_to_token(token):
            return self._bytes.decode(bytes([byte]))
        return self._bytes.decode(b"", True) + piece

    def _drain(self) -> str:
        """Give up on bytes that form no character: they leave as U+FFFD, and decoding starts anew behind them."""
        text = self._text_of_held()
        self._shown, self._held = self._held, []
        self._stream = DecodeStream(ids=self._shown)
        return text

    def _text_of_held(self) -> str:
        if not self._held:
            return ""
        # Decoded behind the tokens before them: many decoders treat the first token of a text specially.
        decode = self._tokenizer.tokenizer.decode
        before = decode(self._shown, skip_special_tokens=False)
        whole: str = decode(self._shown + self._held, skip_special_tokens=False)
        return whole[len(before) :]
