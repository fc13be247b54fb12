"""What an English sentence asks for: Korean or English replies, in a speech level where one is named.

Only an order, an offer or a wish that begins a clause counts ("answer in Korean", "can you reply in …", "let's speak …"); a text to be written,
a translation, a report and a question about a language do not. Closed lists on the surface, as in `korean`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Final

from solar_chat.language.requests.korean import Found

_ADJECTIVES: Final = {
    "casual": "casual|informal|friendly|colloquial",
    "jondaemal": "polite|respectful|honorific",
    "formal": "formal|very formal|business",
    "plain": "plain|written|literary",
}
_STYLES: Final = {
    "casual": r"[bp]anmal(?:lo)?|반말|(?:casual|informal) (?:speech|form|style|register|tone|language|level)",
    "jondaemal": r"jon[dt]ae[tn]?mal(?:lo)?|존[댓대]말|높임말|honorifics?|(?:polite|respectful|honorific) (?:speech|form|style|register|tone"
    "|language|level)",
    "polite": r"haeyo(?:[- ]?che)?|해요체",
    "formal": r"합쇼체|합니다체|ha(?:ps|b\s?s)h?yo(?:[- ]?che)?|hasipsio(?:[- ]?che)?|formal (?:speech|form|style|register|tone|language|level)",
    "plain": r"haera(?:[- ]?che)?|해라체|문어체|(?:plain|written) (?:form|style)",
}
_ADVERBS: Final = {"casual": "casually|informally|like (?:a |my )?(?:close )?friends?", "jondaemal": "politely|respectfully", "formal": "formally"}


def _named(prefix: str, table: dict[str, str]) -> str:
    return "|".join(f"(?P<{prefix}_{name}>{pattern})" for name, pattern in table.items())


_TARGET: Final = (
    rf"(?:(?:the |my |your |some |only |more )?(?:(?:{_named('adjective', _ADJECTIVES)})\s+)?(?P<language>korean|english|hangu[lk]"
    rf"|hangeul)(?: language| only| style| speech)?"
    rf"|(?:a |the )?(?:more )?(?:korean )?(?:{_named('style', _STYLES)})|(?P<follow>(?:the )?(?:same )?language (?:that )?(?:i use|i write in"
    rf"|i am using|i'm using|of my (?:message|question)s?|as me)))"
)
_END: Final = (
    r"(?=\s*(?:$|[.!?,;:)\]…~—-]|(?:please|pls|plz|from now|from here|instead|only|with me|to me|to us|for (?:the rest|now|me)|and|but|so|because"
    r"|since|going forward|too|again"
    r"|thanks?|thx|now|always|next|then|rather|in this|when (?:you|we) (?:talk|speak|answer)|if (?:you can|possible|you don'?t mind))\b"
    r"|[^\x00-\x7f]))"
)
_COURTESY: Final = (
    r"(?:(?:hey|hi|hello|ok|okay|sorry|thanks|thank you|great|well|actually|yes|no(?=,)|now|then|so|and|but|also|please|pls|plz|kindly|just|only"
    r"|always|maybe|instead|solar|if possible"
    r"|if you can|if you don'?t mind|from now on|from here on|going forward|for the rest of (?:this|the|our) (?:chat|conversation)|can (?:you|u)"
    r"|could (?:you|u)|would (?:you|u)(?: mind)?|will (?:you|u)"
    r"|can we|could we|shall we|we can|we could|we should|let'?s|lets|let us|you can|you may|you could|you should|you must|you have to"
    r"|feel free to|i'?d like you to|i would like you to|i want you to|i need you to"
    r"|i'?d prefer (?:it if )?you(?: to)?|i would prefer (?:it if )?you(?: to)?|i'?d rather you|make sure (?:to|you|that you)|try to|remember to"
    r"|be sure to|do|start|begin|keep|continue|go back to|stick to)[,\s]+){0,6}"
)
_FORBID: Final = (
    r"(?:(?:please |pls |can you |could you )?(?:don'?t|do not|stop|no more|never|avoid|quit|no need to|you don'?t (?:have|need) to"
    r"|without)\s+(?:ever\s+)?)"
)
_START: Final = r"(?:^|(?<=[,;:(—]\s)|(?<=[,;:(—])|(?<=\s-\s)|(?<=\sand\s)|(?<=\sbut\s)|(?<=\sso\s)|(?<=\sthen\s))\W*"
_SPEAK: Final = (
    r"(?:answer|reply|respond|speak|talk|chat|converse|communicate|write|explain|describe|continue|carry on|go on|proceed|repl|writ"
    r"|respon)(?:y|ying|ing|e)?"
)
_OBJECT: Final = (
    r"(?:\s+(?:to me|with me|to us|me|us|back|everything|only|again|this|that|it|all (?:of )?(?:your|my) \w+|all answers|your (?:answers?"
    r"|repl(?:y|ies)|responses?|explanations?)"
    r"|my (?:questions?|messages?)|each other|together))*"
)
_ADVERB: Final = rf"(?:more |a bit more |very )?(?:{_named('adverb', _ADVERBS)})"


@functools.cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    """Compiled when the first request is looked for, as in `korean`."""
    return tuple(
        re.compile(f"{_START}(?P<courtesy>{_COURTESY})(?P<no>{_FORBID})?{pattern}{_END}")
        for pattern in (
            rf"(?P<act>{_SPEAK}){_OBJECT}(?:\s+{_ADVERB})?\s+(?:only\s+)?(?:in|using|with|entirely in|back in)\s+{_TARGET}",
            rf"(?P<act>(?:speak|talk)(?:ing)?)\s+{_TARGET}",
            rf"(?P<act>(?:us(?:e|ing)|switch(?:ing)?(?: back| over)? to|change to|go back to|stick (?:to|with)|go with|return to|do it in"
            rf"|do this in))\s+{_TARGET}",
            rf"(?P<act>(?:change|switch|set) (?:the |your |our |reply )*(?:language|level|style|tone)s? to)\s+{_TARGET}",
            rf"(?P<act>{_SPEAK}){_OBJECT}\s+{_ADVERB}",
            rf"(?P<act>explain|describe)\s+(?P<topic>[\w' -]{{1,60}}?)\s+in\s+{_TARGET}",
            rf"(?P<act>tell me|give me (?:your |the )?(?:answers?|repl(?:y|ies)|responses?|explanations?))\s+in\s+{_TARGET}",
            rf"(?P<act>i(?:'d| would)? (?:prefer|rather have|like|want|need) (?:(?:your |the |all )?(?:answers?|repl(?:y|ies)"
            rf"|responses?) (?:to be )?in )|i(?:'d| would)? prefer )\s*{_TARGET}",
            rf"(?P<act>(?:your |all |the )*(?:answers?|repl(?:y|ies)|responses?) (?:should|must|have to|need to) be in)\s+{_TARGET}",
            r"(?P<act>drop(?:ping)?|skip|lose|forget)\s+(?:the |your )?(?P<dropped>honorifics|formalit(?:y|ies)|formal speech|polite speech)",
            r"(?P<act>be)\s+(?:more |less |a bit more |so )?(?P<be>casual|informal|formal)",
        )
    )


@functools.cache
def _bare() -> re.Pattern[str]:
    # "in Korean please", "English, please!", "Korean only": a sentence, or what follows its last comma.
    return re.compile(
        rf"(?:^|(?<=[,;—]\s)|(?<=[,;—]))\W*(?P<courtesy>{_COURTESY})(?P<no>no(?:t)?(?: more)? (?:in )?)?(?P<in>in |back to )?{_TARGET}"
        r"(?P<please>[,\s]*(?:please|pls|plz|only|thanks?|from now on|instead|this time))?\s*(?=$|[.!:,)~])"
    )


_ABOUT_WORDS: Final = re.compile(
    r"\b(?:how (?:do|does|to|can|would|should|is)|translat\w*|what (?:does|is the|do)|mean(?:s|ing)?|spell\w*|pronounc\w*|word for|call(?:ed)?"
    r"|should i|do i|am i|may i|when do|why do|who|learn\w*|teach\w*"
    r"|asked|told|said|says|tells|they|he|she)\b"
)
_CONDITION: Final = re.compile(
    r"\b(?:if|when|whenever|unless|while|until)\b(?! (?:possible|you can|you could|you don'?t mind|you like|that'?s ok"
    r"|it'?s ok))"
)
_LANGUAGE_TOPIC: Final = re.compile(
    r"\b(?:honorifics?|grammar|particles?|words?|verbs?|tenses?|levels?|pronunciation|alphabet|sentences?|sounds?|vowels?|consonants?|difference"
    r"|endings?|conjugation|pronouns?|numbers?|greetings?|spelling|idioms?|"
    r"adjectives?|nouns?|formality|politeness|speech|names?|how to)\b"
)


def english_wishes(sentence: str) -> Iterator[Found]:
    """What `sentence`, in small letters, asks for. What is quoted must have been blanked out."""
    for pattern in _patterns():
        for match in pattern.finditer(sentence):
            before = sentence[: match.start()] + " " + match.group("courtesy")
            if _ABOUT_WORDS.search(before) or _CONDITION.search(before):
                continue
            found = match.groupdict()
            if found.get("topic") and _LANGUAGE_TOPIC.search(found["topic"]):
                continue
            if found["act"] == "speak" and _asks_for_skill(match, sentence):
                continue
            yield from _founds(match, forbidden=bool(found.get("no")))
    for match in _bare().finditer(sentence):
        asks = match.group("please") or match.group("in") or "please" in match.group("courtesy") or match.group("no")
        whole = not sentence[: match.start()].strip()
        if asks and (whole or match.group("please")) and not sentence.rstrip().endswith("?") and not _ABOUT_WORDS.search(sentence):
            yield from _founds(match, forbidden=bool(match.group("no")))


def _asks_for_skill(match: re.Match[str], sentence: str) -> bool:
    """Whether this is "Can you speak Korean?": what the model can do, unless it goes on with "with me" or "please"."""
    direct = "can you" in match.group("courtesy") and " in " not in match.group()
    return direct and "please" not in sentence and not sentence[match.end() :].strip(" ?!.\n")


def _founds(match: re.Match[str], *, forbidden: bool) -> Iterator[Found]:
    found = {name: value for name, value in match.groupdict().items() if value}
    start = match.start() + len(match.group()) - len(match.group().lstrip())
    end = match.end()
    level = next((name.split("_")[1] for name in found if name.split("_")[0] in ("adjective", "style", "adverb")), found.get("be"))
    if "dropped" in found:
        yield Found(start, end, "jondaemal", forbidden=not forbidden)
    if level:
        level = {"informal": "casual"}.get(level, level)
        yield Found(start, end, level, forbidden=forbidden or "less " in match.group())
    if "follow" in found:
        yield Found(start, end, "follow")
    if "language" in found:
        yield Found(start, end, "en" if found["language"] == "english" else "ko", forbidden=forbidden and level is None)
    elif ("dropped" in found and "honorific" in found["dropped"]) or (any(name.startswith("style_") for name in found) and _names_korean(found)):
        # Only Korean has these levels by name, so that is what the replies are to be in.
        yield Found(start, end, "ko")


def _names_korean(found: dict[str, str]) -> bool:
    return any(re.match(r"[bp]anmal|jon|hae|ha[pbs]|honorific|[가-힣]", value) for name, value in found.items() if name.startswith("style_"))
