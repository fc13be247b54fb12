"""The page that is there at once, says what is going on, and makes way for the real one; or says why there is none.

One file that asks nobody but the door it came from. It is shown by a browser and by the window alike.
"""

from __future__ import annotations

import json
from html import escape
from typing import Literal

from solar_chat.i18n import INTERFACE_LANGUAGES, Catalogue, InterfaceLanguage
from solar_chat.paths import ICON, Home
from solar_chat.settings import Settings

Stage = Literal["libraries", "history", "page"]
STAGES: tuple[Stage, ...] = ("libraries", "history", "page")


def splash_html(catalogue: Catalogue, settings: Settings, lang: InterfaceLanguage, chosen: InterfaceLanguage | None, home: Home, nonce: str) -> str:
    """The page in the language that the real one will have: `chosen` on the command line, the settings' or the browser's; `lang` until then."""
    language = chosen or settings.interface_language
    words = {
        each: {key: catalogue.tr(each, f"splash.{key}") for key in (*STAGES, "first", "failed")}
        | {"gone": catalogue.tr(each, "splash.gone", log=home.log)}
        for each in INTERFACE_LANGUAGES
    }
    shown = words[lang if language == "auto" else language]
    # "</script>" in a path would end the script.
    data = json.dumps({"words": words, "language": language}, ensure_ascii=False).replace("<", "\\u003c")
    return (
        _PAGE.replace("{lang}", lang if language == "auto" else language)
        .replace("{theme}", settings.theme)
        .replace("{nonce}", nonce)
        .replace("{icon}", ICON.read_text(encoding="utf-8"))
        .replace("{stage}", escape(shown["libraries"]))
        .replace("{first}", escape(shown["first"]))
        .replace("{data}", data)
    )


# Colours are the page's own (ui/theme.py), so that nothing flashes when it takes over.
_PAGE = """<!doctype html>
<html lang="{lang}" data-theme="{theme}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Solar Chat</title>
<link rel="icon" href="icon.svg">
<style>
:root { color-scheme: light dark; --ground: light-dark(#fbfaf8, #171513); --ink: light-dark(#292524, #f5f5f4); --soft: light-dark(#6b645e, #a8a29e);
  --line: light-dark(#e6e1d9, #3a342e); --sun: light-dark(#b85a16, #ee9c4f) }
[data-theme=light] { color-scheme: light }
[data-theme=dark] { color-scheme: dark }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--ground); color: var(--ink); word-break: keep-all;
  overflow-wrap: anywhere; font: 16px/1.65 "Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans KR", "Noto Sans CJK KR", system-ui, sans-serif }
main { width: min(30rem, 100vw); padding: 2rem 1.5rem; text-align: center }
svg { width: 72px; height: 72px }
h1 { font-size: 1.25rem; font-weight: 600; margin: .6rem 0 1.4rem }
#bar { height: 4px; border-radius: 2px; background: var(--line); overflow: hidden; margin: 0 auto 1rem; width: 12rem }
#bar i { display: block; width: 34%; height: 100%; border-radius: 2px; background: var(--sun); animation: way 1.5s ease-in-out infinite }
@keyframes way { from { transform: translateX(-100%) } to { transform: translateX(300%) } }
@media (prefers-reduced-motion: reduce) { #bar i { animation: none; width: 100% } }
#stage { margin: 0 }
#first { margin: .3rem 0 0; color: var(--soft); font-size: .9rem }
.failed #bar, .failed #first { display: none }
.failed #stage { text-align: start; border: 1px solid var(--line); border-radius: 12px; padding: .9rem 1.1rem;
  white-space: pre-line; user-select: text }
</style>
</head>
<body>
<main>
{icon}
<h1>Solar Chat</h1>
<div id="bar" aria-hidden="true"><i></i></div>
<p id="stage" role="status">{stage}</p>
<p id="first">{first}</p>
</main>
<script nonce="{nonce}">
(() => {
  const given = {data}
  const language = given.language !== 'auto' ? given.language : navigator.language.toLowerCase().startsWith('ko') ? 'ko' : 'en'
  const words = given.words[language]
  const stage = document.getElementById('stage')
  document.documentElement.lang = language
  stage.textContent = words.libraries
  document.getElementById('first').textContent = words.first
  const failed = (text) => {
    document.body.classList.add('failed')
    document.querySelector('h1').textContent = words.failed
    stage.setAttribute('role', 'alert')
    stage.textContent = text
  }
  let missed = 0
  const look = async () => {
    try {
      const state = await (await fetch('state', { cache: 'no-store' })).json()
      missed = 0
      if (state.url) return location.replace(state.url)
      if (state.error) return failed(state.error)
      stage.textContent = words[state.stage]
    } catch {
      // While it imports its libraries the program answers late; when it is gone, every try fails.
      if (++missed > 20) return failed(words.gone)
    }
    setTimeout(look, 150)
  }
  look()
})()
</script>
</body>
</html>
"""
