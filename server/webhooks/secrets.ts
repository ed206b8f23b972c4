import { fromBase64, toBase64 } from '../lib/base64.ts'
import type { Random } from '../lib/clock.ts'
import type { Vault } from './engine.ts'

const encoder = new TextEncoder()
const IV_LENGTH = 12

/** Sealed with a secret that is neither APP_SECRET nor APP_SECRET_PREVIOUS, changed, or moved to another place. */
export class VaultError extends Error {
  override readonly name = 'VaultError'
}

/**
 * A key for one use, made of APP_SECRET: 32 bytes in base64. Another label is another key, and none tells anything about
 * another, so that the sessions' key is not the one that encrypts.
 */
export async function deriveKey(appSecret: string, label: string): Promise<string> {
  return toBase64(
    new Uint8Array(await crypto.subtle.deriveBits(hkdf(label), await keyMaterial(appSecret, 'deriveBits'), 256)),
  )
}

/**
 * Shows which APP_SECRET a database was made with, without telling it. Kept in the database; another one at start means
 * that nothing sealed there will open.
 */
export const proof = (appSecret: string): Promise<string> => deriveKey(appSecret, 'proof')

/**
 * AES-256-GCM with a key derived from APP_SECRET. What it seals reads `<key id>.<iv and cipher, base64>`: the key id in front
 * lets APP_SECRET_PREVIOUS open what it sealed while all that is new is sealed with APP_SECRET.
 */
export async function createVault(options: {
  readonly appSecret: string
  readonly previous?: string | null
  readonly random: Random
}): Promise<Vault> {
  const current = await sealingKey(options.appSecret)
  const keys = new Map([[current.id, current.key]])
  if (options.previous) {
    const previous = await sealingKey(options.previous)
    keys.set(previous.id, previous.key)
  }
  return {
    async seal(plain, context) {
      const iv = Uint8Array.from(options.random(IV_LENGTH))
      const cipher = await crypto.subtle.encrypt(gcm(iv, context), current.key, encoder.encode(plain))
      const sealed = new Uint8Array(IV_LENGTH + cipher.byteLength)
      sealed.set(iv)
      sealed.set(new Uint8Array(cipher), IV_LENGTH)
      return `${current.id}.${toBase64(sealed)}`
    },
    async open(cipher, context) {
      const [id = '', text = ''] = cipher.split('.')
      const key = keys.get(id)
      if (!key) {
        throw new VaultError(
          'This was encrypted with another APP_SECRET. Start with that one, or set it as APP_SECRET_PREVIOUS.',
        )
      }
      try {
        const sealed = fromBase64(text)
        const iv = sealed.subarray(0, IV_LENGTH)
        const plain = await crypto.subtle.decrypt(gcm(iv, context), key, sealed.subarray(IV_LENGTH))
        return new TextDecoder().decode(plain)
      } catch (cause) {
        throw new VaultError(`What is stored as ${context} does not open: it was changed, or belongs to another row.`, {
          cause,
        })
      }
    },
  }
}

async function sealingKey(appSecret: string): Promise<{ id: string; key: CryptoKey }> {
  const material = await keyMaterial(appSecret, 'deriveKey')
  const algorithm = { name: 'AES-GCM', length: 256 }
  const key = await crypto.subtle.deriveKey(hkdf('vault'), material, algorithm, false, ['encrypt', 'decrypt'])
  const id = (await deriveKey(appSecret, 'vault key id')).replace(/[^A-Za-z0-9]/g, '').slice(0, 8)
  return { id, key }
}

const keyMaterial = (appSecret: string, usage: 'deriveBits' | 'deriveKey'): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', encoder.encode(appSecret), 'HKDF', false, [usage])

const hkdf = (label: string) => ({
  name: 'HKDF',
  hash: 'SHA-256',
  salt: new Uint8Array(0),
  info: encoder.encode(`hookline/${label}`),
})

const gcm = (iv: Uint8Array<ArrayBuffer>, context: string) => ({
  name: 'AES-GCM',
  iv,
  additionalData: encoder.encode(context),
})
