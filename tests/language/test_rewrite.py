"""The rewriter: what a sentence becomes in each level, and everything that must never change."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solar_chat.language import LEVELS, Level, complies, rewrite

# One meaning in formal, polite, casual and plain; from the first two every other column must come out.
PARADIGMS = [
    ("날씨가 좋습니다.", "날씨가 좋아요.", "날씨가 좋아.", "날씨가 좋다."),
    ("밥을 먹습니다.", "밥을 먹어요.", "밥을 먹어.", "밥을 먹는다."),
    ("학교에 갑니다.", "학교에 가요.", "학교에 가.", "학교에 간다."),
    ("서울에 삽니다.", "서울에 살아요.", "서울에 살아.", "서울에 산다."),
    ("음악을 듣습니다.", "음악을 들어요.", "음악을 들어.", "음악을 듣는다."),
    ("친구를 돕습니다.", "친구를 도와요.", "친구를 도와.", "친구를 돕는다."),
    ("노래를 부릅니다.", "노래를 불러요.", "노래를 불러.", "노래를 부른다."),
    ("날씨가 춥습니다.", "날씨가 추워요.", "날씨가 추워.", "날씨가 춥다."),
    ("꽃이 예쁩니다.", "꽃이 예뻐요.", "꽃이 예뻐.", "꽃이 예쁘다."),
    ("그것을 모릅니다.", "그것을 몰라요.", "그것을 몰라.", "그것을 모른다."),
    ("시간이 있습니다.", "시간이 있어요.", "시간이 있어.", "시간이 있다."),
    ("문제가 없습니다.", "문제가 없어요.", "문제가 없어.", "문제가 없다."),
    ("설정을 바꾸면 됩니다.", "설정을 바꾸면 돼요.", "설정을 바꾸면 돼.", "설정을 바꾸면 된다."),
    ("그렇게 하고 싶습니다.", "그렇게 하고 싶어요.", "그렇게 하고 싶어.", "그렇게 하고 싶다."),
    ("가지 않습니다.", "가지 않아요.", "가지 않아.", "가지 않는다."),
    ("하지 못합니다.", "하지 못해요.", "하지 못해.", "하지 못한다."),
    ("하지 못했습니다.", "하지 못했어요.", "하지 못했어.", "하지 못했다."),
    ("좋지 않습니다.", "좋지 않아요.", "좋지 않아.", "좋지 않다."),
    ("지금 확인해야 합니다.", "지금 확인해야 해요.", "지금 확인해야 해.", "지금 확인해야 한다."),
    ("학생입니다.", "학생이에요.", "학생이야.", "학생이다."),
    ("이건 의자입니다.", "이건 의자예요.", "이건 의자야.", "이건 의자이다."),
    ("사실이 아닙니다.", "사실이 아니에요.", "사실이 아니야.", "사실이 아니다."),
    ("어제 했습니다.", "어제 했어요.", "어제 했어.", "어제 했다."),
    ("문제가 해결되었습니다.", "문제가 해결되었어요.", "문제가 해결되었어.", "문제가 해결되었다."),
    ("의자였습니다.", "의자였어요.", "의자였어.", "의자였다."),
    ("학생이었습니다.", "학생이었어요.", "학생이었어.", "학생이었다."),
    ("곧 될 것입니다.", "곧 될 거예요.", "곧 될 거야.", "곧 될 것이다."),
    ("비가 오겠습니다.", "비가 오겠어요.", "비가 오겠어.", "비가 오겠다."),
    ("GPU를 3개 사용합니다.", "GPU를 3개 사용해요.", "GPU를 3개 사용해.", "GPU를 3개 사용한다."),
    ("확인하십시오.", "확인하세요.", "확인해.", "확인해라."),
    ("책을 읽으십시오.", "책을 읽으세요.", "책을 읽어.", "책을 읽어라."),
    ("하지 마십시오.", "하지 마세요.", "하지 마.", "하지 마라."),
    ("눌러 주십시오.", "눌러 주세요.", "눌러 줘.", "눌러 주기 바란다."),
    ("한번 해 보십시오.", "한번 해 보세요.", "한번 해 봐.", "한번 해 보라."),
    ("많이 드십시오.", "많이 드세요.", "많이 먹어.", "많이 먹어라."),
    ("안녕히 계십시오.", "안녕히 계세요.", "잘 있어.", "잘 있어라."),
    ("안녕히 주무십시오.", "안녕히 주무세요.", "잘 자.", "잘 자라."),
    ("같이 갑시다.", "같이 가요.", "같이 가자.", "같이 가자."),
    ("네, 알겠습니다.", "네, 알겠어요.", "응, 알겠어.", "응, 알겠다."),
    ("아니요, 그렇지 않습니다.", "아니요, 그렇지 않아요.", "아니, 그렇지 않아.", "아니, 그렇지 않다."),
    ("아닙니다, 앱은 무료입니다.", "아니에요, 앱은 무료예요.", "아니야, 앱은 무료야.", "아니다, 앱은 무료이다."),
    ("저는 모델입니다.", "저는 모델이에요.", "나는 모델이야.", "나는 모델이다."),
    ("제 이름은 솔라입니다.", "제 이름은 솔라예요.", "내 이름은 솔라야.", "내 이름은 솔라이다."),
    ("할머니께서 오셨습니다.", "할머니께서 오셨어요.", "할머니께서 오셨어.", "할머니께서 오셨다."),
]
FORMS = [(source, LEVELS[target], row[target]) for row in PARADIGMS for source in row[:2] for target in range(4)]


@pytest.mark.parametrize(("source", "level", "expected"), FORMS)
def test_paradigm(source: str, level: Level, expected: str) -> None:
    assert rewrite(source, level).text == expected


CASES: list[tuple[str, Level, str]] = [
    # questions
    ("어디 가십니까?", "polite", "어디 가시나요?"), ("어디 가십니까?", "casual", "어디 가?"), ("어디 가십니까?", "plain", "어디 가는가?"),
    ("무엇입니까?", "polite", "무엇인가요?"), ("무엇입니까?", "casual", "뭐야?"), ("뭐예요?", "formal", "무엇입니까?"),
    ("뭐예요?", "plain", "무엇인가?"), ("언제 됩니까?", "plain", "언제 되는가?"), ("좋습니까?", "polite", "좋은가요?"),
    ("좋습니까?", "plain", "좋은가?"), ("했습니까?", "plain", "했는가?"), ("어디 가세요?", "formal", "어디 가십니까?"),
    ("누구세요?", "formal", "누구십니까?"), ("누구세요?", "casual", "누구야?"), ("하셨어요?", "casual", "했어?"),
    ("어떻게 지내고 계십니까?", "casual", "어떻게 지내고 있어?"), ("어떨까요?", "formal", "어떻겠습니까?"), ("어떨까요?", "casual", "어떨까?"),
    ("무엇을 도와드릴까요?", "formal", "무엇을 도와드리면 되겠습니까?"), ("무엇을 도와드릴까요?", "casual", "무엇을 도와줄까?"),
    ("갈래요?", "formal", "가시겠습니까?"),
    # promises
    ("제가 할게요.", "formal", "제가 하겠습니다."), ("제가 할게요.", "casual", "내가 할게."), ("제가 할게요.", "plain", "내가 하겠다."),
    ("알려 드리겠습니다.", "polite", "알려 드릴게요."), ("알려 드리겠습니다.", "casual", "알려 줄게."),
    ("설명하겠습니다.", "polite", "설명할게요."),
    # endings of 해요체
    ("좋네요.", "formal", "좋습니다."), ("좋네요.", "casual", "좋네."), ("그렇군요.", "plain", "그렇구나."),
    ("있잖아요.", "formal", "있지 않습니까."), ("좋더라고요.", "casual", "좋더라고."), ("하려고요.", "formal", "하려고 합니다."),
    ("바쁜데요.", "plain", "바쁘다."), ("힘드니까요.", "formal", "힘들기 때문입니다."), ("해야죠.", "formal", "해야 합니다."),
    ("간대요.", "formal", "간다고 합니다."), ("국경이 없답니다.", "polite", "국경이 없어요."), ("맞아요.", "plain", "맞다."),
    # deference
    ("궁금하신 점이 있으시면 말씀해 주세요.", "casual", "궁금한 점이 있으면 말해 줘."),
    ("선택해 주셔서 감사합니다.", "casual", "선택해 줘서 고마워."), ("죄송합니다.", "casual", "미안해."), ("축하드려요!", "casual", "축하해!"),
    ("잘 주무셨습니까?", "casual", "잘 잤어?"), ("안녕하세요!", "formal", "안녕하십니까!"), ("안녕하십니까?", "casual", "안녕?"),
    ("다음에 또 뵙겠습니다.", "polite", "다음에 또 뵐게요."), ("다음에 또 뵙겠습니다.", "casual", "다음에 또 볼게."),
    ("있습니다만, 비쌉니다.", "casual", "있지만, 비싸."), ("저요?", "casual", "나?"), ("의사이십니다.", "polite", "의사이세요."),
    # from casual and plain
    ("내가 할게.", "formal", "제가 하겠습니다."), ("내가 할게.", "polite", "제가 할게요."), ("뭐 해?", "polite", "뭐 해요?"),
    ("알려 줘.", "formal", "알려 주십시오."), ("가지 마.", "polite", "가지 마세요."), ("밥 먹자.", "formal", "밥 먹읍시다."),
    ("응, 맞아.", "formal", "네, 맞습니다."), ("나는 학생이야.", "polite", "저는 학생이에요."), ("예쁘네.", "polite", "예쁘네요."),
    ("안녕!", "polite", "안녕하세요!"), ("나는 간다.", "formal", "저는 갑니다."), ("무엇인가?", "polite", "무엇인가요?"),
    ("나랑 놀자.", "polite", "저랑 놀아요."), ("먹었니?", "polite", "먹었나요?"), ("앉아라.", "formal", "앉으십시오."),
]  # fmt: skip


@pytest.mark.parametrize(("source", "level", "expected"), CASES)
def test_forms(source: str, level: Level, expected: str) -> None:
    rewriting = rewrite(source, level)
    assert rewriting.text == expected
    assert complies(rewriting.text, level)


UNTOUCHED = [
    "`x = 1`",
    "```py\nprint('안녕하세요')\n```",
    '"빨리 가자"',
    "Hello, how are you?",
    "# 설치 방법",
    "- 항목 하나",
    "확인 완료",
    "ㅋㅋㅋ 😀",
    "https://example.com/합니다",
    "",
]


@pytest.mark.parametrize("text", UNTOUCHED)
@pytest.mark.parametrize("level", LEVELS)
def test_what_has_no_level_stays(text: str, level: Level) -> None:
    rewriting = rewrite(text, level)
    assert rewriting.text == text
    assert not rewriting.changed
    assert all(sentence.status == "kept" for sentence in rewriting.sentences)


def test_everything_around_the_endings_is_byte_identical() -> None:
    text = (
        "##  제목\n\n1.  `pip install a`를   실행합니다.\n\n```sh\necho 합니다\n```\n"
        "그는 “합니다” 라고 했습니다 :)  \n\t- https://a.com/b?c=1 에 있습니다 😀!!\n"
    )
    expected = (
        "##  제목\n\n1.  `pip install a`를   실행해.\n\n```sh\necho 합니다\n```\n그는 “합니다” 라고 했어 :)  \n\t- https://a.com/b?c=1 에 있어 😀!!\n"
    )
    assert rewrite(text, "casual").text == expected


def test_sentences_are_reported_one_by_one() -> None:
    report = rewrite("좋아요. 갑니다. 확인 완료", "formal").sentences
    assert [(sentence.before, sentence.after, sentence.status) for sentence in report] == [
        ("좋아요.", "좋습니다.", "rewritten"), ("갑니다.", "갑니다.", "kept"), ("확인 완료", "확인 완료", "kept"),
    ]  # fmt: skip


@pytest.mark.parametrize(("text", "level"), [("상대가 그렇게 느낀다면요.", "formal"), ("늦어서요.", "plain"), ("여기서요.", "formal")])
def test_what_has_no_honest_form_is_marked_and_left(text: str, level: Level) -> None:
    rewriting = rewrite(text, level)
    assert rewriting.text == text
    assert [sentence.status for sentence in rewriting.sentences] == ["unsafe"]


def test_copula_follows_the_sound_of_code() -> None:
    assert rewrite("기본값은 `main`입니다.", "polite").text == "기본값은 `main`이에요."
    assert rewrite("기본값은 `api`입니다.", "polite").text == "기본값은 `api`예요."


WORDS = [
    "저는", "제가", "학생", "의자", "좋", "가", "먹", "습니다", "어요", "예요", "입니다", "세요", "십시오", "니까", "않아요", "네,",
    "3개", "API를", "`x`", '"가자"', " ", ".", "?", "\n",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(WORDS), max_size=10).map("".join)


@settings(max_examples=120)
@given(TEXTS, st.sampled_from(LEVELS))
def test_twice_is_once(text: str, level: Level) -> None:
    once = rewrite(text, level).text
    assert rewrite(once, level).text == once


@pytest.mark.parametrize("level", LEVELS)
def test_twice_is_once_on_prose(level: Level) -> None:
    for row in PARADIGMS:
        for source in row[:2]:
            once = rewrite(source, level).text
            again = rewrite(once, level)
            assert again.text == once
            assert not again.changed
