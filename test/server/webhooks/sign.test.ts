import { readFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { describe, expect, test } from 'vitest'
import { createNodeSign } from '../../../server/node/sign.ts'
import { checkSecret, createWebSign, newSecret } from '../../../server/webhooks/sign.ts'

const vector = (
  JSON.parse(readFileSync('test/vectors/signatures.json', 'utf8')) as {
    readonly standard_webhooks_v1: Record<'secret' | 'id' | 'body' | 'signature', string> & {
      readonly timestamp: number
    }
  }
).standard_webhooks_v1

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
