"""What may stand in an answer of each level: tolerant where good Korean is, and no further."""

from __future__ import annotations

import pytest

from solar_chat.language import LEVELS, Level, complies

# Per line: a text and the levels whose answers admit it (f, p, c, l for formal, polite, casual, plain).
CASES = [
    # what a level says in its own voice
    ("설정을 확인합니다.", "fp"),
    ("설정을 확인하십시오.", "fp"),
    ("같이 확인합시다.", "fp"),
    ("설정을 확인해요.", "p"),
    ("설정을 확인해.", "c"),
    ("설정을 확인한다.", "cl"),
    # formal prose asks with -세요, in any wrapping
    ("설정을 확인하세요.", "fp"),
    ("**설정을 확인하세요.**", "fp"),
    ("*설정을* **확인하세요**.", "fp"),
    ("[설정을 확인하세요](/learn/settings).", "fp"),
    ("[설정을 확인하세요.](https://a.com/설정?x=1)", "fp"),
    ("<b>설정을 확인하세요.</b>", "fp"),
    ("설정을 확인하세요! 😀", "fp"),
    ("(설정을 먼저 확인하세요!)", "fp"),
    ("설정을 확인하세요(선택 사항).", "fp"),
    ("이쪽으로 앉으시죠.", "fp"),
    # and wonders with endings that 합쇼체 does not have
    ("어떻게 하면 좋을까요?", "fp"),
    ("왜 이런 일이 일어나나요?", "fp"),
    ("이 함수가 정말 필요한가요?", "fp"),
    ("예를 들면 서버에서 말이죠.", "fp"),
    ("값을 모르기 때문이죠.", "fp"),
    ("네.", "fp"),
    # real slips stay slips
    ("집에 가요?", "p"),
    ("이게 맞죠?", "p"),
    ("정말 재미있네요.", "p"),
    ("제가 할게요.", "p"),
    ("그건 아니에요.", "p"),
    ("그렇거든요.", "p"),
    ("**정말 좋아요**.", "p"),
    ("[좋아요](/세요).", "p"),
    ("확인합니다. 그런데 좋아요.", "p"),
    ("확인합니다. 그런데 싫어.", ""),
    # friends use 해라체 in speech, written prose wonders with -ㄹ까
    ("같이 가자.", "cl"),
    ("밥은 먹었니?", "cl"),
    ("빨리 앉아라.", "cl"),
    ("참 예쁘구나.", "cl"),
    ("비가 올까?", "cl"),
    # nothing to hold against anyone
    ("확인 완료", "fpcl"),
    ("- 설정을 확인하는 방법", "fpcl"),
    ("## 설치하기", "fpcl"),
    ("| 이름 | 설명 |\n|---|---|\n| a | 첫 번째 값 |", "fpcl"),
    ("---\ntitle: 해라\n---\n", "fpcl"),
    ("This is English.", "fpcl"),
    ("```\n해라\n```", "fpcl"),
    ("<!-- 해라 -->", "fpcl"),
    # quotations and wrapped lines speak for no one
    ('그는 "빨리 가자"라고 했습니다.', "fp"),
    ("‘싫어’라는 말은 ‘좋아요’의 반대입니다.", "fp"),
    ("이 값을 먼저 확인하고 나서 다음 단계로 넘어가야 문제가 생기지 않기\n때문에 꼭 확인합니다.", "fp"),
    ("- 먼저 설정 파일을\n  열어 보고 나서\n  값을 확인합니다.", "fp"),
    ("| 이름 | 설명 |\n|---|---|\n| a | 값을 정합니다. |\n| b | 값을 지워. |", ""),
    ("**이 값을 지운다**는 뜻입니다.", "fp"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "admitted"), CASES)
def test_which_levels_admit_a_text(text: str, admitted: str) -> None:
    letters: dict[Level, str] = {"formal": "f", "polite": "p", "casual": "c", "plain": "l"}
    assert "".join(letters[level] for level in LEVELS if complies(text, level)) == admitted
