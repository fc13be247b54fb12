"""What holds of any text whatever: `inspect` answers, its offsets are sound, it says the same twice; a long text costs moments and little memory."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solar_chat.language import Analysis, inspect, warm

ROOT = Path(__file__).resolve().parents[2]
LONG_CHARACTERS = 100_000
MOST_SECONDS = 5.0
# Ten times the text may take this much more memory at its peak; the analysis of 100,000 characters itself is about 1 MiB.
MOST_GROWTH_MIB = 64.0
# Surrogates too: a text from JSON may hold a lone one.
CHARACTERS = st.characters(codec=None, exclude_categories=())
# What the masks, the splitter and the readers look for, in an order nobody would write.
PIECES = st.sampled_from(
    (
        "밥 먹었어?", "확인하십시오.", "좋아요~", "그랬는데,", "ㅋㅋㅋ", "ㅠㅠ", "ㅇㅇ", "할게", "\"안녕\"이라고", "‘그래’", "“뭐?”", "(네)",
        "요", "습니다", "는",
        "API", "I think", "the", "don't", "K-pop", "bonjour le monde", "annyeonghaseyo", "漢字", "日本語", "привет",
        "`x = 1`", "```", "```py\n", "~~~", "\n", "\r\n", "\u2028", "\x0b", "\x00", " ", "\t", "\u3000", "\u200b", "\ufeff",
        "https://a.kr/b?c=가", "a@b.kr", "./a/b.py", "C:\\a", "3.5", "1,000원", "12:30", "50%", "- ", "1. ", "# ", "> ", "| a |",
        "😀", "👨\u200d👩\u200d👧", "🇰🇷", "❤\ufe0f", "…", "!!", "?!", "ᆸ니다", "각", "\ud800", "'", "\"", "“", "*",
    )
)  # fmt: skip
TEXTS = st.one_of(st.text(CHARACTERS, max_size=80), st.lists(st.one_of(PIECES, st.text(CHARACTERS, max_size=3)), max_size=14).map("".join))
PROSE = '어제는 비가 많이 왔습니다. 그래서 집에서 React 문서를 3쪽 읽었어요. 너는 뭐 했어? 나중에 "같이 가자"고 말할게. '
LONG = {
    "Korean prose in one line": PROSE,
    "Korean prose in lines": PROSE + "\n",
    "Korean without a space": "가나다라마바사아자차카타파하",
    "Korean without an end": "그리고 우리는 계속해서 걸었고 ",
    "emoji": "😀",
    "English": "The quick brown fox doesn't jump over the lazy dog. ",
    "code": "```py\nfor x in range(10):\n    print('안녕하세요', x)  # 출력합니다\n```\n",
    "code that is not fenced": "for (let i = 0; i < n; i++) { total += prices[i].amount * 1.1; } ",
    "quotation marks": "\"'“‘",
    "back ticks": "`a ``b ",
    "spaces": " \n\t",
}


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    warm()


@given(TEXTS)
@settings(max_examples=300)
def test_inspect_answers_any_text_the_same_twice(text: str) -> None:
    found = inspect(text)
    assert json.loads(json.dumps(found.as_dict())) is not None
    check_spans(text, found)
    check_sentences(text, found)
    assert inspect(text) == found


def check_spans(text: str, found: Analysis) -> None:
    """Together they are the text."""
    position = 0
    for span in found.spans:
        assert span.start == position
        assert span.end > span.start
        position = span.end
    assert position == len(text)


def check_sentences(text: str, found: Analysis) -> None:
    """In order, apart from each other, inside the text, and with a sound level."""
    position = 0
    for sentence in found.sentences:
        assert position <= sentence.start < sentence.end <= len(text)
        assert 0.0 <= sentence.confidence <= 1.0
        assert (sentence.level == "none") == (sentence.family == "none") == (sentence.confidence == 0.0)
        position = sentence.end


@pytest.mark.parametrize("kind", LONG)
def test_a_hundred_thousand_characters_take_moments(kind: str) -> None:
    piece = LONG[kind]
    text = (piece * (LONG_CHARACTERS // len(piece) + 1))[:LONG_CHARACTERS]
    # The processor's time: a neighbour on the machine shall not fail this.
    started = time.process_time()
    found = inspect(text)
    assert time.process_time() - started < MOST_SECONDS
    check_spans(text, found)
    check_sentences(text, found)


def test_memory_does_not_grow_with_the_number_of_sentences() -> None:
    # A process of its own: the peak of this one belongs to whatever ran before. Kiwi's memory is not Python's, so the system is asked.
    code = (
        "import resource, sys\n"
        "from solar_chat.language import inspect, warm\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == 'darwin' else 1024)\n"
        f"prose = {PROSE!r}\n"
        "warm(); inspect(prose * 100); first = peak()\n"
        "sentences = len(inspect(prose * 1000).sentences); second = peak()\n"
        "inspect(prose * 1000 + '끝.'); print(sentences, second - first, peak() - second)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120, encoding="utf-8")
    sentences, longer, again = map(float, done.stdout.split())
    assert sentences >= 4000
    assert longer < MOST_GROWTH_MIB
    assert again < MOST_GROWTH_MIB / 2
