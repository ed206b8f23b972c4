import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { po, type Entry, type Po } from 'gettext-parser'
import { filesBelow, read } from './files.ts'
import { installedPlugins } from './installed.ts'
import type { Text } from './texts.ts'

export const languages = ['sv', 'nl', 'es', 'nb'] as const
export const POT = 'views/locales/hookline.pot'
export const PLURALS = 'nplurals=2; plural=(n != 1);'

const poPath = (language: string): string => `views/locales/${language}.po`

/** The core's file of a language and those that plugins bring: later ones win. Missing ones are left out. */
const poFiles = (root: string, language: string): string[] =>
  [poPath(language), ...filesBelow(root, 'plugins', [`/${language}.po`, `${language}.po`])].filter((path) =>
    existsSync(join(root, path)),
  )

/**
 * Where the translations of a text stand: beside the plugins that bring files of their own, as these go along when a plugin
 * is packed; and with the core's where anything else has the text too.
 */
function homesOf(language: string, files: readonly string[], { paths }: Text): readonly string[] {
  const core = poPath(language)
  const homes = paths.map((path) => {
    const beside = `${path.split('/', 2).join('/')}/${language}.po`
    return files.includes(beside) ? beside : core
  })
  return homes.includes(core) ? [core] : [...new Set(homes)]
}

const entries = (file: Po): Entry[] => Object.values(file.translations[''] ?? {}).filter((entry) => entry.msgid !== '')

const isFuzzy = (entry: Entry): boolean => entry.comments?.flag?.includes('fuzzy') ?? false

/** What a file of translations holds: the English text, and its translation; with a plural, both forms. */
export function entriesOf(text: string): Record<string, string | string[]> {
  const known = new Map<string, string | string[]>()
  for (const entry of entries(po.parse(text))) {
    const [one, other] = entry.msgstr
    if (one && !isFuzzy(entry)) known.set(entry.msgid, other ? [one, other] : one)
  }
  return Object.fromEntries(known)
}

/** The module with all translations, by language. */
export function catalogsModule(root: string): string {
  const catalogs = languages.map((language) => {
    const bundled = installedPlugins(root).flatMap(({ folder }) => filesBelow(root, folder, [`${language}.po`]))
    // Of one text, ours is the translation that counts.
    const files = [...bundled, ...poFiles(root, language)]
    return [language, Object.assign({}, ...files.map((path) => entriesOf(read(root, path))))]
  })
  return `// Made by server/node/build.ts from the .po files.
export type Catalog = Readonly<Record<string, string | readonly string[]>>

export const catalogs: Readonly<Record<string, Catalog>> = ${JSON.stringify(Object.fromEntries(catalogs), null, 2)}
`
}

/** One sentence for everything that keeps a language from being complete. Languages without any file are left out. */
export function problemsOfTranslations(root: string, texts: readonly Text[]): string[] {
  return languages.flatMap((language) => {
    const files = poFiles(root, language)
    if (files.length === 0) return []
    const known = new Map<string, Entry>()
    const problems: string[] = []
    for (const path of files) {
      const file = po.parse(read(root, path))
      for (const entry of entries(file)) known.set(entry.msgid, entry)
      const plurals = file.headers['Plural-Forms'] ?? ''
      if (plurals.replaceAll(/[\s();]/g, '') !== PLURALS.replaceAll(/[\s();]/g, '')) {
        problems.push(`${path}: Plural-Forms is ${JSON.stringify(plurals)}; it has to be ${JSON.stringify(PLURALS)}.`)
      }
    }
    for (const text of texts) {
      const problem = problemOf(text, known.get(text.one))
      if (problem) problems.push(`${homesOf(language, files, text)[0]}: ${JSON.stringify(text.one)} ${problem}`)
    }
    return problems
  })
}

function problemOf(text: Text, entry: Entry | undefined): string | null {
  if (!entry) return 'is missing. Run npm run i18n and translate it.'
  if (isFuzzy(entry)) return 'is marked fuzzy. Check it and take the mark away.'
  const forms = text.other === null ? [entry.msgstr[0] ?? ''] : [entry.msgstr[0] ?? '', entry.msgstr[1] ?? '']
  if (forms.some((form) => form.trim() === '')) return 'is not translated.'
  if (forms.some((form) => /<[a-z/!]|&\w+;/i.test(form))) return 'is translated with HTML; texts are plain.'
  const wanted = [text.one, text.other ?? text.one]
  for (const [i, form] of forms.entries()) {
    // "One delivery" may leave the figure out: the first form only ever stands for one.
    const free = text.other !== null && i === 0 ? 'count' : ''
    const want = places(wanted[i] ?? '', free)
    const has = places(form, free)
    if (want !== has) return `has the places ${want || 'none'}, its translation ${has || 'none'}.`
  }
  return null
}

const places = (text: string, free: string): string =>
  [...new Set(Array.from(text.matchAll(/\{(\w+)\}/g), (match) => match[1]))]
    .filter((name) => name !== free)
    .sort()
    .join(', ')

/** The file that translators start from. */
export function potOf(texts: readonly Text[]): string {
  return compile({ 'Content-Type': 'text/plain; charset=utf-8', 'Plural-Forms': PLURALS }, texts, () => undefined)
}

/** A language's files, each with its texts of today, by their paths. */
export function mergedFiles(root: string, language: string, texts: readonly Text[]): Readonly<Record<string, string>> {
  const files = poFiles(root, language)
  const old = files.map((path) => read(root, path))
  return Object.fromEntries(
    [...new Set([poPath(language), ...files])].map((path) => {
      const own = texts.filter((text) => homesOf(language, files, text).includes(path))
      return [path, mergePo(language, old, own)]
    }),
  )
}

/** A language's file with these texts: what is translated in one of the old files stays, new texts are empty, old ones go. */
export function mergePo(language: string, old: readonly string[], texts: readonly Text[]): string {
  const filled = old.flatMap((text) => entries(po.parse(text))).filter(({ msgstr }) => msgstr.some(Boolean))
  const known = new Map(filled.map((entry) => [entry.msgid, entry]))
  return compile(
    { 'Content-Type': 'text/plain; charset=utf-8', Language: language, 'Plural-Forms': PLURALS },
    texts,
    (one) => known.get(one),
  )
}

function compile(
  headers: Record<string, string>,
  texts: readonly Text[],
  known: (one: string) => Entry | undefined,
): string {
  const list = texts.map(({ one, other, paths }): [string, Entry] => {
    const old = known(one)
    const flag = old?.comments?.flag
    const comments = { reference: paths.join('\n'), ...(flag ? { flag } : {}) }
    if (other === null) return [one, { msgid: one, msgstr: [old?.msgstr[0] ?? ''], comments }]
    return [one, { msgid: one, msgid_plural: other, msgstr: [old?.msgstr[0] ?? '', old?.msgstr[1] ?? ''], comments }]
  })
  const file: Po = { charset: 'utf-8', headers, translations: { '': Object.fromEntries(list) } }
  return `${new TextDecoder().decode(po.compile(file, { foldLength: 0 })).trimEnd()}\n`
}
