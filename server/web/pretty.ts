/** A stretch of a body: `k` a key, `s` a text, `n` a number or a literal, null all else. */
interface Piece {
  readonly kind: 'k' | 's' | 'n' | null
  readonly text: string
}

const TOKENS = /("(?:\\.|[^"\\])*")(\s*:)?|(-?\d[\d.eE+-]*|true|false|null)|([{}[\],])|\s+/y

/** Sixteen thousand brackets, each indented further than the last, would fill the memory. */
const MOST_INDENT = 40

/**
 * Lays JSON out for reading and names its parts. It works on the text and never parses a value, so that a number
 * with twenty digits is shown as it was sent. What is not JSON comes back in one piece.
 */
export function pretty(body: string): readonly Piece[] {
  if (!/^\s*[[{]/.test(body)) return [{ kind: null, text: body }]
  const pieces: Piece[] = []
  let depth = 0
  let fresh = false
  const line = () => `\n${'  '.repeat(Math.min(depth, MOST_INDENT))}`
  const put = (kind: Piece['kind'], text: string) => {
    if (fresh) pieces.push({ kind: null, text: line() })
    fresh = false
    pieces.push({ kind, text })
  }
  for (TOKENS.lastIndex = 0; TOKENS.lastIndex < body.length;) {
    const match = TOKENS.exec(body)
    if (!match) return [{ kind: null, text: body }]
    const [, text, colon, literal, mark] = match
    if (text !== undefined) {
      put(colon === undefined ? 's' : 'k', text)
      if (colon !== undefined) pieces.push({ kind: null, text: ': ' })
    } else if (literal !== undefined) put('n', literal)
    else if (mark === '{' || mark === '[') {
      put(null, mark)
      depth++
      fresh = true
    } else if (mark === '}' || mark === ']') {
      depth = Math.max(0, depth - 1)
      pieces.push({ kind: null, text: fresh ? mark : line() + mark })
      fresh = false
    } else if (mark === ',') {
      pieces.push({ kind: null, text: ',' })
      fresh = true
    }
  }
  return pieces
}
