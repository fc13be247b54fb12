"""Sentences and morphemes of any text: in order, in bounds, read once, at a cost that grows with the text and no faster."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solar_chat.language import inspect, split_settled, warm
from solar_chat.language.parsing.analyser import Morpheme, kiwi, parse


def cut(text: str) -> list[str]:
    return [text[sentence.start : sentence.end] for sentence in parse(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("좋아요. 그래요!", ["좋아요.", "그래요!"]),
        ("좋아요 😀", ["좋아요 😀"]),
        ("**한다**는 뜻이에요. 끝", ["**한다**는 뜻이에요.", "끝"]),
        ("**확인하세요.** 그리고 [쓰세요.](/a) 끝", ["**확인하세요.**", "그리고 [쓰세요.](/a)", "끝"]),
        ("<b>좋아요.</b> 끝", ["<b>좋아요.</b>", "끝"]),
        ("`pip`로 설치해요. https://a.b/c 봐요", ["`pip`로 설치해요.", "https://a.b/c 봐요"]),
        ("- 첫째\n  1. 둘째\n> 셋째", ["첫째", "둘째", "셋째"]),
        ("| 이름 | 값 |\n|:--|--:|\n| 가 | `a|b` |", ["이름", "값", "가", "`a|b`"]),
        ("먼저 이 책을\n읽어요", ["먼저 이 책을\n읽어요"]),
        ("- 설정을 열고\n  값을 봐요", ["설정을 열고\n  값을 봐요"]),
        ("- 책을\n값을 봐요", ["책을", "값을 봐요"]),
        ("나 지금 가는데\n너는?", ["나 지금 가는데", "너는?"]),
        ("내가 할게\n너는 쉬어", ["내가 할게", "너는 쉬어"]),
        ("책을\n\n봐요", ["책을", "봐요"]),
        ("책을\n- 봐요", ["책을", "봐요"]),
        ("---\ntitle: 제목이야\n---\n본문이에요", ["본문이에요"]),
        ("앞이에요\n```\n코드야\n```\n뒤예요", ["앞이에요", "뒤예요"]),
        ("English one. Another?\n한국어예요.", ["English one.", "Another?", "한국어예요."]),
        ("", []),
        (" \n\t\n", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


def test_morphemes_stand_where_the_text_has_them() -> None:
    text = "- **`pip`로** 설치하는 [의자예요](/a)!"
    (sentence,) = parse(text)
    assert [(text[part.start : part.end], part.kind) for part in sentence.morphemes] == [
        ("`pip`", "NNG"),
        ("로", "JKB"),
        ("설치", "NNG"),
        ("하", "XSV"),
        ("는", "ETM"),
        ("의자", "NNG"),
        ("", "VCP"),
        ("예요", "EF"),
        ("!", "SF"),
    ]
    assert sentence.listed


def test_kind_is_the_tag_without_its_conjugation() -> None:
    tags = {part.form: (part.tag, part.kind) for part in parse("길을 걸어요")[0].morphemes}
    assert tags["걷"] == ("VV-I", "VV")
    assert Morpheme("걷", "VV-I", 0, 1) == Morpheme("걷", "VV-I", 0, 1) != Morpheme("걷", "VV", 0, 1)


# Lone surrogates, NUL, bidi marks, jamo, combining marks among what people write.
STRANGE = "가요다는을?.!~ㅋㅠ`\"'“”‘「」\n\r\t -#*_[](|)<b>1aA햅니가\ud800\udc00\x00\x0b\u2028\u202e\u0301😀\u200d "
ANYTHING = st.text(st.one_of(st.sampled_from(STRANGE), st.characters()), max_size=80)
WORDS = '좋아요|그래. |간다|는 것|책을|\n|\n\n|  |- |> |# |** |**|_|`|```|[|](/a)|<b>|</b>|"|“|”|😀|ㅋㅋ|abc |https://a.b/c |---\n|\ud800|\x00'
PIECES = st.lists(st.sampled_from([*WORDS.split("|"), "| "]), max_size=30).map("".join)
CHUNKS = '가요|다|.|?!|… | |\n|`|``|```\n|- |3|e.g.|~|**|"|안녕|  ```py\n'


@settings(max_examples=300)
@given(st.one_of(ANYTHING, PIECES), st.booleans())
def test_any_text_is_parsed_in_order_and_in_bounds(text: str, lone_quotes: bool) -> None:
    position = 0
    for sentence in parse(text, lone_quotes=lone_quotes):
        assert position <= sentence.start < sentence.end <= len(text)
        position = sentence.end
        assert not text[sentence.start].isspace()
        place = sentence.start
        for morpheme in sentence.morphemes:
            assert sentence.start <= morpheme.start <= morpheme.end <= sentence.end
            assert morpheme.start >= place - 2  # a contraction (봐 = 보 + 아) starts its second part inside its first
            place = morpheme.start


@settings(max_examples=200)
@given(st.lists(st.tuples(st.sampled_from(CHUNKS.split("|")), st.booleans()), max_size=40))
def test_a_stream_settles_the_same_sentences_in_any_chunks(parts: list[tuple[str, bool]]) -> None:
    chunks = [""]
    for piece, ends in parts:
        chunks[-1] += piece
        if ends:
            chunks.append("")
    outcomes = []
    for feed in (["".join(chunks)], chunks, list("".join(chunks))):
        settled: list[str] = []
        rest = ""
        for chunk in feed:
            complete, rest = split_settled(rest + chunk)
            settled += complete
        assert "".join(settled) + rest == "".join(chunks)
        outcomes.append(([piece.strip() for piece in settled], rest.strip()))
    assert outcomes[0] == outcomes[1] == outcomes[2]


LONG = {
    "prose": "설정을 확인하면 문제가 해결돼요. 그래도 안 되면 다시 알려 주세요.\n" * 2500,
    "one line of prose": "설정을 확인하면 문제가 해결돼요. " * 5500,
    "one word": "가" * 100_000,
    "emoji": "😀" * 100_000,
    "newlines": "\n" * 20_000,
    "fences": "```\n가요\n```\n" * 5000,
    "open fence": "```\n" + "가요.\n" * 25_000,
    "ticks": "`가요 " * 5000,
    "open quotes": "“가요 ‘" * 4000,
    "nested quotes": "“가 ‘나’ 다” " * 3000,
    "marks": "**가**_나_ " * 3000,
    "table": "| 가 | 나 |\n" * 2500,
    "links": "[가](/나) " * 4000,
    "wrapped": "이 책을\n" * 4000,
    "tags": "<b>가</b> <!-- " * 3000,
}


@pytest.mark.parametrize("name", LONG)
def test_a_long_text_takes_moments(name: str) -> None:
    warm()
    started = time.process_time()
    assert inspect(LONG[name]).sentences is not None
    assert time.process_time() - started < 10  # at most 2 s alone; a quadratic step takes minutes


def test_kiwi_gets_bounded_pieces_and_each_once(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []

    class Counting:
        def tokenize(self, text: str) -> object:
            given.append(len(text))
            return kiwi().tokenize(text)

    monkeypatch.setattr("solar_chat.language.parsing.analyser.kiwi", Counting)
    for text in (LONG["prose"][:10_000], LONG["one line of prose"][:10_000]):
        given.clear()
        parse(text)
        assert max(given) <= 1500
        assert sum(given) <= len(text)


def test_memory_of_the_analyser() -> None:
    code = """
import pathlib
def resident():
    return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20
before = resident()
from solar_chat.language import inspect, warm
warm()
for number in range(100):
    inspect(f"{number}번째 문장을 준비하고 있습니다.")
print(resident() - before)
"""
    if not sys.platform.startswith("linux"):
        pytest.skip("reads /proc")
    grown = float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    assert grown < 300  # MiB


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("English one. 한국어예요.", ["English one.", "한국어예요."]),
        ("Mr. 김이 왔어요.", ["Mr. 김이 왔어요."]),
        ("좋아요 😀 내일 봐요", ["좋아요 😀", "내일 봐요"]),
        ("끝났어요. 🎉 축하해요!", ["끝났어요.", "🎉 축하해요!"]),
        ("새로 만들어서\n여기서 씁니다.", ["새로 만들어서\n여기서 씁니다."]),
        ("나 지금 가는데\n너 어디야", ["나 지금 가는데", "너 어디야"]),
    ],
)
def test_where_sentences_part(text: str, sentences: list[str]) -> None:
    assert [text[sentence.start : sentence.end] for sentence in parse(text)] == sentences


def test_a_copula_that_kiwi_overlooks() -> None:
    for text, ending in (("벌써 가을이다", "다"), ("성지네", "네"), ("이건 버그지", "지")):
        copula, final = parse(text)[0].morphemes[-2:]
        assert (copula.tag, final.tag, final.form) == ("VCP", "EF", ending)
        assert text[final.start : final.end] == ending
    assert [morpheme.tag for morpheme in parse("이름은 김민지")[0].morphemes][-1].startswith("N")
