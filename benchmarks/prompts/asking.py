"""The model in the box, asked as the app asks it: engine, window and sampling are the app's, the guard is off.

A reply is judged by rule, as the recipe's own evaluation does; sense is not judged. What is shown of a conversation is the only thing that differs
between two conditions of a question: the seed is the same.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from recipes.starter.evaluate import Judged, Prompt, judge
from solar_chat.engine import Backend, Finished, GenerationRequest, Prefilled, Sampling, TextPiece
from solar_chat.language import LEVELS, Level, Sentence, rewrite, sentence_complies, sentences
from solar_chat.messages import Message
from solar_chat.models import STARTER
from solar_chat.prompts import TEMPLATES, fit, system_prompt
from solar_chat.settings import Settings

TEMPLATE = TEMPLATES[STARTER.template]
# Two everyday exchanges, none of them near a held-out question, in every level.
EXAMPLES: dict[Level, tuple[tuple[str, str], ...]] = {
    "formal": (
        ("어제 산 우산이 벌써 고장 났어요.", "아쉽겠습니다. 산 곳에 가져가 보십시오."),
        ("책상 정리는 어떻게 시작하면 될까요?", "안 쓰는 물건부터 치우십시오. 그러면 한결 쉬워집니다."),
    ),
    "polite": (
        ("어제 산 우산이 벌써 고장 났어요.", "아쉽겠어요. 산 곳에 가져가 보세요."),
        ("책상 정리는 어떻게 시작하면 될까요?", "안 쓰는 물건부터 치워 보세요. 그러면 한결 쉬워져요."),
    ),
    "casual": (
        ("어제 산 우산이 벌써 고장 났어요.", "아쉽겠다. 산 곳에 가져가 봐."),
        ("책상 정리는 어떻게 시작하면 될까요?", "안 쓰는 물건부터 치워 봐. 그러면 한결 쉬워져."),
    ),
    "plain": (
        ("어제 산 우산이 벌써 고장 났어요.", "아쉬운 일이다. 산 곳에 가져가 본다."),
        ("책상 정리는 어떻게 시작하면 될까요?", "안 쓰는 물건부터 치운다. 그러면 한결 쉬워진다."),
    ),
}
# How many exchanges stand before a change of level; the last is about what fits into the model's window.
EARLIER = (1, 2, 3, 8)
# Questions a level whose prompt is read from its start, for the time to the first text.
COLD = 10
BARE = ("bare raw", "bare moved")
ENGLISH_EXCHANGE = (Message("user", "Good morning!"), Message("assistant", "Good morning! What can I do for you today?"))


@dataclass(frozen=True, slots=True)
class Asked:
    """One question under one condition, and what came back."""

    condition: str
    level: Level
    seed: int
    earlier_turns: int
    judged: Judged
    sentences: int
    """Those with a level."""
    in_level: int
    """Those of them in exactly the asked level."""
    off_level: int
    """Those that the guard would not let pass."""
    repairable: int
    """Those of these that re-inflection alone brings into the level."""
    copied: bool
    """The reply is, word for word, one that stood in the prompt."""
    prompt_tokens: int
    read_tokens: int
    """Of them, those that were not in the KV cache."""
    first_text_s: float


class Bench:
    """Asks the model as the app does and remembers every answer."""

    def __init__(self, backend: Backend) -> None:
        settings = Settings()
        self._backend = backend
        self._sampling = Sampling(settings.temperature, settings.top_p, repetition_penalty=settings.repetition_penalty)
        self._reply_tokens = min(settings.max_reply_tokens, backend.context_tokens // 2)
        self.asked: list[Asked] = []

    def say(self, earlier: Sequence[Message], text: str, system: str, seed: int) -> tuple[str, Finished, Prefilled, float]:
        """One reply, how it ended, what was read for it, and the seconds to its first text."""
        window = fit(
            system,
            [*earlier, Message("user", text)],
            template=TEMPLATE,
            count_tokens=self._backend.count_tokens,
            context_tokens=self._backend.context_tokens,
            reply_tokens=self._reply_tokens,
        )
        request = GenerationRequest(window.prompt, self._reply_tokens, TEMPLATE.stop, replace(self._sampling, seed=seed))
        began = time.perf_counter()
        first_s = 0.0
        read = Prefilled(0, 0, 0)
        pieces: list[str] = []
        for event in self._backend.stream(request, threading.Event()):
            match event:
                case Prefilled():
                    read = event
                case TextPiece():
                    first_s = first_s or time.perf_counter() - began
                    pieces.append(event.text)
                case Finished():
                    return "".join(pieces).strip(), event, read, first_s
        raise RuntimeError("the stream ended without Finished")

    def ask(self, condition: str, prompt: Prompt, level: Level, seed: int, earlier: Sequence[Message] = (), turns: int = 0) -> None:
        system = "" if condition in BARE else system_prompt("ko", level)
        reply, finished, read, first_s = self.say(earlier, prompt.prompt, system, seed)
        levelled = [one for one in sentences(reply) if one.level != "none"]
        off = [reply[one.start : one.end] for one in levelled if not passes(reply, one, level)]
        self.asked.append(
            Asked(
                condition,
                level,
                seed,
                turns,
                judge(replace(prompt, level=level), reply, finished),
                len(levelled),
                sum(one.level == level for one in levelled),
                len(off),
                sum(_repairable(sentence, level) for sentence in off),
                reply in {message.content for message in earlier if message.role == "assistant"},
                read.prompt_tokens,
                read.prompt_tokens - read.reused_tokens,
                first_s,
            )
        )

    def forget(self) -> None:
        """Read something else, so that the next prompt is read from its start."""
        prompt = TEMPLATE.render([Message("user", "Hi")])
        for _ in self._backend.stream(GenerationRequest(prompt, 0, TEMPLATE.stop, self._sampling), threading.Event()):
            pass

    def conversation(self, questions: Iterable[Prompt], level: Level, seed: int) -> tuple[Message, ...]:
        """An earlier conversation as the app would have stored it: the model's replies, kept in `level`."""
        earlier: tuple[Message, ...] = ()
        for question in questions:
            reply = self.say(earlier, question.prompt, system_prompt("ko", level), seed)[0]
            earlier += (Message("user", question.prompt), *in_level([Message("assistant", reply)], level))
        return earlier


def in_level(history: Iterable[Message], level: Level) -> tuple[Message, ...]:
    """`history` with every reply that the guard would not let pass at `level` re-inflected into it."""
    return tuple(
        message
        if message.role != "assistant" or all(passes(message.content, one, level) for one in sentences(message.content))
        else replace(message, content=rewrite(message.content, level).text)
        for message in history
    )


def passes(text: str, sentence: Sentence, level: Level) -> bool:
    """Whether the guard lets a sentence of `text` through."""
    return sentence_complies(text, sentence, level) and (level, sentence.level) != ("polite", "formal")


def _repairable(sentence: str, level: Level) -> bool:
    after = rewrite(sentence, level).text
    return after != sentence and all(one.level in (level, "none") for one in sentences(after))


def run(bench: Bench, prompts: Sequence[Prompt], seeds: int, report: Callable[[str], None]) -> None:
    """Every condition, one after the other within a level, so that the system prompt stays in the cache as it does in the app."""
    for seed in range(seeds):
        for level in LEVELS:
            for name, count in (("zero", 0), ("one", 1), ("two", 2)):
                examples = [message for pair in EXAMPLES[level][:count] for message in (Message("user", pair[0]), Message("assistant", pair[1]))]
                for prompt in prompts:
                    bench.ask(name, prompt, level, seed, examples)
                for prompt in prompts[:COLD]:
                    bench.forget()
                    bench.ask(f"{name} cold", prompt, level, seed, examples)
            report(f"seed {seed}, {level}: alone and after examples")
        for index, prompt in enumerate(prompts):
            turns = EARLIER[index % len(EARLIER)]
            # A stride, so that no conversation holds its own question and all serve equally often.
            questions = [prompts[(index + 7 * (step + 1)) % len(prompts)] for step in range(turns)]
            earlier = bench.conversation(questions, "polite", seed)
            for level in ("formal", "casual", "plain"):
                moved = in_level(earlier, level)
                bench.ask("none", prompt, level, seed, (), turns)
                bench.ask("raw", prompt, level, seed, earlier, turns)
                bench.ask("moved", prompt, level, seed, moved, turns)
                if seed == 0:
                    bench.ask("english raw", prompt, level, seed, (*ENGLISH_EXCHANGE, *earlier), turns)
                    bench.ask("english moved", prompt, level, seed, (*ENGLISH_EXCHANGE, *moved), turns)
                    bench.ask("bare raw", prompt, level, seed, earlier, turns)
                    bench.ask("bare moved", prompt, level, seed, moved, turns)
        report(f"seed {seed}: after a change of level")
