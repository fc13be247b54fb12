// What the page needs before Gradio is there: language and theme as they were left, and the rules of the Enter key.
// `solarLeft` is written by the server into the head: {language: "auto"|"ko"|"en", theme: "system"|"light"|"dark", views: ["chat", …], visitor?: true}.
// Gradio's own parts that are touched: `changeLocale` of its core bundle, the `__theme` query, `#box .stop-button`. Each is checked for.
(() => {
  'use strict'
  const left = window.solarLeft || { language: 'auto', theme: 'system', views: ['chat'] }

  // In another site's frame (a Space inside the Hub) a private window refuses the storage by an error, on which Gradio's start breaks off. Then the
  // page keeps what it would have kept for as long as it is open.
  const inMemory = () => {
    const kept = new Map()
    return {
      getItem: (key) => (kept.has(String(key)) ? kept.get(String(key)) : null),
      setItem: (key, value) => { kept.set(String(key), String(value)) },
      removeItem: (key) => { kept.delete(String(key)) },
      clear: () => kept.clear(),
      key: (index) => [...kept.keys()][index] ?? null,
      get length() { return kept.size }
    }
  }
  for (const name of ['localStorage', 'sessionStorage']) {
    try { window[name].getItem('') } catch { Object.defineProperty(window, name, { value: inMemory(), configurable: true }) }
  }

  // The server knows how the owner left the page. What a visitor chose is kept in the visitor's own browser, until the visit is ended.
  const LOOK = 'solar-chat-look'
  const keepLook = (changed) => {
    if (!left.visitor) return
    try { localStorage.setItem(LOOK, JSON.stringify({ ...JSON.parse(localStorage.getItem(LOOK) || '{}'), ...changed })) } catch { /* no storage: until the next reload */ }
  }
  if (left.visitor) {
    try {
      const { language, theme } = JSON.parse(localStorage.getItem(LOOK) || '{}')
      if (['auto', 'ko', 'en'].includes(language)) left.language = language
      if (['system', 'light', 'dark'].includes(theme)) left.theme = theme
    } catch { /* as for a first visit */ }
  }
  window.solarForgetLook = () => { try { localStorage.removeItem(LOOK) } catch { /* nothing was kept */ } }
  const browserLanguage = navigator.language || 'en'
  const resolve = (choice) => (choice === 'ko' || choice === 'en' ? choice : browserLanguage.toLowerCase().startsWith('ko') ? 'ko' : 'en')

  // Gradio reads the browser's language once, while it starts. Any third language would leave our own words without a translation.
  const pretend = (language) => {
    document.documentElement.lang = language
    Object.defineProperty(navigator, 'language', { get: () => language, configurable: true })
    Object.defineProperty(navigator, 'languages', { get: () => [language], configurable: true })
  }
  pretend(resolve(left.language))

  const systemDark = window.matchMedia('(prefers-color-scheme: dark)')
  const themeInUrl = (choice) => {
    const url = new URL(location.href)
    if (choice === 'system') url.searchParams.delete('__theme')
    else url.searchParams.set('__theme', choice)
    history.replaceState(null, '', url)
  }
  themeInUrl(left.theme)
  const isDark = (choice) => choice === 'dark' || (choice === 'system' && systemDark.matches)
  // Before there is a body, so that a dark page never flashes white.
  document.documentElement.classList.toggle('solar-dark', isDark(left.theme))

  let theme = left.theme
  window.solarTheme = (choice) => {
    theme = choice
    keepLook({ theme })
    themeInUrl(choice)
    document.body.classList.toggle('dark', isDark(choice))
    document.documentElement.classList.toggle('solar-dark', isDark(choice))
  }
  systemDark.addEventListener('change', () => window.solarTheme(theme))

  // Returns the language the page speaks from now on; the words change a moment later, without losing what was typed.
  window.solarLanguage = (choice) => {
    keepLook({ language: choice })
    const language = resolve(choice)
    pretend(language)
    const core = performance.getEntriesByType('resource').map((entry) => entry.name).find((name) => /\/assets\/core-[^/]+\.js/.test(name))
    if (core) import(core).then((module) => module.changeLocale && module.changeLocale(language))
    return language
  }

  // On a phone an open panel covers the whole page.
  window.solarClosePanels = () => {
    if (innerWidth < 768) document.querySelectorAll('.sidebar.open > .toggle-button').forEach((button) => button.click())
  }

  // Which view is open stands in the address, so that a reload, a link and the Back button find it. The server hears of it by a click on the unseen
  // button of the view, because only then has the view something to draw.
  const viewInUrl = () => { const name = location.hash.slice(1); return left.views.includes(name) ? name : 'chat' }
  const markView = () => {
    const view = viewInUrl()
    document.documentElement.dataset.view = view
    document.querySelectorAll('.view-link').forEach((way) => {
      if (way.id === `go-${view}`) way.setAttribute('aria-current', 'page')
      else way.removeAttribute('aria-current')
    })
  }
  window.solarViewShown = () => { const opened = document.getElementById(`opened-${viewInUrl()}`); if (opened) opened.click() }
  window.solarView = (view) => {
    window.solarClosePanels()
    if (view !== viewInUrl()) location.hash = view === 'chat' ? '' : view
  }
  // Another window may have changed what this one shows.
  window.addEventListener('focus', () => { const refresh = document.getElementById(`refresh-${viewInUrl()}`); if (refresh) refresh.click() })
  window.addEventListener('hashchange', () => { markView(); window.solarViewShown() })
  markView()

  // Gradio reports a choice only when it is another one; on a phone the conversation on show is one to go back to.
  document.addEventListener('click', (event) => {
    if (event.target instanceof Element && event.target.tagName !== 'INPUT' && event.target.closest('#conversations label.selected')) window.solarView('chat')
  })

  // Gradio keeps a correction that was begun by its place in the list: where other messages come, it would stand over one of those.
  const BRINGS_OTHER_MESSAGES = '#new-conversation, #conversations label, #delete, #undo, #earlier, #previous-version, #next-version'
  document.addEventListener('click', (event) => {
    if (!(event.target instanceof Element) || !event.target.closest(BRINGS_OTHER_MESSAGES)) return
    document.querySelectorAll('#chat .edit-textarea').forEach((text) => {
      const buttons = text.closest('.message-row')?.parentElement.querySelectorAll('.message-buttons-right button')
      if (buttons?.length === 2) buttons[1].click()
    })
  }, true)

  // Enter, seen before Gradio sees it. While a syllable is being composed Enter belongs to the input method; without text there is nothing to send;
  // during an answer it would empty the box for nothing.
  window.solarBusy = false
  const box = (target) => target instanceof Element && target.closest('#box')
  const swallow = (event) => { event.preventDefault(); event.stopImmediatePropagation() }
  document.addEventListener('keypress', (event) => {
    if (event.key !== 'Enter') return
    if (event.isComposing) return swallow(event)
    if (!box(event.target) || event.shiftKey) return
    if (window.solarBusy || document.querySelector('#box .stop-button') || !event.target.value.trim()) swallow(event)
  }, true)
  document.addEventListener('click', (event) => {
    if (!(event.target instanceof Element) || !event.target.closest('#box .submit-button')) return
    const text = document.querySelector('#box textarea')
    if (window.solarBusy || !text || !text.value.trim()) swallow(event)
  }, true)

  // A draft that rests is read ahead by the model. Only on this computer: what was not sent leaves no other one. Seen in the box itself, because Gradio
  // says nothing while a syllable is being composed; nothing is ever written into it.
  const DRAFT_RESTS_MS = 400
  const SHORTEST_DRAFT = 4
  // A pasted book is not uploaded at every pause.
  const LONGEST_DRAFT = 20000
  const atHome = ['localhost', '127.0.0.1', '[::1]'].includes(location.hostname)
  let resting = 0
  window.solarDraft = () => {
    const text = document.querySelector('#box textarea')
    return atHome && !window.solarBusy && text && text.value.length <= LONGEST_DRAFT ? text.value : ''
  }
  window.solarDraftMoved = () => {
    clearTimeout(resting)
    if (!atHome) return
    resting = setTimeout(() => {
      const draft = window.solarDraft()
      if (draft.trim().length < SHORTEST_DRAFT || document.querySelector('#box .stop-button')) return
      const rests = document.querySelector('#draft-rests')
      if (rests) rests.click()
    }, DRAFT_RESTS_MS)
  }
  for (const kind of ['input', 'compositionend']) {
    document.addEventListener(kind, (event) => { if (box(event.target)) window.solarDraftMoved() }, true)
  }

  // The window is called after what it shows, and Gradio's English names become the reader's; the words are in the list of shortcuts.
  const call = (selector, name) => {
    const thing = document.querySelector(selector)
    if (thing && name && thing.getAttribute('aria-label') !== name) thing.setAttribute('aria-label', name)
  }
  // A window of its own does not take the page's title by itself, and is there to be told a moment after the page. One call behind the other: each
  // has a thread of its own there.
  let told = Promise.resolve()
  const titleWindow = () => { told = told.then(() => window.pywebview?.api?.show_title?.(document.title)).catch(() => {}) }
  window.addEventListener('pywebviewready', titleWindow)
  const nameThings = () => {
    const words = document.querySelector('#shortcuts')
    if (!words) return
    call('#conversations-panel > .toggle-button', words.dataset.listPanel)
    call('#settings > .toggle-button', words.dataset.settingsPanel)
    call('#chat .bubble-wrap', words.dataset.messages)
    document.querySelectorAll('[aria-label^="number input for "], [aria-label^="range slider for "]').forEach((part) => {
      part.setAttribute('aria-label', part.getAttribute('aria-label').replace(/^(number input|range slider) for /, ''))
    })
    // A conversation that was begun has its row of buttons.
    const chat = viewInUrl() === 'chat'
    const shown = chat ? document.querySelector('#manage button') && document.querySelector('#title h1') : document.querySelector(`.of-${viewInUrl()}.view-heading`)
    const title = shown && shown.textContent.trim() ? `${shown.textContent.trim()} - Solar Chat` : 'Solar Chat'
    if (document.title === title) return
    document.title = title
    titleWindow()
  }

  // What Gradio leaves out for screen readers and keyboards: it labels every message in English with its source text (the message itself is better),
  // gives groups of radio buttons no name, and makes every radio button a group of its own, so that arrow keys do nothing.
  const repairNames = () => {
    document.querySelectorAll('#chat .message [data-testid][aria-label]').forEach((message) => message.removeAttribute('aria-label'))
    markView()
    nameThings()
    document.querySelectorAll('fieldset[id]').forEach((group) => {
      const label = group.querySelector('[data-testid="block-info"]')
      if (label && group.getAttribute('aria-label') !== label.innerText.trim()) group.setAttribute('aria-label', label.innerText.trim())
      group.querySelectorAll('input[type="radio"]').forEach((button) => { if (button.name !== group.id) button.name = group.id })
    })
  }
  let looking = false
  new MutationObserver(() => {
    if (looking) return
    looking = true
    requestAnimationFrame(() => { looking = false; repairNames() })
  }).observe(document.documentElement, { childList: true, subtree: true })

  // A conversation is saved from here, so that no file of it lies on the server. Returns the emptied carrier of the text.
  window.solarSave = (text, title) => {
    if (text) {
      const name = new DOMParser().parseFromString(title || '', 'text/html').body.textContent.replace(/[\\/:*?"<>|\u0000-\u001f]+/g, ' ').trim()
      const link = document.createElement('a')
      link.href = URL.createObjectURL(new Blob([text], { type: 'text/markdown;charset=utf-8' }))
      link.download = `${name.slice(0, 60) || 'Solar Chat'}.md`
      link.click()
      setTimeout(() => URL.revokeObjectURL(link.href), 10000)
    }
    return ''
  }

  // The note under a reply is not part of what is copied.
  const clipboard = navigator.clipboard
  if (clipboard && clipboard.writeText) {
    const write = clipboard.writeText.bind(clipboard)
    clipboard.writeText = (text) => write(text.replace(/\s*<div class="reply-note">[\s\S]*?<\/div>\s*$/, ''))
  }
})()
