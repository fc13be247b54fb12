"""The room as a whole: light to import, safe to warm from several threads, quick enough to stand in a stream."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

from solar_chat.language import complies, inspect, rewrite, sentences, warm


def test_importing_loads_no_heavy_library() -> None:
    code = "import sys, solar_chat.language; print(sorted(m for m in sys.modules if m.split('.')[0] in ('kiwipiepy', 'langdetect')))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_warming_from_several_threads() -> None:
    found: list[str] = []

    def read() -> None:
        warm()
        found.append(sentences("좋아요.")[0].level)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["polite"] * 4


def test_a_long_answer_takes_moments() -> None:
    warm()
    answer = "설정을 확인하십시오. 그러면 `pip install x` 문제가 해결됩니다.\n- GPU를 3개 사용합니다.\n" * 40
    # The processor's time: a neighbour on the machine shall not fail this.
    started = time.process_time()
    assert inspect(answer).level == "formal"
    rewritten = rewrite(answer, "casual").text
    assert rewritten.count("해결돼.") == 40
    assert complies(rewritten, "casual")
    assert time.process_time() - started < 5
