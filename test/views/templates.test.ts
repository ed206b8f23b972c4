import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { example } from '../../server/admin/styleguide.ts'
import { filesBelow } from '../../server/node/build/files.ts'
import { translator } from '../../server/web/i18n.ts'
import { render } from '../../server/web/render.ts'

const root = resolve(import.meta.dirname, '../..')
const files = [...filesBelow(root, 'views', ['.eta']), ...filesBelow(root, 'plugins', ['.eta'])]
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const t = translator('en', 'Europe/Oslo')
/** A plugin's own template, rendered by the same engine beforehand, so that its fault becomes a notice. */
const RENDERED = { path: 'views/pages/plugin/page.eta', name: 'it.html' }

describe.each(files)('%s', (path) => {
  const source = read(path)
  const markup = source.replaceAll(/<%[\s\S]*?%>/g, '')

  test('writes nothing unescaped but its partials', () => {
    const shorthands = Array.from(source.matchAll(/const (\w+) = \([^)]*\) => include\(/g), (match) => match[1] ?? '')
    for (const [, name = ''] of source.matchAll(/<%[-_]?\s*~\s*([^(%]*)/g))
      expect(['include', ...shorthands, ...(path === RENDERED.path ? [RENDERED.name] : [])]).toContain(name.trim())
    expect(source).not.toMatch(/__eta|\boutput\(/)
  })

  test('has no inline style, script or handler', () => {
    expect(markup).not.toMatch(/\sstyle\s*=|\son[a-z]+\s*=|<style|javascript:/i)
    expect(markup).not.toMatch(/<script(?![^>]*\ssrc=)/i)
  })

  test('sends every link from data through safeUrl or asset', () => {
    for (const [, code = ''] of source.matchAll(/(?:href|action|formaction|src)="<%=\s*(.*?)\s*%>/g)) {
      expect(code).toMatch(/^(safeUrl\(|asset\(|base$)/)
    }
  })
})

test('the style guide shows every partial', () => {
  const used = new Set<string>()
  const visit = (name: string) => {
    if (used.has(name)) return
    used.add(name)
    for (const [, inner = ''] of read(`views/${name}.eta`).matchAll(/include\('([^']+)'/g)) visit(inner)
  }
  for (const name of ['layout', 'plain', 'pages/styleguide/styleguide']) visit(name)
  const partials = files
    .filter((path) => path.startsWith('views/partials/'))
    .map((path) => path.slice('views/'.length, -'.eta'.length))
  expect(partials.filter((name) => !used.has(name))).toEqual([])
})

test('every component renders, escaped and with its pieces in place', () => {
  const html = render('pages/styleguide/styleguide', { t, base: '/network', ...example(Date.UTC(2026, 8, 14)) })
  expect(html).toContain('&lt;b&gt;Kari&lt;/b&gt; &amp;')
  expect(html).not.toContain('<b>Kari')
  expect(html).not.toContain('never written')
  expect(html).not.toMatch(/undefined|\[object Object\]|NaN/)
  expect(html).toContain('>12345678901234567890</span>')
})

test('ids of the style guide are unique, and every reference finds its id', () => {
  const html = render('pages/styleguide/styleguide', { t, base: '/network', ...example(0) })
  const ids = Array.from(html.matchAll(/\sid="([^"]+)"/g), (match) => match[1] ?? '')
  expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([])
  const references = Array.from(
    html.matchAll(/\s(?:for|aria-labelledby|aria-describedby|data-copy|data-filter)="([^"]+)"/g),
  )
  for (const [, list = ''] of references) for (const id of list.split(' ')) expect(ids).toContain(id)
})

describe('a field', () => {
  const field = (data: object) =>
    render('partials/field', { t, base: '', name: 'auth.username', label: 'Name', ...data })

  test('ties help and error to its input, and says that it is required', () => {
    const html = field({ help: 'Shown in lists.', error: 'Give a name.', required: true, value: '"><script>' })
    expect(html).toContain('aria-describedby="auth-username-help auth-username-error"')
    expect(html).toContain('aria-invalid="true"')
    expect(html).toContain('id="auth-username-help">Required. Shown in lists.</p>')
    expect(html).toContain('value="&quot;&gt;&lt;script&gt;"')
    expect(html).toContain('<label for="auth-username">')
  })

  test('without help or error refers to nothing', () => {
    expect(field({})).not.toMatch(/aria-|<p/)
  })

  test('never writes a password', () => {
    expect(field({ type: 'password', value: 'hunter2' })).not.toContain('hunter2')
  })

  test('keeps the first empty line of a text', () => {
    expect(field({ type: 'textarea', value: '\nfirst' })).toContain('>\n\nfirst</textarea>')
  })
})

test.each([
  ['delivery', 'delivered', 'good', 'Delivered'],
  ['webhook', 'disabled', 'bad', 'Disabled'],
  ['plugin', 'must_use', 'idle', 'Must-use'],
  ['delivery', 'unheard_of', 'idle', 'unheard_of'],
])('a %s that is %s looks %s and says %s', (kind, state, tone, word) => {
  const html = render('partials/status', { t, base: '', kind, state })
  expect(html).toContain(`data-tone="${tone}"`)
  expect(html).toContain(`</svg>${word}</span>`)
})
