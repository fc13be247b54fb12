"""What is not prose: code, links, paths, quotations, tags. And what only looks like it."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solar_chat.language.parsing.markup import marks
from solar_chat.language.parsing.masking import fenced_blocks, regions


def found(text: str, *, lone_quotes: bool = False) -> list[tuple[str, str]]:
    masks = regions(text, lone_quotes=lone_quotes)
    return [(region.kind, text[region.start : region.end]) for region in masks if region.kind not in ("number", "emoji")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # code
        ("`a`를 써요", [("code", "`a`")]),
        ("``a ` b``를 써요", [("code", "``a ` b``")]),
        ("```a `` b```를 써요", [("code", "```a `` b```")]),
        ("`a를 써요", []),
        ("`a`b`를", [("code", "`a`")]),
        # addresses
        ("https://ko.wikipedia.org/wiki/한국어를 보세요", [("url", "https://ko.wikipedia.org/wiki/한국어")]),
        ("https://example.com/를 보세요", [("url", "https://example.com/")]),
        ("(https://a.com/b).", [("url", "https://a.com/b")]),
        ("www.naver.com에서", [("url", "www.naver.com")]),
        ("kim.lee@snu.ac.kr로 보내", [("url", "kim.lee@snu.ac.kr")]),
        ("@john_doe 안녕, @types/node도", [("url", "@john_doe"), ("url", "@types/node")]),
        ("@철수 안녕", []),
        (r"C:\Users\한글\문서를 여세요", [("url", r"C:\Users\한글\문서")]),
        ("/home/철수/사진에 있어", [("url", "/home/철수/사진")]),
        ("~/문서/a.txt 열어", [("url", "~/문서/a.txt")]),
        ("그리고/또는 A/B 테스트", []),
        ("main.py와 src/app/index.tsx", [("url", "main.py"), ("url", "src/app/index.tsx")]),
        # tags and Markdown links
        ("<b>굵게</b> 해", [("code", "<b>"), ("code", "</b>")]),
        ('<Note title="a > b">중요해', [("code", '<Note title="a > b">')]),
        ("앞 <!-- 해라 --> 뒤", [("code", "<!-- 해라 -->")]),
        ("제목 {/*title*/}", [("code", "{/*title*/}")]),
        ("<!-- {/* --> 뒤 */}", [("code", "<!-- {/* -->")]),
        ("Array<string>을 <3 해", []),
        ("[글](/learn/a-b) 봐", [("url", "/learn/a-b")]),
        ("[글](#some-heading) 봐", [("url", "#some-heading")]),
        ("[글](https://a.b/c_(d)) 봐", [("url", "https://a.b/c_(d)")]),
        # quotations
        ('그는 "가자"라고 했어', [("quote", '"가자"')]),
        ("‘싫어’라는 말", [("quote", "‘싫어’")]),
        ("「가자」와 『책』을 읽어", [("quote", "「가자」"), ("quote", "『책』")]),
        ("“그는 ‘가자’라고 했다”라는 글", [("quote", "“그는 ‘가자’라고 했다”")]),
        ("“겹친 “안쪽” 말”이라는 글", [("quote", "“겹친 “안쪽” 말”")]),
        ("‘API’는 좋다", [("quote", "‘API’")]),
        ("it's, don't, it’s 좋다", []),
        ("the dogs' 'fine' 라고 했어", [("quote", "'fine'")]),
        ('27" 모니터와 32" 모니터', []),
        ("“열기만 했다", []),
        ("닫기만” 했다", []),
        ('"가자"', []),
        ('"빨리 가자" ㅋㅋ', [("quote", '"빨리 가자"')]),
    ],
)
def test_regions(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


def test_a_message_that_is_a_quotation_is_masked_on_request() -> None:
    assert found('"가자"', lone_quotes=True) == [("quote", '"가자"')]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("---\ntitle: 해라\n---\n본문", ["---\ntitle: 해라\n---"]),
        ("---\n해라\n---\n", []),
        ("앞\n---\ntitle: a\n---\n", []),
        ("```py\n해라\n```\n뒤", ["```py\n해라\n```"]),
        ("~~~\n```\n~~~\n뒤", ["~~~\n```\n~~~"]),
        ("```\n열린 채", ["```\n열린 채"]),
        ("````\n```\n````\n뒤", ["````\n```\n````"]),
        ("앞 ```코드``` 뒤", []),
    ],
)
def test_blocks(text: str, expected: list[str]) -> None:
    assert [text[region.start : region.end] for region in fenced_blocks(text)] == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("**한다**는 것", ["**", "**"]),
        ("*a **b** c*", ["*", "**", "**", "*"]),
        ("_내부에_ max_length", ["_", "_"]),
        ("[글](/a)을", ["[", "](", ")"]),
        ("![그림](/a)", ["![", "](", ")"]),
        ("~~아니다~~", ["~~", "~~"]),
        ("3 * 4 * 5", []),
        ("2*3*4", []),
        ("*주의", []),
        ("[공지] 내일", []),
    ],
)
def test_marks(line: str, expected: list[str]) -> None:
    assert [line[start:end] for start, end in marks(line)] == expected


MARKS = "` `` ``` ' “ ” ‘ ’ 「 」 [ ]( ) <b> </b> <!-- --> {/* */} http://a/ a@b.c @ab C:\\ / ~ --- a: 3 😀 * _ 가요"
PIECES = st.lists(st.sampled_from([*MARKS.split(), '"', " ", "\n", "\ud800", "\0"]), max_size=40).map("".join)


@settings(max_examples=400)
@given(PIECES, st.booleans())
def test_regions_are_ordered_and_never_overlap(text: str, lone_quotes: bool) -> None:
    masks = regions(text, lone_quotes=lone_quotes)
    edges = [edge for region in masks for edge in (region.start, region.end)]
    assert edges == sorted(edges)
    assert all(0 <= region.start < region.end <= len(text) for region in masks)
    for line in text.split("\n"):
        spans = [edge for mark in marks(line) for edge in mark]
        assert spans == sorted(spans)


@pytest.mark.parametrize("unit", [*"`a|\"가|“‘|'a |[a](|](a|<a |<!--|{/*|/a|a@|http://|**a|_a|1.|```\n|a`b``c|@a|「|<a b='".split("|")])
def test_a_hundred_thousand_characters_of_one_kind(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    masks = regions(text)
    assert all(before.end <= after.start for before, after in itertools.pairwise(masks))
    assert len(marks(text)) <= len(text)
