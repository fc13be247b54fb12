"""What the grammar of Korean and of English looks like from outside: tables of particles, endings and function words.

Tables and patterns over single words only, no analysis: they have to be quick enough for every message and need not know what a word means. A form
that nouns end in too (도로, 언니, 휴가) counts less than one that only verbs have.
"""

from __future__ import annotations

import itertools
import re
from typing import Final

from solar_chat.language.vocabulary import words

FUNCTION_WORDS: Final = words(
    """
    the a an is are was were be been being am do does did done have has had will would can could should may might must shall i you he she it
    we they me him her us them my your his its our their mine yours this that these those what which who whom whose when where why how and or
    but if because so than then of in on at to for from with by about into over after before under not no there here as too very just only
    don't doesn't didn't can't cannot couldn't won't wouldn't shouldn't isn't aren't wasn't weren't haven't hasn't i'm i've i'll i'd it's
    that's what's who's where's how's there's let's you're you've you'll we're we've we'll they're he's she's ain't gonna wanna gotta lemme im
    ive dont doesnt didnt cant wont isnt thats whats u ur r
    """
)
_SUBJECTS: Final = words("i you u we they he she it this that there who what which people everyone someone")
_AUXILIARIES: Final = words(
    """
    am are is was were have has had do does did will would can could should may might must don't can't didn't doesn't won't isn't aren't
    wasn't ain't gonna gotta wanna
    """
)
_SUBJECT_PRONOUNS: Final = words("i we you they")
CONTRACTIONS: Final = words(
    """
    i'm it's that's what's let's you're we're they're he's she's i've i'll i'd there's here's who's where's how's you've you'll we'll dont im
    """
)
_OPENING_VERBS: Final = words("wanna gonna gotta lemme don't let")
_QUESTIONS: Final = words("what how why where when who which")
_AFTER_AUXILIARY: Final = words("i you u we they he she it this that there the a an my your anyone someone")
_AFTER_QUESTION: Final = words("is are do does did can to about was were should would will")


def has_clause(spoken: list[str]) -> bool:
    """Whether lower-case English words hold a subject beside its verb, or a question word and its verb."""
    if len(spoken) > 1 and spoken[0] in _OPENING_VERBS:
        return True
    for first, second in itertools.pairwise(spoken):
        if first in _SUBJECTS and second in _AUXILIARIES:
            return True
        if first in _AUXILIARIES and second in _AFTER_AUXILIARY:
            return True
        if first in _QUESTIONS and second in _AFTER_QUESTION:
            return True
        if first in _SUBJECT_PRONOUNS or first in CONTRACTIONS:
            return True
        if second in _AUXILIARIES and first not in FUNCTION_WORDS and second in ("is", "are", "was", "were", "has", "have", "can", "will"):
            return True  # A noun and its verb.
    return False


def asks(spoken: list[str]) -> bool:
    """Whether lower-case English words begin like a question."""
    return len(spoken) > 1 and (spoken[0] in _QUESTIONS or spoken[0] in _AUXILIARIES)


REQUEST_VERBS: Final = words(
    """
    explain define translate use write say tell teach show give help find make fix describe spell pronounce compare list rewrite summarize
    summarise correct proofread check change convert add remove put read try call send please add replace recommend suggest introduce analyze
    choose pick imagine install run open click press select enter restart download
    """
)
MENTIONING: Final = words(
    """
    say says said saying mean means meaning word words phrase called write type use using spell pronounce between like as of is the than
    ending verb noun suffix particle
    """
)
"""English words after which a Korean word is spoken about, not used."""
EMBEDDED_QUESTIONS: Final = ("는지", "은지", "인지", "을지", "할지", "될지")
"""Endings of a Korean clause that depends on the English one before it."""
QUOTATIVES: Final = words("라고 라는 이라고 이라는 하는 라며 라면서 같은 처럼 이거 이게 이건 뜻이 뜻은 노래 가사 표현 문장 에서 은 는 이 가 을 를 의")
"""Korean words that speak about the English before them."""
FORMULAS: Final = re.compile(
    # Phrases before the single words they begin with: the first alternative that fits is taken.
    r"(?:(?:oh my god|oh my gosh|thank you(?: so much| very much| all)?|thanks (?:a lot|so much)|happy birthday|happy new year|merry christmas"
    r"|good (?:morning|night|luck|job|afternoon|evening|day|bye)|see (?:you|ya|u)(?: soon| later| tomorrow| again)?"
    r"|(?:i )?(?:love|miss) (?:you|u)(?: so much| all)?|nice to meet you|excuse me|by the way|no problem|never mind|of course|i see"
    r"|you know(?: what)?|i mean|for real|let's go|take care|have a (?:nice|good|great) (?:day|night|one|time)"
    r"|long time no see|you too|me too|no way|what the|come on"
    r"|i'm sorry|to be honest|for example|in short|in fact|first of all|guess what"
    r"|oh|hey|hi|hello|well|so|ok|okay|yes|yeah|yep|no|nope|wow|omg|lol|please|sorry|thanks|thx|bye|welcome|congrats|congratulations|anyway|btw"
    r"|actually|right|sure|fyi|tbh|idk|guys|everyone|all)\b ?)+"
)
"""What is said before, after or instead of a sentence; matched against lower-case words."""
KOREAN_FORMULAS: Final = words(
    """
    안녕 안녕하세요 안녕하십니까 안뇽 여러분 여보세요 감사합니다 감사해요 고마워 고마워요 고맙습니다 죄송합니다 죄송해요 미안 미안해 미안해요
    네 넵 넹 예 응 어 음 아 아니 아니요 아뇨 와 우와 헐 대박 진짜 정말 그래 그래요 맞아 맞아요 좋아 오 오케이 저기 저기요 자 잘자 바이 파이팅
    화이팅 반가워 반가워요 반갑습니다 축하해 축하해요 축하합니다 어머 아이고 세상에
    """
)
"""One word that stands before, after or instead of a sentence in either language."""
_STEMS: Final = frozenset("있없겠했였됐갔왔았었렸졌셨않됩줬봤떴났")
"""Syllables that stand in verb forms only."""
_ENDINGS: Final = words(
    """
    니다 니까 십시오 세요 셔요 아요 어요 여요 에요 예요 해요 돼요 워요 와요 줘요 봐요 네요 데요 지요 죠 까요 나요 가요 래요 거요 게요 서요
    려요 쥬 해줘 해봐 는데 은데 인데 한데 지만 면서 어서 아서 해서 워서 으면 하면 되면 려고 도록 거든 잖아 더라 더라고 구나 하는 하고 하게
    하지 하며 하니 하자 해라 한다 된다 되는 되고 되게 되어 인가 는지 은지 을까 할까 을게 할게 을래 할래 느라 다가 다고 냐고 라고 자고 라는
    다는 이란 이라 대로 거야 건데 거지 거임 건가 같은 같아 에서 에게 한테 까지 부터 보다 처럼 마다 이랑 으로 에는 에도 에서는 으로는 들은 들이
    들을 들의 것은 것이 것을 고파 아파 바빠 나빠 슬퍼 예뻐 기뻐 이뻐 싶어 싫어 좋아 많아 없어
    """
)
_LAST_SYLLABLES: Final = frozenset("은는이가을를의에도로와과만랑다지네야해어아자줘봐음함임됨냐니군걸게까돼데고며면서라죠요")
_CLOSING_SYLLABLES: Final = frozenset("다까요죠지네야해줘어아니냐자봐돼데게래음함임됨군걸쥬용당삼워와져려라마세")
_VERBAL_SYLLABLES: Final = frozenset("해돼줘봐죠요네자냐까")
_SUFFIX_SYLLABLES: Final = frozenset("은는이가을를의에로와과도만랑해하했할한함됨되돼된될됐들인임입였예야까부처보마라란같님씨때중용적급식류별으")


def korean_weight(word: str) -> float:
    """How much grammar a Korean word shows: 1 for verb forms and long particles, 0.4 for a last syllable that nouns have too, else 0."""
    if len(word) < 2:
        return 0.0
    if word[-2:] in _ENDINGS or word[-3:] in _ENDINGS or not _STEMS.isdisjoint(word) or word[-1] in "죠쥬":
        return 1.0
    return 0.4 if word[-1] in _LAST_SYLLABLES else 0.0


def stands_alone(word: str) -> bool:
    """Whether one Korean word is likely a sentence of its own (피곤해, 먹자), not a noun."""
    return len(word) > 1 and (word[-1] in _VERBAL_SYLLABLES or korean_weight(word) == 1.0)


def is_predicate(word: str) -> bool:
    """Whether a Korean word may close a sentence."""
    return len(word) > 1 and (word[-1] in _CLOSING_SYLLABLES or korean_weight(word) == 1.0)


def is_suffix(word: str) -> bool:
    """Whether a Korean word that touches a Latin one begins with a particle, 이다 or a light verb."""
    return word[0] in _SUFFIX_SYLLABLES
