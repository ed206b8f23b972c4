import { fromBase64, toBase64 } from '../lib/base64.ts'
import type { Random } from '../lib/clock.ts'
import { msg, type Message } from '../lib/message.ts'

/**
 * Signs one request by Standard Webhooks v1: HMAC-SHA256 over `{id}.{seconds}.{body}`, as `v1,<base64>`.
 * `secret` is `whsec_…`. Each runtime may have a faster one than `createWebSign`.
 */
export type Sign = (secret: string, id: string, seconds: number, body: string) => string | Promise<string>

const PREFIX = 'whsec_'
/** 24 bytes become 32 letters without padding: some receivers' libraries stumble over `=`. */
const LENGTH = 24

export const newSecret = (random: Random): string => PREFIX + toBase64(random(LENGTH))

/** The bytes of the HMAC key that a secret stands for. Throws when it is not base64; `checkSecret` stands before. */
export const secretBytes = (secret: string): Uint8Array<ArrayBuffer> =>
  fromBase64(secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret)

/** Checks a secret that somebody brings along: 24 to 64 bytes in base64, `whsec_` in front or not. */
export function checkSecret(text: string): { ok: true; secret: string } | { ok: false; message: Message } {
  const bytes = bytesOrNull(text)
  if (bytes === null) {
    return {
      ok: false,
      message: msg('The secret is not base64. Give 24 to 64 random bytes in base64, with or without whsec_ in front.'),
    }
  }
  if (bytes.length < 24 || bytes.length > 64) {
    return {
      ok: false,
      message: msg('The secret has {length} bytes. It has to have 24 to 64.', { length: bytes.length }),
    }
  }
  return { ok: true, secret: PREFIX + toBase64(bytes) }
}

function bytesOrNull(text: string): Uint8Array | null {
  try {
    return secretBytes(text)
  } catch {
    return null
  }
}

/** Keys that were imported are kept: importing one costs more than signing with it. */
const MOST_KEYS = 2000

/** A signer with Web Crypto, which both runtimes have. */
export function createWebSign(): Sign {
  const keys = new Map<string, Promise<CryptoKey>>()
  const encoder = new TextEncoder()
  return async (secret, id, seconds, body) => {
    let key = keys.get(secret)
    if (!key) {
      if (keys.size >= MOST_KEYS) keys.clear()
      const algorithm = { name: 'HMAC', hash: 'SHA-256' }
      key = crypto.subtle.importKey('raw', secretBytes(secret), algorithm, false, ['sign'])
      keys.set(secret, key)
    }
    const mac = await crypto.subtle.sign('HMAC', await key, encoder.encode(`${id}.${seconds}.${body}`))
    return `v1,${toBase64(new Uint8Array(mac))}`
  }
}
