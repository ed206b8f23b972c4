import { describe, expect, test } from 'vitest'
import { auditEntry, goOnChecking, sealAudit } from '../../../server/access/audit.ts'
import { readNetworkSettings } from '../../../server/access/network-settings.ts'
import { DAY } from '../../../server/lib/clock.ts'
import { testApp, type TestApp } from '../../support/app.ts'
import { wordsOf } from '../../support/form.ts'

const PATH = '/network/audit'
const anna = { id: 'usr_anna', name: 'Anna', address: '192.0.2.1' }
const bo = { id: 'key_bo', name: 'Till of Bo', address: '192.0.2.2' }

/** Entries `thing.done` by Anna, unless said otherwise. */
const write = (
  { deps }: TestApp,
  entries: readonly Partial<Parameters<typeof auditEntry>[2] & { by: typeof anna }>[],
) =>
  deps.db.commit(
    entries.flatMap(({ by = anna, ...entry }) =>
      auditEntry(deps, by, { action: 'thing.done', target: 'a thing', owner: 'network', ...entry }),
    ),
  )
const actions = (html: string): string[] =>
  [...html.matchAll(/<th scope="row" class="primary"><a [^>]*><code>(.*?)<\/code>/g)].map(([, code = '']) =>
    code.replaceAll('<wbr>', ''),
  )
const link = (html: string, label: string): string =>
  (new RegExp(`<a class="button small" href="([^"]*)" aria-label="${label}"`).exec(html)?.[1] ?? '').replaceAll(
    '&amp;',
    '&',
  )
const lines = (text: string) => text.trimEnd().split(/\r?\n/)

describe('the log', () => {
  test.each([
    ['actor=usr_anna', ['one.done', 'site.done']],
    ['actor=Till+of+Bo', ['two.done']],
    ['actor=nobody', []],
    ['action=two.done', ['two.done']],
    ['site=shop', ['site.done']],
    ['site=nowhere', []],
    ['q=SITE.D', ['site.done']],
    ['q=till', ['two.done']],
    ['q=whk_01m80000000000000000000000', ['two.done']],
    ['actor=usr_anna&action=site.done&site=shop', ['site.done']],
  ])('is filtered by %s', async (search, found) => {
    const app = await testApp()
    const admin = await app.login()
    const shop = await app.site('shop')
    await write(app, [
      { action: 'site.done', owner: shop },
      { action: 'two.done', by: bo, target: 'whk_01m80000000000000000000000' },
      { action: 'one.done' },
    ])
    expect(actions((await admin.get(`${PATH}?${search}`)).html)).toEqual(found)
  })

  test('is filtered by days on the clock of the network', async () => {
    const app = await testApp()
    const admin = await app.login()
    await admin.send('/network/settings', { ...(await settings(app)), time_zone: 'Europe/Oslo' })
    const { db } = app.deps
    const at = async (action: string, time: string) => {
      const deps = { ...app.deps, clock: () => Date.parse(time) }
      await db.commit(auditEntry(deps, anna, { action, target: 'a', owner: 'network' }))
    }
    await at('monday.late', '2031-01-06T22:59:00Z')
    await at('tuesday.early', '2031-01-06T23:01:00Z')
    await at('tuesday.late', '2031-01-07T22:59:00Z')
    await at('wednesday.early', '2031-01-07T23:01:00Z')
    const on = async (search: string) => actions((await admin.get(`${PATH}?${search}`)).html)
    expect(await on('from=2031-01-07&to=2031-01-07')).toEqual(['tuesday.late', 'tuesday.early'])
    expect(await on('from=2031-01-08')).toEqual(['wednesday.early'])
    expect(await on('to=2031-01-06&action=monday.late')).toEqual(['monday.late'])
  })

  test('goes forth and back by pages, and stays where it is while entries are added', async () => {
    const app = await testApp()
    const admin = await app.login()
    await write(
      app,
      Array.from({ length: 24 }, (_, n) => ({ action: `n.${n}` })),
    )
    await write(
      app,
      Array.from({ length: 24 }, (_, n) => ({ action: `m.${n}` })),
    )
    const first = await admin.get(`${PATH}?actor=usr_anna`)
    expect(actions(first.html)).toHaveLength(25)
    const second = await admin.get(link(first.html, 'Older'))
    expect(actions(second.html)).toHaveLength(23)
    await write(app, [{ action: 'late.done' }])
    expect(actions((await admin.get(link(first.html, 'Older'))).html)).toEqual(actions(second.html))
    expect(actions((await admin.get(link(second.html, 'Newer'))).html)).toEqual(actions(first.html))
  })

  test('is searched so far back at a time, and says that there is more', async () => {
    const app = await testApp()
    const admin = await app.login()
    await write(app, [{ action: 'needle.done' }])
    const { db } = app.deps
    await db.commit([db.q.updateTable('counter').set({ value: 6000 }).where('name', '=', 'audit')])
    await write(app, [{ action: 'hay.done' }])
    const near = await admin.get(`${PATH}?q=needle`)
    expect(wordsOf(near.html)).toContain('Nothing found so far')
    const [, further = ''] = /href="([^"]*)">Search further back/.exec(near.html) ?? []
    expect(actions((await admin.get(further.replaceAll('&amp;', '&'))).html)).toEqual(['needle.done'])
  })

  test.each(['?from=2031-13-45', '?before=junk', '?after=-1', '?actor=%00', '?site=..%2F', '?q=%F0'])(
    'takes %s as good as not there',
    async (search) => {
      const admin = await (await testApp()).login()
      expect((await admin.get(PATH + search)).status).toBe(200)
    },
  )

  test('is for super admins alone', async () => {
    const app = await testApp()
    for (const role of ['viewer', 'integration_admin'] as const) {
      expect((await (await app.login(role)).get(PATH)).status).toBe(403)
    }
  })
})

test('an entry shows each field before and after', async () => {
  const app = await testApp()
  const admin = await app.login()
  await write(app, [
    { action: 'shown.done', before: { name: 'Old', same: 1 }, after: { name: '<b>New</b>', same: 1, list: ['a'] } },
  ])
  const { html } = await admin.get(PATH)
  const [, path = ''] = /href="(\/network\/audit\/aud_\w+)"><code>shown/.exec(html) ?? []
  const entry = await admin.get(path)
  expect(wordsOf(entry.html)).toContain('name Old <b>New</b>')
  expect(wordsOf(entry.html)).toContain('list – ["a"]')
  expect(entry.html).not.toContain('<b>New')
  expect((await admin.get(`${PATH}/aud_nothing`)).status).toBe(404)
})

describe('the export', () => {
  test('holds what the filters leave, as JSON lines', async () => {
    const app = await testApp()
    const admin = await app.login()
    await write(app, [
      { action: 'one.done', after: { a: [1] } },
      { action: 'two.done', by: bo },
    ])
    const { headers, html } = await admin.get(`${PATH}/export?actor=usr_anna&format=jsonl`)
    expect(headers.get('content-disposition')).toBe('attachment; filename="audit.jsonl"')
    expect(lines(html).map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ action: 'one.done', actor: 'Anna', after: { a: [1] }, before: null }),
    ])
  })

  test('as CSV runs nothing in a spreadsheet', async () => {
    const app = await testApp()
    const admin = await app.login()
    await write(app, [
      { by: { ...anna, name: '=HYPERLINK("http://evil","x")' }, action: 'one.done', after: { a: 'b,c' } },
    ])
    const [head, row] = lines((await admin.get(`${PATH}/export?action=one.done&format=csv`)).html)
    expect(head).toBe('number,time,actor,actor_id,address,action,target,owner,before,after,hash')
    expect(row).toContain(`"'=HYPERLINK(""http://evil"",""x"")",usr_anna`)
    expect(row).toContain('"{""a"":""b,c""}"')
  })

  test('goes on through as many steps as it takes', async () => {
    const app = await testApp()
    const admin = await app.login()
    for (let n = 0; n < 60; n++) {
      await write(
        app,
        Array.from({ length: 20 }, () => ({ action: 'many.done' })),
      )
    }
    const numbers = lines((await admin.get(`${PATH}/export?action=many.done`)).html).map(
      (line) => (JSON.parse(line) as { number: number }).number,
    )
    expect(new Set(numbers).size).toBe(1200)
    expect(numbers).toEqual([...numbers].sort((a, b) => b - a))
  })
})

describe('the chain', () => {
  test('is checked step by step, and what was changed is found and shown', async () => {
    const app = await testApp()
    const admin = await app.login()
    const { db } = app.deps
    await write(app, [{}, {}, {}])
    await sealAudit(app.deps)
    expect(wordsOf((await admin.get(PATH)).html)).toContain('Not checked yet')
    expect(wordsOf((await admin.send(`${PATH}/check`)).html)).toContain('The audit log is intact.')
    expect(wordsOf((await admin.get(PATH)).html)).toContain('Chain verified up to entry')
    await db.commit([db.q.updateTable('audit').set({ actor_name: 'Somebody else' }).where('seq', '=', 2)])
    expect(wordsOf((await admin.send(`${PATH}/check`)).html)).toContain('Entry 2 of the audit log was changed')
    expect(wordsOf((await admin.get('/network/health')).html)).toContain('The audit log was tampered with')
  })

  test('begins behind what age has taken', async () => {
    const app = await testApp()
    await write(app, [{}, {}])
    await app.tidy()
    app.clock.advance(366 * DAY)
    await write(app, [{}])
    await app.tidy()
    expect(await app.deps.db.q.selectFrom('audit').select('seq').execute()).toEqual([{ seq: 3 }])
    expect(await goOnChecking(app.deps)).toMatchObject({ seq: 3, broken: null, done: true })
  })
})

async function settings({ deps }: TestApp): Promise<Record<string, string>> {
  const { values, revision } = await readNetworkSettings(deps.db)
  return { ...values, revision }
}
