"""The exact prompt of every family, written out: the system text where that family expects it, turns marked as it was tuned with."""

from __future__ import annotations

import pytest

from solar_chat.engine.loading import load_tokenizer
from solar_chat.messages import Message
from solar_chat.paths import STARTER_MODEL
from solar_chat.prompts import TEMPLATES, ChatTemplate, system_prompt

# The words that the model in the box was trained on: whoever changes one trains again.
SYSTEM = {
    ("ko", "formal"): (
        "당신은 Solar Chat의 도우미입니다. 한국어로 짧고 정확하게 답하십시오. 모든 문장을 합쇼체로 쓰십시오. "
        "문장은 '-습니다', '-습니까?', '-십시오'로 끝맺습니다. '-요'와 반말은 쓰지 않습니다. 예: 설정을 확인하십시오. 그러면 해결됩니다."
    ),
    ("ko", "polite"): (
        "당신은 Solar Chat의 도우미예요. 한국어로 짧고 정확하게 답해 주세요. 모든 문장을 해요체로 써요. "
        "문장은 '-아요', '-어요', '-예요', '-세요'로 끝내요. '-다'로 끝나는 글말체와 반말은 쓰지 않아요. 예: 설정을 확인해 보세요. 그러면 해결돼요."
    ),
    ("ko", "casual"): (
        "너는 Solar Chat의 도우미야. 한국어로 짧고 정확하게 답해. 친한 친구한테 말하듯 반말로만 말해. 문장은 '-아', '-어', '-야', '-지'로 끝내. "
        "'-요'나 '-습니다'는 쓰지 마. 예: 설정 한번 확인해 봐. 그럼 해결될 거야."
    ),
    ("ko", "plain"): (
        "너는 Solar Chat의 도우미이다. 한국어로 짧고 정확하게 답한다. 모든 문장을 해라체로 쓴다. 문장은 '-다'로 끝맺는다. "
        "'-요'와 '-습니다'는 쓰지 않는다. 예: 설정을 확인한다. 그러면 해결된다."
    ),
    ("en", "formal"): (
        "You are the assistant of Solar Chat. Answer in English, briefly and accurately. Keep Korean words only where they are asked about."
    ),
}
ONE_TURN = {
    "starter": "<|system|>{system}<|end|><|user|>설정은 어디에 있나요?<|end|><|assistant|>",
    "solar": "### System:\n{system}\n\n### User:\n설정은 어디에 있나요?\n\n### Assistant:\n",
    "eeve": "{system}\nHuman: 설정은 어디에 있나요?\nAssistant:\n",
    "kullm": "[INST] <<SYS>>\n{system}\n<</SYS>>\n\n설정은 어디에 있나요? [/INST]",
    "chatml": "<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n설정은 어디에 있나요?<|im_end|>\n<|im_start|>assistant\n",
}
TWO_TURNS = {
    "starter": "<|system|>S<|end|><|user|>하나<|end|><|assistant|>둘<|end|><|user|>셋<|end|><|assistant|>",
    "solar": "### System:\nS\n\n### User:\n하나\n\n### Assistant:\n둘</s>\n\n### User:\n셋\n\n### Assistant:\n",
    "eeve": "S\nHuman: 하나\nAssistant:\n둘<|im_end|>\nHuman: 셋\nAssistant:\n",
    "kullm": "[INST] <<SYS>>\nS\n<</SYS>>\n\n하나 [/INST] 둘 </s><s>[INST] 셋 [/INST]",
    "chatml": (
        "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\n하나<|im_end|>\n<|im_start|>assistant\n둘<|im_end|>\n"
        "<|im_start|>user\n셋<|im_end|>\n<|im_start|>assistant\n"
    ),
}
# Only measures: what a server renders is its own.
ONE_TURN["server"], TWO_TURNS["server"] = ONE_TURN["chatml"], TWO_TURNS["chatml"]
# The same marks.
ONE_TURN["llama2"], TWO_TURNS["llama2"] = ONE_TURN["kullm"], TWO_TURNS["kullm"]
# As Mistral's: no system role.
NO_SYSTEM = ChatTemplate(
    name="inst",
    before={"user": "[INST] ", "assistant": " "},
    after={"user": " [/INST]", "assistant": "</s>"},
    cue="",
    stop=("</s>",),
)


@pytest.mark.parametrize("template", sorted(ONE_TURN))
@pytest.mark.parametrize(("language", "level"), list(SYSTEM))
def test_a_first_question(template: str, language: str, level: str) -> None:
    system = system_prompt(language, level)  # type: ignore[arg-type]  # keys of a table of literals
    assert system == SYSTEM[language, level]
    rendered = TEMPLATES[template].render([Message("system", system), Message("user", "설정은 어디에 있나요?")])
    assert rendered == ONE_TURN[template].format(system=SYSTEM[language, level])


def test_every_template_is_in_the_tables() -> None:
    assert set(ONE_TURN) == set(TWO_TURNS) == set(TEMPLATES)


@pytest.mark.parametrize("template", sorted(TWO_TURNS))
def test_an_earlier_answer_ends_as_the_family_ends_it(template: str) -> None:
    turns = [Message("system", "S"), Message("user", "하나"), Message("assistant", "둘"), Message("user", "셋")]
    assert TEMPLATES[template].render(turns) == TWO_TURNS[template]


def test_without_a_system_role_its_text_opens_the_first_question() -> None:
    turns = [Message("system", "S"), Message("user", "하나"), Message("assistant", "둘"), Message("user", "셋")]
    assert NO_SYSTEM.render(turns) == "[INST] S\n\n하나 [/INST] 둘</s>[INST] 셋 [/INST]"
    assert NO_SYSTEM.render([Message("system", "S")]) == "[INST] S\n\n [/INST]"


@pytest.mark.parametrize("template", sorted(set(TEMPLATES) - {"server"}))
def test_a_reply_stops_where_the_next_turn_would_begin(template: str) -> None:
    chosen = TEMPLATES[template]
    turn = chosen.before["user"]
    assert any(turn.strip().startswith(stop) or stop.startswith(turn.strip()) for stop in chosen.stop)


@pytest.mark.parametrize(("language", "level"), list(SYSTEM))
def test_the_model_in_the_box_reads_its_marks_as_single_tokens(language: str, level: str) -> None:
    tokenizer = load_tokenizer(STARTER_MODEL)
    text = SYSTEM[language, level]
    prompt = TEMPLATES["starter"].render([Message("system", text), Message("user", "네?")])
    system, user, assistant, end = (tokenizer.added_id(mark) for mark in ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>"))
    assert None not in (system, user, assistant, end)
    assert tokenizer.encode_prompt(prompt) == [system, *tokenizer.encode(text), end, user, *tokenizer.encode("네?"), end, assistant]


@pytest.mark.parametrize("template", sorted(set(TEMPLATES) - {"server"}))
def test_the_next_prompt_begins_with_what_was_read_and_said(template: str) -> None:
    """So that keys and values are used again, whatever tokenizer cuts it."""
    chosen = TEMPLATES[template]
    turns = [Message("system", "S"), Message("user", "하나")]
    first = chosen.render(turns)
    second = chosen.render([*turns, Message("assistant", "둘"), Message("user", "셋")])
    assert second.startswith(f"{first.removesuffix(chosen.cue)}{chosen.before['assistant']}둘{chosen.after['assistant']}")
    assert first.endswith(chosen.cue)
    # One BOS is the tokenizer's to write.
    assert not first.startswith("<s>")


def test_eeve_opens_each_reply_on_a_line_of_its_own() -> None:
    """Its card: an introduction, "Human: ...", then "Assistant:" and a line break, behind which the answer begins."""
    turns = [Message("system", "S"), Message("user", "하나"), Message("assistant", "둘"), Message("user", "셋")]
    prompt = TEMPLATES["eeve"].render(turns)
    assert prompt.count("Assistant:\n") == prompt.count("Human: ") == 2
    assert prompt.startswith("S\nHuman: 하나\n")
    assert prompt.endswith("\nHuman: 셋\nAssistant:\n")
    assert "</s>" not in prompt
    assert "\n\n" not in prompt
