"""Which language, which speech level, and how to say the same in another one.

Everything here reads or rewrites text by rule and loads its heavy libraries (Kiwi, langdetect) on first use only. A sentence is never changed unless
its numbers, Latin text, code, quotations, negation and content words survive. No model is asked anything here.
"""

from solar_chat.language.analyser import warm
from solar_chat.language.levels import complies
from solar_chat.language.rewrite import rewrite
from solar_chat.language.speech import sentences

__all__ = ["complies", "rewrite", "sentences", "warm"]
