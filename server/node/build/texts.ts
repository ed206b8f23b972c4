import { filesBelow, read } from './files.ts'
import { compileTemplates } from './templates.ts'
import { tokens, tokensInside, type Token } from './tokens.ts'

/** An English text for people: the key of its translations. `other` is there when it has a plural. */
export interface Text {
  readonly one: string
  readonly other: string | null
  readonly paths: readonly string[]
}

/** All texts, in the order of the files that hold them, and a sentence for each that cannot be read. */
export interface Texts {
  readonly texts: readonly Text[]
  readonly problems: readonly string[]
}

/** Which argument of each call is a text. */
const CALLS = new Map([
  ['t', [0]],
  ['t.n', [0, 1]],
  ['msg', [0]],
  ['fail', [1]],
])
/** What a plugin's own words are called in its manifest, events, settings and pages. */
const PROPERTIES = new Set(['title', 'sentence', 'description', 'help'])
/** Stands beside a key that is not a literal, because the literal stands, marked, elsewhere. */
const ELSEWHERE = '/* translated elsewhere */'

/** Collects every text of server, views and plugins. */
export function collectTexts(root: string): Texts {
  const found = new Map<string, { other: string | null; paths: Set<string> }>()
  const problems: string[] = []
  const add = (path: string, one: string, other: string | null) => {
    if (one.replaceAll(/\{\w+\}|\W/g, '') === '') return
    const text = found.get(one) ?? { other: null, paths: new Set() }
    found.set(one, { other: other ?? text.other, paths: text.paths.add(path) })
    if (/<[a-z/!]|&\w+;/i.test(one + other))
      problems.push(`${path}: ${JSON.stringify(one)} holds HTML; texts are plain.`)
  }
  const look = (path: string, list: readonly Token[]) => {
    for (const text of calls(list)) {
      if ('problem' in text) problems.push(`${path}:${text.line}: ${text.problem}`)
      else add(path, text.one, text.other)
    }
    if (path.startsWith('plugins/') && path.endsWith('.ts')) for (const text of properties(list)) add(path, text, null)
    for (const token of list) if (token.kind === 'template') for (const code of tokensInside(token)) look(path, code)
  }
  for (const folder of ['server', 'plugins']) {
    for (const path of filesBelow(root, folder, ['.ts']))
      if (!path.endsWith('.gen.ts')) look(path, tokens(read(root, path)))
  }
  for (const { path, body } of compileTemplates(root)) {
    // What npm installed is translated where it was made; a plugin that lacks a text must not stop the host's build.
    if (!path.startsWith('node_modules/')) look(path, tokens(body))
  }
  return { texts: [...found].map(([one, { other, paths }]) => ({ one, other, paths: [...paths] })), problems }
}

type Found = { one: string; other: string | null } | { problem: string; line: number }

/** The texts in calls of `t`, `t.n`, `msg` and `fail`. */
function* calls(list: readonly Token[]): Generator<Found> {
  for (let i = 0; i < list.length; i++) {
    const start = list[i]
    if (start?.kind !== 'name') continue
    const plural = start.value === 't' && list[i + 1]?.value === '.' && list[i + 2]?.value === 'n'
    const name = plural ? 't.n' : start.value
    const open = i + (plural ? 3 : 1)
    const places = CALLS.get(name)
    if (!places || list[open]?.value !== '(' || list[i - 1]?.value === 'function') continue
    if (name !== 't' && name !== 't.n' && list[i - 1]?.value === '.') continue
    const args = argumentsFrom(list, open + 1)
    const [one, other = null] = places.map((place) => literal(args[place] ?? []))
    if (typeof one === 'string' && (places.length === 1 || typeof other === 'string')) yield { one, other }
    else if (!args.flat().some((token) => token.value === ELSEWHERE)) {
      yield { line: start.line, problem: `the text of ${name}(…) is not a literal, so it cannot be translated.` }
    }
  }
}

/** The tokens of each argument of a call, from behind its opening bracket. */
function argumentsFrom(list: readonly Token[], start: number): Token[][] {
  const args: Token[][] = [[]]
  let depth = 0
  for (const token of list.slice(start)) {
    if (token.kind === 'mark' && ')]}'.includes(token.value) && depth-- === 0) break
    if (token.kind === 'mark' && '([{'.includes(token.value)) depth++
    if (token.kind === 'mark' && token.value === ',' && depth === 0) args.push([])
    else args.at(-1)?.push(token)
  }
  return args
}

/** The value of an argument that is one plain string, else null. */
function literal(argument: readonly Token[]): string | null {
  const [token, ...more] = argument.filter(({ kind }) => kind !== 'comment')
  return token?.kind === 'string' && more.length === 0 ? token.value : null
}

/** A plugin's own words: `title: '…'` and the like, but not inside the sample of an event. */
function* properties(list: readonly Token[]): Generator<string> {
  for (let i = 0; i < list.length; i++) {
    const [name, colon, value] = [list[i], list[i + 1], list[i + 2]]
    if (name?.kind !== 'name' || colon?.value !== ':') continue
    if (name.value === 'sample' && value?.value === '{') i += argumentsFrom(list, i + 3).flat().length + 3
    else if (PROPERTIES.has(name.value) && value?.kind === 'string') yield value.value
  }
}
