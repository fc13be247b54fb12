// The keyboard: what each shortcut does, the list of them, and the size of everything in the app's own window.
// Alt and a letter (Control and Option on a Mac) belong to no browser that has been looked at; nothing fires while a syllable is being composed, and a
// letter is where it lies on the keyboard, because with a Hangul layout the key is a jamo. The words are the server's (solar_chat/ui/shortcuts.py).
(() => {
  'use strict'
  const mac = /mac/i.test(navigator.userAgentData?.platform || navigator.platform || '')
  const find = (selector) => document.querySelector(selector)
  const list = () => find('#shortcuts')
  const composing = (event) => event.isComposing || event.keyCode === 229
  const inText = (target) => target instanceof Element && Boolean(target.closest('textarea, input:not([type="radio"], [type="checkbox"], [type="range"]), [contenteditable="true"]'))

  const letterOf = (event) => {
    if (/^[a-z]$/i.test(event.key)) return event.key.toLowerCase()
    if (event.code.startsWith('Key')) return event.code.slice(3).toLowerCase()
    return { Comma: ',', Slash: '/' }[event.code] || ''
  }
  const isChord = (event) => event.altKey && event.ctrlKey === mac && !event.metaKey && !event.shiftKey && !event.getModifierState('AltGraph')

  // A word in a corner for what is not seen otherwise.
  let said = null
  const say = (words) => {
    if (said) said.remove()
    said = Object.assign(document.createElement('div'), { id: 'said', textContent: words })
    said.setAttribute('role', 'status')
    document.body.append(said)
    const mine = said
    setTimeout(() => mine.remove(), 2000)
  }

  // What is on its way into sight cannot take the focus yet.
  const focus = (selector, frames = 30) => {
    const part = find(selector)
    if (part && part.offsetParent !== null && getComputedStyle(part).visibility === 'visible') part.focus()
    else if (frames) requestAnimationFrame(() => focus(selector, frames - 1))
  }
  const focusBox = () => {
    window.solarView('chat')
    focus('#box textarea')
  }
  const copyLast = () => {
    const copy = [...document.querySelectorAll('#chat .bot-row:not(:has(.reply-note.unanswered)) + .message-buttons button:first-child')].at(-1)
    if (copy) copy.click()
    say(copy ? list().dataset.copied : list().dataset.nothing)
  }
  const search = () => {
    if (!find('#conversations-panel.open')) find('#conversations-panel .toggle-button')?.click()
    focus('#search input, #search textarea')
  }
  const settings = () => {
    const closes = find('#settings.open')
    find('#settings > .toggle-button')?.click()
    if (closes) focusBox()
    else focus('#settings input:checked')
  }
  const show = () => {
    const dialog = list()
    if (!dialog || dialog.open) return
    dialog.querySelectorAll('kbd[data-letter]').forEach((key) => { key.textContent = `${mac ? '⌃⌥' : 'Alt+'}${key.dataset.letter.toUpperCase()}` })
    dialog.querySelector('.in-window').hidden = !window.pywebview
    dialog.querySelectorAll('kbd[data-zoom]').forEach((key) => { key.textContent = `${mac ? '⌘' : 'Ctrl+'}${key.dataset.zoom}` })
    dialog.showModal()
  }
  window.solarShortcuts = show
  const chords = { n: () => { find('#new-conversation')?.click(); focusBox() }, k: search, i: focusBox, c: copyLast, ',': settings, '/': show }

  // A browser has a zoom of its own; the app's window has none.
  const SIZES = [0.8, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2]
  const KEPT = 'solar-size'
  const resize = (size) => {
    document.documentElement.style.zoom = size === 1 ? '' : size
    document.documentElement.style.setProperty('--zoom', size)
    localStorage.setItem(KEPT, size)
  }
  const sizeNow = () => { const kept = Number(localStorage.getItem(KEPT)); return SIZES.includes(kept) ? kept : 1 }
  const zoom = (event) => {
    const wanted = { Equal: 1, NumpadAdd: 1, Minus: -1, NumpadSubtract: -1, Digit0: 0, Numpad0: 0 }[event.code]
    if (wanted === undefined) return false
    const at = SIZES.indexOf(sizeNow()) + wanted
    resize(wanted ? SIZES[Math.max(0, Math.min(SIZES.length - 1, at))] : 1)
    return true
  }
  const inWindow = () => { if (sizeNow() !== 1) resize(sizeNow()) }
  if (window.pywebview) inWindow()
  else addEventListener('pywebviewready', inWindow)

  const escape = (event) => {
    // What lies on top closes first, by its own rules.
    if (find('dialog[open], :popover-open, #mark-bubble')) return
    const stop = find('#box .stop-button')
    if (stop) {
      event.preventDefault()
      stop.click()
    } else if (event.target instanceof Element && event.target.closest('#settings.open')) settings()
  }
  document.addEventListener('keydown', (event) => {
    if (composing(event) || event.repeat || event.defaultPrevented) return
    if (event.key === 'Escape') return escape(event)
    if (find('dialog[open]')) return
    if (event.key === '?' && !event.ctrlKey && !event.metaKey && !event.altKey && !inText(event.target)) {
      event.preventDefault()
      return show()
    }
    if (isChord(event)) {
      const act = chords[letterOf(event)]
      if (!act || !list()) return
      event.preventDefault()
      return act()
    }
    if (window.pywebview && (mac ? event.metaKey : event.ctrlKey) && !event.altKey && zoom(event)) event.preventDefault()
  }, true)
  document.addEventListener('click', (event) => { if (event.target === list()) list().close() })
})()
