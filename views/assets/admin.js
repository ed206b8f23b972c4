// What the pages do on top of plain HTML. Each part looks for its own mark in the page and is gone without it.

/** `<input type="checkbox" data-select="id">` ticks every checkbox of that name in its form. */
document.addEventListener('change', ({ target }) => {
  if (!(target instanceof HTMLInputElement) || !target.dataset.select || !target.form) return
  for (const box of target.form.querySelectorAll(`input[type=checkbox][name="${target.dataset.select}"]`)) {
    if (!box.disabled) box.checked = target.checked
  }
})

/** `<button data-copy="id-of-an-element" hidden>` copies its text. Hidden until now, because without us it does nothing. */
for (const button of document.querySelectorAll('button[data-copy]')) button.hidden = !navigator.clipboard
document.addEventListener('click', async ({ target }) => {
  const button = target instanceof Element ? target.closest('button[data-copy]') : null
  const source = button && document.getElementById(button.dataset.copy)
  if (!source) return
  await navigator.clipboard.writeText(source instanceof HTMLInputElement ? source.value : source.textContent)
  button.querySelector('[role=status]').textContent = button.dataset.copied
})

/** `<a data-dialog="id">` opens that dialog instead of going to the page that asks the same. */
document.addEventListener('click', (event) => {
  const link = event.target instanceof Element ? event.target.closest('a[data-dialog]') : null
  const dialog = link && document.getElementById(link.dataset.dialog)
  if (!(dialog instanceof HTMLDialogElement) || event.ctrlKey || event.metaKey || event.shiftKey) return
  event.preventDefault()
  dialog.showModal()
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
 * `<section id="…" data-live="20">` fetches its own page again every so many seconds and takes that section from it.
 * It waits while the tab is hidden, while something in it has the focus or is ticked, and where less motion is wanted.
 */
for (const place of document.querySelectorAll('[data-live][id]')) {
  setInterval(
    async () => {
      const now = document.getElementById(place.id)
      const busy = document.hidden || now.contains(document.activeElement) || now.querySelector('tbody input:checked')
      if (busy || matchMedia('(prefers-reduced-motion: reduce)').matches) return
      const answer = await fetch(location.href, { headers: { accept: 'text/html' } }).catch(() => null)
      if (!answer?.ok || answer.redirected) return
      const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById(place.id)
      if (fresh && !now.contains(document.activeElement)) now.replaceWith(fresh)
    },
    Number(place.dataset.live) * 1000,
  )
}
