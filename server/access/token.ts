import { toBase64Url } from '../lib/base64.ts'
import type { Random } from '../lib/clock.ts'
import { digestOf } from '../lib/hmac.ts'

/** 256 bits that nobody can guess, as 43 letters that fit into a URL. */
export const newToken = (random: Random): string => toBase64Url(random(32))

/** How tokens are stored: SHA-256 in hex. Enough for what is random; passwords need more. */
export const sha256 = (text: string): Promise<string> => digestOf(text)

/** A secret of its own for each use of the app secret, so that knowing one tells nothing about another. */
export async function deriveSecret(appSecret: string, label: string): Promise<string> {
  const text = new TextEncoder()
  const key = await crypto.subtle.importKey('raw', text.encode(appSecret), 'HKDF', false, ['deriveBits'])
  const bits = await crypto.subtle.deriveBits(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: text.encode(label) },
    key,
    256,
  )
  return toBase64Url(new Uint8Array(bits))
}
