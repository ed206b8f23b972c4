// What the pages do on top of plain HTML. Each part looks for its own mark in the page and is gone without it.

/** `<input type="checkbox" data-select="id">` ticks every checkbox of that name in its form. */
document.addEventListener('change', ({ target }) => {
  if (!(target instanceof HTMLInputElement) || !target.dataset.select || !target.form) return
  for (const box of target.form.querySelectorAll(`input[type=checkbox][name="${target.dataset.select}"]`)) {
    if (!box.disabled) box.checked = target.checked
  }
})

/** `<button data-copy="id-of-an-element" hidden>` copies its text. Hidden until now, because without us it does nothing. */
const offerCopies = (place) => {
  for (const button of place.querySelectorAll('button[data-copy]')) button.hidden = !navigator.clipboard
}
offerCopies(document)
document.addEventListener('click', async ({ target }) => {
  const button = target instanceof Element ? target.closest('button[data-copy]') : null
  const source = button && document.getElementById(button.dataset.copy)
  if (!source) return
  await navigator.clipboard.writeText(source instanceof HTMLInputElement ? source.value : source.textContent)
  button.querySelector('[role=status]').textContent = button.dataset.copied
})

/** `<input type="search" data-filter="id">` shows, while typing, only the entries of that element which hold the words. */
for (const input of document.querySelectorAll('input[data-filter]'))
  input.closest('[hidden]')?.removeAttribute('hidden')
document.addEventListener('input', ({ target }) => {
  const place = target instanceof HTMLInputElement && document.getElementById(target.dataset.filter ?? '')
  if (!place) return
  const words = target.value.toLowerCase().split(/\s+/)
  for (const entry of place.querySelectorAll('li')) {
    const text = entry.textContent.toLowerCase()
    entry.hidden = !words.every((word) => text.includes(word))
  }
  for (const group of place.querySelectorAll('details')) {
    const left = group.querySelector('li:not([hidden])') !== null
    group.hidden = !left
    if (left && target.value !== '') group.open = true
  }
})

/**
 * `<section id="…" data-live="5">` fetches its own page again every so many seconds, or the one that `data-from` names, and
 * takes that section from it; one that is not there any more goes. `<nav id="…" data-along>` comes along each time.
 * It waits while the tab is hidden, while something in it has the focus, is ticked, opened or selected, and where less motion
 * is wanted.
 */
const isBusy = (place) =>
  place.contains(document.activeElement) ||
  place.querySelector('tbody input:checked, details[open]') !== null ||
  (!getSelection().isCollapsed && getSelection().containsNode(place, true))
/** As an attribute: the property of a form with a field called `id` is that field. */
const idOf = (place) => place.getAttribute('id')
const renew = (place, page) => {
  if (!place.isConnected || isBusy(place)) return
  const fresh = page.getElementById(idOf(place))
  if (!fresh) return place.remove()
  offerCopies(fresh)
  place.replaceWith(fresh)
}
const asked = new Map()
setInterval(async () => {
  if (document.hidden || matchMedia('(prefers-reduced-motion: reduce)').matches) return
  for (const place of document.querySelectorAll('[data-live][id]')) {
    const id = idOf(place)
    if (!asked.has(id)) asked.set(id, Date.now())
    if (Date.now() - asked.get(id) < Number(place.dataset.live) * 1000 || isBusy(place)) continue
    // Not again before this answer is there: an older one must not come last.
    asked.set(id, Infinity)
    const from = place.dataset.from ?? location.href
    const answer = await fetch(from, { headers: { accept: 'text/html' } }).catch(() => null)
    const text = answer?.ok && !answer.redirected ? await answer.text().catch(() => '') : ''
    asked.set(id, Date.now())
    if (text === '') continue
    const page = new DOMParser().parseFromString(text, 'text/html')
    for (const one of [place, ...document.querySelectorAll('[data-along][id]')]) renew(one, page)
  }
}, 1000)

/**
 * `<form data-preview="name …">` sends itself with `intent=preview` when a field of such a name changes, and takes what is
 * marked `data-fresh` from the answer.
 */
let last = 0
document.addEventListener('change', async ({ target }) => {
  const form = target.form
  if (!form?.dataset.preview?.split(' ').includes(target.name)) return
  const turn = ++last
  const body = new URLSearchParams(new FormData(form))
  body.set('intent', 'preview')
  const answer = await fetch(form.getAttribute('action'), { method: 'POST', body }).catch(() => null)
  if (!answer?.ok || answer.redirected) return
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
  if (turn === last) for (const one of form.querySelectorAll('[data-fresh][id]')) renew(one, page)
})

/**
 * `<dl data-unfold="Payload">` lets each entry be opened where it stands: it shows what the link of its term leads to, the
 * element of that `#id`. Where that cannot be had, the link alone stays.
 */
for (const list of document.querySelectorAll('dl[data-unfold]')) {
  for (const link of list.querySelectorAll('dt > a')) {
    const fold = document.createElement('details')
    const summary = fold.appendChild(document.createElement('summary'))
    const of = document.createElement('span')
    of.className = 'visually-hidden'
    of.textContent = `: ${link.textContent}`
    summary.append(list.dataset.unfold, of)
    link.closest('dt').nextElementSibling.append(fold)
    fold.addEventListener('toggle', () => unfold(fold, link), { once: true })
  }
}
async function unfold(fold, { href, hash }) {
  const answer = await fetch(href).catch(() => null)
  const text = answer?.ok && !answer.redirected ? await answer.text().catch(() => '') : ''
  const found = new DOMParser().parseFromString(text, 'text/html').getElementById(hash.slice(1))
  if (!found) return fold.remove()
  found.removeAttribute('id')
  fold.append(found)
}
