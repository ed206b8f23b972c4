import { fromBase64Url, toBase64Url } from './base64.ts'
import { fail } from './errors.ts'

/**
 * Cursors name the list they belong to, so that one of another list, a forged one, or junk is refused with `bad_cursor`
 * instead of answering nonsense. They hold only positions, never anything to be trusted.
 */
export const encodeCursor = (list: string, position: readonly (string | number)[]): string =>
  toBase64Url(new TextEncoder().encode(JSON.stringify([list, ...position])))

export function decodeCursor(
  list: string,
  cursor: string,
  shape: readonly ('string' | 'number')[],
): (string | number)[] {
  try {
    const parts = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(fromBase64Url(cursor))) as unknown
    if (Array.isArray(parts) && parts.length === shape.length + 1 && parts[0] === list) {
      const position: unknown[] = parts.slice(1)
      if (position.every((part, i) => typeof part === shape[i])) return position as (string | number)[]
    }
  } catch {
    // falls through to the one sentence that fits every kind of junk
  }
  throw badCursor()
}

/** For a cursor whose position the list does not know. */
export const badCursor = () =>
  fail('bad_cursor', 'This cursor is not one of this list. Take next_cursor as the list gave it.')
