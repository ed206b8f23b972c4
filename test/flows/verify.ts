import type { Kept } from '../support/receiver-server.ts'

/*
 * What a receiver does, with Web Crypto alone: workerd has no other, and the reference library looks at a clock that is
 * not the product's.
 */

const encoder = new TextEncoder()
const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
const signed = ({ headers, body }: Kept) =>
  encoder.encode(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`)
const signatures = ({ headers }: Kept, scheme: string) =>
  (headers['webhook-signature'] ?? '')
    .split(' ')
    .filter((one) => one.startsWith(`${scheme},`))
    .map((one) => bytesOf(one.slice(scheme.length + 1)))

/** Whether one of the signatures is of this secret (`whsec_…`). */
export async function isSignedBy(request: Kept, secret: string): Promise<boolean> {
  const key = await hmacKey(bytesOf(secret.replace('whsec_', '')), 'verify')
  const found = signatures(request, 'v1').map((mac) => crypto.subtle.verify('HMAC', key, mac, signed(request)))
  return (await Promise.all(found)).includes(true)
}

/** The same for the holder of the secret's public key (`whpk_…`). */
export async function isSignedFor(request: Kept, publicKey: string): Promise<boolean> {
  const raw = bytesOf(publicKey.replace('whpk_', ''))
  const key = await crypto.subtle.importKey('raw', raw, { name: 'Ed25519' }, false, ['verify'])
  const found = signatures(request, 'v1a').map((one) => crypto.subtle.verify('Ed25519', key, one, signed(request)))
  return (await Promise.all(found)).includes(true)
}

/** HMAC-SHA256 in hexadecimal, with a key that is a text: what receivers of GitHub and Stripe compute. */
export async function hexHmac(key: string, text: string): Promise<string> {
  const mac = await crypto.subtle.sign('HMAC', await hmacKey(encoder.encode(key), 'sign'), encoder.encode(text))
  return Array.from(new Uint8Array(mac), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

const hmacKey = (bytes: Uint8Array<ArrayBuffer>, use: 'sign' | 'verify') =>
  crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, [use])
