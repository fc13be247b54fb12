"""Small sets in the format of the public ones, every line written for these tests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.korean.data import Data

_COCOA = "cocoa-mt-ko/train/en-ko/formality-control.train"
_PAGE = """\
---
title: 제목은 문단이 아닙니다 하나 둘 셋 넷 다섯 여섯 일곱 여덟
---

# 머리글도 문단이 아닙니다 하나 둘 셋 넷 다섯 여섯 일곱 여덟 아홉

<Intro>

`useState`는 컴포넌트가 기억할 값을 돌려주는 함수입니다. React는 값이 바뀌면 화면을 다시 그립니다.

</Intro>

```js
// 코드 안의 설명은 문단이 아닙니다. 하나 둘 셋 넷 다섯 여섯 일곱 여덟 아홉 열
```

짧은 문단입니다.

이 설정은 반드시 서버를 켜기 전에 바꾸어야 합니다. 바꾼 다음에는 Vite 서버를 다시 시작하세요.

이 문단만은 실수로 다른 말투로 적어 두었어. 그래서 이 글에서는 틀린 문단이라고 보면 돼.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with some of the sets; StyleKQC, KITE and the Toss and Kubernetes documents are missing."""
    files = {
        "korean-honorific-translation/src-valid.txt": "밥 먹었어\n내일 보자\n잘 지냈습니다\n",
        "korean-honorific-translation/tgt-valid.txt": "밥 먹었어요\n내일 봐요\n잘 지냈습니다\n",
        f"{_COCOA}.telephony.en-ko.en": "I went home yesterday.\n",
        f"{_COCOA}.telephony.en-ko.informal.ko": "나는 어제 집에 갔어.\n",
        f"{_COCOA}.telephony.en-ko.formal.ko": "저는 어제 집에 갔어요.\n",
        f"{_COCOA}.topical_chat.en-ko.en": "Do you like the KBO?\n",
        f"{_COCOA}.topical_chat.en-ko.informal.ko": "KBO 경기 2개를 봤어?\n",
        f"{_COCOA}.topical_chat.en-ko.formal.ko": "KBO 경기 2개를 보셨나요?\n",
        "korean-honorifics-llm/prompts/templates.yaml": (
            "levels:\n  1: 해라체\n\ninstructions:\n  nsmc:\n    1:\n"
            '      - "감정을 분류해라. 하나로만 답해라."\n    4:\n      - "감정을 분류하시오."\n  hsc:\n    5:\n      - "이것은 세지 않아요."\n'
        ),
        "docs-ko-formal-react/README.md": "이 안내문은 문서가 아닙니다. 하나 둘 셋 넷 다섯 여섯 일곱 여덟 아홉 열\n",
        "docs-ko-formal-react/src/page.md": _PAGE,
        "kpopmt/fan-monolingual.ko": "오늘 stage 정말 좋았다\n그냥 한국어만 있는 글\n",
        **{f"lingua-testdata/{kind}/en.txt": "The water is cold.\n" for kind in ("sentences", "word-pairs", "single-words")},
        **{f"lingua-testdata/{kind}/ko.txt": "물이 차갑습니다.\n" for kind in ("sentences", "word-pairs", "single-words")},
    }
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return tmp_path


@pytest.fixture
def data(folder: Path) -> Data:
    return Data(folder)


@pytest.fixture
def kite(folder: Path) -> Path:
    """Adds KITE."""
    path = folder / "kite/translated_and_filtered/instruction/relevant.jsonl"
    path.parent.mkdir(parents=True)
    lines = ("Nintendo 게임에 대해 써라.", "한국어로만 써라.")
    path.write_text("".join(json.dumps({"instruction": line}) + "\n" for line in lines), encoding="utf-8")
    return path
