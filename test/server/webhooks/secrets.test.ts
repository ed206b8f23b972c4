import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { createVault, deriveKey, proof, VaultError } from '../../../server/webhooks/secrets.ts'

const appSecret = 'the secret of this installation, 1'
const another = 'the secret of this installation, 2'
const context = 'webhook_secret/sec_1/v1'
const vault = (secret = appSecret, previous: string | null = null) =>
  createVault({ appSecret: secret, previous, random: randomBytes })

test.each(['whsec_abc', '', 'pässwörd 🪝', 'x'.repeat(10_000)])('what is sealed opens again', async (plain) => {
  const { seal, open } = await vault()
  expect(await open(await seal(plain, context), context)).toBe(plain)
})

test('another process with the same secret opens it', async () => {
  const sealed = await (await vault()).seal('whsec_abc', context)
  expect(await (await vault()).open(sealed, context)).toBe('whsec_abc')
})

test('the cipher shows nothing of the text, and differs each time', async () => {
  const { seal } = await vault()
  const [one, two] = [await seal('whsec_abc', context), await seal('whsec_abc', context)]
  expect(one).not.toBe(two)
  expect(Buffer.from(one?.split('.')[1] ?? '', 'base64').toString('latin1')).not.toContain('whsec_abc')
})

test('it opens nowhere else', async () => {
  const { seal, open } = await vault()
  const sealed = await seal('whsec_abc', context)
  await expect(open(sealed, 'webhook_secret/sec_2/v1')).rejects.toThrow(VaultError)
})

test('one changed bit, or junk, does not open', async () => {
  const { seal, open } = await vault()
  const [id = '', text = ''] = (await seal('whsec_abc', context)).split('.')
  const bytes = Buffer.from(text, 'base64')
  for (let i = 0; i < bytes.length; i++) {
    const changed = Buffer.from(bytes)
    changed[i] = (changed[i] ?? 0) ^ 1
    await expect(open(`${id}.${changed.toString('base64')}`, context)).rejects.toThrow(VaultError)
  }
  for (const junk of ['', id, `${id}.`, `${id}.AAAA`, `${id}.%%%`])
    await expect(open(junk, context)).rejects.toThrow(VaultError)
})

test('another APP_SECRET does not open it, and says which one would', async () => {
  const sealed = await (await vault()).seal('whsec_abc', context)
  await expect((await vault(another)).open(sealed, context)).rejects.toThrow('another APP_SECRET')
})

test('after a change of APP_SECRET the previous one opens, and only the new one seals', async () => {
  const old = await (await vault()).seal('whsec_abc', context)
  const both = await vault(another, appSecret)
  expect(await both.open(old, context)).toBe('whsec_abc')
  const again = await both.seal('whsec_abc', context)
  expect(await (await vault(another)).open(again, context)).toBe('whsec_abc')
  await expect((await vault()).open(again, context)).rejects.toThrow(VaultError)
})

test('each label is a key of its own, and the proof tells secrets apart', async () => {
  expect(await proof(appSecret)).toBe(await proof(appSecret))
  const keys = await Promise.all([
    proof(appSecret),
    proof(another),
    deriveKey(appSecret, 'sessions'),
    deriveKey(another, 'sessions'),
  ])
  expect(new Set(keys).size).toBe(4)
  expect(Buffer.from(keys[2] ?? '', 'base64').length).toBe(32)
})
