import { expect, test } from 'vitest'
import { createWebSignV1a, newKeyPair, publicKeyOf } from '../../../server/webhooks/sign.ts'

/** What Node makes of the seed 0, 1, 2, … 31. */
const publicKey = 'whpk_A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg='

test('Ed25519 in workerd makes the same keys as on Node, and signs', async () => {
  const pair = await newKeyPair((length) => Uint8Array.from({ length }, (_, n) => n))
  expect(pair.publicKey).toBe(publicKey)
  expect(await publicKeyOf(pair.secret)).toBe(publicKey)

  const signature = await createWebSignV1a()(pair.secret, 'evt_1', 1, '{"a":"ü"}')
  const bytes = (base64: string) => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
  const key = await crypto.subtle.importKey('raw', bytes(publicKey.slice(5)), 'Ed25519', false, ['verify'])
  const signed = new TextEncoder().encode('evt_1.1.{"a":"ü"}')
  expect(await crypto.subtle.verify('Ed25519', key, bytes(signature.slice(4)), signed)).toBe(true)
})
