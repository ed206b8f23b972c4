import { fromBase64, toBase64 } from '../lib/base64.ts'
import type { Random } from '../lib/clock.ts'
import { msg, type Message } from '../lib/message.ts'

/**
 * Signs one request by Standard Webhooks v1: HMAC-SHA256 over `{id}.{seconds}.{body}`, as `v1,<base64>`.
 * `secret` is `whsec_…`. Each runtime may have a faster one than `createWebSign`.
 */
export type Sign = (secret: string, id: string, seconds: number, body: string) => string | Promise<string>

/** The schemes of Standard Webhooks: HMAC-SHA256 with a shared secret, or Ed25519 with a pair of keys. */
export type Scheme = 'v1' | 'v1a'

/** How a webhook signs, and which signatures for older receivers stand beside. */
export interface Signing {
  readonly scheme: Scheme
  readonly extra: readonly ExtraSignature[]
}

const MOST_SIGNINGS = 100
const signings = new Map<string, Signing>()

/** What the `signing` of a webhook says. Hardly any two differ, so each text is read once. */
export function signingOf(text: string): Signing {
  let signing = signings.get(text)
  if (!signing) {
    if (signings.size >= MOST_SIGNINGS) signings.clear()
    signings.set(text, (signing = JSON.parse(text) as Signing))
  }
  return signing
}

export const plainSigning: Signing = { scheme: 'v1', extra: [] }

/** The headers that a signature is about and stands in, and how old it may be: as Standard Webhooks say. */
export const signedHeaders = {
  id: 'webhook-id',
  timestamp: 'webhook-timestamp',
  signature: 'webhook-signature',
} as const
export const TOLERANCE_SECONDS = 300

export const PREFIX = 'whsec_'
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

/** What `load` makes of a secret, kept. */
function kept(load: (secret: string) => Promise<CryptoKey>): (secret: string) => Promise<CryptoKey> {
  const keys = new Map<string, Promise<CryptoKey>>()
  return (secret) => {
    let key = keys.get(secret)
    if (!key) {
      if (keys.size >= MOST_KEYS) keys.clear()
      keys.set(secret, (key = load(secret)))
    }
    return key
  }
}

const encoder = new TextEncoder()
const HMAC = { name: 'HMAC', hash: 'SHA-256' }
const hmacKey = (bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', bytes, HMAC, false, ['sign'])

/** A signer with Web Crypto, which both runtimes have. */
export function createWebSign(): Sign {
  const keyOf = kept((secret) => hmacKey(secretBytes(secret)))
  return async (secret, id, seconds, body) => {
    const mac = await crypto.subtle.sign('HMAC', await keyOf(secret), encoder.encode(`${id}.${seconds}.${body}`))
    return `v1,${toBase64(new Uint8Array(mac))}`
  }
}

const PRIVATE = 'whsk_'
const PUBLIC = 'whpk_'
const SEED_LENGTH = 32
/** What stands before the seed in PKCS #8: Web Crypto takes no bare seed of Ed25519. */
const PKCS8 = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20]

/** Which scheme of Standard Webhooks a secret signs with. */
export const schemeOf = (secret: string): Scheme => (secret.startsWith(PRIVATE) ? 'v1a' : 'v1')

/** A new pair for v1a: `secret` (`whsk_…`, the seed) never leaves us, `publicKey` (`whpk_…`) goes to the receiver. */
export async function newKeyPair(random: Random): Promise<{ readonly secret: string; readonly publicKey: string }> {
  const secret = PRIVATE + toBase64(random(SEED_LENGTH))
  return { secret, publicKey: await publicKeyOf(secret) }
}

/** The public half of a `whsk_…`. */
export async function publicKeyOf(secret: string): Promise<string> {
  const { x = '' } = await crypto.subtle.exportKey('jwk', await privateKey(secret, true))
  return `${PUBLIC}${x.replaceAll('-', '+').replaceAll('_', '/')}=`
}

const privateKey = (secret: string, extractable = false): Promise<CryptoKey> => {
  const pkcs8 = Uint8Array.from([...PKCS8, ...fromBase64(secret.slice(PRIVATE.length))])
  return crypto.subtle.importKey('pkcs8', pkcs8, { name: 'Ed25519' }, extractable, ['sign'])
}

/** Signs by Standard Webhooks v1a: Ed25519 over the same text as v1, as `v1a,<base64>`. Takes secrets `whsk_…`. */
export function createWebSignV1a(): Sign {
  const keyOf = kept((secret) => privateKey(secret))
  return async (secret, id, seconds, body) => {
    const text = encoder.encode(`${id}.${seconds}.${body}`)
    return `v1a,${toBase64(new Uint8Array(await crypto.subtle.sign('Ed25519', await keyOf(secret), text)))}`
  }
}

/** The headers of the signatures that older receivers know, by their name in `signing.extra`. */
export const extraHeaders = { github: 'x-hub-signature-256', stripe: 'stripe-signature' } as const
type ExtraSignature = keyof typeof extraHeaders

/** As GitHub signs: the key is the text of the secret as it stands, `whsec_` and all, and not what its base64 holds. */
export const githubSignature = async (secret: string, body: string): Promise<string> =>
  `sha256=${await hexHmac(secret, body)}`

/** As Stripe signs, which gives every live secret its own `v1`. Keys are texts, as with GitHub. */
export async function stripeSignature(secrets: readonly string[], seconds: number, body: string): Promise<string> {
  const macs = await Promise.all(secrets.map((secret) => hexHmac(secret, `${seconds}.${body}`)))
  return [`t=${seconds}`, ...macs.map((mac) => `v1=${mac}`)].join(',')
}

const textKey = kept((secret) => hmacKey(encoder.encode(secret)))

async function hexHmac(secret: string, text: string): Promise<string> {
  const mac = new Uint8Array(await crypto.subtle.sign('HMAC', await textKey(secret), encoder.encode(text)))
  return Array.from(mac, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
