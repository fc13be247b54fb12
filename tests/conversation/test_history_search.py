"""Search: Korean in any particle and spacing, any input, the right surroundings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from solar_chat.conversation import Store
from solar_chat.conversation.search import Query, simple_tokens, snippet, surface_terms
from solar_chat.errors import StoreError

DOCUMENTS = {
    "database": "데이터베이스를 설치하는 방법을 알려 주십시오.",
    "spaced": "데이터 베이스 설정은 어디에 있습니까?",
    "docker": "Docker 컨테이너에서 Python3을 실행합니다.",
    "cpp": "C++와 C#의 차이는 무엇입니까?",
    "c": "C 언어를 배우고 싶습니다.",
    "emoji": "오늘 정말 좋습니다 😀🎉 ㅋㅋㅋ",
    "quote": 'He said "NOT NEAR(me)" AND left; 100% * _x_',
    "house": "집을 샀습니다.",
}


def tokenize_like_kiwi(text: str) -> list[str]:
    """Enough of a morphological analyser for these documents: particles and endings are cut off."""
    tokens = []
    for word in text.casefold().replace("?", " ").replace(".", " ").split():
        stem = next(
            (word.removesuffix(end) for end in ("에서", "하는", "으로", "을", "를", "은", "는", "이", "의", "와") if word.endswith(end)), word
        )
        tokens += ["데이터", "베이스"] if stem == "데이터베이스" else [stem] if stem else []
    return tokens


@pytest.fixture(params=[None, tokenize_like_kiwi], ids=["simple", "morphemes"])
def library(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], list[str]]]:
    """Search over `DOCUMENTS`, answering with their names."""
    store = Store(tmp_path / "history.sqlite3", request.param)
    made = store.create()
    names = {store.append(made.id, "user", text, None).id: name for name, text in DOCUMENTS.items()}
    yield lambda query: [names[hit.message_id or ""] for hit in store.search("owner", query)]
    store.close()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("데이터베이스", {"database", "spaced"}),
        ("데이터 베이스", {"database", "spaced"}),
        ("데이터베이스는", {"database", "spaced"}),
        ("데이터 베이스를", {"database", "spaced"}),
        ("설정을", {"spaced"}),
        ("컨테이너", {"docker"}),
        ("컨테이너로", {"docker"}),
        ("설치 방법", {"database"}),
        ("방법 설치", {"database"}),
        ("설치 컨테이너", set()),
        ("docker", {"docker"}),
        ("DOCK", {"docker"}),
        ("python", {"docker"}),
        ("c++", {"cpp"}),
        ("C#", {"cpp"}),
        ("😀", {"emoji"}),
        ("🎉", {"emoji"}),
        ("ㅋㅋ", {"emoji"}),
        ("집", {"house"}),
        ("not near", {"quote"}),
        ("고양이", set()),
        ("\u1103\u1166\u110b\u1175\u1110\u1165", {"database", "spaced"}),  # 데이터 as macOS decomposes it
    ],
)
def test_words_are_found(library: Callable[[str], list[str]], query: str, found: set[str]) -> None:
    assert set(library(query)) == found


def test_an_exact_word_comes_before_a_beginning(library: Callable[[str], list[str]]) -> None:
    assert library("c")[0] == "c"


def test_korean_as_kiwi_reads_it(tmp_path: Path) -> None:
    """The analyser the app uses: inflected forms and particles of the query and of the text do not matter."""
    from kiwipiepy import Kiwi

    kiwi = Kiwi(num_workers=1, load_multi_dict=False)

    def morphemes(text: str) -> list[str]:
        return [token.form for token in kiwi.tokenize(text) if token.tag[0] in "NM" or token.tag.startswith(("VV", "VA", "XR", "SL", "SN"))]

    store = Store(tmp_path / "history.sqlite3", morphemes)
    made = store.create()
    texts = (
        "데이터베이스를 설치했습니다.",
        "데이터 베이스 설정은?",
        "어제 학교에 갔어요.",
        "사람을 모집합니다.",
        "넓은 집을 샀습니다.",
        "제주도여행 일정",
    )
    names = {store.append(made.id, "user", text, None).id: text[:5] for text in texts}

    def find(query: str) -> list[tuple[str, str]]:
        return sorted((names[hit.message_id or ""], hit.snippet[hit.start : hit.end]) for hit in store.search("owner", query))

    assert find("데이터베이스가") == [("데이터 베", "데이터 베이스"), ("데이터베이", "데이터베이스")]
    assert find("설치하다") == find("설치") == [("데이터베이", "설치")]
    assert find("학교는") == [("어제 학교", "학교")]
    assert find("가다") == [("어제 학교", "")]
    assert find("집에") == [("넓은 집을", "집")]
    assert find("제주도 여행") == [("제주도여행", "제주도")]
    store.close()


def test_a_short_word_is_not_found_inside_others(tmp_path: Path) -> None:
    """Morphemes find one-syllable words that character pairs cannot tell apart."""
    store = Store(tmp_path / "history.sqlite3", tokenize_like_kiwi)
    made = store.create()
    house = store.append(made.id, "user", "집을 샀습니다.", None)
    store.append(made.id, "user", "사람을 모집합니다.", None)
    assert [hit.message_id for hit in store.search("owner", "집은")] == [house.id]
    store.close()


@pytest.mark.parametrize("query", ["", " ", '"', "*", "'; DROP TABLE messages; --", "(((", "AND", "a NEAR b", "surface:x", "-", "\0", "^", "\ud800"])
def test_no_input_is_syntax(library: Callable[[str], list[str]], query: str) -> None:
    assert isinstance(library(query), list)


def test_nothing_asked_is_nothing_found(library: Callable[[str], list[str]]) -> None:
    assert library("") == library("  \n") == library('"*"') == []


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=60), query=st.text(max_size=60))
def test_any_text_is_kept_and_any_query_answered(tmp_path: Path, text: str, query: str) -> None:
    store = Store(tmp_path / "history.sqlite3")
    made = store.create()
    kept = store.append(made.id, "user", text, None)
    assert store.message(kept.id).content == text
    for hit in store.search("owner", query):
        assert 0 <= hit.start <= hit.end <= len(hit.snippet)
    store.close()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    words=st.lists(st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=2, max_size=5), min_size=1, max_size=5), data=st.data()
)
def test_a_korean_word_is_found_in_any_spacing(tmp_path: Path, words: list[str], data: st.DataObject) -> None:
    store = Store(tmp_path / "history.sqlite3")
    made = store.create()
    written = store.append(made.id, "user", data.draw(st.sampled_from([" ", "", "  "])).join(words), None)
    asked = data.draw(st.sampled_from(words))
    assert written.id in [hit.message_id for hit in store.search("owner", asked, limit=1000)]
    store.close()


def test_a_pasted_page_is_a_query_too(library: Callable[[str], list[str]]) -> None:
    assert set(library("데이터 " * 5000)) == {"spaced", "database"}


def test_titles_come_first_and_each_place_once(tmp_path: Path) -> None:
    store = Store(tmp_path / "history.sqlite3")
    made = store.create(title="제주도 여행")
    asked = store.append(made.id, "user", "제주도 날씨와 제주도 여행 일정", None)
    hits = store.search("owner", "제주도")
    assert [(hit.message_id, hit.role, hit.title) for hit in hits] == [(None, None, "제주도 여행"), (asked.id, "user", "제주도 여행")]
    assert [hit.snippet[hit.start : hit.end] for hit in hits] == ["제주도", "제주도"]
    assert len(store.search("owner", "제주도", limit=1)) == 1
    store.close()


def test_text_is_safe_from_a_failing_tokenizer(tmp_path: Path) -> None:
    """What was said is on disk before anybody analyses it, and is found once the analyser works again."""

    def fail(text: str) -> list[str]:
        raise StoreError("analyser_gone")

    broken = Store(tmp_path / "history.sqlite3", fail)
    made = broken.create()
    with pytest.raises(StoreError, match="analyser_gone"):
        broken.append(made.id, "user", "소중한 질문", None)
    broken.close()
    store = Store(tmp_path / "history.sqlite3")
    assert [each.content for each in store.path(made.id)] == ["소중한 질문"]
    assert store.search("owner", "소중한") == []
    store.recover()
    assert len(store.search("owner", "소중한")) == 1
    store.close()


def test_a_snippet_shows_the_surroundings_on_one_line() -> None:
    text = "가" * 100 + "\n\n앞 데이터\t베이스 뒤\n" + "나" * 200
    shown, start, end = snippet(text, ["없음", "데이터베이스"])
    assert shown[start:end] == "데이터 베이스"
    assert shown.startswith("…가")
    assert shown.endswith("나…")
    assert " 앞 데이터 베이스 뒤 나" in shown
    assert len(shown) < 140
    assert snippet("짧은 글", ["없음"]) == ("짧은 글", 0, 0)


def test_terms_of_the_surface() -> None:
    assert surface_terms("데이터 베이스를 C++로!") == ["데이", "이터", "터베", "베이", "이스", "스를", "를", "c++", "로"]
    assert surface_terms("점. 앞뒤") == ["점", "앞뒤", "뒤"]
    assert simple_tokens("서버 설정 Nginx 뿐") == ["서버", "설정", "nginx", "뿐"]
    assert simple_tokens("데이터를") == ["데이", "이터", "터를"]


def test_expressions_go_from_exact_to_loose() -> None:
    parsed = Query.parse("서버에서", None)
    assert parsed.expressions[1:] == ('surface : "서버 버에"', 'surface : "서버"')
    assert parsed.sure == 2
    assert Query.parse("서버에서", tokenize_like_kiwi).sure == 1
    assert Query.parse('"', None).expressions == ()
