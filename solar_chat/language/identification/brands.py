"""Latin words that Korean text keeps in Latin letters: acronyms, brands, identifiers, model names.

Such a word is English by its letters and says nothing about the language of the sentence around it. The lists are closed and short; what they do not
hold is told by its shape. Common chat words in capitals (OK, LOL) are words, not terms.
"""

from __future__ import annotations

import re
from typing import Final

from solar_chat.language.vocabulary import words

BRANDS: Final = words(
    """
    iphone ipad ipados ios macos imac airpods android windows linux ubuntu debian fedora python java javascript typescript vue vue.js svelte
    angular next.js node.js nuxt.js react.js three.js d3.js express.js chart.js discord.js p5.js asp.net socket.io docker kubernetes k8s
    github gitlab git google gmail samsung naver kakao kakaotalk coupang toss karrot youtube instagram facebook twitter tiktok snapchat
    whatsapp telegram netflix microsoft openai chatgpt gpt gemini llama mistral qwen exaone hyperclova gradio pytorch tensorflow keras
    huggingface nvidia cuda wifi wi-fi bluetooth usb hdmi k-pop kpop k-drama tesla hyundai kia starbucks mcdonald's powerpoint photoshop figma
    vscode vim emacs numpy pandas scikit-learn jupyter colab fastapi django flask redis mysql postgresql sqlite mongodb nginx aws azure gcp
    spotify twitch steam playstation xbox nintendo disney blackpink bts newjeans aespa seventeen twice ive exo txt jira slack figma kotlin
    golang php html css sql json yaml xml csv npm pip conda
    """
)
_CAPITALISED: Final = words(
    """
    Apple Amazon Claude Discord Excel Go Notion React Rust Slack Solar Transformers Upstage Word Zoom Chrome Safari Edge Spring Flutter Swift
    Teams Outlook Meta Oracle Unity Unreal Toss Line Galaxy Kakao Naver Bard Copilot Cursor Anthropic Hugging Ruby Kafka Spark Swift Dart Bash
    Vite Remix
    """
)
"""Brands that are common words where they are written small."""
_CHAT: Final = words(
    """
    ok okay omg lol lmao wtf btw idk brb gg imo imho fyi asap tbh nvm rofl smh ty thx pls plz no yes hi wow oh so i a love you me we us
    """
)
_ACRONYM: Final = re.compile(r"[A-Z][A-Z0-9]{1,6}s?$|(?:[A-Z]\.){2,}[A-Z]?$|[A-Z0-9]{1,8}(?:[/&+\-.][A-Z0-9]{1,8})+$")
_IDENTIFIER: Final = re.compile(
    # camelCase and YouTube; snake_case; letters with digits (GPT-4o, i7-13700K, v2.1, COVID-19, 5G); K-pop; C++ and C#; .NET-like endings
    r"[A-Za-z]*[a-z][A-Z][A-Za-z0-9]*$|[A-Za-z0-9]+_[A-Za-z0-9_]*$|(?=[^\d]*\d)[A-Za-z0-9][A-Za-z0-9.\-]*$|[A-Z]-[a-z]+$|[A-Za-z][+#]{1,2}$|[A-Z][a-z]+\.(?:NET|[a-z]{2})$"
)


def is_brand(word: str) -> bool:
    """Whether the lists hold `word`."""
    return word in _CAPITALISED or word.lower() in BRANDS


def is_term(word: str, *, shouted: bool = False) -> bool:
    """Whether a Latin word is an acronym, a brand or a name. `shouted`: the text is all capitals, so capitals mark no acronym."""
    known = is_brand(word)
    if known or (word.isalpha() and word[1:].islower()):
        return known
    if word.lower() in _CHAT:
        return False
    if _ACRONYM.match(word) and not shouted:
        return True
    return _IDENTIFIER.match(word) is not None
