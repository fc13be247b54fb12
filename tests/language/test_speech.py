"""Speech levels: every ending of the six levels, the forms that have none, and the ways a reader goes wrong."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solar_chat.language import LEVELS, complies, inspect, sentence_complies, sentences

LEVEL_OF = {
    "formal": (
        "갑니다.|먹습니다.|합니까?|좋습니까?|가십시오.|읽으십시오.|갑시다.|먹읍시다.|참고하시기 바랍니다.|예쁘답니다.|"
        "좋습디다.|좋슴다|합니당|좋습니당|어서 오십쇼.|확인했습니다만|합니댜|안녕하십니까?|다녀오겠습니다~|감사합니다 😊|"
        "감사합니다 ㅎㅎ"
    ),
    "polite": (
        "가요.|먹어요?|학생이에요.|의자예요.|좋네요.|그렇군요.|좋지요.|좋죠.|있거든요.|바쁜데요.|할게요.|있잖아요.|"
        "좋더라고요.|그러더라구요.|하나요?|그런가요?|할까요?|할래요?|좋대요?|하세요.|읽으세요.|저요?|누구요?|여기서요.|"
        "하려고요.|계세요.|드세요.|주무세요.|안녕히 계세요|먹었어여|했어염|좋아용|그래쥬|밥 먹었어유|넵|네|아니요|뜨면요|"
        "네 알겠어요 ㅎㅎ|좋아요 😀|오래요.|그래요?|감사해요!|해봐여"
    ),
    "casual": (
        "먹어?|학생이야.|좋네.|그렇군.|좋지.|있거든.|바쁜데.|할게.|있잖아.|할까?|할래?|와|해|줘|적용할게|줄게|가지 마|"
        "좋더라고|하려고|간대|ㅇㅇ|응|그랬어 ㅋㅋ|뭐라고?|있는걸|안녕|선생님께서 가셨어|좋은데ㅠㅠ|어디야|뭐해"
    ),
    "plain": (
        "간다.|먹는다.|좋다.|학생이다.|가느냐?|먹냐?|먹었니?|가니?|좋은가?|하는가?|먹어라.|하라.|가거라.|가자.|예쁘구나.|"
        "먹는구나.|그것이 옳도다.|가보자.|했더라.|1티어다|어디 있니"
    ),
    "hao": "어디로 가시오?|그러하오.|재미있소.|앉으시오.|여기 있구려.",
    "hage": "자네가 왔네.|이리 오게.|앉게나.|어서 가세.|그럴세.|내가 할 것일세.",
    "none": (
        "완료|확인함|수정 완료|했음|문제 없음.|ㅇㅋ|ㅋㅋㅋ|# 설치 방법|- 항목 하나|1. 파일 열기|123|😀|Hello there.|"
        "This is fine. How are you?|중요|필요|`해라`|https://a.com|오늘의 날씨"
    ),
}
CASES = [(text, level) for level, texts in LEVEL_OF.items() for text in texts.split("|")]


@pytest.mark.parametrize(("text", "level"), CASES)
def test_level_of_an_ending(text: str, level: str) -> None:
    assert {sentence.level for sentence in sentences(text)} == {level}


def test_family_follows_the_level() -> None:
    families = {text: sentences(text)[0].family for text in ("갑니다.", "가요.", "간다.", "학생이야.", "완료")}
    assert families == {"갑니다.": "jondaemal", "가요.": "jondaemal", "간다.": "banmal", "학생이야.": "banmal", "완료": "none"}


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ('그는 "빨리 가자"라고 했습니다.', "formal"),
        ("그가 간다고 했어요.", "polite"),
        ("‘싫어’라는 말은 좋지 않아요.", "polite"),
        ("It's 'fine' 라고 했어요.", "polite"),
        ("코드는 `return 해라`입니다.", "formal"),
        ("```\n해라\n```\n좋아요.", "polite"),
        ('"빨리 가자"', "plain"),
        ("참고: https://example.com/해라 를 보세요.", "polite"),
        ("좋아요. 하지만 싫어.", "mixed"),
        ("Just English.", "none"),
    ],
)
def test_level_of_a_text(text: str, level: str) -> None:
    assert inspect(text).level == level


def test_offsets_are_those_of_the_original() -> None:
    text = "- `pip install x`로 설치합니다. 😀😀 그다음 https://a.com/b 를 여세요!\n\n```\n코드다\n```\n끝났어요."
    found = [text[sentence.start : sentence.end] for sentence in sentences(text)]
    assert found == ["`pip install x`로 설치합니다.", "😀😀 그다음 https://a.com/b 를 여세요!", "끝났어요."]


def test_deference_is_listed_apart_from_the_level() -> None:
    analysis = inspect("선생님께서 오셨어. 제가 말씀드릴게.")
    assert analysis.family == "banmal"
    assert analysis.subject_honorific == ("선생님", "께서", "오셨", "말씀")
    assert analysis.humble == ("제", "드릴")


@pytest.mark.parametrize(
    ("text", "level", "expected"),
    [
        ("설정을 확인하세요.", "formal", True),
        ("어디 가세요?", "formal", True),
        ("앉으시죠.", "formal", True),
        ("네.", "formal", True),
        ("좋아요.", "formal", False),
        ("어떨까요?", "formal", True),
        ("좋습니다.", "polite", True),
        ("좋아.", "polite", False),
        ("좋다.", "polite", False),
        ("같이 가자.", "casual", True),
        ("먹었니?", "casual", True),
        ("앉아라.", "casual", True),
        ("예쁘구나.", "casual", True),
        ("비가 온다.", "casual", True),
        ("좋아요.", "casual", False),
        ("좋아.", "plain", False),
        ("비가 올까?", "plain", True),
        ("좋습니다.", "plain", False),
        ("확인 완료", "plain", True),
        ("This is English.", "formal", True),
        ("```\n해라\n```", "formal", True),
        ("좋습니다. 그런데 싫어.", "formal", False),
        ("이것을 열어서,", "formal", True),
    ],
)
def test_compliance(text: str, level: str, expected: bool) -> None:
    wanted = next(known for known in LEVELS if known == level)
    assert complies(text, wanted) is expected
    assert all(sentence_complies(text, sentence, wanted) for sentence in sentences(text)) is expected


HOSTILE = st.text(
    st.one_of(st.sampled_from(list("가요다?.!~ㅋㅠ`\"'“”\n\t -#*>1aA햅니ᄀ\ud800\x00😀‍ ")), st.characters()), max_size=60
)  # lone surrogates, NUL and unpaired jamo included


@settings(max_examples=150)
@given(HOSTILE)
def test_inspect_takes_any_text(text: str) -> None:
    analysis = inspect(text)
    for spans in (analysis.spans, analysis.sentences):
        edges = [edge for span in spans for edge in (span.start, span.end)]
        assert edges == sorted(edges)
        assert all(0 <= edge <= len(text) for edge in edges)
        assert all(span.start < span.end for span in spans)
    for sentence in analysis.sentences:
        assert (sentence.level == "none") == (sentence.confidence == 0)


@pytest.mark.parametrize(
    "text",
    ["가" * 100_000, "좋아요. " * 15_000, "`" * 100_000, "\n" * 100_000, '"' * 20_001, "\ud800\x00" * 500, "해" + "ᆸ" * 3000, "a@" * 20_000],
    ids=["syllables", "sentences", "ticks", "newlines", "quotes", "surrogates", "jamo", "mails"],
)
def test_huge_and_broken_texts(text: str) -> None:
    assert inspect(text).sentences is not None


@pytest.mark.parametrize(
    ("text", "level", "family"),
    [
        # An unfinished clause, an aside and reported words do not make a text mixed.
        ("주문하지 마세요 최소 금액이 만원보다 많으면", "polite", "jondaemal"),
        ("그렇구나 한번 해보세요", "polite", "jondaemal"),
        ("와 진짜 멋있다! 그 영화 어디서 볼 수 있어요?", "polite", "jondaemal"),
        ("그래서 제가 나도 몰라, 우린 안 돼, 라고 했어요.", "polite", "jondaemal"),
        ("관심 가는 게 뭐예요? 뭘 하시는지", "polite", "jondaemal"),
        # Really mixed: two full sentences of either kind.
        ("좋아요. 그건 하지 마.", "mixed", "mixed"),
        ("확인했습니다. 곧 고칠게요.", "mixed", "jondaemal"),
        ("나는 간다. 너는 안 가?", "mixed", "banmal"),
        # Talk without a level still has a family; a note has neither.
        ("나 지금 배고픔", "none", "banmal"),
        ("서버 재시작 완료함", "none", "none"),
        ("- 좋은 점\n- 나쁜 점", "none", "none"),
    ],
)
def test_what_a_whole_text_is(text: str, level: str, family: str) -> None:
    analysis = inspect(text)
    assert (analysis.level, analysis.family) == (level, family)


@pytest.mark.parametrize(
    ("text", "honorific", "humble"),
    [
        ("할아버지께서는 진지를 드시고 주무세요.", ("께서", "진지", "드시", "주무세요"), ()),
        ("어머니는 댁에 계세요?", ("댁", "계세요"), ()),
        ("할머니께서 편찮으시다.", ("께서", "편찮으시"), ()),
        ("할아버지께서 돌아가셨습니다.", ("께서", "돌아가셨"), ()),
        ("교수님 성함과 연세를 아세요?", ("교수님", "성함", "연세", "아세요"), ()),
        ("저희가 선생님을 모시고 뵈러 갈게요.", ("선생님",), ("저희", "모시", "뵈")),
        ("제가 여쭤 보고 알려 드리겠습니다.", (), ("제", "여쭤", "드리")),
        ("어서 가세. 저 사람은 손을 들었다.", (), ()),
    ],
)
def test_words_of_deference(text: str, honorific: tuple[str, ...], humble: tuple[str, ...]) -> None:
    analysis = inspect(text)
    assert (analysis.subject_honorific, analysis.humble) == (honorific, humble)


def test_confidence_says_how_the_level_is_known() -> None:
    known = {text: sentences(text)[0].confidence for text in ("갑니다.", "바쁜데", "넵", "이것을 열어서", "어케 하죠", "완료")}
    assert known["갑니다."] == 1.0
    assert 0.5 <= known["넵"] < 0.7
    assert known["바쁜데"] >= 0.5
    assert 0 < known["이것을 열어서"] < 0.5
    assert known["완료"] == 0.0
    guessed = sentences("이거 머냐구욤ㅋ")[0]
    assert guessed.family == "jondaemal"
