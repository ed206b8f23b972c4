import { fail } from '../lib/errors.ts'
import { parseJson } from '../lib/json.ts'
import type { Inbound } from './source.ts'

/** Deeper than payloads may be: what a sender wraps around them is not ours to limit. */
const MAX_DEPTH = 64

/** A request with its whole body, as sources read it. */
export function inboundOf(
  bytes: Uint8Array<ArrayBuffer>,
  about: Pick<Inbound, 'headers' | 'query' | 'event'>,
): Inbound {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  return {
    ...about,
    bytes,
    text,
    json() {
      const parsed = parseJson(text, MAX_DEPTH)
      if (!parsed.ok) throw parsed.error
      return parsed.value
    },
    form() {
      if (text.includes('\u0000'))
        throw fail('bad_request', 'The form holds the character U+0000, which cannot be stored.')
      return new URLSearchParams(text)
    },
  }
}
