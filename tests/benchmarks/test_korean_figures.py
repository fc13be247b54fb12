"""The numbers of each part, on lines few enough to check by hand, and the table that shows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.korean.chrf import chrf
from benchmarks.korean.data import Data, Item
from benchmarks.korean.disputed import Dispute
from benchmarks.korean.figures import Disputed, Result, Row, against_labels
from benchmarks.korean.parts import documents, family, guard, level, matrix, rewrite, speed
from benchmarks.korean.parts.memory import footprint
from benchmarks.korean.parts.speed import long_texts
from benchmarks.korean.peers import ending_family, ending_level, langdetect_language, regex_family, regex_level, script_ratio
from benchmarks.korean.report import as_markdown
from benchmarks.korean.table import figure, render
from benchmarks.markdown import Circumstances

NONE: Disputed = frozenset()


def rows(result: Result) -> dict[str, Row]:
    return {row.what: row for row in result.rows}


@pytest.mark.parametrize(
    ("text", "reference", "value"),
    [
        ("좋아요", "좋아", 0.7368421052631579),
        ("밥 먹었어?", "밥 먹었어요?", 0.637727759914255),
        ("나는 학교에 간다.", "저는 학교에 갑니다.", 0.43222690035575567),
        ("나", "나", 1.0),
        ("가나", "다라", 0.0),
        ("", "가", 0.0),
    ],
)
def test_chrf_of_a_line_is_that_of_sacrebleu(text: str, reference: str, value: float) -> None:
    assert chrf([(text, reference)]) == pytest.approx(value)


def test_chrf_of_lines_together_is_that_of_sacrebleu() -> None:
    # sacrebleu 2.6.0, CHRF(char_order=4, word_order=0, beta=1).corpus_score
    lines = [("좋아요", "좋아"), ("밥 먹었어?", "밥 먹었어요?"), ("나는 학교에 간다.", "저는 학교에 갑니다.")]
    assert chrf(lines) == pytest.approx(0.5082974632822366)


def test_a_disputed_label_counts_only_in_the_first_figure() -> None:
    items = [Item("set/file", 1, "가", "a"), Item("set/file", 2, "나", "b"), Item("set/other", 1, "다", "b")]
    answers = {"가": "a", "나": "a", "다": "a"}
    result = against_labels(
        "part", "what", items, answers.__getitem__, {"Kiwi": lambda _: "b"}, frozenset({("set/file", 2, "b"), ("set/file", 1, "other")}), goal=0.5
    )
    (row,) = result.rows
    assert [row.ours, row.undisputed, row.peers["Kiwi"]] == pytest.approx([1 / 3, 1 / 2, 2 / 3])
    assert row.met is False
    assert [(wrong.set, wrong.line, wrong.label, wrong.ours, wrong.text) for wrong in result.wrong] == [
        ("set/file", 2, "b", "a", "나"),
        ("set/other", 1, "b", "a", "다"),
    ]
    whole_file = against_labels("part", "what", items, answers.__getitem__, {}, frozenset({("set/file", 0, "a"), ("set/file", 0, "b")}))
    assert whole_file.rows[0].undisputed == 0.0


def test_family(data: Data) -> None:
    found = rows(family.measure(data, frozenset({("korean-honorific-translation/src-valid.txt", 3, "banmal")})))
    kht = found["KHT valid"]
    assert (kht.items, kht.undisputed) == (6, 1.0)
    assert [kht.ours, kht.peers["ending regex"], kht.peers["Kiwi"]] == pytest.approx([5 / 6] * 3)
    assert found["CoCoA-ko train"].ours == 1.0
    assert found["CoCoA-ko train"].undisputed is None
    assert found["StyleKQC dev"].ours is None
    assert "github.com/cynthia/stylekqc" in str(found["StyleKQC dev"].missing)


def test_level(data: Data) -> None:
    found = rows(level.measure(data, NONE))
    assert (found["six-level prompts, sentences"].items, found["six-level prompts, sentences"].ours) == (3, 1.0)
    assert (found["six-level prompts, whole"].items, found["six-level prompts, whole"].ours) == (2, 1.0)


def test_documents(data: Data) -> None:
    result = documents.measure(data, NONE)
    found = rows(result)
    right = found["React: pass as formal, the right level"]
    assert (right.items, right.met) == (3, False)
    assert right.ours == pytest.approx(2 / 3)
    assert found["React: pass as casual, the other family"].ours == pytest.approx(1 / 3)
    assert found["React: pass as plain, the other family"].ours == 0.0
    assert found["React: pass as plain, the other family"].met
    assert [wrong.line for wrong in result.wrong if wrong.what == "React: pass as formal, the right level"] == [21]


def test_matrix(data: Data, kite: Path) -> None:
    result = matrix.measure(data, NONE)
    found = rows(result)
    assert (found["React sentences"].items, found["React sentences"].ours) == (2, 1.0)
    assert (found["KpopMT mixed posts"].items, found["KpopMT mixed posts"].ours) == (1, 1.0)
    assert (found["KITE prompts with Latin"].items, found["KITE prompts with Latin"].ours) == (1, 1.0)
    assert found["a sentence of each language"].items == 4
    assert found["English around one Korean noun"].items == 300
    assert found["lingua sentences, en"].ours == 1.0
    assert found["Toss sentences"].missing
    assert all(wrong.text is None for wrong in result.wrong if wrong.set.startswith("kpopmt"))


def test_rewrite(data: Data) -> None:
    found = rows(rewrite.measure(data, NONE))
    assert found["CoCoA-ko, to polite: passes the ending regex"].ours == 1.0
    assert found["CoCoA-ko, to polite: passes Kiwi's endings where the person's own does"].items == 2
    assert found["CoCoA-ko, to polite: exactly the person's"].ours == 0.5
    before, after = (found[f"CoCoA-ko, to polite: chrF to the person's, {when}"].ours for when in ("before", "after"))
    assert before is not None
    assert after is not None
    assert before < after
    assert found["CoCoA-ko, to polite: numbers and Latin text held"].ours == 1.0
    assert found["CoCoA-ko, to casual: passes the app's own reading"].ours == 1.0
    assert found["KHT valid, to casual: chrF to the person's, after"].goal is None


@pytest.mark.parametrize(
    ("text", "by_regex", "by_endings"),
    [
        ("설정을 확인하십시오.", "formal", "formal"),
        ("그건 맞는데, 저는 몰라요.", "polite", "polite"),
        ("밥 먹었어?", "casual", "casual"),
        ("감정을 분류하시오.", "hao", "hao"),
        ("이 글을 읽어라.", "plain", "plain"),
        ("API", "none", "none"),
    ],
)
def test_peers_read_levels(text: str, by_regex: str, by_endings: str) -> None:
    assert (regex_level(text), ending_level(text)) == (by_regex, by_endings)


def test_peers_vote() -> None:
    assert regex_family("갔어요. 봤어. 왔어.") == "banmal"
    assert ending_family("갔어요. 봤어.") == "banmal"
    assert regex_family("봤어. 갔어요.") == "jondaemal"


def test_peers_name_languages() -> None:
    assert [script_ratio(text) for text in ("API 문서", "the documentation of 한글", "12 😀")] == ["ko", "en", "none"]
    assert langdetect_language("물이 아주 차갑습니다.") == "ko"
    assert langdetect_language("ㅋㅋㅋ") == "none"


def test_long_texts_have_the_same_length() -> None:
    assert [len(text) for text in long_texts(["가" * 900] * 5)] == [2000]
    assert long_texts(["짧은 글", "하나"]) == ["짧은 글\n\n하나"]


def test_speed_is_measured_beside_raw_kiwi(data: Data) -> None:
    found = rows(speed.measure(data, NONE))
    row, ratio = found["CoCoA-ko lines, a second"], found["CoCoA-ko lines, as a share of raw Kiwi"]
    assert row.items == ratio.items == 4
    assert row.ours is not None
    assert row.ours > 20
    assert row.peers["Kiwi"] > 20
    assert ratio.ours == pytest.approx(row.ours / row.peers["Kiwi"], rel=0.5)


def test_the_guard_is_measured_at_every_level(data: Data) -> None:
    found = rows(guard.measure(data, NONE))
    times = [found[f"formal reply, {asked} asked: a sentence"].ours for asked in ("formal", "polite", "casual", "plain")]
    assert all(time is not None and 0 < time < 200 for time in times)
    assert found["polite reply, casual asked"].missing


def test_a_footprint_is_that_of_a_fresh_process() -> None:
    small, whole = footprint("import json", "json.dumps")
    large, _ = footprint("import json", "(kept := bytearray(b'x' * 2**26), json.dumps)[1]")
    assert small < 16 < 64 <= large < 100
    assert 5 < whole < 100


def test_the_table_says_what_is_met_and_what_is_missing() -> None:
    table = render(
        (
            Row("family", "한국어", "share", 1234, 0.9949, undisputed=1.0, peers={"Kiwi": 0.5}, to_beat=0.99, goal=0.995),
            Row("memory", "process", "MiB", 100, 267.4, goal=300, at_most=True),
            Row("family", "gone", "share", 0, None, missing="x is not in the data folder"),
        )
    )
    lines = table.splitlines()
    assert [cell.strip() for cell in lines[2].split("|")[1:9]] == ["family", "한국어", "1,234", "99.0 %", "99.5 %", "99.5 %", "yes", "100.0 %"]
    assert lines[2].rstrip(" |").endswith("50.0 %")
    assert "≤ 300 MiB | 267 MiB | yes" in lines[3]
    assert "no data" in lines[4]
    assert lines[-1] == "family, gone: x is not in the data folder."
    assert [figure(0.8714, "score"), figure(1234.5, "per second"), figure(0.666, "ratio"), figure(None, "ms")] == ["0.871", "1,234", "0.67", "–"]


def test_the_report_lists_disputed_labels() -> None:
    where = Circumstances("2026-01-02", "2 cores, Linux x86_64", "3.11.7", {"kiwipiepy": "0.24.1"}, 61)
    text = as_markdown(Result(()), (Dispute("set/file", 3, "banmal", "jondaemal", "ends in 습니다", "a | b"),), where)
    assert "on 2026-01-02: 2 cores, Linux x86_64, Python 3.11.7," in text
    assert "| set/file | 3 | banmal | jondaemal | ends in 습니다 | a \\| b |" in text
