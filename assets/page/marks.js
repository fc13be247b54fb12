// Underlines the sentences of a reply that the guard mended or let slip, and shows what they were.
// The list in the note under a reply (solar_chat/ui/marks.py) names them; each is looked for in the drawn words of its reply and painted with the CSS
// Custom Highlight API, so that neither the Markdown nor the page's elements change. Without that API the list alone says it all.
(() => {
  'use strict'
  const KINDS = ['inflected', 'regenerated', 'slipped', 'strayed']
  const canPaint = typeof Highlight !== 'undefined' && CSS.highlights
  // Marks of Markdown, which are in a sentence's source and not in what is drawn, and white space, which is drawn as it likes.
  const DROPPED = /[\s*_`~#>|\\[\]()$-]/
  let marks = []

  // The drawn words of a reply without its note, as one text that leaves out what `DROPPED` says; `places[i]` is where its i-th character stands.
  const wordsOf = (message) => {
    const walker = document.createTreeWalker(message, NodeFilter.SHOW_TEXT, {
      acceptNode: (node) => node.parentElement.closest('.reply-note, .katex, button, style, script') ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT
    })
    let text = ''
    const places = []
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      for (let at = 0; at < node.data.length; at++) {
        if (DROPPED.test(node.data[at])) continue
        text += node.data[at]
        places.push([node, at])
      }
    }
    return { text, places }
  }
  const bare = (source) => [...source.replace(/!?\[([^\]\n]*)\]\([^)\n]*\)/g, '$1').replace(/^\s*(?:\d+[.)])\s+/, '')].filter((char) => !DROPPED.test(char)).join('')

  const find = (words, item) => {
    const sought = bare(item.querySelector('ins')?.textContent || '')
    if (!sought) return null
    const nth = Number((item.className.match(/\bnth-(\d+)/) || [0, 0])[1])
    let start = words.text.indexOf(sought)
    for (let seen = 0; seen < nth && start >= 0; seen++) start = words.text.indexOf(sought, start + sought.length)
    if (start < 0) return null
    const [first, from] = words.places[start]
    const [last, to] = words.places[start + sought.length - 1]
    const range = document.createRange()
    range.setStart(first, from)
    range.setEnd(last, to + 1)
    return range
  }

  const paint = () => {
    marks = []
    document.querySelectorAll('#chat .reply-note').forEach((note) => {
      const items = note.querySelectorAll('li.mark')
      if (!items.length) return
      const message = note.closest('.bot-row') || note.closest('.message')
      if (!message) return
      const words = wordsOf(message)
      items.forEach((item) => {
        const kind = KINDS.find((name) => item.classList.contains(name))
        const range = kind && find(words, item)
        if (range) marks.push({ kind, range, item, note })
      })
      note.querySelectorAll('button.step').forEach((button) => button.setAttribute('aria-expanded', String(shown?.button === button)))
    })
    if (canPaint) KINDS.forEach((kind) => CSS.highlights.set(`solar-${kind}`, new Highlight(...marks.filter((mark) => mark.kind === kind).map((mark) => mark.range))))
    if (shown && !marks.some((mark) => same(mark, shown.mark))) hide()
  }

  // One bubble at a time, beside the page's own elements, which Gradio draws again whenever it likes.
  let shown = null
  const same = (one, other) => one.note.isConnected && one.item.textContent === other.item.textContent && one.note === other.note
  const hide = () => {
    if (!shown) return
    shown.bubble.remove()
    shown.button?.setAttribute('aria-expanded', 'false')
    if (canPaint) CSS.highlights.delete('solar-shown')
    shown = null
  }
  const show = (mark, button) => {
    hide()
    const bubble = document.createElement('div')
    bubble.id = 'mark-bubble'
    bubble.setAttribute('role', 'status')
    const said = document.createElement('p')
    said.textContent = mark.item.querySelector('small')?.textContent || ''
    const before = mark.item.querySelector('del')
    if (before) {
      const was = document.createElement('p')
      was.append(mark.item.querySelector('.was')?.textContent || '')
      was.append(Object.assign(document.createElement('del'), { textContent: before.textContent }))
      bubble.append(was)
    }
    bubble.append(said)
    shown = { mark, bubble, button }
    document.body.append(bubble)
    const boxes = mark.range.getClientRects()
    if (boxes.length && (boxes[0].top < 60 || boxes[boxes.length - 1].bottom > innerHeight - 60)) mark.range.startContainer.parentElement.scrollIntoView({ block: 'center' })
    place()
    button?.setAttribute('aria-expanded', 'true')
    if (canPaint) CSS.highlights.set('solar-shown', new Highlight(mark.range))
  }
  const place = () => {
    if (!shown) return
    const boxes = shown.mark.range.getClientRects()
    if (!boxes.length) return hide()
    const anchor = boxes[0]
    const below = boxes[boxes.length - 1]
    const { width, height } = shown.bubble.getBoundingClientRect()
    shown.bubble.style.left = `${Math.max(8, Math.min(anchor.left, innerWidth - width - 8))}px`
    shown.bubble.style.top = `${below.bottom + 8 + height < innerHeight ? below.bottom + 8 : Math.max(8, anchor.top - height - 8)}px`
  }

  const under = (event) => marks.find((mark) => {
    return [...mark.range.getClientRects()].some((box) => event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom)
  })
  // A button in the note goes to its first sentence, then to the next, and after the last one hides the bubble.
  const step = (button) => {
    const note = button.closest('.reply-note')
    const kind = KINDS.find((name) => button.classList.contains(name))
    const own = marks.filter((mark) => mark.note === note && mark.kind === kind)
    if (!own.length) {
      const details = note.querySelector('details')
      if (details) details.open = !details.open
      return
    }
    const next = shown?.button === button ? own.findIndex((mark) => same(mark, shown.mark)) + 1 : 0
    if (next < own.length) show(own[next], button)
    else hide()
  }
  document.addEventListener('click', (event) => {
    if (!(event.target instanceof Element)) return
    if (event.target.closest('#mark-bubble')) return
    const undo = event.target.closest('#chat .undo-change')
    if (undo) {
      // Gradio has no button inside a message; its own one is out of sight. During an answer the change is part of what is being written.
      const own = document.querySelector('button#undo-change, #undo-change button')
      if (own && !window.solarBusy) own.click()
      return
    }
    const button = event.target.closest('#chat .reply-note button.step')
    if (button) return step(button)
    const mark = !event.target.closest('a, button, summary, textarea, input') && getSelection().isCollapsed && under(event)
    if (mark && !(shown && same(mark, shown.mark))) show(mark, null)
    else hide()
  })
  document.addEventListener('keydown', (event) => { if (event.key === 'Escape') hide() })
  document.addEventListener('mousemove', (event) => {
    const chat = event.target instanceof Element && event.target.closest('#chat')
    if (chat) chat.classList.toggle('over-mark', Boolean(marks.length && under(event)))
  }, { passive: true })
  document.addEventListener('scroll', place, { capture: true, passive: true })
  addEventListener('resize', place)

  let waiting = false
  const repaint = () => {
    if (waiting) return
    waiting = true
    // Not at every token: a reply has its note only when it is finished.
    setTimeout(() => { waiting = false; paint() }, 120)
  }
  new MutationObserver((changes) => {
    if (changes.some((change) => change.target instanceof Element ? !change.target.closest('#mark-bubble') && change.target.closest('#chat') : change.target.parentElement?.closest('#chat'))) repaint()
  }).observe(document.documentElement, { childList: true, subtree: true, characterData: true })
  paint()
})()
