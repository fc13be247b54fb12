"""Korean written in Latin letters: annyeonghaseyo, bap meogeosseo.

A lexicon of common words and of endings that no English word has; syllable shape only confirms. It would rather miss a word than take an English one:
a message counts as Korean only where known words carry it.
"""

from __future__ import annotations

import re
from typing import Final

from solar_chat.language.vocabulary import words

_WORD: Final = re.compile(r"[a-z]+(?:['’][a-z]+)?")

_STRONG: Final = words(
    """
    annyeong annyeonghaseyo anyeonghaseyo anyonghaseyo annyonghaseyo annyeonghaseo annyeongasaeyo anneyong annyeonghi gaseyo gyeseyo kaseyo
    gamsahamnida kamsahamnida gamsahabnida kamsamnida gamsamnida gomawo gomawoyo komawo gomapseumnida mianhae mianhaeyo mianhe mianhamnida
    joesonghamnida jwesonghamnida jinjja jincha chincha jinjjayo mwohae mwohaeyo mohae mwoya mwoyeyo mwohago mwo wae waeyo waegeurae
    eotteoke eottoke ottoke eotteohge eotteon eodi eodiya eodiyeyo nugu nuguya nuguseyo eolma eolmayeyo eonje saranghae saranghaeyo
    saranghe bogoshipda bogosipda bogosipeo bogoshipeo bogosipeoyo meogeosseo meogeosseoyo meokja meogeo meogeoyo mogosso bapmeogeosseo
    baegopa baegopayo baegopeuda masisseo masisseoyo mashisseo masitda jaljayo jalja jalgayo jaljinae jaljinaesseo annyeonghi oppa unnie
    eonni hyung hyeong noona nuna dongsaeng chingu chinguya seonsaengnim sonsaengnim ajeossi ajumma halmeoni harabeoji eomma appa ssi aigoo
    aigo daebak heol hwaiting paiting geurae geuraeyo geurom geureom geuraeseo geureonde geuleonde ani aniyo anya anieyo aniya gwaenchanha
    gwaenchana gwenchana gwaenchanhayo gwenchanayo kwenchana joha johayo joayo choayo silheo sileo sireoyo molla mollayo arasseo arasseoyo
    algesseo algesseumnida algeseumnida araseo moreugesseo isseo isseoyo eopseo eopseoyo obseo itda eopda isseumnida eopseumnida hangugeo
    hangukeo hanguk hanguko yeongeo yongeo hangul naneun neoneun jeoneun uri urineun jeo ireumeun ireumi naega niga neoga juseyo jusaeyo
    haeyo hamnida imnida ibnida imnikka hapnida haseyo hajima hajimaseyo gajima gaja haja hae haji haejwo haejuseyo dowajuseyo dowajwo
    bulleo allyeojwo allyeojuseyo meokgo sipeo sipeoyo sipda shipda bap babo michin jebal yeogi geogi jeogi igeo geugeo igeon igeoseun
    igeotneun oneul naeil eoje jigeum nalssi nalssiga eottae eottaeyo ottae bappa bappayo ppalli appayo apa piganhae pigonhae pigonhaeyo
    jollyeo sesang jalhae jalhaesseo chukhahae chukhahaeyo saengil chukha manaseo bangawo bangawoyo bangapseumnida mannaseo gidaryeo
    gidaryeoyo eoseo oseyo deureowa jal jinaesseo jinaeseyo kkk gasaeng
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
_ENGLISH: Final = words("mayo kayo payo today layo bayou tokyo yoyo rodeo video stereo mateo romeo oreo cameo beauty areyo arroyo")


def is_romanized(text: str) -> bool:
    """Whether Latin text (code and links already taken out) is Korean in Latin letters."""
    words = _WORD.findall(text.lower()[:2000])
    if not words or len(words) > 200:
        return False
    strong = weak = letters = total = 0
    for word in words:
        total += len(word)
        certain = (word in _STRONG and word not in _WEAK) or (
            len(word) >= 7 and word not in _ENGLISH and _ENDING.search(word) is not None and _SYLLABLES.fullmatch(word) is not None
        )
        if certain:
            strong += 1
        elif word in _WEAK:
            weak += 1
        letters += len(word) * (certain or word in _WEAK)
    # A Korean word quoted in an English sentence does not make the sentence Korean.
    return (strong >= 1 or weak >= 2) and letters * 2 >= total
