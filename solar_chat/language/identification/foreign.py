"""Latin-script languages that are not English: by their function words in short text, by langdetect in long text.

langdetect's answers are random unless seeded, wrong on short text and wrong on lists of names, so it is asked late, once seeded, and believed only
when sure. A few foreign words, names and borrowed phrases leave a text English: short English is never taken for something else.
"""

from __future__ import annotations

import functools
import re
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from solar_chat.language.identification.grammar import FUNCTION_WORDS
from solar_chat.language.vocabulary import words

SURE_LETTERS: Final = 40
"""Below it langdetect is right less than 97 times in 100 on English (notes 2.2)."""
_MARKED_LETTERS: Final = 20
"""Letters that English does not have make it reliable earlier."""
_READ: Final = 600
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_MARKED: Final = re.compile(r"[À-ÖØ-öø-ÿĀ-žȘ-țƠơƯưẠ-ỹ¿¡]")
_VIETNAMESE: Final = re.compile(r"[ơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹđ]")
_ELISION: Final = re.compile(r"\b(?:[cdjlmnst]|qu)['’](?=[aeiouyhéèêàâ])")
_COMMON: Final = {
    "fr": words(
        """
        le la les un une des du de au aux et est sont être avoir je tu il elle on nous vous ils elles mon ma mes ton ta tes son sa ses ce
        cette ces que qui quoi où quand comment pourquoi combien pas ne plus très avec sans dans sur sous pour par mais ou donc ça c'est j'ai
        suis es as ai va vas vais allez fait faire peux peut voudrais veux s'il oui non merci bonjour bonsoir salut beaucoup bien aujourd'hui
        l'heure quelle quel
        """
    ),
    "es": words(
        """
        el la los las un una unos unas de del al y es son ser estar está están estoy eres soy yo tú él ella nosotros ustedes usted mi mis tu
        tus su sus que qué quién cómo cuándo dónde por porque para con sin en sobre pero o muy más no sí lo le les me te se hay tengo tiene
        tienes quiero quieres necesito ayuda puedo puede hacer hola gracias buenos buenas días noches tardes estás hablas hoy como donde
        cuanto cuánto mucho amo amor eso esto esta este
        """
    ),
    "de": words(
        """
        der die das den dem des ein eine einen einem einer und ist sind war bin bist sein ich du er sie es wir ihr mein meine dein deine nicht
        kein keine was wer wo wann warum wie mit ohne für auf aus bei von zu zum zur nach aber oder sehr auch noch schon kann kannst können
        möchte will habe hast hat haben wird werden geht dir mir mich dich uns guten morgen danke bitte heute jetzt gibt wiedersehen bis
        tschüss
        """
    ),
    "it": words(
        """
        il lo la gli le un uno una di del della dei delle da in con su per tra e è sono sei siamo niente capisco io tu lui lei noi voi mio mia
        tuo tua suo che chi cosa come quando dove perché quanto non più molto anche ma o se ho hai ha abbiamo vorrei voglio posso può fare
        ciao grazie buongiorno dov'è c'è cos'è stai sta questo questa bene oggi parli
        """
    ),
    "pt": words(
        """
        o os um uma uns umas de do da dos das no na nos nas em com sem por para e é são sou está estou estão eu você vocês ele ela nós meu
        minha seu sua que quem como quando onde porque por não mais muito mas ou se tenho tem quero posso pode fazer olá fica obrigado
        obrigada bom boa dia noite tudo bem hoje isso isto você ao
        """
    ),
    "nl": words(
        """
        de het een en is zijn ben bent ik jij je hij zij wij jullie mijn jouw niet geen wat wie waar wanneer waarom hoe met zonder voor op uit
        bij van naar maar ook nog kan kun wil heb hebt heeft hebben wordt gaat goed dank dankje alstublieft vandaag graag deze dit dat te
        """
    ),
    "id": words(
        """
        yang dan di ke dari untuk dengan ini itu saya aku kamu anda dia kami kita mereka tidak bukan ada adalah akan sudah belum bisa mau
        ingin apa siapa kapan mengapa bagaimana terima kasih selamat pagi malam siang apakah juga atau tapi karena sangat kabar bahasa belajar
        tolong
        """
    ),
    "tr": words(
        """
        bir ve bu şu ben sen biz siz için ile değil ne nasıl nerede neden kim çok var yok mı mi mu mü da merhaba teşekkürler evet hayır
        istiyorum nasılsın günaydın
        """
    ),
    "pl": words(
        """
        nie jest się że jak co gdzie kiedy dlaczego kto ja ona mój moja jestem są dzień dobry dziękuję proszę cześć bardzo tak masz mam
        """
    ),
    "cs": words(
        """
        já ona my vy oni jsem jsi je jste jsou není se co kde kdy jak proč kdo ahoj dobrý den děkuji prosím ano máš máte mám chci
        """
    ),
    "tl": words(
        """
        ang ng mga sa si ako ikaw ka ko mo siya kami tayo hindi opo po salamat kumusta magandang umaga gabi gusto ba ito iyan saan ano bakit
        """
    ),
    "sv": words(
        """
        och det att ett jag du han hon vi ni är inte på för med som av till den har var hur när varför vad mycket tack hej god morgon kan vill
        """
    ),
}
_lock = threading.Lock()


def foreign_language(text: str) -> str | None:
    """ISO 639-1 code of the language of Latin-script text, or None where it is English, too short or unsure."""
    text = text[:_READ]
    marks = len(_MARKED.findall(text))
    letters = sum(map(len, spoken := _WORD.findall(text)))
    if len(spoken) < 2 or (not marks and letters < 7):
        return None
    lower = [word.lower().replace("’", "'") for word in spoken]
    english = sum(word in FUNCTION_WORDS for word in lower)
    vietnamese = len(_VIETNAMESE.findall(text.lower()))
    if vietnamese and vietnamese + marks >= 4 and not english:
        return "vi"
    named, clear = _by_function_words(lower, english, marks, len(_ELISION.findall(text.lower())))
    if not clear and letters >= (_MARKED_LETTERS if marks else SURE_LETTERS) and not _reads_english(spoken, english, marks):
        guess = detected(text)
        if guess is not None and guess[1] >= (0.9 if marks else 0.97):
            return None if guess[0] == "en" else guess[0]
    return named


def _reads_english(spoken: list[str], english: int, marks: int) -> bool:
    """Whether the text is plainly English, or a list of names."""
    if english * (4 if marks < 3 else 2) >= len(spoken):
        return True
    capitalised = sum(word[0].isupper() for word in spoken)
    return not marks and (capitalised * 2 >= len(spoken) or len(spoken) < 4)


def _by_function_words(lower: list[str], english: int, marks: int, elisions: int) -> tuple[str | None, bool]:
    """The language whose function words a short text has, where English has none to set against them; and whether they leave no doubt."""
    if len(lower) > 40 or (not marks and english * 3 > len(lower)):
        return None, False
    languages = _languages()
    counts = Counter(code for word in lower for code in languages.get(word, ()))
    counts["fr"] += elisions
    (code, best), (_, second) = [*counts.most_common(2), ("", 0)][:2]
    own = english - sum(word in FUNCTION_WORDS and code in languages.get(word, ()) for word in lower)
    if own * 3 > best or best == second:
        return None, False
    clear = best >= 4 and best >= 2 * second and best * 5 >= len(lower) * 2
    if marks:
        few = best == 1 and not english and 3 <= len(lower) <= 4
        return (code if best >= 2 or few else None), clear
    enough = best >= 3 or (best == 2 and not english)
    return (code if enough and best * 2 >= len(lower) else None), clear


@functools.cache
def _languages() -> dict[str, tuple[str, ...]]:
    """The languages of each word in `_COMMON`."""
    found: dict[str, tuple[str, ...]] = {}
    for code, common in _COMMON.items():
        for word in common:
            found[word] = (*found.get(word, ()), code)
    return found


def detected(text: str) -> tuple[str, float] | None:
    """langdetect's first guess as (ISO 639-1 code, probability), the same for the same text; None where it has none."""
    from langdetect import LangDetectException

    with _lock:
        try:
            guesses = _detector()(text[:_READ])
        except LangDetectException:
            return None
    return (str(guesses[0].lang).split("-")[0], float(guesses[0].prob)) if guesses else None


@functools.cache
def _detector() -> Callable[[str], list[Any]]:
    from langdetect import DetectorFactory, detect_langs

    DetectorFactory.seed = 0  # Process-wide: without it the same text changes language between calls.
    detect: Callable[[str], list[Any]] = detect_langs
    return detect
