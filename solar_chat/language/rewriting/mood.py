"""What a predicate does in its sentence: states, asks, requests, proposes or promises.

해체 and 해요체 say all of these with one ending, so subject, adverbs, auxiliaries and marks decide. In doubt a sentence states: a statement taken for
a request would be wrong, the reverse only flat. Nothing here inflects.
"""

from __future__ import annotations

from typing import Final

from solar_chat.language.rewriting.clause import Clause, Run, StemKind
from solar_chat.language.rewriting.endings import MOODS, OWN_DEEDS, SPEAKER_VERBS
from solar_chat.language.vocabulary import words

_REQUEST_ADVERBS: Final = words("푹 어서 얼른 꼭 부디 제발 좀 빨리 당장 조심히 천천히 이리")
_TOGETHER: Final = frozenset({"같이", "함께"})
_SPEAKER: Final = frozenset({"나", "저", "우리", "저희"})
_ADDRESSEE: Final = frozenset({"너", "네", "니", "당신", "너희"})
_WISHED: Final = words("하루 시간 저녁 밤 주말 명절 연휴 아침 점심 한주 휴가 방학 생일")
"""What one wishes someone to spend well: 좋은 하루 보내."""
_WISHING: Final = frozenset({"보내", "되"})
_BENEFIT: Final = words("주 보 두 놓")
_CONDITIONS: Final = words("면 으면 니까 으니까")
"""A clause with one of these has its own subject: 비가 오면 우산 챙겨."""
_RETURNED: Final = words("돌리 되돌리")
_COMMANDS: Final = words("기다리 조심하 들어오 나오 앉 멈추 그만하 일어나 힘내 서두르 비키 따라오 다녀오 돌아오 명심하 들어가 챙기")
"""What is mostly told someone where no subject is named."""
_INSTRUCTED: Final = words(
    """
    분류하 답하 대답하 요약하 번역하 설명하 작성하 정리하 출력하 분석하 판단하 고르 적 나열하 비교하 추천하 수정하 확인하 입력하 클릭하 누르 선택하
    설치하 실행하 열 닫 저장하 삭제하 추가하 참고하 주의하 유의하 검토하 제출하 묘사하 제시하 서술하 완성하 바꾸 고치 지우 알리 전하 옮기 줄이
    """
)
"""What one tells a reader or an assistant to do; without subject and topic it is an instruction."""
_HABITS: Final = words("요즘 매일 항상 자주 가끔 맨날 보통 주로 늘 아직 벌써 지금 안 못 나 저 내 제 때 때마다")
_NO_DEED: Final = words("알 모르 되 싶 사랑하 축하하 좋아하 싫어하 응원하 환영하 감사하 생각하 바라 원하 믿 느끼 말")


def mood_of(form: str, kind: str) -> str | None:
    """The mood of an ending in Kiwi's notation without 요; None where the tables do not know it."""
    if form == "게" and kind == "EC":
        return "unfinished"
    return MOODS.get(form)


def mood_here(clause: Clause, run: Run, mood: str, kind: StemKind) -> str:
    """The mood that `mood` has with this stem, in this sentence."""
    stem = clause.morphemes[run.first]
    between = [morpheme.form for morpheme in clause.morphemes[run.first + 1 : run.ending]]
    tenseless = all(form in ("시", "으시") for form in between)
    acts = kind in ("verb", "existence") and stem.kind not in ("VCP", "VA") and tenseless
    if mood == "honorific":
        if run.asks:
            return "question"
        wish = stem.kind == "XSA" or stem.form in ("건강하", "행복하")
        asked = stem.kind == "VX" and stem.form == "주"
        return "request" if asked or ((acts or wish or stem.form in ("계", "있")) and not clause.honours(run)) else "statement"
    if mood == "stated_or_asked":
        if between and acts and not run.asks and not clause.honours(run):
            return "request"
        return "question" if run.asks else "statement"
    if mood == "bare":
        if run.asks:
            return "bare_question"
        proposes = acts and kind == "verb" and bool(clause.forms & _TOGETHER) and not _someone_else(clause)
        if acts and not (proposes and stem.kind == "VX" and stem.form == "보") and _requests(clause, run):
            return "request"
        return "proposal" if proposes else "statement"
    if mood == "confirmation" and between and acts and not run.asks and not clause.honours(run):
        return "request"  # 하시지요
    if mood == "discovery" and acts and clause.morphemes[run.ending].form == "구려":
        return "request"  # 앉으시구려 tells someone to sit; 앉는구려 remarks on it
    if mood == "request" and clause.morphemes[run.ending].form in ("게", "게나") and not acts:
        return "unfinished"
    if run.asks and mood in ("confirmation", "background", "will", "hearsay"):
        return mood + "_question"
    return mood


def _subjects(clause: Clause, start: int = 0) -> set[str]:
    """Words marked as subject or topic; 나 for 내가. Subjects before `start` belong to another clause, topics reach over all of them."""
    found: set[str] = set()
    for index, morpheme in enumerate(clause.morphemes):
        if morpheme.kind == "JKS" and index < start:
            continue
        if morpheme.kind == "JKS" or (morpheme.kind == "JX" and morpheme.form in ("은", "는", "ᆫ", "도")):
            before = clause.morphemes[index - 1] if index else morpheme
            if morpheme.kind == "JKS" or before.kind == "NP" or before.form == "님" or before.kind == "XSN":
                found.add(before.form)
    return found


def _someone_else(clause: Clause) -> bool:
    return bool(_subjects(clause) - _SPEAKER - _ADDRESSEE)


def _requests(clause: Clause, run: Run) -> bool:
    """Whether a bare -어 asks the addressee to do something."""
    morphemes = clause.morphemes
    stem = morphemes[run.first]
    connective = morphemes[run.first - 1].form if run.first else ""
    if stem.form == "말" and (connective == "지" or run.first == 0):
        return True
    if run.last < clause.final and clause.text[morphemes[run.last].end :].lstrip()[:1] not in (",", "/"):
        return False
    condition = max((index for index in range(run.first) if morphemes[index].kind == "EC" and morphemes[index].form in _CONDITIONS), default=0)
    if _subjects(clause, condition) - _ADDRESSEE:
        return False
    if any(morpheme.kind == "JKV" for morpheme in morphemes[: run.first]):
        return True
    if stem.kind == "VX" and stem.form in _BENEFIT and connective == "어":
        return not _describes(clause, run)
    if stem.form in ("도와주", "알아보", "찾아보", "물어보", "지켜보", "살펴보", "들어보", "돌아보"):
        return True
    if stem.form == "주" and stem.kind == "VV":
        return run.first == 0 or any(morpheme.kind == "NP" and morpheme.form in _SPEAKER for morpheme in morphemes) or "좀" in clause.forms
    if stem.form in _WISHING and clause.forms & _WISHED:
        return True
    if stem.form == "먹" and "맛있" in clause.forms and connective == "게":
        return True
    if _speaks_of_oneself(clause, run):
        return False
    if _full_verb(clause, run) in _COMMANDS and not _has_object(clause, run):
        return True
    if stem.form == "지내" and clause.forms & {"잘", "조심히", "건강"}:
        return True
    if _full_verb(clause, run) in _INSTRUCTED and not _told(clause) and not clause.forms & _HABITS:
        return True
    return bool(clause.forms & _REQUEST_ADVERBS) and _full_verb(clause, run) not in _NO_DEED


def _describes(clause: Clause, run: Run) -> bool:
    """Whether -어 주다 says what the topic does: 이 함수는 값을 돌려줘요. Who asks in 해요체 says 주세요."""
    stem, doer = clause.morphemes[run.first], clause.morphemes[run.first - 2]
    told = any(morpheme.kind == "JX" and morpheme.form in ("은", "는", "ᆫ") for morpheme in clause.morphemes[: run.first])
    acts_on = any(morpheme.kind == "JKO" for morpheme in clause.morphemes[: run.first])
    written = clause.morphemes[run.ending].form == "어요" or doer.form in _RETURNED
    return stem.form == "주" and told and acts_on and written


def _has_object(clause: Clause, run: Run) -> bool:
    """Whether an object belongs to this predicate, not to a clause before it (신발을 벗고 들어와)."""
    own = 0
    for index in range(run.first):
        if clause.morphemes[index].kind == "EC" and clause.morphemes[index].form in ("고", "어서"):
            own = index
    return any(morpheme.kind == "JKO" for morpheme in [*clause.morphemes[own : run.first], *clause.morphemes[run.last :]])


def _speaks_of_oneself(clause: Clause, run: Run) -> bool:
    """Whether a pronoun without a particle is the subject: 나 먼저 들어가."""
    first = clause.morphemes[0]
    following = clause.morphemes[1].kind if run.first > 0 else ""
    return first.kind == "NP" and first.form in _SPEAKER and run.first > 0 and following[:1] != "J" and "좀" not in clause.forms


def _told(clause: Clause) -> bool:
    """Whether something is said about a subject or topic."""
    return any(morpheme.kind == "JKS" or (morpheme.kind == "JX" and morpheme.form in ("은", "는", "ᆫ")) for morpheme in clause.morphemes)


def _full_verb(clause: Clause, run: Run) -> str:
    stem = clause.morphemes[run.first]
    if stem.kind == "XSV" and run.first:
        return clause.morphemes[run.first - 1].form + stem.form
    return stem.form


def promises(clause: Clause, run: Run) -> bool:
    """Whether -겠- announces the speaker's own deed (-ㄹ게요), rather than a guess or a courtesy (알겠습니다)."""
    stem = clause.morphemes[run.first]
    if run.asks or [morpheme.form for morpheme in clause.morphemes[run.first + 1 : run.ending]] != ["겠"]:
        return False
    own = any(
        morpheme.kind == "NP" and morpheme.form in ("저", "저희", "나") and clause.has(index + 1, tag)
        for index, morpheme in enumerate(clause.morphemes)
        for tag in ("JKS", "JX")
    )
    name = _full_verb(clause, run)
    proposed = stem.kind in ("VV", "XSV") and name in OWN_DEEDS and not _someone_else(clause)
    meets = stem.form in ("뵙", "보") and "다음" in clause.forms
    return name in SPEAKER_VERBS or proposed or meets or (own and stem.kind in ("VV", "VX", "XSV") and name not in _NO_DEED)


def offers(clause: Clause) -> bool:
    """Whether the speaker is the subject: 제가 할까요? offers, 비가 올까요? wonders."""
    return bool(_subjects(clause) & _SPEAKER)


def has_subject(clause: Clause) -> bool:
    """Whether someone or something other than the speaker is the subject."""
    return any(morpheme.kind == "JKS" for morpheme in clause.morphemes)
