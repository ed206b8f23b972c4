import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startChild, type Child } from '../../../support/child.ts'
import { hookline, type Ran } from '../../../support/cli.ts'
import { temporaryFolders } from '../../../support/folder.ts'
import { startReceiver, type Receiver } from '../../../support/receiver.ts'

const folder = temporaryFolders()
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 }) // processes take their time to start

const KEY = 'hk_a_key_of_the_tests_of_the_command_line'
let server: Child
let url: string
let receiver: Receiver

beforeAll(async () => {
  receiver = await startReceiver({ answer: (_, n) => ({ status: n === 2 ? 500 : 200, body: 'Taken.' }) })
  const admin = { SETUP_EMAIL: 'anna@example.com', SETUP_PASSWORD: 'correct horse battery' }
  const env = { SETUP_API_KEY: KEY, OUTBOUND_ALLOW: '127.0.0.0/8', LOG_LEVEL: 'error', ...admin }
  server = startChild({ DATA_DIR: folder(), ...env })
  url = await server.url
})
afterAll(async () => {
  server.kill('SIGKILL')
  await server.ended
  await receiver.stop()
})

/** Runs a command as somebody with a key of all scopes. */
const run = (args: readonly string[], stdin = '', key = KEY): Promise<Ran> =>
  hookline(args, { env: { HOOKLINE_URL: url, HOOKLINE_API_KEY: key }, stdin })

/** Runs one that has to go through, and gives what it wrote on stdout. */
async function good(args: readonly string[], stdin = ''): Promise<string> {
  const ran = await run(args, stdin)
  expect(ran.code, ran.err).toBe(0)
  return ran.out.trimEnd()
}

/** What a command says with --json. */
const json = async (...args: string[]) => JSON.parse(await good([...args, '--json'])) as Record<string, unknown>

/** A webhook for everything, which sends nothing. */
const addAll = (name: string) =>
  good(
    ['webhook', 'create', 'https://example.com/in', '--all-events', '--name', name, '--data', '-'],
    `{"description":"Everything for ${name}","active":false}`,
  )

describe('webhook', () => {
  let made: Ran
  let id: string
  beforeAll(async () => {
    made = await run(['webhook', 'create', `${receiver.url}/in`, '--event', 'payment_received', '--signature'])
    id = /whk_\w+/.exec(made.err)?.[0] ?? ''
  })

  test('create adds one, and prints its secret alone on stdout', async () => {
    expect(made).toMatchObject({ code: 0, out: expect.stringMatching(/^whsec_\S+\n$/) })
    expect(made.err).toBe(`Made ${id}: ${new URL(receiver.url).host}, active. Its secret is shown this once.\n`)
    expect(await addAll('All')).toMatch(/^whk_\w+$/)
    expect(await run(['webhook', 'create', 'ftp://example.com', '--name', 'No'])).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/^Some fields need another value\.\n  url: /),
    })
  })

  test('list and show tell of it, never of its secret', async () => {
    await addAll('Archive')
    const list = await good(['webhook', 'list'])
    expect(list).toMatch(/^ID +NAME +STATE +EVENTS +URL\n/)
    expect(list).toMatch(/Archive +retired +all +https:\/\/example\.com\/in/)
    const shown = await good(['webhook', 'show', id])
    expect(shown).toContain(`${receiver.url}/in\n`)
    expect(shown).not.toContain('whsec_')
    expect(await run(['webhook', 'show', 'whk_none'])).toMatchObject({ code: 1, out: '' })
  })

  test('test shows what the receiver answers, and ends with 1 where it refuses', async () => {
    expect(await good(['webhook', 'test', id])).toMatch(/^ok +yes\nstatus +200\nduration +\d+ ms\n/)
    const refused = await run(['webhook', 'test', id, '--event', 'payment_received'])
    expect(refused).toMatchObject({ code: 1, err: '', out: expect.stringMatching(/^ok +no\nstatus +500\n/) })
  })

  test('rotate prints the new secret alone', async () => {
    const rotated = await run(['webhook', 'rotate', id, '--overlap', '0'])
    expect(rotated).toMatchObject({ code: 0, out: expect.stringMatching(/^whsec_\S+\n$/) })
    expect(await run(['webhook', 'rotate', id, '--overlap', 'long'])).toMatchObject({ code: 2, out: '' })
  })

  test('retire, activate and delete change what it does', async () => {
    expect((await run(['webhook', 'retire', id])).err).toContain('is retired.')
    expect((await run(['webhook', 'activate', id])).err).toContain('is active.')
    const other = await good(['webhook', 'create', 'https://example.com/other', '--event', 'payment_failed'])
    expect((await run(['webhook', 'delete', other])).err).toBe('It is deleted.\n')
    expect((await run(['webhook', 'show', other])).code).toBe(1)
  })
})

const payload = async (type = 'payment_received') =>
  ((await json('event-type', 'list')).data as { name: string; sample: object }[]).find(({ name }) => name === type)
    ?.sample ?? {}

describe('event and delivery', () => {
  test('an event is sent from a line, a file and stdin, once for one key, and its delivery is found', async () => {
    await good(['webhook', 'create', `${receiver.url}/paid`, '--event', 'payment_received'])
    const sample = JSON.stringify(await payload())
    const file = join(folder(), 'payment.json')
    writeFileSync(file, sample)
    const emit = ['event', 'emit', 'payment_received', '--idempotency-key', 'one', '--data']
    const first = await run([...emit, sample])
    expect(first).toMatchObject({ code: 0, err: expect.stringMatching(/^Deliveries: [1-9]\.\n$/) })
    const again = await run([...emit, `@${file}`])
    expect(again).toEqual({ code: 0, out: first.out, err: 'It was sent before: nothing was stored.\n' })
    const event = await good(['event', 'emit', 'payment_received', '--site', 'main', '--data', '-'], sample)
    expect(event).toMatch(/^evt_\w+$/)
    expect(await run(['event', 'emit', 'payment_received', '--data', '{'])).toMatchObject({ code: 2, out: '' })
    expect(await run(['event', 'emit', 'nothing_happened', '--data', '{}'])).toMatchObject({ code: 1, out: '' })

    expect(await good(['event', 'list', '--type', 'payment_received'])).toContain(event)
    const shown = await good(['event', 'show', event])
    expect(shown).toMatch(/^id +evt_/)
    expect(JSON.parse(shown.slice(shown.indexOf('{')))).toEqual(JSON.parse(sample))

    const deliveries = (await json('delivery', 'list', '--event', event)) as { data: { id: string }[] }
    const delivery = deliveries.data[0]?.id ?? ''
    expect(await good(['delivery', 'list', '--type', 'payment_received'])).toContain(delivery)
    await vi.waitFor(async () => expect(await good(['delivery', 'show', delivery])).toMatch(/\nstate +delivered\n/), {
      timeout: 20_000,
    })
    expect(await good(['delivery', 'show', delivery])).toMatch(/\nATTEMPT +STARTED +MS +OUTCOME +STATUS +ERROR\n1 +/)
    expect((await run(['delivery', 'cancel', delivery])).code).toBe(1)
    expect((await run(['delivery', 'redeliver', delivery])).err).toMatch(
      /^It is (pending|delivering|delivered|retrying)\.\n$/,
    )
    expect(await good(['event-type', 'list'])).toMatch(/\npayment_received +payments +realtime +/)
  })

  test('one that waits is cancelled', async () => {
    const hourly = '{"delivery":{"mode":"batched","every_minutes":60}}'
    const id = await good([
      'webhook',
      'create',
      `${receiver.url}/hourly`,
      '--event',
      'payment_failed',
      '--data',
      hourly,
    ])
    await good(['event', 'emit', 'payment_failed', '--data', JSON.stringify(await payload('payment_failed'))])
    const { data } = (await json('delivery', 'list', '--webhook', id)) as { data: { id: string; state: string }[] }
    expect(data).toMatchObject([{ state: 'pending' }])
    expect((await run(['delivery', 'cancel', data[0]?.id ?? ''])).err).toBe('It is cancelled.\n')
  })
})

test('plugin list, deactivate, activate, pause and resume', async () => {
  expect(await good(['plugin', 'list'])).toMatch(/\npayments +Payments +\S+ +\S+ +active/)
  expect((await run(['plugin', 'deactivate', 'example'])).err).toMatch(/ is not active\.\n$/)
  expect((await run(['plugin', 'activate', 'example'])).err).toMatch(/ is active\.\n$/)
  expect((await run(['plugin', 'activate', 'example', '--site', 'nowhere'])).code).toBe(1)
  expect((await run(['plugin', 'pause', 'example'])).err).toBe('Example is paused.\n')
  expect(await good(['plugin', 'list'])).toMatch(/\nexample +Example +\S+ +\S+ +paused/)
  expect((await run(['plugin', 'resume', 'example'])).err).toBe('Example is active.\n')
  expect(await run(['plugin', 'pause', 'hookline'])).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringContaining('always on'),
  })
})

test('privacy find, export and erase; the address is given twice', async () => {
  const address = 'ann.cli@example.com'
  const sample = { ...(await payload()), payment_id: 'pay_privacy', customer_user_email: address }
  await good(['event', 'emit', 'payment_received', '--data', JSON.stringify(sample)])
  const found = await run(['privacy', 'find', address])
  expect(found).toMatchObject({ code: 0, out: expect.stringMatching(/^PLACE +FOUND +KEPT\nevent +1 +no\n/) })
  const id = /prv_\w+/.exec(found.err)?.[0] ?? ''
  expect(await good(['privacy', 'list'])).toMatch(new RegExp(`${id} +${address} +found +\\d`))
  expect(JSON.parse(await good(['privacy', 'export', id]))).toMatchObject({ address, event: [{}] })
  expect((await run(['privacy', 'erase', id])).code).toBe(2)
  const other = await run(['privacy', 'erase', id, '--address', 'bob@example.com'])
  expect(other).toMatchObject({ code: 1, out: '', err: expect.stringContaining('address: Type ann.cli@example.com') })
  const erased = await run(['privacy', 'erase', id, '--address', address])
  expect(erased).toMatchObject({ code: 0, err: 'It is erased.\n' })
  expect((await run(['privacy', 'export', id])).code).toBe(1)
  expect((await run(['privacy', 'stop', id])).code).toBe(1)
  expect((await json('privacy', 'find', address)) as object).toMatchObject({ state: 'found' })
})

describe('user', () => {
  test('invite prints a link alone, list names the person, and reset makes another', async () => {
    const invite = ['user', 'invite', 'bo@example.com', '--name', 'Bo', '--role', 'viewer']
    const invited = await run(invite)
    const link = expect.stringMatching(/^http:\/\/\S+\/set-password\?token=\S+\n$/)
    expect(invited).toMatchObject({ code: 0, out: link, err: expect.stringContaining('For bo@example.com, once') })
    expect((await run(invite)).code).toBe(1)
    expect(await good(['user', 'list', '--role', 'viewer'])).toMatch(/^ID .*\nusr_\w+ +Bo +bo@example\.com +viewer/)
    const reset = await run(['user', 'reset', 'Bo@example.com'])
    expect(reset).toMatchObject({ code: 0, out: link })
    expect(reset.out).not.toBe(invited.out)
    expect(await run(['user', 'reset', 'nobody@example.com'])).toEqual({
      code: 1,
      out: '',
      err: 'Nobody has the e-mail address nobody@example.com.\n',
    })
    expect(await run(['user', 'reset', 'anna@example.com'])).toMatchObject({ code: 1, out: '' })
  })

  test('change gives another role, and delete ends somebody; neither touches a super admin', async () => {
    await good(['user', 'invite', 'vera@example.com', '--name', 'Vera', '--role', 'viewer'])
    const change = ['user', 'change', 'vera@example.com', '--role', 'site_admin']
    expect(await run(change)).toMatchObject({ code: 1, err: expect.stringContaining('site') })
    expect(await run([...change, '--site', 'main', '--name', 'Vera Ek'])).toMatchObject({
      code: 0,
      err: 'Vera Ek: site_admin of main.\n',
    })
    expect(await run(['user', 'delete', 'Vera@example.com'])).toMatchObject({ code: 0, out: '' })
    expect((await run(['user', 'delete', 'vera@example.com'])).err).toBe(
      'Nobody has the e-mail address vera@example.com.\n',
    )
    for (const words of [
      ['change', 'anna@example.com', '--name', 'Queen'],
      ['delete', 'anna@example.com'],
    ]) {
      expect(await run(['user', ...words])).toMatchObject({
        code: 1,
        err: expect.stringContaining('A key neither makes, changes nor deletes super admins.'),
      })
    }
  })
})

test('api-key create, list, rotate and revoke; what opens is printed alone, and once', async () => {
  const make = ['api-key', 'create', 'Desk', '--scope', 'events:read', 'webhooks:read', '--expires-in-days', '30']
  const made = await run(make)
  expect(made).toMatchObject({ code: 0, out: expect.stringMatching(/^hk_\S+\n$/) })
  const id = /key_\w+/.exec(made.err)?.[0] ?? ''
  expect((await run(['webhook', 'list'], '', made.out.trim())).code).toBe(0)
  expect((await run(['delivery', 'list'], '', made.out.trim())).err).toContain('deliveries:read')
  expect(await good(['api-key', 'list'])).toMatch(new RegExp(`\\n${id} +Desk +hk_\\S{4} +active +`))
  const rotated = await run(['api-key', 'rotate', id, '--overlap', '1'])
  expect(rotated).toMatchObject({ code: 0, out: expect.stringMatching(/^hk_\S+\n$/) })
  for (const key of [made.out, rotated.out]) expect((await run(['webhook', 'list'], '', key.trim())).code).toBe(0)
  expect(await run(['api-key', 'revoke', id])).toEqual({
    code: 0,
    out: '',
    err: 'Desk is revoked. REST hooks retired with it: 0.\n',
  })
  expect((await run(['webhook', 'list'], '', rotated.out.trim())).err).toContain('does not open')
})

test('export writes the set-up, and import brings it in, or only says what it would do', async () => {
  await addAll('Export')
  const text = await good(['export'])
  const file = join(folder(), 'set-up.json')
  writeFileSync(file, text.replace('Everything for Export', 'Everything there is'))
  const dry = await run(['import', file, '--dry-run'])
  expect(dry).toMatchObject({ code: 0, err: expect.stringContaining('Nothing is written. It would be: ') })
  expect(dry.out).toMatch(/\nchange +webhook +Export/)
  expect(await good(['export'])).toBe(text)
  expect((await run(['import', file])).err).toMatch(/^Done: .*change 1/)
  expect(await good(['export'])).toContain('Everything there is')
  expect(await run(['import', '-'], '[]')).toMatchObject({ code: 2, out: '' })
})
