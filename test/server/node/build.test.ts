import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { build, BuildError, buildIfStale } from '../../../server/node/build.ts'
import { mergedFiles, mergePo } from '../../../server/node/build/catalogs.ts'
import { write } from '../../../server/node/build/files.ts'
import { collectTexts } from '../../../server/node/build/texts.ts'

const OUTPUTS = ['views/templates.gen.ts', 'views/catalogs.gen.ts', 'views/assets.gen.ts', 'plugins/registry.gen.ts']
const PAGE = "<p><%= t('Hello {name}', { name: it.name }) %> <%= t.n('One site', '{count} sites', it.count) %></p>\n"

let root: string
const put = (path: string, text: string) => write(root, path, text)
const get = (path: string) => readFileSync(join(root, path), 'utf8')

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'hookline-build-'))
  put('views/pages/hello.eta', PAGE)
  put('views/assets/admin.css', 'body { margin: 0 }\n')
  put('plugins/shop/plugin.ts', 'export default {}\n')
  put('server/place.ts', 'export {}\n')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const texts = () => collectTexts(root).texts.map(({ one, other }) => (other === null ? one : [one, other]))
const problems = () => collectTexts(root).problems

/** What a build complains about. */
function complaints(): readonly string[] {
  try {
    build({ root, quiet: true })
    return []
  } catch (error) {
    if (error instanceof BuildError) return error.sentences
    throw error
  }
}

/** A Swedish file with every text, and the given changes to its text. */
function putSwedish(change: (po: string) => string = (po) => po): void {
  const empty = mergePo('sv', [], collectTexts(root).texts)
  const full = empty
    .replace('msgid "Hello {name}"\nmsgstr ""', 'msgid "Hello {name}"\nmsgstr "Hej {name}"')
    .replace('msgstr[0] ""\nmsgstr[1] ""', 'msgstr[0] "En webbplats"\nmsgstr[1] "{count} webbplatser"')
  put('views/locales/sv.po', change(full))
}

describe('a build', () => {
  test('makes modules that run as they are', async () => {
    putSwedish()
    expect(complaints()).toEqual([])
    const { assets } = await import(join(root, 'views/assets.gen.ts'))
    expect(assets['admin.css']).toMatchObject({ type: 'text/css; charset=utf-8', text: 'body { margin: 0 }\n' })
    expect(assets['admin.css'].file).toMatch(/^admin\.[\da-f]{12}\.css$/)
    const { catalogs } = await import(join(root, 'views/catalogs.gen.ts'))
    expect(catalogs.sv).toEqual({ 'Hello {name}': 'Hej {name}', 'One site': ['En webbplats', '{count} webbplatser'] })
    const { registry } = await import(join(root, 'plugins/registry.gen.ts'))
    expect(Object.keys(registry)).toEqual(['shop'])
    expect(get('views/templates.gen.ts')).toContain('"pages/hello": function (it, options)')
    expect(get('views/templates.gen.ts')).not.toContain('new Function')
  })

  test('names the templates of a plugin after it', () => {
    put('plugins/shop/orders.eta', '<p>Orders</p>')
    build({ root, quiet: true })
    expect(get('views/templates.gen.ts')).toContain('"@shop/orders": function')
  })

  test('says which template cannot be read', () => {
    put('views/pages/broken.eta', '<% if (')
    expect(() => build({ root, quiet: true })).toThrow(/^views\/pages\/broken\.eta cannot be compiled/)
  })
})

describe('the texts', () => {
  test('are found in templates, calls and the words of plugins', () => {
    put(
      'server/place.ts',
      "const a = msg('A {b}', { b: 1 })\nthrow fail('invalid', 'Do it\\'s way', {})\nt.say(a)\nit.t(\n  'Far',\n)\n",
    )
    put(
      'plugins/shop/plugin.ts',
      "event('order_paid', { title: 'Order Paid', sentence: 'A customer paid', sample: { title: 'not this', deep: { help: 'nor this' } }, description: 'Fires once.' })",
    )
    expect(texts()).toEqual([
      'A {b}',
      "Do it's way",
      'Far',
      'Order Paid',
      'A customer paid',
      'Fires once.',
      'Hello {name}',
      ['One site', '{count} sites'],
    ])
    expect(problems()).toEqual([])
  })

  test('are found in the code inside template literals, however deep', () => {
    put('server/place.ts', "const a = `${t('First')} and ${b({ c: `${t('Second')}` })}\n${\n  t(word)\n}`\n")
    expect(texts()).toEqual(['First', 'Second', 'Hello {name}', ['One site', '{count} sites']])
    expect(problems()).toEqual([expect.stringMatching(/^server\/place\.ts:3: the text of t\(…\) is not a literal/)])
  })

  test('are not looked for in comments, strings, patterns and definitions', () => {
    put(
      'server/place.ts',
      [
        "// t('in a line comment')",
        "/* t('in a comment') */",
        'const a = "t(\'in a string\')"',
        "const b = `t('in a template') ${`inner ${1}`}`",
        "const c = /['\"]/.test(a) || t('Behind a pattern')",
        "const route = 'GET /plugins/:slug/*'",
        "const d = x / y + t('Behind a division') / 2",
        'export const msg = (text: string) => text',
        'function t(text: string) {}',
        'a.msg(b)',
      ].join('\n'),
    )
    expect(texts()).toEqual(['Behind a pattern', 'Behind a division', 'Hello {name}', ['One site', '{count} sites']])
    expect(problems()).toEqual([])
  })

  test.each([
    't(word)',
    't(`Hello ${name}`)',
    "t('a' + b)",
    "t(x ? 'a' : 'b')",
    'msg(text)',
    "fail('invalid', text)",
    "t.n('one', many, 2)",
  ])('are literals: %s is refused', (call) => {
    put('server/place.ts', `\n${call}\n`)
    expect(problems()).toHaveLength(1)
    expect(problems()[0]).toMatch(/^server\/place\.ts:2: the text of \S+ is not a literal/)
  })

  test('may come from elsewhere where that is said', () => {
    put('server/place.ts', 't(/* translated elsewhere */ page.title)')
    expect(problems()).toEqual([])
  })

  test('are plain', () => {
    put('server/place.ts', "t('Press <b>Save</b>')")
    expect(complaints()).toEqual(['server/place.ts: "Press <b>Save</b>" holds HTML; texts are plain.'])
  })
})

describe('a translation', () => {
  test('that is complete passes, and languages without a file are left for later', () => {
    putSwedish()
    expect(complaints()).toEqual([])
  })

  test.each<[string, (po: string) => string, string]>([
    [
      'misses an entry',
      (po) => po.replace(/#: [^\n]*\nmsgid "Hello \{name\}"\nmsgstr "[^"]*"\n/, ''),
      '"Hello {name}" is missing. Run npm run i18n and translate it.',
    ],
    ['is empty', (po) => po.replace('"Hej {name}"', '""'), '"Hello {name}" is not translated.'],
    [
      'is fuzzy',
      (po) => po.replace('msgid "Hello', '#, fuzzy\nmsgid "Hello'),
      '"Hello {name}" is marked fuzzy. Check it and take the mark away.',
    ],
    [
      'renames a place',
      (po) => po.replace('Hej {name}', 'Hej {namn}'),
      '"Hello {name}" has the places name, its translation namn.',
    ],
    [
      'drops a place',
      (po) => po.replace('Hej {name}', 'Hej'),
      '"Hello {name}" has the places name, its translation none.',
    ],
    [
      'brings HTML',
      (po) => po.replace('Hej {name}', 'Hej <b>{name}</b>'),
      '"Hello {name}" is translated with HTML; texts are plain.',
    ],
    ['lacks a plural', (po) => po.replace('"{count} webbplatser"', '""'), '"One site" is not translated.'],
  ])('that %s fails the build', (_, change, sentence) => {
    putSwedish(change)
    expect(complaints()).toEqual([`views/locales/sv.po: ${sentence}`])
  })

  test('counts in two forms', () => {
    putSwedish((po) => po.replace('(n != 1)', '(n > 1)'))
    expect(complaints()).toEqual([
      expect.stringMatching(/^views\/locales\/sv\.po: Plural-Forms is "nplurals=2; plural=\(n > 1\);"; it has to be/),
    ])
  })

  test('may stand in the file of a plugin', () => {
    putSwedish((po) => po.replace('"Hej {name}"', '""'))
    put(
      'plugins/shop/sv.po',
      'msgid ""\nmsgstr "Plural-Forms: nplurals=2; plural=n != 1;\\n"\n\nmsgid "Hello {name}"\nmsgstr "Tjena {name}"\n',
    )
    expect(complaints()).toEqual([])
    expect(get('views/catalogs.gen.ts')).toContain('Tjena {name}')
  })

  test('is kept when the texts change: new ones are empty, old ones go', () => {
    putSwedish()
    put('views/pages/hello.eta', "<%= t('Hello {name}', it) %><%= t('New') %>")
    const merged = mergePo('sv', [get('views/locales/sv.po')], collectTexts(root).texts)
    expect(merged).toContain('msgstr "Hej {name}"')
    expect(merged).toContain('msgid "New"\nmsgstr ""')
    expect(merged).not.toContain('webbplatser')
  })
})

describe('the texts of a plugin that brings its translations', () => {
  const ITS = 'plugins/shop/sv.po'
  beforeEach(() => {
    putSwedish()
    put('plugins/shop/orders.eta', "<%= t('Orders') %><%= t('Hello {name}', it) %><%= t('Paid') %>")
    put(ITS, `${get('views/locales/sv.po').split('\n\n')[0]}\n\nmsgid "Orders"\nmsgstr "Ordrar"\n`)
  })

  test('are missing there, so that a package has them, unless the core has the same', () => {
    expect(complaints()).toEqual([`${ITS}: "Paid" is missing. Run npm run i18n and translate it.`])
  })

  test('are brought up to today there', () => {
    const files = mergedFiles(root, 'sv', collectTexts(root).texts)
    expect(Object.keys(files)).toEqual(['views/locales/sv.po', ITS])
    expect(files[ITS]).toContain('msgid "Orders"\nmsgstr "Ordrar"')
    expect(files[ITS]).toContain('msgid "Paid"\nmsgstr ""')
    expect(files[ITS]).not.toContain('Hello')
    expect(files['views/locales/sv.po']).toContain('Hej {name}')
    expect(files['views/locales/sv.po']).not.toContain('Orders')
  })
})

describe('a start', () => {
  const later = new Date(Date.now() + 60_000)

  test('makes what is missing, even where texts are wrong', () => {
    put('server/place.ts', 't(word)')
    buildIfStale(root)
    expect(OUTPUTS.filter((path) => !existsSync(join(root, path)))).toEqual([])
  })

  test('makes again what is older than its sources, or was taken away', () => {
    buildIfStale(root)
    const mark = (path: string) => writeFileSync(join(root, path), '// as it was')
    const isMarked = (path: string) => get(path) === '// as it was'

    OUTPUTS.forEach(mark)
    buildIfStale(root)
    expect(OUTPUTS.every(isMarked)).toBe(true)

    utimesSync(join(root, 'views/pages/hello.eta'), later, later)
    buildIfStale(root)
    expect(OUTPUTS.some(isMarked)).toBe(false)

    OUTPUTS.forEach(mark)
    rmSync(join(root, 'plugins/shop/plugin.ts'))
    buildIfStale(root)
    expect(OUTPUTS.some(isMarked)).toBe(false)

    OUTPUTS.forEach(mark)
    rmSync(join(root, 'views/assets.gen.ts'))
    buildIfStale(root)
    expect(OUTPUTS.some(isMarked)).toBe(false)
  })
})

test('removing one line from a translation of our own fails its build', { timeout: 30_000 }, () => {
  const home = resolve(import.meta.dirname, '../../..')
  for (const folder of ['views', 'plugins', 'server'])
    cpSync(join(home, folder), join(root, folder), { recursive: true })
  const all = collectTexts(root).texts
  expect(all.length).toBeGreaterThan(100)
  // English as if it were Swedish: complete, with the right places.
  const filled = mergePo('sv', [], all)
    .replaceAll(
      /^msgid (".+")\nmsgid_plural (".+")\nmsgstr\[0\] ""\nmsgstr\[1\] ""$/gm,
      'msgid $1\nmsgid_plural $2\nmsgstr[0] $1\nmsgstr[1] $2',
    )
    .replaceAll(/^msgid (".+")\nmsgstr ""$/gm, 'msgid $1\nmsgstr $1')
  put('views/locales/sv.po', filled)
  const before = complaints().filter((line) => line.startsWith('views/locales/sv.po'))
  expect(before).toEqual([])
  put('views/locales/sv.po', filled.replace(/^msgstr "Delivered"$/m, 'msgstr ""'))
  expect(complaints()).toContain('views/locales/sv.po: "Delivered" is not translated.')
})

test('plugins that npm installed are in the registry, with templates and translations; other packages are not', () => {
  const about = (more: object) =>
    JSON.stringify({ keywords: ['hookline-plugin'], peerDependencies: { hookline: '>=0.1.0' }, ...more })
  const names = [
    'hookline-plugin-till',
    '@acme/hookline-plugin-scale',
    'hookline-plugin-odd',
    'hookline-plugin-loose',
    'other',
  ]
  put('package.json', JSON.stringify({ dependencies: Object.fromEntries(names.map((name) => [name, '1.0.0'])) }))
  put('node_modules/hookline-plugin-till/package.json', about({ type: 'module', exports: './plugin.js' }))
  put('node_modules/hookline-plugin-till/plugin.js', 'export default { manifest: "till" }\n')
  put('node_modules/hookline-plugin-till/rolls.eta', "<p><%= t('Rolls') %></p>")
  put('node_modules/hookline-plugin-till/sv.po', 'msgid "Rolls"\nmsgstr "Rullar"\n')
  put('node_modules/@acme/hookline-plugin-scale/package.json', about({}))
  put('node_modules/hookline-plugin-odd/package.json', about({ keywords: [] }))
  put('node_modules/hookline-plugin-loose/package.json', about({ peerDependencies: {} }))
  put('node_modules/other/package.json', about({}))
  buildIfStale(root)
  expect(get('plugins/registry.gen.ts')).toContain(
    `export const installed = {\n  "scale": () => import('@acme/hookline-plugin-scale'),\n  "till": () => import('hookline-plugin-till'),\n}`,
  )
  expect(get('views/templates.gen.ts')).toContain('"@till/rolls": function (it, options)')
  expect(get('views/catalogs.gen.ts')).toContain('"Rolls": "Rullar"')
  // Its texts are its author's business: one that is not translated stops no build here.
  expect(collectTexts(root).texts.map(({ one }) => one)).not.toContain('Rolls')
  const script = `import('./plugins/registry.gen.ts').then(({ installed }) => installed.till()).then((found) => console.log(found.default.manifest))`
  expect(execFileSync(process.execPath, ['-e', script], { cwd: root, encoding: 'utf8' })).toBe('till\n')
})
