"""Every form of the six speech levels, as a table: endings, chat spelling, dialect, mixed words, and what has no level at all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from solar_chat.language import inspect
from solar_chat.language.register.levels import FAMILY

FORMS = {
    "formal": """
        갑니다.|먹습니다.|학생입니다.|합니까?|먹습니까?|누구십니까?|가십시오.|읽으십시오.|참고하시기 바랍니다.|갑시다.|먹읍시다.|가십시다.|
        그렇답니다.|좋습디다.|이리 오십쇼.|그렇습니다만|가고 싶습니다만,|확인했습니다만.|했슴다|있슴다.|감사함다|합니당|좋습니당~|
        알겠습니당|합니댜|감사합니댜|반갑슴다|제가 했습니다아|return합니다|deploy했습니다|감사합니다ㅎㅎ|감사합니다!!|감사합니다 X|
        죄송합니다ㅠㅠ|확인 부탁드립니다 🙏|그는 "싫어"라고 했습니다.|그가 간다고 했습니다.|알겠슴당|처리해 주시기 바랍니다|합니더|
        고맙심더|용서하소서|어찌하오리까|알겠나이다
    """,
    "polite": """
        가요.|먹어요?|학생이에요.|친구예요.|아니에요.|좋네요.|그렇군요.|좋지요.|좋죠.|있거든요.|바쁜데요.|좋은데요?|할게요.|먹을게요|
        있잖아요.|좋더라고요.|그러더라구요.|하나요?|그런가요?|할까요?|할래요?|간대요?|좋대요.|하세요.|읽으세요.|앉으시죠.|해 주세요|저요?|
        누구요?|거기서요?|여기서요.|하려고요.|하면요|뜨면요|그런데요?|네|네.|예|넵|넵!|넹|옙|아니요|아뇨|네네|안녕하세요|계세요.|
        안녕히 계세요|드세요|맛있게 드세요.|주무세요|안녕히 주무세요.|좋아여|먹었어여|해여|가세여|아니에여|했어염|좋아염|좋아용|안녕하세용|
        그래용?|그래쥬|좋쥬|먹었어유|했어유|몰라유|그렇군여|좋네여|하지여|해욤|해요오~|좋아요오오|해욧|할까욥|오네욥|그쵸?|글쿤요|PM이에요|
        API예요?|deploy했어요|merge했는데요|죽으세요 X|좋아요ㅋㅋ|좋아요ㅠㅠ|좋아요~|좋아요 😀👍|감사해요♡|우린 안 돼, 라고 했어요|
        그랬어, 재밌었어, 그래서 갔어요.|뭐예요 이게|이게 뭐예요 대체|사용하기 쉬운가요 노트북이랑 태블릿 중에|어서 오이소|그라예|
        그랬다구요|안 그래요 진짜|ㅋㅋㅋ 맞아요|네 알겠어요|여보세요?|했어열
    """,
    "casual": """
        가.|먹어?|학생이야.|친구야?|아니야|좋네.|그렇군.|좋지.|있거든.|바쁜데.|할게.|할게|줄게|적용할게|먹을게|있잖아.|할까?|할래?|하려고|
        간대|좋대|좋더라고|좋더라구|있는걸|뭐라고?|가지 마|하지 마.|와|해|줘|봐|응|응.|어|웅|ㅇㅇ|ㄴㄴ|ㄱㄱ|안녕|그래|했삼|하삼|하셈|
        선생님께서 가셨어|deploy했어|좋아 ㅋㅋ|싫어ㅠㅠ|그랬어~|좋아아|귀여워어|다 했어 숙제?|좀 찾아봐 제일 저렴한 서비스|
        체크해줘 립밤 재고|머해|뭐해|고마웡|했엉|갔다 왔지롱|뭐하노|갔당께|왜 안 와|몰라|좋은데ㅠㅠ|해줘 빨리|어디야|PM이야|
        괜찮을 것 같은데...|그치|가볼까나
    """,
    "plain": """
        간다.|먹는다.|좋다.|학생이다.|아니다.|갔다|했다.|하겠다.|가느냐?|먹냐?|가냐|뭐냐|먹었니?|가니?|어디 있니|밥은 먹었니|좋은가?|
        하는가?|누구인가|먹어라.|하라.|보라.|가거라.|하거라|하렴|가려무나.|가자.|먹자|가보자.|그러자꾸나|예쁘구나.|먹는구나.|좋구나|
        그것이 옳도다.|했더라.|내가 가마.|내가 해 주마|해다오.|1티어다|진짜다|배고프당|왔냥|멋있다!|아 맞다|그렇구낭|커밋했다|PM이다.|
        뭐하니 지금|누가 있냐 거기|이리 오너라|내가 하였노라
    """,
    "hao": """
        그러하오.|어디로 가시오?|앉으시오.|하시오|고르시오.|재미있소|재미있소.|맞소.|내가 가겠소|그렇소?|여기 있구려.|앉으시구려|사람이오.|
        읽으시오
    """,
    "hage": """
        자네가 왔네.|자네 왔네|이리 오게.|답하게.|앉게나.|먹게나|어서 가세.|같이 하세.|그럴세.|내가 할 것일세.|내가 함세.|요약해 보게나.|
        쓰게.|자네 말이 맞네그려.
    """,
    "none": """
        완료|확인함|수정함.|확인됨|배포됨.|수정 완료|배포 완료.|했음|했음.|문제 없음|문제 없음.|없음|이상 없음.|필요함|사용 가능|처리 중|
        진행 예정|ㅇㅋ|ㅇㅋㅇㅋ|ㅋㅋㅋ|ㅠㅠ|ㅎㅎ|123|3.5%|😀|Hello there.|How are you?|ok|# 설치 방법|## 사용법|- 항목 하나|- 우유와 빵|
        1. 파일 열기|2) 저장|* 값 확인|중요|필요|수요|개요|주요 내용|오늘의 날씨|서울 인구|김철수|이순신 장군|김치찌개|파이썬 설치|회의록|
        환경 변수 목록|설정을 열어 값 확인|`해라`|`먹어요`|https://a.com|a@b.com|```\n좋아요\n```|대한민국|새로운 기능|어제 본 영화|
        사과 세 개|비밀번호|데이터베이스 설정|박지민 대리|오전 회의|요약|결론|케냐|도쿄|필수 항목|다음 단계|시작하기|자주 묻는 질문|
        첨부 파일 2개|홍길동 외 3명
    """,
}
# A form at the start of a row belongs to the list as any other; only the row's indent is taken away.
CASES = [(form, level) for level, forms in FORMS.items() for form in re.sub(r"\n {8}", "", forms.strip()).split("|")]


TEXTS = [
    tuple(row.split(" | ", 1))
    for row in (Path(__file__).parent / "levels_table.txt").read_text(encoding="utf-8").splitlines()
    if row and not row.startswith("#")
]


@pytest.mark.parametrize(("level", "text"), TEXTS)
def test_the_level_of_a_text(level: str, text: str) -> None:
    analysis = inspect(text.replace("\\n", "\n"))
    assert analysis.level == level
    if level != "mixed":
        assert analysis.family == next(family for name, family in FAMILY.items() if name == level)


@pytest.mark.parametrize(("text", "level"), CASES)
def test_the_level_of_a_form(text: str, level: str) -> None:
    analysis = inspect(text.replace("\\n", "\n"))
    assert analysis.level == level
    assert analysis.family == next(family for name, family in FAMILY.items() if name == level)
