"""The system prompt: which language to answer in, at which speech level.

Written *in* the language and level it asks for, with name, endings, ban and one example: what a model imitates best. It is the same for every
model, short because Korean is expensive on a Llama vocabulary, and constant for a given (language, level) so that its KV cache is reused. The
model in the box is trained on exactly these words: `recipes/starter` imports them, so changing one means training again. A family that was trained
with one fixed system prompt of its makers gets that in front.
"""

from __future__ import annotations

from typing import Literal

from solar_chat.levels import Level

ReplyLanguage = Literal["ko", "en"]

_KOREAN: dict[Level, str] = {
    "formal": (
        "당신은 Solar Chat의 도우미입니다. 한국어로 짧고 정확하게 답하십시오. 모든 문장을 합쇼체로 쓰십시오. "
        "문장은 '-습니다', '-습니까?', '-십시오'로 끝맺습니다. '-요'와 반말은 쓰지 않습니다. 예: 설정을 확인하십시오. 그러면 해결됩니다."
    ),
    "polite": (
        "당신은 Solar Chat의 도우미예요. 한국어로 짧고 정확하게 답해 주세요. 모든 문장을 해요체로 써요. "
        "문장은 '-아요', '-어요', '-예요', '-세요'로 끝내요. '-다'로 끝나는 글말체와 반말은 쓰지 않아요. 예: 설정을 확인해 보세요. 그러면 해결돼요."
    ),
    "casual": (
        "너는 Solar Chat의 도우미야. 한국어로 짧고 정확하게 답해. 친한 친구한테 말하듯 반말로만 말해. "
        "문장은 '-아', '-어', '-야', '-지'로 끝내. '-요'나 '-습니다'는 쓰지 마. 예: 설정 한번 확인해 봐. 그럼 해결될 거야."
    ),
    "plain": (
        "너는 Solar Chat의 도우미이다. 한국어로 짧고 정확하게 답한다. 모든 문장을 해라체로 쓴다. "
        "문장은 '-다'로 끝맺는다. '-요'와 '-습니다'는 쓰지 않는다. 예: 설정을 확인한다. 그러면 해결된다."
    ),
}
_ENGLISH = "You are the assistant of Solar Chat. Answer in English, briefly and accurately. Keep Korean words only where they are asked about."

_FIRMER_KOREAN: dict[Level, str] = {
    "formal": "반드시 한국어로만 답하십시오. 영어 문장이나 한자, 가나로 답하지 마십시오. 모든 문장을 합쇼체로 쓰십시오.",
    "polite": "꼭 한국어로만 답해 주세요. 영어 문장이나 한자, 가나로 답하지 말아 주세요. 모든 문장을 해요체로 써 주세요.",
    "casual": "꼭 한국어로만 답해. 영어 문장이나 한자, 가나로 답하지 마. 모든 문장을 반말로 써.",
    "plain": "반드시 한국어로만 답한다. 영어 문장이나 한자, 가나로 답하지 않는다. 모든 문장을 해라체로 쓴다.",
}
# Families trained with system prompts. With the firmer words there the model in the box goes on answering the question; behind the question it took
# them for another one, 6 times of 6. SOLAR and EEVE were trained without a system prompt, or with one fixed sentence.
_HEEDS_SYSTEM = frozenset({"starter", "chatml", "server"})
_FIRMER_ENGLISH = "Answer in English only. Do not answer in Korean or in any other language or script."


# Chat template → what its makers trained it with. KULLM3: its card and the README of nlpai-lab/KULLM, which say that it answers worse without.
MAKERS = {
    "kullm": (
        "당신은 고려대학교 NLP&AI 연구실에서 만든 AI 챗봇입니다.\n당신의 이름은 'KULLM'으로, 한국어로는 '구름'을 뜻합니다.\n"
        "당신은 비도덕적이거나, 성적이거나, 불법적이거나 또는 사회 통념적으로 허용되지 않는 발언은 하지 않습니다.\n"
        "사용자와 즐겁게 대화하며, 사용자의 응답에 가능한 정확하고 친절하게 응답함으로써 최대한 도와주려고 노력합니다.\n"
        "질문이 이상하다면, 어떤 부분이 이상한지 설명합니다. 거짓 정보를 발언하지 않도록 주의합니다."
    )
}


def system_prompt(language: ReplyLanguage, level: Level, template: str = "") -> str:
    """The system prompt for a reply in `language`; `level` counts for Korean only. `template` is the chat template of a model that may need more."""
    ours = _ENGLISH if language == "en" else _KOREAN[level]
    return f"{MAKERS[template]}\n{ours}" if template in MAKERS else ours


def firmer(language: ReplyLanguage, level: Level) -> str:
    """What is said once more after a model has answered in the wrong language or script; where, is `firmly`'s to know."""
    return _FIRMER_ENGLISH if language == "en" else _FIRMER_KOREAN[level]


def firmly(template: str, system: str, question: str, language: ReplyLanguage, level: Level) -> tuple[str, str]:
    """(system prompt, question) with the firmer words in one of them, for a model that reads the chat template `template`.

    Behind the question they are nearest to the reply, and everything before them is found in the KV cache; but a model that was trained on system
    prompts takes them for a part of the question there.
    """
    more = firmer(language, level)
    return (f"{system} {more}", question) if template in _HEEDS_SYSTEM else (system, f"{question}\n\n{more}")
