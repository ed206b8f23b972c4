import { readFileSync } from 'node:fs'
import { createHmac, createPublicKey, randomBytes, verify } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { describe, expect, test } from 'vitest'
import { createNodeSign } from '../../../server/node/sign.ts'
import {
  checkSecret,
  createWebSign,
  createWebSignV1a,
  githubSignature,
  newKeyPair,
  newSecret,
  publicKeyOf,
  schemeOf,
  stripeSignature,
} from '../../../server/webhooks/sign.ts'

const vectors = JSON.parse(readFileSync('test/vectors/signatures.json', 'utf8')) as {
  readonly standard_webhooks_v1: Record<'secret' | 'id' | 'body' | 'signature', string> & { readonly timestamp: number }
  readonly github_sha256: Record<'secret' | 'body' | 'hex', string>
}
const vector = vectors.standard_webhooks_v1

describe.each([
  ['Node', createNodeSign()],
  ['Web Crypto', createWebSign()],
])('a signature by %s', (_, sign) => {
  test('is that of the specification', async () => {
    expect(await sign(vector.secret, vector.id, vector.timestamp, vector.body)).toBe(vector.signature)
  })

  test.each(['{"a":"ü"}', '{"emoji":"🪝"}\n', '', '{"b":1,"a":2}'])(
    'of %j is accepted by the reference library',
    async (body) => {
      const seconds = Math.floor(Date.now() / 1000)
      for (const length of [24, 32, 64]) {
        const secret = `whsec_${randomBytes(length).toString('base64')}`
        const headers = {
          'webhook-id': 'evt_1',
          'webhook-timestamp': String(seconds),
          'webhook-signature': `${await sign(newSecret(randomBytes), 'evt_1', seconds, body)} ${await sign(secret, 'evt_1', seconds, body)}`,
        }
        const receiver = new Webhook(secret)
        expect(() => receiver.verify(body, headers)).not.toThrow(/signature/i)
        expect(() => receiver.verify(`${body} `, headers)).toThrow(/signature/i)
      }
    },
  )

  test('stays right when there are more secrets than are remembered', async () => {
    for (let n = 0; n < 2100; n++)
      await sign(`whsec_${Buffer.from(`secret number ${n}, and more`).toString('base64')}`, 'a', 1, '')
    expect(await sign(vector.secret, vector.id, vector.timestamp, vector.body)).toBe(vector.signature)
  })
})

test('a new secret is whsec_ and 24 bytes, without padding', () => {
  expect(newSecret(() => new Uint8Array(24).fill(255))).toBe(`whsec_${'/'.repeat(32)}`)
})

describe('a secret that somebody brings along', () => {
  const base64 = (length: number) => Buffer.alloc(length, 7).toString('base64')
  test.each([
    [base64(24), true],
    [`whsec_${base64(24)}`, true],
    [base64(25), true],
    [base64(25).replaceAll('=', ''), true],
    [base64(64), true],
    [base64(65), false],
    [base64(23), false],
    ['', false],
    ['whsec_', false],
    ['not base64 at all, whatever it is', false],
    [`whsec_whsec_${base64(24)}`, false],
    ['-_'.repeat(20), false],
  ])('%s: %s', (text, ok) => {
    expect(checkSecret(text).ok).toBe(ok)
  })
  test('is kept in one notation', () => {
    expect(checkSecret(base64(25).replaceAll('=', ''))).toEqual({ ok: true, secret: `whsec_${base64(25)}` })
  })
})

describe('a signature with Ed25519', () => {
  const sign = createWebSignV1a()

  /** As a receiver does it: knows the public key only. */
  function accepts(publicKey: string, signature: string, signed: string): boolean {
    const x = Buffer.from(publicKey.replace(/^whpk_/, ''), 'base64').toString('base64url')
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
    const [version, base64 = ''] = signature.split(',')
    return version === 'v1a' && verify(null, Buffer.from(signed), key, Buffer.from(base64, 'base64'))
  }

  test.each(['{"a":"ü"}', '{"emoji":"🪝"}\n', ''])('of %j is accepted by whoever has the public key', async (body) => {
    const { secret, publicKey } = await newKeyPair(randomBytes)
    const signature = await sign(secret, 'evt_1', 1_700_000_000, body)
    expect(signature).toMatch(/^v1a,[A-Za-z0-9+/]{86}==$/)
    expect(accepts(publicKey, signature, `evt_1.1700000000.${body}`)).toBe(true)
    expect(accepts(publicKey, signature, `evt_2.1700000000.${body}`)).toBe(false)
    expect(accepts(publicKey, signature, `evt_1.1700000001.${body}`)).toBe(false)
    expect(accepts(publicKey, signature, `evt_1.1700000000.${body} `)).toBe(false)
    expect(accepts((await newKeyPair(randomBytes)).publicKey, signature, `evt_1.1700000000.${body}`)).toBe(false)
  })

  // The first two of RFC 8032, 7.1.
  test.each([
    [
      '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    ],
    [
      '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    ],
  ])('has the public key of the standard', async (seed, publicKey) => {
    const pair = await newKeyPair(() => Buffer.from(seed, 'hex'))
    expect(pair).toEqual({
      secret: `whsk_${Buffer.from(seed, 'hex').toString('base64')}`,
      publicKey: `whpk_${Buffer.from(publicKey, 'hex').toString('base64')}`,
    })
    expect(await publicKeyOf(pair.secret)).toBe(pair.publicKey)
  })

  test('is chosen by the secret', async () => {
    expect(schemeOf((await newKeyPair(randomBytes)).secret)).toBe('v1a')
    expect(schemeOf(newSecret(randomBytes))).toBe('v1')
  })
})

describe('for older receivers', () => {
  const { secret, body, hex } = vectors.github_sha256
  const mac = (key: string, text: string) => createHmac('sha256', key).update(text).digest('hex')

  test('a signature as GitHub makes it is that of its documentation', async () => {
    expect(await githubSignature(secret, body)).toBe(`sha256=${hex}`)
  })

  test('a signature as Stripe makes it names the time and every live secret', async () => {
    expect(await stripeSignature(['one'], 1_700_000_000, '{"a":"ü"}')).toBe(
      `t=1700000000,v1=${mac('one', '1700000000.{"a":"ü"}')}`,
    )
    expect(await stripeSignature(['one', 'two'], 1, '')).toBe(`t=1,v1=${mac('one', '1.')},v1=${mac('two', '1.')}`)
  })

  test('the key is the text of the secret, and not its base64', async () => {
    expect(await githubSignature(vector.secret, 'x')).toBe(`sha256=${mac(vector.secret, 'x')}`)
  })
})
