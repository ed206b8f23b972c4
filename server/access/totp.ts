// Codes of authenticator apps, RFC 6238 as all of them have it: HMAC-SHA-1, six digits, a new one each 30 seconds.

const STEP = 30_000
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Bytes as people type them into an app: base 32, without padding. */
export function toBase32(bytes: Uint8Array): string {
  let [text, bits, held] = ['', 0, 0]
  for (const byte of bytes) {
    held = (held << 8) | byte
    for (bits += 8; bits >= 5; bits -= 5) text += BASE32[(held >>> (bits - 5)) & 31]
    held &= (1 << bits) - 1
  }
  return bits > 0 ? text + BASE32[(held << (5 - bits)) & 31] : text
}

function fromBase32(text: string): Uint8Array<ArrayBuffer> {
  const bytes: number[] = []
  let [bits, held] = [0, 0]
  for (const letter of text) {
    held = (held << 5) | BASE32.indexOf(letter)
    bits += 5
    if (bits >= 8) {
      bits -= 8
      bytes.push((held >>> bits) & 255)
      held &= (1 << bits) - 1
    }
  }
  return Uint8Array.from(bytes)
}

/** The number of the code that an app shows at a time. */
export const stepAt = (time: number): number => Math.floor(time / STEP)

/** The six digits that an app shows in a step. `secret` is base 32. */
export async function codeAt(secret: string, step: number): Promise<string> {
  const key = await crypto.subtle.importKey('raw', fromBase32(secret), { name: 'HMAC', hash: 'SHA-1' }, false, ['sign'])
  const counter = new DataView(new ArrayBuffer(8))
  counter.setBigUint64(0, BigInt(step))
  const digest = new DataView(await crypto.subtle.sign('HMAC', key, counter.buffer))
  const number = digest.getUint32(digest.getUint8(19) & 15) & 0x7fffffff
  return String(number % 1_000_000).padStart(6, '0')
}

/** The step of which this is the code, one before or after now at most, because clocks differ; null for none. */
export async function stepOfCode(secret: string, code: string, now: number): Promise<number | null> {
  const current = stepAt(now)
  const steps = [current, current - 1, current + 1]
  const codes = await Promise.all(steps.map((step) => codeAt(secret, step)))
  return steps.find((_, n) => codes[n] === code) ?? null
}

/** What the QR code says to an app. */
export function otpauthUrl(network: string, email: string, secret: string): string {
  const label = encodeURIComponent(`${network.replaceAll(':', ' ')}:${email}`)
  return `otpauth://totp/${label}?${new URLSearchParams({ secret, issuer: network })}`.replaceAll('+', '%20')
}
