import { fromBase64 } from './base64.ts'

type Data = Uint8Array<ArrayBuffer> | string

const encoder = new TextEncoder()
const bytesOf = (data: Data): Uint8Array<ArrayBuffer> => (typeof data === 'string' ? encoder.encode(data) : data)

/** Whether `signature` is the HMAC-SHA256 of `signed` under `secret`. Takes the same time wherever they differ. */
export async function isSigned(
  signed: Data,
  secret: Data,
  signature: string,
  encoding: 'hex' | 'base64' = 'hex',
): Promise<boolean> {
  const given = encoding === 'hex' ? fromHex(signature) : fromBase64OrNothing(signature)
  const bytes = bytesOf(secret)
  // Web Crypto takes no empty key; and whoever signs with nothing signs nothing.
  if (given === null || bytes.length === 0) return false
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', bytes, algorithm, false, ['verify'])
  return crypto.subtle.verify('HMAC', key, given, bytesOf(signed))
}

/** Whether two texts are the same. The time that it takes tells their length, and nothing of where they differ. */
export function isSameText(a: string, b: string): boolean {
  const [one, other] = [encoder.encode(a), encoder.encode(b)]
  let differs = one.length ^ other.length
  for (const [i, byte] of one.entries()) differs |= byte ^ (other[i] ?? 0)
  return differs === 0
}

/** SHA-256, in hex: a short name for long data. */
export async function digestOf(data: Data): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytesOf(data))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

const fromHex = (text: string): Uint8Array<ArrayBuffer> | null =>
  /^(?:[\da-f]{2})+$/i.test(text) ? Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)) : null

function fromBase64OrNothing(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return fromBase64(text)
  } catch {
    return null
  }
}
