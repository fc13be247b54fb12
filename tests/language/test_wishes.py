"""What a message asks for about level and language, and all the talk about levels and languages that asks for nothing."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solar_chat.language.requests.wishes import Wish, names_a_level, wishes

# (message, level, language); "jondaemal" is the family without a level.
ASKED: list[tuple[str, str | None, str | None]] = [
    # Korean, level
    ("반말로 해줘", "casual", None),
    ("반말로 해 줘.", "casual", None),
    ("반말로 말해줘!", "casual", None),
    ("이제부터 반말로 대답해 줘", "casual", None),
    ("우리 반말하자", "casual", None),
    ("반말 써도 돼", "casual", None),
    ("편하게 말해도 돼", "casual", None),
    ("편하게 말해도 돼요.", "casual", None),
    ("말 편하게 하세요", "casual", None),
    ("말씀 편하게 하셔도 돼요", "casual", None),
    ("말 놓자", "casual", None),
    ("우리 이제 말 놓을까?", "casual", None),
    ("말 놓으셔도 됩니다.", "casual", None),
    ("말 좀 놔", "casual", None),
    ("친구처럼 말해줘", "casual", None),
    ("반말 ㄱㄱ", "casual", None),
    ("반말로 부탁해~", "casual", None),
    ("반말로 얘기해 주라ㅋㅋ", "casual", None),
    ("반말로 해죠ㅠㅠ", "casual", None),
    ("나한테 반말해", "casual", None),
    ("앞으로는 반말로", "casual", None),
    ("질문이 있는데 반말로 해줄래?", "casual", None),
    ("반말로 설명해 줄 수 있어?", "casual", None),
    ("파이썬이 뭐야? 반말로 설명해줘", "casual", None),
    ("해체로 말해 주세요", "casual", None),
    ("말투를 반말로 바꿔 줘", "casual", None),
    ("존댓말 안 써도 돼", "casual", None),
    ("존댓말 쓰지 마", "casual", None),
    ("존댓말 그만해", "casual", None),
    ("존댓말 쓸 필요 없어요", "casual", None),
    ("존댓말 써 주세요", "jondaemal", None),
    ("존대말로 해줘", "jondaemal", None),
    ("존댓말로 답해줘", "jondaemal", None),
    ("높임말로 부탁드려요", "jondaemal", None),
    ("존대해 주세요", "jondaemal", None),
    ("말 높여 주세요", "jondaemal", None),
    ("다시 존댓말로 돌아가자", "jondaemal", None),
    ("경어를 사용해 주십시오", "jondaemal", None),
    ("반말로 말하지 마", "jondaemal", None),
    ("반말하지 마세요", "jondaemal", None),
    ("반말 쓰지 말아 줄래요?", "jondaemal", None),
    ("반말은 싫어요", "jondaemal", None),
    ("반말 말고 존댓말로 해 주세요", "jondaemal", None),
    ("존댓말 말고 반말로 해", "casual", None),
    ("반말 금지", "jondaemal", None),
    ("해요체로 대답해 줘", "polite", None),
    ("해요체로", "polite", None),
    ("해요체로 해주세여", "polite", None),
    ("합쇼체로 대답해", "formal", None),
    ("하십시오체로 써 주십시오", "formal", None),
    ("합니다체로 부탁합니다", "formal", None),
    ("격식 있게 말해 주세요", "formal", None),
    ("정중하게 답변해 주세요", "formal", None),
    ("다나까로 말해", "formal", None),
    ("문어체로 써 줘", "plain", None),
    ("해라체로 써 줘", "plain", None),
    ("답변은 해라체로 써 줘", "plain", None),
    ("합니다체로 답변하도록 하세요", "formal", None),
    ("존댓말 사용 바람", "jondaemal", None),
    ("문어체로 답하십시오.", "plain", None),
    # Korean, language
    ("영어로 답해줘", None, "en"),
    ("영어로 대답해 주세요", None, "en"),
    ("영어로 말해 봐", None, "en"),
    ("앞으로 영어로 대화하자", None, "en"),
    ("영어로 얘기하고 싶어. 영어로 대화해 줘.", None, "en"),
    ("답은 영어로 해줘", None, "en"),
    ("앞으로 모든 답변은 영어로 작성해 주세요.", None, "en"),
    ("영어로 답변할 것", None, "en"),
    ("영어로만 답변 부탁드립니다", None, "en"),
    ("이 코드 설명은 영어로 부탁해", None, "en"),
    ("이 코드를 영어로 설명해 줘", None, "en"),
    ("English로 답해줘", None, "en"),
    ("한국어로", None, "ko"),
    ("한국어로 해 줘", None, "ko"),
    ("한국말로 해요", None, "ko"),
    ("한글로 답해 주세요", None, "ko"),
    ("영어 말고 한국어로 답해", None, "ko"),
    ("영어로 답하지 마", None, "ko"),
    ("영어 쓰지 마세요", None, "ko"),
    ("What is DNS? 한국어로 답해줘", None, "ko"),
    ("한국어 반말로 답해줘", "casual", "ko"),
    ("영어로 답해 주고 짧게 써 줘", None, "en"),
    ("내가 쓰는 언어로 답해줘", None, "follow"),
    # English
    ("please answer in Korean", None, "ko"),
    ("Please reply in Korean from now on.", None, "ko"),
    ("Can you answer in Korean?", None, "ko"),
    ("in Korean please", None, "ko"),
    ("Korean, please!", None, "ko"),
    ("speak Korean", None, "ko"),
    ("Could you speak Korean with me?", None, "ko"),
    ("let's talk in Korean", None, "ko"),
    ("What is a monad? Explain in Korean.", None, "ko"),
    ("Explain this in Korean", None, "ko"),
    ("switch to Korean pls", None, "ko"),
    ("I'd prefer Korean", None, "ko"),
    ("Don't answer in English", None, "ko"),
    ("no more english please", None, "ko"),
    ("let's speak English from now on", None, "en"),
    ("in English please", None, "en"),
    ("english plz", None, "en"),
    ("Please use English only.", None, "en"),
    ("I want you to respond in English", None, "en"),
    ("From now on, answer in English", None, "en"),
    ("Stop replying in Korean", None, "en"),
    ("answer in the language I use", None, "follow"),
    ("formal Korean please", "formal", "ko"),
    ("use casual Korean", "casual", "ko"),
    ("Please use banmal", "casual", "ko"),
    ("speak to me in banmal", "casual", "ko"),
    ("answer in polite Korean", "jondaemal", "ko"),
    ("reply in informal Korean please", "casual", "ko"),
    ("You can speak casually", "casual", None),
    ("Please speak more formally", "formal", None),
    ("don't use banmal with me", "jondaemal", "ko"),
    ("you can drop the honorifics", "casual", "ko"),
    ("use haeyo-che", "polite", "ko"),
    # Both
    ("반말로 해줘. And please answer in Korean.", "casual", "ko"),
    ("존댓말로, 영어로 말고 한국어로 해 주세요", "jondaemal", "ko"),
]
# Talk about levels and languages.
NOT_ASKED: list[str] = [
    "반말로 번역해 줘: 안녕하세요, 반갑습니다.",
    "'반말로 해줘'가 영어로 뭐야?",
    '"반말로 해줘"',
    "영어로 이메일 써 줘",
    "친구에게 보낼 편지를 반말로 써 줘",
    "이 문장을 존댓말로 바꿔줘",
    "이 문장을 존댓말로 바꿔줘: 나 먼저 간다",
    "반말이 뭐야?",
    "반말로 어떻게 말해?",
    "반말로 해도 돼?",
    "반말해도 될까요?",
    "존댓말 써야 해?",
    "언제 반말을 써요?",
    "친구가 반말로 말해 달라고 했어",
    "선배가 반말하래",
    "상사가 반말로 말해서 기분이 나빠",
    "동생은 나한테 반말로 말해.",
    "요즘 애들은 다 반말 써",
    "회사에서는 영어로 말해요",
    "반말로 말하는 사람 어때?",
    "선생님한테 반말해도 돼",
    "존댓말과 반말의 차이를 설명해 줘",
    "합쇼체가 뭐예요?",
    "해요체 예문 세 개 써 줘",
    "사과를 영어로 말해 줘",
    "사과가 영어로 뭐야?",
    "안녕하세요를 영어로",
    "이거 영어로 해줘",
    "영어로 번역해 줘",
    "영어로 바꿔 줘",
    "영어로 된 문서를 설명해 줘",
    "영어로 쓴 글을 읽고 답해 줘",
    "영어로 자기소개서 써 줘",
    "영어 좀 해요",
    "영어로 답하는 프롬프트 써 줘",
    "보고서를 영어로 작성해 줘",
    "저는 영어로 말해요",
    "영어 공부하는 방법 알려 줘",
    "영어 문장을 고쳐 줘",
    "영어로 물어보면 영어로 답해 줘",
    "영어는 어려워?",
    "한국어로 노래 가사 하나 써 줘",
    "한국어 공부하고 싶어",
    "반말로 하면 무례해?",
    "정중하게 거절하는 메일 써 줘",
    "메일 좀 정중하게 써 줘",
    "마음 편하게 먹어",
    "존댓말로 된 인사말 알려 줘",
    "`반말로 해줘`는 무슨 뜻이야?",
    "```\n반말로 해줘\n```",
    "> 반말로 해줘\n이 말이 무슨 뜻이야?",
    "그 사람이 말을 놓았어",
    "말 놓아도 돼?",
    "펜을 책상에 놓자",
    "왜 존댓말로 말하라고 했어?",
    "다음 글을 요약해 줘:\n반말로 해줘. 영어로 답해줘.",
    "How do you say thank you in Korean?",
    "Is English hard?",
    "Do you speak Korean?",
    "Can you speak Korean?",
    "Translate this into Korean: please answer in English",
    "Write an email in Korean",
    "Write a formal Korean email to my boss",
    "Tell me a joke in Korean",
    "He asked me to answer in Korean",
    "My teacher told us to speak English.",
    "I speak Korean at home",
    "I answered in Korean yesterday",
    "I can't speak Korean very well",
    "Should I use banmal with my boss?",
    "When do Koreans use banmal?",
    "What is banmal?",
    "Explain honorifics in Korean",
    "Explain the difference between formal and casual Korean",
    "Teach me casual Korean",
    "How do I answer in English politely?",
    "What does 'please answer in Korean' mean?",
    "The form says to answer in Korean won",
    "When I write in Korean, answer in Korean",
    "I want to learn Korean",
    "Korean food please",
    "English is my second language",
    "나는 영어를 싫어해",
    "Say hello in Korean",
    "He speaks English",
    "use Korean characters in the file name",
    "",
    "안녕하세요",
    "오늘 날씨 어때?",
]


@pytest.mark.parametrize(("text", "level", "language"), ASKED, ids=[text for text, _, _ in ASKED])
def test_what_is_asked_for(text: str, level: str | None, language: str | None) -> None:
    wish = wishes(text)
    assert (wish.level, wish.language) == (level, language)
    assert all(0 <= start < end <= len(text) for start, end in wish.spans)
    assert wish.spans


@pytest.mark.parametrize("text", NOT_ASKED)
def test_talk_about_levels_and_languages_asks_for_nothing(text: str) -> None:
    assert wishes(text) == Wish()


@pytest.mark.parametrize(
    ("text", "current", "level"),
    [
        ("존댓말로 해줘", "casual", "polite"),
        ("존댓말로 해줘", "plain", "polite"),
        ("존댓말로 해줘", "polite", "polite"),
        ("존댓말로 해줘", "formal", "formal"),
        ("해요체로 해줘", "formal", "polite"),
        ("반말로 해줘", "formal", "casual"),
        ("안녕?", "formal", None),
    ],
)
def test_the_polite_family_without_a_level_keeps_the_formal_one(text: str, current: str, level: str | None) -> None:
    assert wishes(text).level_from(current) == level  # type: ignore[arg-type]  # levels written out above


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("반말로 번역해 줘: 안녕하세요", True),
        ("What is banmal?", True),
        ("a letter in formal Korean", True),
        ("안녕하세요?", False),
        ("a formal letter", False),
    ],
)
def test_a_level_is_named(text: str, named: bool) -> None:
    assert names_a_level(text) is named


def test_the_span_says_where() -> None:
    text = "파이썬이 뭐야? 반말로 설명해줘. 고마워"
    ((start, end),) = wishes(text).spans
    assert text[start:end] == "반말로 설명해줘"


PIECES = "반말 로 존댓말 영어 한국어 해 줘 말 하지 마 쓰 자 in Korean please answer don't use \n \" ` ' > : . ?".split(" ")


@settings(max_examples=150)
@given(st.text(max_size=80) | st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_it_never_raises_and_its_spans_lie_in_the_text(text: str) -> None:
    wish = wishes(text)
    assert all(0 <= start < end <= len(text) for start, end in wish.spans)
    assert bool(wish.spans) == (wish.level is not None or wish.language is not None)


def test_most_messages_cost_nothing_and_long_ones_little() -> None:
    wishes("반말로 해줘")
    begin = time.process_time()
    for _ in range(1000):
        wishes("오늘 회의가 몇 시에 시작하는지 알려 주세요.")
    assert time.process_time() - begin < 0.1
    begin = time.process_time()
    wishes("영어로 된 문서를 반말로 읽고 in Korean " * 5000)
    assert time.process_time() - begin < 2
