"""Korean written in Latin letters: annyeonghaseyo, bap meogeosseo.

A lexicon of common words, endings that no English word has, and a table of trigrams (see `recipes/romanized`) for what neither knows. It would rather
miss a word than take an English one: a single unknown word is never enough, and Korean words inside an English sentence leave it English.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Final

from solar_chat.language.identification.grammar import FUNCTION_WORDS
from solar_chat.language.identification.romanized_table import WEIGHTS
from solar_chat.language.vocabulary import words

_WORD: Final = re.compile(r"[a-z]+(?:['’][a-z]+)?")

_STRONG: Final = words(
    """
    annyeong annyeonghaseyo anyeonghaseyo anyonghaseyo annyonghaseyo annyeonghaseo annyeongasaeyo anneyong annyeonghi gaseyo gyeseyo kaseyo
    gamsahamnida kamsahamnida gamsahabnida kamsamnida gamsamnida gomawo gomawoyo komawo gomapseumnida mianhae mianhaeyo mianhe mianhamnida
    joesonghamnida jwesonghamnida jinjja jincha chincha jinjjayo mwohae mwohaeyo mohae mwoya mwoyeyo mwohago mwo wae waeyo waegeurae eotteoke
    eottoke ottoke eotteohge eotteon eodi eodiya eodiyeyo nugu nuguya nuguseyo eolma eolmayeyo eonje saranghae saranghaeyo saranghe bogoshipda
    bogosipda bogosipeo bogoshipeo bogosipeoyo meogeosseo meogeosseoyo meokja meogeo meogeoyo mogosso bapmeogeosseo baegopa baegopayo
    baegopeuda masisseo masisseoyo mashisseo masitda jaljayo jalja jalgayo jaljinae jaljinaesseo annyeonghi oppa unnie eonni hyung hyeong
    noona nuna dongsaeng chingu chinguya seonsaengnim sonsaengnim ajeossi ajumma halmeoni harabeoji eomma appa ssi aigoo aigo daebak heol
    hwaiting paiting geurae geuraeyo geurom geureom geuraeseo geureonde geuleonde ani aniyo anya anieyo aniya gwaenchanha gwaenchana gwenchana
    gwaenchanhayo gwenchanayo kwenchana joha johayo joayo choayo silheo sileo sireoyo molla mollayo arasseo arasseoyo algesseo algesseumnida
    algeseumnida araseo moreugesseo isseo isseoyo eopseo eopseoyo obseo itda eopda isseumnida eopseumnida hangugeo hangukeo hanguk hanguko
    yeongeo yongeo hangul naneun neoneun jeoneun uri urineun jeo ireumeun ireumi naega niga neoga juseyo jusaeyo haeyo hamnida imnida ibnida
    imnikka hapnida haseyo hajima hajimaseyo gajima gaja haja hae haji haejwo haejuseyo dowajuseyo dowajwo bulleo allyeojwo allyeojuseyo
    meokgo sipeo sipeoyo sipda shipda bap babo michin jebal yeogi geogi jeogi igeo geugeo igeon igeoseun igeotneun oneul naeil eoje jigeum
    nalssi nalssiga eottae eottaeyo ottae bappa bappayo ppalli appayo apa piganhae pigonhae pigonhaeyo jollyeo sesang jalhae jalhaesseo
    chukhahae chukhahaeyo saengil chukha manaseo bangawo bangawoyo bangapseumnida mannaseo gidaryeo gidaryeoyo eoseo oseyo deureowa jal
    jinaesseo jinaeseyo kkk gasaeng
    """
)
_WEAK: Final = words("ani uri jal gaja haja bap ssi apa wae mwo hae jeo igeo hyung noona nuna oppa appa jeogi yeogi hangul haji isseo kkk")
"""Words that are also names or other words: they count only beside a strong one or another weak one."""
_ENDING: Final = re.compile(
    r"(?:haseyo|aseyo|useyo|useyo|seumnida|sumnida|hamnida|imnida|amnida|mnikka|eosseo|eosseoyo|asseoyo|haesseo|haesseoyo|haeyo|eoyo|ayo|yeyo|ieyo|neyo|jiyo|jyo|goshipeo|gosipeo|kkayo|geyo|lkka)$"
)
_SYLLABLES: Final = re.compile(
    r"(?:(?:kk|tt|pp|ss|jj|ch|[gndrlmbsjktph])?(?:yeo|yae|wae|eui|eo|eu|ae|ya|yo|yu|ye|wa|wo|we|wi|oe|ui|[aeiou])(?:ng|[knmlbptg](?![aeiou])|s{1,2}(?=[aeiou])|j(?=j)|t(?=[stj]))?)+"
)
_ENGLISH: Final = words(
    """
    mayo kayo payo today layo bayou tokyo yoyo rodeo video stereo mateo romeo oreo cameo beauty areyo arroyo samsung seoul busan kimchi
    """
)
_HOMOGRAPHS: Final = words("i u do no so to go he me we my an is us in on are ya yo na da ga un neo man an han bun sang sun dan")
"""Words of both languages: they count for neither."""
_READ: Final = 400
_CASED: Final = re.compile(r"[A-Za-z]+(?:-[A-Za-z]+)*")
_MOST_LETTERS: Final = 24
_KOREAN_SCORE: Final = 2.0
"""Mean weight of a word's trigrams above which it looks Korean; English words reach it about once in a hundred."""
_CERTAIN: Final = 4.0
_LETTERS: Final = 7
_LONE_LETTERS: Final = 7
_LONE_SCORE: Final = 3.0
"""A lone word has nothing beside it to confirm it."""
_ENGLISH_SHARE: Final = 0.25


def is_romanized(text: str, *, certain: bool = False) -> bool:
    """Whether Latin text (code and links already taken out) is Korean in Latin letters. `certain`: only by known words."""
    text = text[:_READ]
    found = _WORD.findall(text.lower())
    if not found:
        return False
    known = [_known(word) for word in found]
    strong, weak = known.count(2), known.count(1)
    letters = sum(map(len, found))
    carried = sum(len(word) for word, how in zip(found, known, strict=True) if how)
    # A Korean word quoted in an English sentence does not make the sentence Korean.
    english = any(word in FUNCTION_WORDS and word not in _HOMOGRAPHS for word in found)
    if (strong >= 1 or (weak >= 2 and not english)) and carried * 2 >= letters:
        return True
    return not certain and _looks_korean(found, known, _names(text))


def _known(word: str) -> int:
    """2 for a word that only Korean has, 1 for one that is also a name or another word, else 0."""
    if word in _WEAK:
        return 1
    if word in _STRONG:
        return 2
    ending = len(word) >= 7 and word not in _ENGLISH and _ENDING.search(word) is not None and _SYLLABLES.fullmatch(word) is not None
    return 2 if ending else 0


def _names(text: str) -> set[str]:
    """Words written with a capital elsewhere than at the start, and all words where every one has a capital: names of people and places."""
    written = _CASED.findall(text)
    capitalised = [word[0].isupper() and not word.isupper() for word in written]
    everywhere = len(written) > 1 and all(capitalised)
    named = [word for index, word in enumerate(written) if capitalised[index] and (index or everywhere)]
    return {part for word in named for part in word.lower().split("-")}


def _looks_korean(found: Sequence[str], known: Sequence[int], names: set[str]) -> bool:
    """Whether trigrams make the words Korean together, and no English grammar stands among them."""
    plain = [(word, how) for word, how in zip(found, known, strict=True) if word not in _HOMOGRAPHS and word not in names]
    english = sum(word in FUNCTION_WORDS for word, _ in plain)
    if not plain or english > _ENGLISH_SHARE * len(plain) or (english and 2 not in known):
        return False
    scores = [(len(word), _CERTAIN if how == 2 else score(word)) for word, how in plain]
    letters = sum(length for length, _ in scores)
    mean = sum(length * value for length, value in scores) / letters
    if len(plain) == 1:
        return letters >= _LONE_LETTERS and mean > _LONE_SCORE and len(found) == 1
    korean = sum(length for length, value in scores if value > _KOREAN_SCORE / 2)
    return letters >= _LETTERS and mean > _KOREAN_SCORE and korean * 3 >= letters * 2


def score(word: str) -> float:
    """Mean log-odds of a lower-case word's trigrams in steps of half a nat: positive looks Korean, negative English."""
    weights = _weights()
    marked = f"^{word[:_MOST_LETTERS]}$"
    return sum(weights.get(marked[start : start + 3], _UNSEEN) for start in range(len(marked) - 2)) / (len(marked) - 2)


_UNSEEN: Final = -3
"""Korean in Latin letters has few trigrams, and the table knows nearly all of them."""


@functools.cache
def _weights() -> dict[str, int]:
    return {joined[start : start + 3]: weight for weight, joined in WEIGHTS.items() for start in range(0, len(joined), 3)}
