"""The sets are read as published, and what is not there says where to get it."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.korean import disputed
from benchmarks.korean.data import SETS, Data, MissingSet, data_folder
from benchmarks.korean.paragraphs import document_paragraphs, mixed_sentences, mixes, paragraphs, words_only
from benchmarks.korean.parts.level import sentences


def test_pairs_keep_their_lines_together(data: Data) -> None:
    first, second = data.cocoa()
    assert (first.casual.text, first.polite.text, first.english) == ("나는 어제 집에 갔어.", "저는 어제 집에 갔어요.", "I went home yesterday.")
    assert (second.casual.set, second.casual.line) == ("cocoa-mt-ko/train/en-ko/formality-control.train.topical_chat.en-ko.informal.ko", 1)
    assert (second.casual.label, second.polite.label) == ("banmal", "jondaemal")


def test_prompts_keep_their_level_and_line(data: Data) -> None:
    assert [(prompt.line, prompt.text, prompt.label) for prompt in data.prompts()] == [
        (7, "감정을 분류해라. 하나로만 답해라.", "plain"),
        (9, "감정을 분류하시오.", "hao"),
    ]
    assert [piece.text for piece in sentences(data.prompts())] == ["감정을 분류해라.", "하나로만 답해라.", "감정을 분류하시오."]


def test_posts_by_private_people_are_not_quotable(data: Data) -> None:
    assert [post.quotable for post in data.kpopmt()] == [False, False]
    assert all(item.quotable for item in data.honorific_translation())


def test_a_missing_set_says_where_to_get_it(data: Data) -> None:
    with pytest.raises(MissingSet, match=r"stylekqc is not in the data folder; get it from https://github\.com/cynthia/stylekqc"):
        data.stylekqc()
    with pytest.raises(MissingSet, match="toss/frontend-fundamentals"):
        list(data.pages("docs-ko-haeyo-toss-ff"))


def test_the_environment_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLAR_CHAT_DATA", str(tmp_path))
    assert data_folder(None) == tmp_path
    assert data_folder(Path("elsewhere")) == Path("elsewhere")


def test_paragraphs_are_prose_of_some_length(data: Data) -> None:
    found = document_paragraphs(data, "docs-ko-formal-react", "formal")
    assert [(item.line, item.text[:12]) for item in found] == [(9, "`useState`는 "), (19, "이 설정은 반드시 서버"), (21, "이 문단만은 실수로 다")]


def test_tags_of_blocks_part_paragraphs_and_lines_keep_their_numbers() -> None:
    long = "스물다섯 음절이 넘는 한 문단을 여기에 적어 두었으니 세어 보십시오."
    page = f"<div\n  class='x'>\n<p>{long}\n둘째 줄</p><p>{long}</p>\n<!-- {long}\n\n-->\n| {long} |\n</div>\n"
    assert paragraphs(page) == [(3, f"{long}\n둘째 줄"), (4, long)]


def test_a_tag_in_inline_code_is_no_tag() -> None:
    line = "`<br />`와 `<ul>`은 태그의 이름이고, 이 문장은 스물다섯 음절이 넘도록 길게 적었습니다."
    assert paragraphs(f"<Intro>\n{line}<br>\n</Intro>") == [(2, line)]


def test_mixed_sentences_mix_outside_code(data: Data) -> None:
    found = mixed_sentences(document_paragraphs(data, "docs-ko-formal-react", "ko"))
    assert [item.text for item in found] == ["React는 값이 바뀌면 화면을 다시 그립니다.", "바꾼 다음에는 Vite 서버를 다시 시작하세요."]
    assert not mixes("`git push`는 https://example.com/a 에 있다")
    assert words_only("[문서](/docs/api)와 `git`") == "[문서 와  "


def test_every_disputed_line_has_a_set_a_reason_and_another_answer() -> None:
    for dispute in disputed.disputes():
        assert dispute.set.split("/")[0] in SETS
        assert dispute.line >= 0
        assert dispute.label != dispute.ours
        assert dispute.why
        # MIT sets only: the texts of the others stay where they are.
        assert dispute.text is None or dispute.set.split("/")[0] in ("korean-honorific-translation", "docs-ko-haeyo-toss-ff")
