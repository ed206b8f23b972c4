import { z } from 'zod'
import { fromBase64, toBase64 } from '../lib/base64.ts'
import type { Random } from '../lib/clock.ts'
import { invalid } from '../lib/errors.ts'
import { msg, type Message } from '../lib/message.ts'

/** Makes a key out of a passphrase. Each runtime brings its own: one in JavaScript takes twice as long. */
export type Scrypt = (
  passphrase: string,
  salt: Uint8Array,
  cost: { readonly N: number; readonly r: number; readonly p: number; readonly length: number },
) => Promise<Uint8Array<ArrayBuffer>>

/** 32 MiB and a fifth of a second for each try: what OWASP asks for where memory is short, as on Workers. */
const COST = { N: 2 ** 15, r: 8, p: 3 } as const
export const SHORTEST_PASSPHRASE = 16
const LONGEST = 1024
const additionalData = new TextEncoder().encode('hookline set-up 1')

/** Secrets under a passphrase. The cost is written down and taken only as it is: a file shall not choose what we compute. */
export const sealedShape = z.strictObject({
  kdf: z.literal('scrypt'),
  n: z.literal(COST.N),
  r: z.literal(COST.r),
  p: z.literal(COST.p),
  salt: z.base64().max(100),
  cipher: z.literal('aes-256-gcm'),
  iv: z.base64().length(16),
  data: z.base64(),
})
export type Sealed = z.infer<typeof sealedShape>

const texts = z.record(z.string(), z.string())

/** Secrets in plain: of webhooks and sources by the id that they have in the file, of plugins by slug (and slug of the site). */
const secretsShape = z.strictObject({
  webhooks: z.record(
    z.string(),
    z.strictObject({
      signing: z.string().optional(),
      password: z.string().optional(),
      token: z.string().optional(),
      headers: texts.optional(),
    }),
  ),
  plugins: z.record(
    z.string(),
    z.strictObject({ network: texts.optional(), sites: z.record(z.string(), texts).optional() }),
  ),
  sources: z.record(z.string(), z.strictObject({ token: z.string(), secret: z.string().optional() })),
})
export type Secrets = z.infer<typeof secretsShape>

/** What is wrong with a passphrase for a new file, or null. */
export function wrongPassphrase(passphrase: string): Message | null {
  if (passphrase.length < SHORTEST_PASSPHRASE)
    return msg('A passphrase has {min} characters or more.', { min: SHORTEST_PASSPHRASE })
  return passphrase.length > LONGEST ? msg('A passphrase has up to {max} characters.', { max: LONGEST }) : null
}

interface Deps {
  readonly random: Random
  readonly scrypt: Scrypt
}

export async function sealSecrets({ random, scrypt }: Deps, passphrase: string, secrets: Secrets): Promise<Sealed> {
  const salt = Uint8Array.from(random(16))
  const iv = Uint8Array.from(random(12))
  const plain = new TextEncoder().encode(JSON.stringify(secrets))
  const key = await keyOf(scrypt, passphrase, salt)
  const data = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, key, plain))
  const { N: n, r, p } = COST
  const [salted, vector, sealed] = [salt, iv, data].map(toBase64) as [string, string, string]
  return { kdf: 'scrypt', n, r, p, salt: salted, cipher: 'aes-256-gcm', iv: vector, data: sealed }
}

/** Throws AppError `invalid` beside `passphrase` for another one than the file was made with. */
export async function openSecrets(
  { scrypt }: Pick<Deps, 'scrypt'>,
  sealed: Sealed,
  passphrase: string,
): Promise<Secrets> {
  const key = await keyOf(scrypt, passphrase.slice(0, LONGEST), fromBase64(sealed.salt))
  const iv = fromBase64(sealed.iv)
  const opened = await crypto.subtle
    .decrypt({ name: 'AES-GCM', iv, additionalData }, key, fromBase64(sealed.data))
    .catch(() => null)
  if (opened === null) {
    const message = msg('The passphrase does not open the secrets of this file.')
    throw invalid([{ path: 'passphrase', message }])
  }
  return secretsShape.parse(JSON.parse(new TextDecoder().decode(opened)))
}

/** Typed on two keyboards, the same letters may be other code points. */
async function keyOf(scrypt: Scrypt, passphrase: string, salt: Uint8Array): Promise<CryptoKey> {
  const bytes = await scrypt(passphrase.normalize('NFKC'), salt, { ...COST, length: 32 })
  return crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt'])
}
