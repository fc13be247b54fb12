// Says when this page opens and closes, to a program that ends by itself once nobody is there any more. A page that the browser puts to sleep says
// nothing, and is waited for.
(() => {
  'use strict'
  const say = (what) => navigator.sendBeacon(new URL(`app/${what}`, document.baseURI))
  say('hello')
  addEventListener('pagehide', () => say('goodbye'))
  // Back from the history: it was hidden, not closed.
  addEventListener('pageshow', (event) => { if (event.persisted) say('hello') })
})()
