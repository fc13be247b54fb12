"""Chat templates: messages in, the exact prompt string of a model family out.

Written out here rather than taken from a checkpoint, because the published ones are wrong in known ways (SOLAR's own glues a past answer to the
next `### User:`) and because a checkpoint's Jinja is code from a stranger. No BOS is written: the tokenizer adds it, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from solar_chat.messages import Message, Role


@dataclass(frozen=True, slots=True)
class ChatTemplate:
    """How one family of models marks turns.

    `before` and `after` surround each role's text; `cue` opens the reply. Where a family has no system role, `before` has no entry for it and the
    system text goes in front of the first user message.
    """

    name: str
    before: dict[Role, str]
    after: dict[Role, str]
    cue: str
    stop: tuple[str, ...]
    """Strings that end a reply, also where the model writes them out as plain text."""
    folded: tuple[str, str] = ("", "\n\n")
    """What surrounds a system text that goes in front of the first user message."""

    def render(self, messages: Sequence[Message]) -> str:
        """The prompt for the next assistant turn."""
        turns = list(messages)
        if "system" not in self.before and turns and turns[0].role == "system":
            system, *turns = turns
            # Without a message yet, one is begun: what the system text costs must be countable alone.
            first, *turns = turns or [Message("user", "")]
            turns.insert(0, Message(first.role, f"{self.folded[0]}{system.content}{self.folded[1]}{first.content}"))
        return "".join(f"{self.before[turn.role]}{turn.content}{self.after[turn.role]}" for turn in turns) + self.cue

    def unfinished(self, prompt: str) -> str:
        """`prompt`, rendered from messages of which the user's is the last, up to where that message may go on."""
        return prompt.removesuffix(self.after["user"] + self.cue)


STARTER = ChatTemplate(
    name="starter",
    before={"system": "<|system|>", "user": "<|user|>", "assistant": "<|assistant|>"},
    after={"system": "<|end|>", "user": "<|end|>", "assistant": "<|end|>"},
    cue="<|assistant|>",
    stop=("<|end|>", "<|user|>", "<|system|>", "<|assistant|>"),
)
# Upstage's card and Ollama's solar-instruct template: an answer ends in </s> and a blank line, which the checkpoint's own Jinja forgets.
SOLAR = ChatTemplate(
    name="solar",
    before={"system": "### System:\n", "user": "### User:\n", "assistant": "### Assistant:\n"},
    after={"system": "\n\n", "user": "\n\n", "assistant": "</s>\n\n"},
    cue="### Assistant:\n",
    stop=("### User:", "### System:", "### Assistant", "</s>"),
)
# Card of yanolja/EEVE-Korean-Instruct-10.8B-v1.0: a sentence of introduction, then Human/Assistant lines. What stands behind an earlier answer is not
# on it: the model's end token, as the Korean benchmark LogicKor has it in its template for EEVE, and the line break that stands behind all else.
EEVE = ChatTemplate(
    name="eeve",
    before={"system": "", "user": "Human: ", "assistant": "Assistant:\n"},
    after={"system": "\n", "user": "\n", "assistant": "<|im_end|>\n"},
    cue="Assistant:\n",
    stop=("Human:", "</s>", "<|im_end|>"),
)
# Llama 2: the system text stands inside the first user turn.
LLAMA2 = ChatTemplate(
    name="llama2",
    before={"user": "[INST] ", "assistant": " "},
    after={"user": " [/INST]", "assistant": " </s><s>"},
    cue="",
    stop=("</s>", "[INST]"),
    folded=("<<SYS>>\n", "\n<</SYS>>\n\n"),
)
# nlpai-lab/KULLM3 has its marks; what its makers say first is `system.MAKERS`.
KULLM = replace(LLAMA2, name="kullm")
CHATML = ChatTemplate(
    name="chatml",
    before={role: f"<|im_start|>{role}\n" for role in ("system", "user", "assistant")},
    after=dict.fromkeys(("system", "user", "assistant"), "<|im_end|>\n"),
    cue="<|im_start|>assistant\n",
    stop=("<|im_end|>", "<|im_start|>", "<|endoftext|>"),
)
# A model on a server has its template there. This one measures what a turn takes beside its text, about, and ends no reply.
SERVER = replace(CHATML, name="server", stop=())
TEMPLATES = {template.name: template for template in (STARTER, SOLAR, EEVE, LLAMA2, KULLM, CHATML, SERVER)}
