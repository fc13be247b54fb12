"""What a Korean sentence asks for: a speech level or a language, as the endings of its predicate say.

A name of a level or language counts only as part of a request: an imperative, a proposal, a favour (-아 줘) or a permission (-도 돼), said to the
one who answers. Closed lists of predicates and endings on the surface, no morphology: this is asked about every message before the first token.
Who may be on the left of the name is what tells "영어로 해 줘" from "이 문장 영어로 해 줘".
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

Strength = Literal["request", "statement", "shared", "no"]
"""`statement` is a bare -아/-아요 or a permission, which a question mark turns into a question; `shared` is a proposal (-을까) that needs an "우리";
`no` forbids what is named."""

# A request is short: nobody puts more between a language and its verb.
_REACH: Final = 60

_END: Final = r"(?=\s*(?:$|[.,!?~…;:)\]ㅋㅎㅠㅜㅇㄱ^♡❤\-]))"
_WORD_END: Final = r"(?![가-힣])(?!\s*(?:라고|라는|라며|라면|이라))"
_PLEASED: Final = r"(?:좋|고맙|고마|감사|돼|됩|되|안\s*[될돼되]|기쁘|싶|해|함)"
_ALLOWED: Final = rf"\s*(?:돼|돼요|됩니다|되어요|된다|괜찮\w*|좋아|좋아요|좋습니다|상관\s*없\w*|무방\w*){_END}"
_MORE: Final = r"(?=.{0,60}(?:줘|주세요|해|하자|세요|십시오|써|부탁\w*|자)\W*$)"
_GIVE: Final = (
    r"\s*(?:좀\s*)?(?:"
    rf"(?:줘(?:요|용|라|봐|봐요)?|줭|죠|조|쥬|쥬세요|주라|주라고|주세[요여용염]|주셔[요용]|주십[시쇼]오?|주시죠|주시오|주렴|주삼|주셈|주쇼|주길"
    rf"|다오){_WORD_END}"
    r"|주실래요?|줄래요?|주시겠\w+|주겠[니어]\w*"
    r"|(?:주실|줄)\s*수\s*(?:있|없)(?:어|니|나|으|습|을|겠|냐|지)\w*"
    rf"|(?:주면|주시면|줬으면|주셨으면|주었으면)\s*{_PLEASED}\w*"
    rf"|주(?:시)?[기길]\s*(?:바라|바랍|부탁|원)\w*|(?:달라고|달라구|달라니까){_END}|주(?:시)?고\s{_MORE}"
    r")"
)
_BARE: Final = rf"(?:(?:요|용|여|염|라|라고|라니까|야지|야지요)?{_END}|\s*(?:제발|플리즈|응|알겠지|알았지)\b)"
_TRY: Final = rf"\s*(?:봐(?:요|라|줘)?|보세요|보자|보십시오){_WORD_END}"
_POLITE_VERB: Final = (
    rf"(?:자(?:고|구|니까|요)?|[세셔][요여용염]|시[죠지](?:요)?|십[시쇼]오?|시오|삼|셈|렴|려무나|거라){_WORD_END}|[죠지]요?{_END}|라(?:고|니까"
    rf"|구)?{_END}"
    r"|도록\s*(?:해|하|합)\w*"
    rf"|실래요?|시겠\w+|[기길]\s*(?:바라|바랍|원|부탁|희망)\w*|기로\s*(?:해|하자|합시다|하죠)\w*"
    rf"|(?:시)?면\s*(?:좋겠|고맙|감사|돼|됩니다)\w*|셨으면\s*{_PLEASED}\w*|는\s*(?:게|것이|걸로|것으로|편이)\s*(?:좋겠|낫겠|나을|하자|해|부탁)\w*"
    rf"|고\s{_MORE}"
)


def _closed(open_form: str, final: int) -> str:
    """`open_form` with a final consonant below its last syllable; `final` is its number in Unicode's table (ㄹ 8, ㅂ 17, ㅆ 20)."""
    return open_form[:-1] + chr(ord(open_form[-1]) + final)


def _inflected(eo: str, stem: str) -> str:
    """The forms of one verb that ask; `eo` is its form in -아/-어 (해), `stem` the one before -자 or -(으)세요 (하)."""
    b, l_, ss = _closed(stem, 17), _closed(stem, 8), _closed(eo, 20)
    return (
        rf"(?:(?P<request>{eo}(?:{_GIVE}|{_TRY})|{stem}(?:{_POLITE_VERB})|{b}시다|{l_}래요?|{l_}\s*것{_END}|{ss}으면\s*{_PLEASED}\w*)"
        rf"|(?P<statement>{eo}{_BARE}|{eo}도{_ALLOWED}|{stem}셔도{_ALLOWED})|(?P<shared>{l_}까요?))"
    )


# 답하다, 설명하다 … take what they are about as an object; 말하다 and 알려 주다 take the words that are to be said.
_ANSWERING: Final = r"(?:대답|답변|응답|설명|답|대화|소통|회화|채팅|진행|통일|서술|계속|대(?=[하해합할]))"
_SAYING: Final = r"(?:말씀|말|얘기|이야기|표현)"
_OF_NOUN: Final = r"\s*(?:을|를|도|은|만)?\s*(?:좀\s*)?"
_HA: Final = ("해", "하")
_NAMES: Final = {
    "casual": r"반말(?:체|투|조)?|해체",
    "jondaemal": r"존[댓대뎃]말(?:체|투)?|존대|높임말|경어체?|(?:공손하게|공손히|예의\s*(?:바르게|있게|갖춰서?|차려서?)|말(?:을"
    r"|도)?\s*(?:좀\s*)?높여서?)",
    "polite": r"해요체",
    "formal": r"합쇼체|하십시오체|합니다체|습니다체|다나까(?:체|말투)?|격식체|(?:격식(?:을)?\s*(?:있게|차려서?|갖춰서?)|정중하게|정중히|깍듯하게"
    "|깍듯이)",
    "plain": r"문어체|해라체|한다체|하다체|평서체|글말체",
    "ko": r"한국어|한국말|한글|우리말|(?i:korean)",
    "en": r"영어|잉글리시|잉글리쉬|(?i:english)",
    "follow": r"(?:쓰는|쓴|사용하는|사용한|말하는|묻는|물어본|물어보는|질문한|질문하는|질문의|같은)\s*언어",
}
_NAME: Final = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _NAMES.items()))
_MANNER: Final = re.compile(r".*(?:[게히]|서|여|차려|갖춰)$")
# Manners of speaking that are no name of a level: each with the verbs that make one of it.
_EASY: Final = re.compile(rf"(?<![가-힣])(?:(?:편하게|편히)\s*(?:말|얘기|이야기|대화|대(?=[하해])){_OF_NOUN}|말씀?(?:을)?\s*(?:좀\s*)?편하게\s*)")
_EASE: Final = re.compile(rf"(?<![가-힣])(?:편하게|편히)\s*말씀{_OF_NOUN}")
_FRIENDLY: Final = re.compile(
    r"친구(?:처럼|같이|한테\s*(?:말|얘기)하듯이?|랑\s*(?:말|얘기|대화)하듯이?)\s*(?:편하게\s*)?(?:말|얘기|이야기|대화|대답|답"
    r"|대(?=[하해]))" + _OF_NOUN
)
_LOWER: Final = re.compile(r"(?<![가-힣])말씀?\s*(?:을|도|은)?\s*(?:좀|이제|그냥|우리|서로|편하게)*\s*(?=[놓놔낮트까])")
_RAISE: Final = re.compile(r"(?<![가-힣])말씀?\s*(?:을|도|은)?\s*(?:좀|이제|다시)*\s*(?=높[여이])")

_FILLER: Final = (
    r"(?:\s*(?:좀|이제|그냥|계속|항상|꼭|다시|편하게|짧게|간단히|간단하게|자세히|자세하게|친절하게|쉽게|길게|제발|모두|전부|다|서로|같이|우리"
    r"|나한테|저한테|내게|제게|나에게|저에게|모든|답변|대답|설명|응답|답|대화|말투|모드|(?:반말|존댓말|존대말|해요체|합쇼체|한국어|한국말|영어)로)"
    r"(?:으로|로|을|를|은|는)?(?=\s))*"
)
_ABOUT: Final = r"(?:\s+(?:(?:이|그|저|위|내|제|이번|다음|아래)\s+)?[^\s,]{1,10}(?:을|를|에|에\s대해서?))?"
_PARTICLE: Final = r"(?P<particle>로만|으로만|로는|으로는|로|으로|을|를|은|는|만|도)?"


def _verb(noun: str, forms: tuple[str, str], filler: str = _FILLER) -> re.Pattern[str]:
    return re.compile(f"{_PARTICLE}{filler}\\s*{noun}{_inflected(*forms)}")


# What verbs can look like takes a tenth of a second to compile. A program that shows its page, or copies a file, is not to wait for it: this and what
# else is a function here is compiled at its first use, or by `language.warm`.
@functools.cache
def _verbs() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return (
        ("answer", _verb(_ANSWERING + _OF_NOUN, _HA, _FILLER + _ABOUT)),
        ("say", _verb(_SAYING + _OF_NOUN, _HA)),
        ("say", re.compile(rf"{_PARTICLE}{_FILLER}\s*(?P<request>(?:알려|들려){_GIVE})")),
        ("use", _verb(rf"(?:(?:사용|작성){_OF_NOUN})?", _HA)),
        ("use", _verb("", ("써", "쓰"))),
        ("use", _verb("(?:돌아)?", ("가", "가"))),
        (
            "use",
            re.compile(rf"{_PARTICLE}{_FILLER}\s*(?P<request>돌아와{_GIVE}|(?:대화|얘기|이야기)(?:를)?\s*하고\s*싶\w*{_END}|받고\s*싶\w*{_END})"),
        ),
        ("change", _verb(r"(?:전환|변경)\s*", _HA)),
        ("change", _verb("", ("바꿔", "바꾸"))),
        (
            "use",
            re.compile(
                rf"{_PARTICLE}{_FILLER}\s*(?:모드\s*)?(?:답변|대답|설명|답|사용)?(?:을|를)?\s*"
                rf"(?P<request>(?:부탁\w*|요망|바람|바랍니다|바라요|원해\w*|원합니다|플리즈|(?i:plz|pls|please)|ㄱㄱ*|고고|좀|켜{_GIVE}){_END}|(?:이"
                rf"|이면)?\s*좋겠\w*{_END})"
            ),
        ),
    )


_ALONE: Final = re.compile(rf"(?:(?:로|으로)(?:만|요|좀|\s+좀)*|\s*좀|(?=\s*!)){_END}")
_QUESTION: Final = re.compile(r"(?:줘|주[세십시]|줄래|주실|주겠)")


@functools.cache
def _forbidden() -> re.Pattern[str]:
    return re.compile(
        rf"{_PARTICLE}{_FILLER}\s*(?:(?:{_ANSWERING}|{_SAYING}|사용){_OF_NOUN})?"
        r"(?:(?:하|쓰|바꾸)지\s*(?:는\s*|도\s*)?(?:마(?:세요|셔요|라|요|십시오|시고|시오)?(?![가-힣])|말(?:아\s*(?:줘|주|줄)\w*|길\s*\w*|았으면\s*\w*"
        r"|라고!|고|자|아요|아라|아)(?![가-힣])|맙시다)"
        r"|(?:하|쓰)지\s*않(?:아도|으셔도|았으면|으면)\s*(?:돼|됩|되|괜찮|좋)\w*|안\s*(?:해도|써도|하셔도|쓰셔도|했으면|썼으면|하면|쓰면)\s*(?:돼|됩"
        r"|되|괜찮|좋)\w*"
        r"|(?:쓸|할|하실|쓰실|사용할)\s*필요(?:는|가|도)?\s*없\w*|(?:말고|빼고|대신)(?![가-힣])|그만(?![가-힣])|그만\s*(?:해|하|써|쓰)\w*|(?:금지"
        r"|사절)(?![가-힣])|(?:싫|불편)\w+)"
    )


_REPLY: Final = r"(?:(?i:answers?|reply|replies)|답변|대답|답|설명|응답|말|말투|어투|어조|문체|대화|언어|설정|말씀|글)"
_GREETING: Final = (
    r"앞으로\w*|이제\w*|이제부터\w*|지금부터\w*|오늘부터\w*|다음부터\w*|여기서\w*|이 대화\w*|그냥|좀|제발|우리|우린|우리는|나한테|저한테|내게"
    r"|제게|나에게|저에게"
    r"|나한테는|저한테는|계속|항상|늘|무조건|꼭|서로|그럼|그러면|그리고|근데|그런데|그래도|아니|저기|저기요|혹시|되도록|다시|전부|모두|모든|다|너"
    r"|너도|넌|너는|니가|네가|당신은|자네|둘 다"
    r"|(?i:please|plz|pls|ok|okay|hi|hello|and|now)|플리즈|오케이|미안한데|미안하지만|죄송한데|죄송하지만|안녕(?:하세요|하십니까|히)?|하이"
    r"|솔라\w*|얘야|야|아|음|응|네|예|넵|어|ㅇㅇ|ㅇㅋ|더|편하게|편히|쉽게|짧게|간단히|조금|약간|내|제|이번|둘"
)
_LEFT_FREE: Final = re.compile(rf"(?:{_GREETING}|[^가-힣A-Za-z]+|[가-힣]+[게히])$")
_LEFT_REPLY: Final = re.compile(rf"{_REPLY}(?:은|는|을|를|도|만)?$")
_LEFT_KO_EN: Final = re.compile(rf"(?:{_NAMES['ko']}|{_NAMES['en']})(?:로|의)?$")
_CONDITION: Final = re.compile(
    r"(?:(?<!가능하)(?<!괜찮으)(?<!괜찮다)(?<!된다)(?<!되)(?<!원하)(?<!웬만하)(?<!이왕이)(?<!있으)(?<!좋으)면|때|때는"
    r"|때엔|때마다|경우|경우에|경우에는)$"
)
_OTHER_CLAUSE: Final = re.compile(
    r"(?:[가-힣]+(?:는데|은데|인데|ㄴ데|니까|어서|아서|해서|라서|지만|테니|므로|길래|다면|으면|하면|되면|이면|라면|거든|말고|쓰고|하고|되고|있고"
    r"|없고|는지|은지|뭔지|세요|니다|니까|어요|아요|해요|워요|줘|워|했어|겠어|었어|았어|됐어|뭐야|좋아|맞아|그래|거야|싶어|싫어|돼)|[ㄱ-ㅎㅏ-ㅣ]+)$"
)
_SOMEBODY: Final = re.compile(r"(?:한테|에게|께|더러|보고|이랑|랑|와|과)(?:는|만|도)?$")
_SUBJECT: Final = re.compile(r"[가-힣]+(?:이|가|은|는|께서)$")


@dataclass(frozen=True, slots=True)
class Found:
    """One request in a sentence; offsets in the text it was found in."""

    start: int
    end: int
    name: str
    """A level, `jondaemal`, or a language."""
    forbidden: bool = False


def korean_wishes(sentence: str, *, alone: bool) -> Iterator[Found]:
    """What `sentence` asks for, in order; `alone` where it is the whole message. What is quoted must have been blanked out."""
    for match in _NAME.finditer(sentence):
        name = match.lastgroup or ""
        left = sentence[max(0, match.start() - _REACH) : match.start()]
        # A name inside another word is none: 불한국어, 비해체.
        if left and "가" <= left[-1] <= "힣" and not left.endswith("이"):
            continue
        end = _request_end(name, match.group(), left, sentence, match.end(), alone)
        if end is not None:
            yield Found(match.start(), end, name)
            if name in ("casual", "jondaemal", "polite", "formal", "plain") and (spoken := _LEFT_KO_EN.search(left.rstrip())):
                yield Found(match.start(), end, "ko" if re.match(_NAMES["ko"], spoken.group()) else "en")
            continue
        forbidden = _forbidden().match(sentence[match.end() : match.end() + _REACH])
        # 영어 싫어 is a taste; 반말은 싫어요 a wish.
        taste = name in ("ko", "en", "follow") and forbidden is not None and re.search("싫|불편", forbidden.group()) is not None
        if forbidden and not taste and _said_to_me(left, "use", "request") and not (_asked(sentence) and not _QUESTION.search(forbidden.group())):
            yield Found(match.start(), match.end() + forbidden.end(), name, forbidden=True)
    yield from _manners(sentence)


def _manners(sentence: str) -> Iterator[Found]:
    """말 놓자, 편하게 말해도 돼, 친구처럼 말해 줘."""
    for opening, verbs, name in _manner_verbs():
        for match in opening.finditer(sentence):
            rest = sentence[match.end() : match.end() + _REACH]
            for verb in verbs:
                left = sentence[max(0, match.start() - _REACH) : match.start()]
                asks = verb.match(rest)
                if asks and _holds(asks, sentence, left) and _said_to_me(left, "use", _strength(asks)):
                    yield Found(match.start(), match.end() + asks.end(), name)


@functools.cache
def _manner_verbs() -> tuple[tuple[re.Pattern[str], tuple[re.Pattern[str], ...], str], ...]:
    plain_ha = re.compile(_inflected(*_HA))
    return (
        (_EASY, (plain_ha,), "casual"),
        (_FRIENDLY, (plain_ha,), "casual"),
        (
            _LOWER,
            tuple(re.compile(_inflected(*forms)) for forms in (("놔", "놓으"), ("낮춰", "낮추"), ("터", "트"), ("까", "까"))),
            "casual",
        ),
        # 편하게 말씀해 주세요 asks to speak one's mind; 편하게 말씀하세요 gives leave to drop the honorifics.
        (_EASE, (re.compile(rf"하(?:(?P<request>[세셔][요여용염]|시[죠지]요?|십[시쇼]오?){_WORD_END}|(?P<statement>셔도{_ALLOWED}))"),), "casual"),
        (_LOWER, (re.compile(rf"놓(?:(?P<request>아{_GIVE}|{_POLITE_VERB})|(?P<statement>아{_BARE}|아도{_ALLOWED}))"),), "casual"),
        (_RAISE, (re.compile(_inflected("높여", "높이")),), "jondaemal"),
    )


def _request_end(name: str, written: str, left: str, sentence: str, at: int, alone: bool) -> int | None:
    """Where the request that names a level or language at `at` ends, or None where there is none."""
    rest = sentence[at : at + _REACH]
    language = name in ("ko", "en", "follow")
    manner = _MANNER.match(written) is not None
    for kind, pattern in _verbs():
        asks = pattern.match(rest)
        if asks is None or not _holds(asks, sentence, left):
            continue
        strength = _strength(asks)
        through = (asks.group("particle") or "").startswith(("로", "으로", "만"))
        if language and not through and (strength != "request" or re.match(r"\s*(?:좀\s*)?해", rest)):
            # 영어 좀 해요 is a skill, 영어 해 줘 a wish for a text.
            continue
        if kind == "change" and not ((alone and not language) or re.search(rf"{_REPLY}(?:을|를|도)?\s*(?:좀\s*)?$", left)):
            continue
        if not manner and kind == "use" and language and re.match(r"\s*가", rest):
            continue
        if _said_to_me(left, kind, strength):
            return at + asks.end()
    ends = None if manner else _ALONE.match(rest)
    if ends and not _asked(sentence) and (rest[: ends.end()].strip() or not left.strip()) and _said_to_me(left, "use", "statement"):
        return at + ends.end()
    if not manner and not rest.strip(" .!~") and re.search(r"(?:앞으로|이제|이제부터|지금부터)\w*\s*$", left) and not _asked(sentence):
        return at
    return None


def _strength(asks: re.Match[str]) -> Strength:
    found = asks.groupdict()
    return "request" if found.get("request") else "statement" if found.get("statement") else "shared"


def _holds(asks: re.Match[str], sentence: str, left: str) -> bool:
    match _strength(asks):
        case "statement":
            return not _asked(sentence)
        case "shared":
            return re.search(r"우리", left + asks.string) is not None
    return True


def _asked(sentence: str) -> bool:
    return "?" in sentence[-6:]


def _said_to_me(left: str, kind: str, strength: Strength) -> bool:
    """Whether what stands before the name, read backwards, leaves the request to the one who answers, and about the answers."""
    words = re.split(r"[,;:)…]", left)[-1].split()
    for position, word in enumerate(reversed(words)):
        if _LEFT_REPLY.fullmatch(word):
            return True
        if _LEFT_FREE.fullmatch(word) or _LEFT_KO_EN.fullmatch(word):
            continue
        if _CONDITION.search(word):
            return False
        if _OTHER_CLAUSE.fullmatch(word):
            return True
        if _SOMEBODY.search(word) and word not in ("사과", "결과", "효과"):
            return False
        if word.endswith(("을", "를")) or not _SUBJECT.fullmatch(word):
            if kind != "answer" or strength != "request":
                return False
            continue
        if strength != "request" or (position == 0 and kind != "answer"):
            return False
    return True
