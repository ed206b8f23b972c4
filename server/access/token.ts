import type { Random } from '../lib/clock.ts'

const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')

/** 256 bits that nobody can guess, as 43 letters that fit into a URL. */
export const newToken = (random: Random): string => base64url(random(32))

/** How tokens are stored: SHA-256 in hex. Enough for what is random; passwords need more. */
export async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** A secret of its own for each use of the app secret, so that knowing one tells nothing about another. */
export async function deriveSecret(appSecret: string, label: string): Promise<string> {
  const text = new TextEncoder()
  const key = await crypto.subtle.importKey('raw', text.encode(appSecret), 'HKDF', false, ['deriveBits'])
  const bits = await crypto.subtle.deriveBits(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: text.encode(label) },
    key,
    256,
  )
  return base64url(new Uint8Array(bits))
}
