/** A piece of JavaScript or TypeScript, as far as looking for texts needs to know it. */
export interface Token {
  readonly kind: 'string' | 'template' | 'name' | 'mark' | 'comment'
  /** A string's value; of all else the source. */
  readonly value: string
  readonly line: number
}

// In this order: comments and strings first, so that nothing inside them is taken for code.
const PIECES =
  /(?<comment>\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(?<string>'(?:\\[\s\S]|[^'\\\n])*'|"(?:\\[\s\S]|[^"\\\n])*")|(?<name>[\p{ID_Start}$_][\p{ID_Continue}$]*)|(?<number>\d[\w.]*)|(?<space>\s+)|(?<mark>[\s\S])/uy
const REGEX = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y
const BEFORE_REGEX = /^(?:return|typeof|case|in|of|=>|[(,=:[!&|?{};+\-*%<>~^]|)$/

/**
 * Cuts source, which begins on `line`, into tokens. Not a parser: it only has to know where a string begins and what stands
 * before it.
 */
export function tokens(source: string, line = 1): Token[] {
  const found: Token[] = []
  let at = 0
  const take = (kind: Token['kind'] | null, text: string, value = text) => {
    if (kind) found.push({ kind, value, line })
    line += text.split('\n').length - 1
    at += text.length
  }
  while (at < source.length) {
    const last = found.findLast((token) => token.kind !== 'comment')
    if (source[at] === '`') {
      take('template', source.slice(at, endOfTemplate(source, at)))
      continue
    }
    PIECES.lastIndex = at
    const groups = PIECES.exec(source)?.groups ?? {}
    if (groups['mark'] === '/' && BEFORE_REGEX.test(last?.kind === 'string' ? "'" : (last?.value ?? ''))) {
      REGEX.lastIndex = at
      const regex = REGEX.exec(source)
      if (regex) {
        take('mark', regex[0])
        continue
      }
    }
    if (groups['string'] !== undefined) take('string', groups['string'], unquote(groups['string']))
    else if (groups['name'] !== undefined) take('name', groups['name'])
    else if (groups['comment'] !== undefined) take('comment', groups['comment'])
    else if (groups['mark'] !== undefined) take('mark', groups['mark'])
    else take(groups['number'] === undefined ? null : 'mark', groups['number'] ?? groups['space'] ?? source.charAt(at))
  }
  return found
}

/** The tokens of the code inside the `${}` of a template literal, those of each by themselves. */
export function tokensInside({ value, line }: Token): Token[][] {
  const inside: Token[][] = []
  endOfTemplate(value, 0, (from, to) => {
    inside.push(tokens(value.slice(from, to), line + value.slice(0, from).split('\n').length - 1))
  })
  return inside
}

/** Where the template literal that starts at `start` ends. Code inside `${}` may hold further ones. */
function endOfTemplate(source: string, start: number, hole = (_from: number, _to: number) => {}): number {
  let depth = 0
  let from = 0
  for (let at = start + 1; at < source.length; at++) {
    const char = source[at]
    if (char === '\\') at++
    else if (depth === 0 && char === '`') return at + 1
    else if (depth === 0 && char === '$' && source[at + 1] === '{') {
      depth = 1
      at++
      from = at + 1
    } else if (depth > 0 && char === '`') at = endOfTemplate(source, at) - 1
    else if (depth > 0 && char === '{') depth++
    else if (depth > 0 && char === '}' && --depth === 0) hole(from, at)
  }
  return source.length
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' }

function unquote(quoted: string): string {
  return quoted
    .slice(1, -1)
    .replace(/\\(?:u\{([\da-f]+)\}|u([\da-f]{4})|x([\da-f]{2})|([\s\S]))/gi, (_, long, four, two, char: string) => {
      const code: string | undefined = long ?? four ?? two
      return code === undefined ? (ESCAPES[char] ?? char) : String.fromCodePoint(Number.parseInt(code, 16))
    })
}
