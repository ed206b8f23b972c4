import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { definePlugin, event } from 'hookline/plugin'
import { testHost } from 'hookline/plugin/test'
import { createHost } from '../../../server/plugin/create-host.ts'
import { fieldsOf } from '../../../server/plugin/fields.ts'
import { sealSettingsAgain } from '../../../server/plugin/settings.ts'
import { createVault } from '../../../server/webhooks/secrets.ts'
import { anybody } from './probe.ts'

const KEY = 'sk_live_topsecret'
const told = event('thing_told', {
  title: 'Thing Told',
  sentence: 'A thing was told',
  description: 'Happens in tests.',
  lane: 'realtime',
  payload: z.looseObject({}),
  sample: {},
})
const schema = z
  .object({
    currency: z.enum(['SEK', 'EUR']).default('SEK').meta({ title: 'Currency' }),
    most: z.int().min(1).max(9).default(3),
    apiKey: z.string().default('').meta({ title: 'Key', secret: true }),
    account: z.string().default('none').meta({ title: 'Account', scope: 'network' }),
    tags: z.array(z.enum(['a', 'b'])).default([]),
  })
  .refine(({ currency, most }) => currency === 'SEK' || most < 5, { message: 'Too many euros', path: ['most'] })
const till = definePlugin(
  {
    slug: 'till',
    version: '1.0.0',
    title: 'Till',
    requires: { host: '^1.0' },
    scope: 'site',
    settings: schema,
    events: [told],
  },
  ({ route, page }) => {
    route('POST /show', (_request, { settings: { apiKey, ...rest } }) => Response.json([apiKey.length, rest]))
    route('POST /log', (_request, { settings, log }) => {
      log.info(`The key is ${settings.apiKey}.`, { key: settings.apiKey })
      throw new Error(`It failed with ${settings.apiKey}.`)
    })
    route('POST /tell', (_request, { settings, emit }) => {
      emit(told, { nested: [{ key: `Bearer ${settings.apiKey}` }] })
      return new Response()
    })
    route('POST /change', (_request, { settings }) => {
      ;(settings.tags as string[]).push('b')
      return new Response()
    })
    page('/settings-page', { title: 'Shown', template: 'none', load: ({ settings }) => ({ settings }) })
  },
)

type Host = Awaited<ReturnType<typeof testHost>>
const shown = async (host: Host, site = 'sit_main') => {
  const request = new Request('http://localhost/', { method: 'POST' })
  return (await host.host.route('till', '/show', site, request, anybody))?.json()
}
const change = async (host: Host, site: string | null, given: Record<string, unknown>) => {
  const { statements, before, after } = await host.host.changeSettings('till', site, given)
  await host.engine.db.commit(statements)
  return { before, after }
}

test('the default holds, over it the value of the network, over that the value of the site', async () => {
  const host = await testHost(till)
  const { db } = host.engine
  await db.commit([
    db.q.insertInto('site').values({ id: 'sit_b', slug: 'b', name: 'B', state: 'active', created_at: 0 }),
  ])
  expect(await shown(host)).toEqual([0, { currency: 'SEK', most: 3, account: 'none', tags: [] }])
  await change(host, null, { currency: 'EUR', account: 'acme', apiKey: KEY })
  await change(host, 'sit_b', { currency: 'SEK', most: 7, tags: ['b'] })
  expect(await shown(host)).toEqual([KEY.length, { currency: 'EUR', most: 3, account: 'acme', tags: [] }])
  expect(await shown(host, 'sit_b')).toEqual([KEY.length, { currency: 'SEK', most: 7, account: 'acme', tags: ['b'] }])
  await change(host, 'sit_b', { currency: null, most: null, tags: null, apiKey: 'another key' })
  expect(await shown(host, 'sit_b')).toEqual([11, { currency: 'EUR', most: 3, account: 'acme', tags: [] }])
})

test('what another process sets holds at once', async () => {
  const host = await testHost(till)
  const registry = { till: async () => ({ default: till }) }
  const other = await createHost(host.engine, { registry, safeMode: false })
  await shown(host)
  await host.engine.db.commit((await other.changeSettings('till', null, { most: 4 })).statements)
  expect(await shown(host)).toMatchObject([0, { most: 4 }])
})

test('reading settings asks the database nothing', async () => {
  const host = await testHost(till)
  const bare = await testHost(
    definePlugin({ ...till.manifest, settings: z.object({}) }, ({ route }) => {
      route('POST /show', () => new Response())
    }),
  )
  const count = async (one: Host) => {
    const ask = () =>
      one.host.route('till', '/show', 'sit_main', new Request('http://localhost/', { method: 'POST' }), anybody)
    await ask()
    let asked = 0
    const { q } = one.engine.db
    const original = q.getExecutor
    Object.assign(q, { getExecutor: () => ((asked += 1), original.call(q)) })
    await ask()
    Object.assign(q, { getExecutor: original })
    return asked
  }
  expect(await count(host)).toBe(await count(bare))
})

test.each([
  [{ currency: 'USD' }, null, { 'settings.currency': 'This has to be one of SEK, EUR.' }],
  [{ most: 10 }, null, { 'settings.most': 'This has to be 9 or less.' }],
  [{ most: 0 }, null, { 'settings.most': 'This has to be 1 or more.' }],
  [{ most: 'many' }, null, { 'settings.most': 'This has to be number.' }],
  [{ currency: 'EUR', most: 6 }, null, { 'settings.most': 'Too many euros.' }],
  [{ colour: 'red', most: 2 }, null, { 'settings.colour': 'There is no setting of this name.' }],
  [{ __proto__x: 1 }, null, { 'settings.__proto__x': 'There is no setting of this name.' }],
  [{ account: 'mine' }, 'sit_main', { 'settings.account': 'This is set for the whole network alone.' }],
  [{ apiKey: 7 }, null, { 'settings.apiKey': 'This has to be a text.' }],
] as const)('%j at %s is refused beside the setting', async (given, site, expected) => {
  const host = await testHost(till)
  const error = await host.host.changeSettings('till', site, given).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'invalid' })
  const { errors } = error as { errors: { path: string; message: { text: string; params?: object } }[] }
  const said = errors.map(({ path, message: { text, params = {} } }) => [
    path,
    text.replace(/\{(\w+)\}/g, (_, name: string) => String((params as Record<string, unknown>)[name])),
  ])
  expect(Object.fromEntries(said)).toEqual(expected)
})

test('of two who save at once, the second learns of it', async () => {
  const host = await testHost(till)
  const form = await host.host.settings('till', null)
  const [one, two] = await Promise.all([
    host.host.changeSettings('till', null, { most: 4 }, form?.revision),
    host.host.changeSettings('till', null, { most: 5 }, form?.revision),
  ])
  await host.engine.db.commit(one.statements)
  await expect(host.engine.db.commit(two.statements)).rejects.toMatchObject({ kind: 'constraint' })
  await expect(host.host.changeSettings('till', null, { most: 5 }, form?.revision)).rejects.toMatchObject({
    code: 'revision_conflict',
  })
})

test('no handler changes the settings of the next', async () => {
  const host = await testHost(till)
  await expect(host.request('POST /change')).rejects.toThrow('could not answer')
  expect(await shown(host)).toMatchObject([0, { tags: [] }])
})

test('a value that a newer version refuses counts for nothing', async () => {
  const host = await testHost(till)
  await host.engine.db.commit([
    host.engine.db.q
      .updateTable('plugin_state')
      .set({ settings: JSON.stringify({ values: { currency: 'DKK', most: 4, gone: true } }) })
      .where('slug', '=', 'till'),
  ])
  const { db } = host.engine
  await db.commit(await host.host.activate('till'))
  expect(await shown(host)).toMatchObject([0, { currency: 'SEK', most: 4 }])
})

describe('a secret', () => {
  test('is sealed at rest, and neither listed nor audited', async () => {
    const host = await testHost(till)
    expect(await change(host, null, { apiKey: KEY, most: 2 })).toEqual({
      before: { apiKey: null, most: null },
      after: { apiKey: '…', most: 2 },
    })
    const rows = await host.engine.db.q.selectFrom('plugin_state').selectAll().execute()
    expect(JSON.stringify(rows)).not.toContain(KEY)
    const form = await host.host.settings('till', null)
    expect(JSON.stringify(form)).not.toContain(KEY)
    expect(form?.settings.find(({ field }) => field.name === 'apiKey')).toMatchObject({ isSet: true, value: undefined })
    expect(JSON.stringify(await host.host.settings('till', 'sit_main'))).not.toContain(KEY)
  })

  test('opens for its own place alone', async () => {
    const host = await testHost(till, { settings: { apiKey: KEY } })
    const { db } = host.engine
    const [row] = await db.q.selectFrom('plugin_state').select('settings').where('slug', '=', 'till').execute()
    await db.commit([
      ...(await host.host.changeSettings('till', 'sit_main', { most: 2 })).statements,
      db.q
        .updateTable('plugin_site')
        .set({ settings: row?.settings ?? '' })
        .where('slug', '=', 'till'),
    ])
    await expect(host.request('POST /show')).rejects.toThrow('could not answer')
    expect(host.faults.at(-1)?.message).toContain('does not open')
  })

  test('stays out of logs, faults, pages and events', async () => {
    const host = await testHost(till, { settings: { apiKey: KEY } })
    await expect(host.request('POST /log')).rejects.toThrow()
    await expect(host.request('POST /tell')).rejects.toThrow()
    await expect(host.page('/settings-page')).rejects.toThrow()
    expect(host.logs).toContainEqual(expect.objectContaining({ message: 'The key is ….' }))
    expect(host.emitted).toEqual([])
    expect(host.faults.map(({ message }) => message)).toEqual([
      'It failed with ….',
      'A secret setting stands in the payload of thing_told. Secrets are never shown and never sent on.',
      'A secret setting stands in what the page /settings-page shows. Secrets are never shown and never sent on.',
    ])
    expect(JSON.stringify([host.logs, host.faults])).not.toContain(KEY)
  })

  test('is sealed again after a change of APP_SECRET', async () => {
    const host = await testHost(till, { settings: { apiKey: KEY } })
    await change(host, 'sit_main', { apiKey: `${KEY} of the site` })
    const { db, random } = host.engine
    const previous = 'the secret of every test host'
    const appSecret = 'another secret of 32 characters or more'
    await sealSettingsAgain({ db, vault: await createVault({ appSecret, previous, random }) })
    await sealSettingsAgain({ db, vault: await createVault({ appSecret, previous, random }) })
    const engine = { ...host.engine, vault: await createVault({ appSecret, random }) }
    const after = await createHost(engine, { registry: { till: async () => ({ default: till }) }, safeMode: false })
    const request = new Request('http://localhost/', { method: 'POST' })
    expect(await (await after.route('till', '/show', 'sit_main', request, anybody))?.json()).toMatchObject([
      KEY.length + ' of the site'.length,
      {},
    ])
  })
})

describe('a schema becomes fields', () => {
  const fieldOf = (node: z.ZodType) => fieldsOf(z.object({ one: node })).fields?.[0]

  test.each([
    ['a flag', z.boolean().default(true), { kind: 'flag', fallback: true }],
    ['a choice', z.enum(['a', 'b']).default('a'), { kind: 'choice', options: ['a', 'b'], fallback: 'a' }],
    ['choices', z.array(z.enum(['a', 'b'])).default([]), { kind: 'choices', options: ['a', 'b'] }],
    ['a whole number', z.int().min(1).max(9).default(1), { kind: 'number', limits: { min: 1, max: 9, step: 1 } }],
    ['a number', z.number().gt(0).default(1), { kind: 'number', limits: { step: 'any' } }],
    ['steps', z.number().multipleOf(0.5).default(1), { kind: 'number', limits: { step: 0.5 } }],
    ['above', z.int().gt(0).default(1), { kind: 'number', limits: { min: 1, step: 1 } }],
    ['a text', z.string().max(9).default(''), { kind: 'text', limits: { maxlength: 9 } }],
    ['an address', z.url().optional(), { kind: 'url', fallback: undefined }],
    ['an e-mail address', z.email().default('a@b.se'), { kind: 'email' }],
    [
      'words about it',
      z.string().default('').meta({ title: 'One', help: 'Help.', secret: true, scope: 'network' }),
      { title: 'One', help: 'Help.', secret: true, networkOnly: true },
    ],
  ])('%s', (_, node, expected) => expect(fieldOf(node)).toMatchObject(expected))

  test.each([
    ['a date', z.date().default(new Date(0)), 'Date'],
    ['an object', z.object({}).default({}), 'No form can show'],
    ['a list of texts', z.array(z.string()).default([]), 'No form can show'],
    ['null', z.string().nullable().default(null), 'No form can show'],
    ['this or that', z.union([z.string(), z.number()]).default(1), 'No form can show'],
    ['a secret number', z.number().default(1).meta({ secret: true }), 'has to be a text'],
    ['no default', z.string(), 'no default'],
  ])('but %s is refused at registration', async (_, node, why) => {
    const plugin = definePlugin({ ...till.manifest, events: [], settings: z.object({ one: node }) })
    await expect(testHost(plugin)).rejects.toThrow(why)
  })
})
