"""The matrix language: particles and endings against English function words, greetings, requests about other text, alternation."""

from __future__ import annotations

import pytest

from solar_chat.language import identify

KOREAN_FRAMES = [
    "이번 sprint에서 API를 refactoring했어요", "내일 meeting 있어?", "오늘 너무 busy해서 못 가", "The Beatles 노래 좋아해?",
    "is와 are의 차이",
    "I love you가 무슨 뜻이야?", "What the hell이라고 말했어", "how to는 언제 쓰나요?", "'to be or not to be'는 누가 한 말이야?",
]  # fmt: skip
ENGLISH_FRAMES = [
    "What does 눈치 mean?", "Can you explain 정 to me?", "Use 합쇼체 or 해요체",
    "Is 오빠 rude?", "I ate 김밥 and 떡볶이 yesterday", "Define 효도",
    "The particles 은 and 는 are the same",
    "How do I say 배고파요", "My favorite word is 하늘", "Tell me about 한글날", "it's 대박",
]  # fmt: skip
OPENERS = [
    "Wow, ",
    "OMG ",
    "Thank you! ",
    "By the way, ",
    "Hello~ ",
    "Good morning! ",
    "Sorry, ",
    "So, ",
    "OK. ",
    "Happy birthday! ",
    "Oh my god 😂 ",
]
PAIRS = [
    ("I went home early today.", "오늘은 일찍 집에 갔어요."), ("Are you coming?", "나는 못 가."), ("It's too expensive for me!", "너무 비싸요."),
    ("We should talk about this later", "나중에 얘기하는 게 좋겠어요"),
]  # fmt: skip


@pytest.mark.parametrize("text", KOREAN_FRAMES)
def test_korean_frames(text: str) -> None:
    assert (identify(text).language, identify(text).matrix) == ("mixed", "ko")


@pytest.mark.parametrize("text", ENGLISH_FRAMES)
def test_english_frames(text: str) -> None:
    assert (identify(text).language, identify(text).matrix) == ("mixed", "en")


@pytest.mark.parametrize("opener", OPENERS)
def test_an_english_opener_leaves_the_clause_korean(opener: str) -> None:
    assert identify(opener + "오늘 회의는 몇 시에 시작해요?").matrix == "ko"


@pytest.mark.parametrize("opener", ["안녕하세요! ", "네, ", "감사합니다. ", "헐 "])
def test_a_korean_opener_leaves_the_clause_english(opener: str) -> None:
    assert identify(opener + "When does the meeting start today?").matrix == "en"


@pytest.mark.parametrize(("english", "korean"), PAIRS)
@pytest.mark.parametrize("between", [" ", "\n", " 😀 "])
def test_alternating_sentences_are_both(english: str, korean: str, between: str) -> None:
    assert identify(english + between + korean).matrix == "both"
    assert identify(korean + between + english).matrix == "both"


@pytest.mark.parametrize(
    ("text", "matrix"),
    [
        ("다음을 번역해 줘: I have never been to Busan.", "ko"),
        ("번역: I have never been to Busan.", "ko"),
        ("I have never been to Busan. 이 문장 문법 맞아?", "ko"),
        ("Translate this into English: 저는 부산에 가 본 적이 없어요.", "en"),
        ("저는 부산에 가 본 적이 없어요. What does this mean?", "en"),
        ("Is this sentence natural? 저는 부산에 갔어요.", "en"),
    ],
)
def test_a_request_about_other_text_is_the_frame(text: str, matrix: str) -> None:
    assert identify(text).matrix == matrix


def test_a_lone_function_word_is_no_grammar() -> None:
    assert identify("전원 ON 버튼 누르면 돼").matrix == "ko"
    assert identify("so 결론이 뭐야").matrix == "ko"


def test_a_little_english_in_a_long_text_is_no_alternation() -> None:
    korean = "설정 화면에서 언어를 고르면 모든 메뉴가 그 언어로 바뀝니다. 바뀐 설정은 바로 저장됩니다. " * 3
    assert identify(korean + "Is it saved?").matrix == "ko"
    assert identify("This page explains how the settings work and where they are stored on your disk. " * 4 + "좋아요.").matrix == "en"
