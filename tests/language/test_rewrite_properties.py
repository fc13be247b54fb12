"""Properties of the rewriter over sentences built from a grammar of their own: stem classes, tense, -시-, levels, words around them."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from solar_chat.language import LEVELS, Level, rewrite

# Present in formal, polite, casual and plain, then the stem with -었-, one row for each class of inflection.
_PREDICATES = [
    ("밥을", "먹습니다 먹어요 먹어 먹는다 먹었"), ("학교에", "갑니다 가요 가 간다 갔"), ("집에", "옵니다 와요 와 온다 왔"),
    ("서울에", "삽니다 살아요 살아 산다 살았"), ("돈을", "법니다 벌어요 벌어 번다 벌었"), ("음악을", "듣습니다 들어요 들어 듣는다 들었"),
    ("길을", "걷습니다 걸어요 걸어 걷는다 걸었"), ("친구를", "돕습니다 도와요 도와 돕는다 도왔"), ("고기를", "굽습니다 구워요 구워 굽는다 구웠"),
    ("집을", "짓습니다 지어요 지어 짓는다 지었"), ("노래를", "부릅니다 불러요 불러 부른다 불렀"), ("답을", "모릅니다 몰라요 몰라 모른다 몰랐"),
    ("편지를", "씁니다 써요 써 쓴다 썼"), ("문을", "잠급니다 잠가요 잠가 잠근다 잠갔"), ("약속을", "미룹니다 미뤄요 미뤄 미룬다 미뤘"),
    ("영화를", "봅니다 봐요 봐 본다 봤"), ("책을", "읽습니다 읽어요 읽어 읽는다 읽었"), ("날씨가", "좋습니다 좋아요 좋아 좋다 좋았"),
    ("날씨가", "춥습니다 추워요 추워 춥다 추웠"), ("꽃이", "예쁩니다 예뻐요 예뻐 예쁘다 예뻤"), ("하늘이", "파랗습니다 파래요 파래 파랗다 파랬"),
    ("값이", "다릅니다 달라요 달라 다르다 달랐"), ("시간이", "있습니다 있어요 있어 있다 있었"), ("문제가", "없습니다 없어요 없어 없다 없었"),
    ("오류가", "해결됩니다 해결돼요 해결돼 해결된다 해결됐"), ("코드를", "deploy합니다 deploy해요 deploy해 deploy한다 deploy했"),
    ("사실이", "아닙니다 아니에요 아니야 아니다 아니었"), ("이것은", "책입니다 책이에요 책이야 책이다 책이었"),
    ("이것은", "의자입니다 의자예요 의자야 의자다 의자였"), ("확인해야", "합니다 해요 해 한다 했"), ("집에 가고", "싶습니다 싶어요 싶어 싶다 싶었"),
    ("그렇게 하지", "않습니다 않아요 않아 않는다 않았"), ("그렇게 하지", "못합니다 못해요 못해 못한다 못했"),
]  # fmt: skip
_SUBJECTS = ["", "저는 ", "동생은 ", "그래서 ", "GPU 3개로 ", "`main`에서 ", "어제 만난 친구는 ", "값이 3.5면 "]
_TAILS = [".", "!", "", " ㅎㅎ", "~", "…", " 😀"]
_ENDS: dict[Level, str] = {"formal": "습니다", "polite": "어요", "casual": "어", "plain": "다"}
_SHOWS: dict[Level, re.Pattern[str]] = {
    "formal": re.compile(r"(?:니다|니까|시오)$"),
    "polite": re.compile(r"[요죠]$"),
    "casual": re.compile(r"(?<!니다)(?<!니까)(?<!요)(?<!죠)$"),
    "plain": re.compile(r"(?:[다라자가까나마]|바란다)$"),
}
_WORD = re.compile(r"[가-힣]+(?=[^가-힣]*$)")


@st.composite
def _sentences(draw: st.DrawFn) -> tuple[Level, dict[Level, str]]:
    """A level to start from, and one meaning in all four."""
    before, forms = draw(st.sampled_from(_PREDICATES))
    *present, past = forms.split()
    subject, tail = draw(st.sampled_from(_SUBJECTS)), draw(st.sampled_from(_TAILS))
    tensed = draw(st.booleans())
    meaning: dict[Level, str] = {}
    for level, form in zip(LEVELS, present, strict=True):
        mine = subject if level in ("formal", "polite") or subject != "저는 " else "나는 "
        meaning[level] = f"{mine}{before} {past + _ENDS[level] if tensed else form}{tail}"
    return draw(st.sampled_from(LEVELS)), meaning


_SETTINGS = settings(max_examples=80)


@_SETTINGS
@given(_sentences(), st.sampled_from(LEVELS))
def test_every_level_of_one_meaning_leads_to_every_other(sentence: tuple[Level, dict[Level, str]], goal: Level) -> None:
    start, meaning = sentence
    rewriting = rewrite(meaning[start], goal)
    # In speech -다 is an exclamation, too, and 의자이다 is as right as 의자다.
    accepted = {meaning[goal], meaning[goal].replace("의자다", "의자이다"), meaning[goal].replace("였어요", "이었어요")}
    if start == "plain" and goal == "polite":
        accepted |= {text for text in [rewriting.text] if re.sub(r"[가-힣]+네요(?=[^가-힣]*$)", "", text) == _WORD.sub("", meaning[goal])}
    assert rewriting.text in accepted or rewriting.sentences[0].status == "unsafe"


@_SETTINGS
@given(_sentences(), st.sampled_from(LEVELS))
def test_twice_is_once_and_the_ending_shows_the_level(sentence: tuple[Level, dict[Level, str]], goal: Level) -> None:
    start, meaning = sentence
    once = rewrite(meaning[start], goal)
    again = rewrite(once.text, goal)
    assert again.text == once.text
    assert not again.changed
    if all(part.status == "rewritten" for part in once.sentences):
        word = _WORD.search(once.text)
        assert word is not None
        assert _SHOWS[goal].search(word.group())


@_SETTINGS
@given(_sentences(), st.sampled_from(LEVELS))
def test_there_and_back_keeps_every_word_but_the_last(sentence: tuple[Level, dict[Level, str]], goal: Level) -> None:
    start, meaning = sentence
    back = rewrite(rewrite(meaning[start], goal).text, start).text

    def others(text: str) -> list[str]:
        words = text.split()
        last = max(index for index, word in enumerate(words) if re.search("[가-힣]", word))
        return [word for index, word in enumerate(words) if index != last and word not in ("저는", "나는")]

    assert others(back) == others(meaning[start])


@settings(max_examples=80)
@given(st.text(max_size=60), st.sampled_from(LEVELS))
def test_no_text_raises(text: str, level: Level) -> None:
    rewriting = rewrite(text, level)
    if not rewriting.changed:
        assert rewriting.text == text


_PIECES = st.lists(
    st.sampled_from(
        [
            *("제가 ", "네가 ", "저는요?", "그랬어, ", "했고 ", "할게", "거야", "세요", "십시오", "니까", "잖아", "ㄹ까?", "요", "죠", "다"),
            *(" ", ".", "\n- ", "**", "(", ")", "`x`", '"가자"', "ㅋㅋ"),
        ]
    ),
    max_size=9,
).map("".join)


@settings(max_examples=80)
@given(_PIECES, st.sampled_from(LEVELS))
def test_scraps_settle_after_one_pass(text: str, level: Level) -> None:
    once = rewrite(text, level).text
    assert rewrite(once, level).text == once


_ENDINGS = st.sampled_from(
    "은걸 는걸 ᆫ걸 구려 시구려 소 ᆯ래 을게 거든 던데 잖아 더라 려무나 냬 재 ᆫ대 다네 습디다 ᆸ쇼 ㄴ데 ㄹ까 ㅂ니다 ㅆ어 싶은걸 할걸 갈게 좋대 했음".split()
)
_LOOSE = re.compile("[\u1100-\u11ff\u3130-\u318f]")


@settings(max_examples=80)
@given(st.sampled_from(_PREDICATES), _ENDINGS, st.sampled_from(["", ".", "?", "요", " ㅋㅋ"]), st.sampled_from(LEVELS))
def test_no_letter_is_left_loose(predicate: tuple[str, str], ending: str, tail: str, level: Level) -> None:
    before, forms = predicate
    source = f"{before} {forms.split()[-1]}{ending}{tail}"
    loose = _LOOSE.findall(rewrite(source, level).text)
    assert not set(loose) - set(_LOOSE.findall(source))


@settings(max_examples=80)
@given(
    st.text(alphabet=st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3) | st.sampled_from(" .?!,ㅋㅎㅏᆫ\n"), max_size=24),
    st.sampled_from(LEVELS),
)
def test_no_letter_comes_loose_from_any_syllables(text: str, level: Level) -> None:
    assert not set(_LOOSE.findall(rewrite(text, level).text)) - set(_LOOSE.findall(text))
