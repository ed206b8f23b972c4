import { expect, test, vi } from 'vitest'
import { webhooksChanged } from '../../../db/queries/outbox.ts'
import { capabilities, type Actor } from '../../../server/lib/actor.ts'
import { readSetUp } from '../../../server/transfer/file.ts'
import { openSetUp, runImport } from '../../../server/transfer/import.ts'
import { testApp } from '../../support/app.ts'

vi.setConfig({ testTimeout: 30_000 })

const actor: Actor = {
  kind: 'user',
  id: 'usr_test',
  name: 'Ingrid Nord',
  owner: 'network',
  capabilities: new Set(capabilities),
  address: '192.0.2.7',
}

const setUp = readSetUp({
  hookline: 'set-up',
  version: 1,
  network: { network_name: 'North' },
  sites: [{ slug: 'oslo', name: 'Oslo' }],
  webhooks: [{ owner: 'oslo', name: 'Orders', url: 'https://hooks.example.com/', events: ['payment_received'] }],
})

/** An app in which somebody else changes a webhook just before each of the first commits. */
async function disturbed(times: number) {
  const app = await testApp()
  const { db } = app.deps
  let left = times
  const commit: typeof db.commit = async (...given) => {
    if (left-- > 0) await db.commit([webhooksChanged(db)])
    return db.commit(...given)
  }
  return { app, deps: { ...app.deps, db: { ...db, commit } } }
}

const kept = ({ deps: { db } }: Awaited<ReturnType<typeof testApp>>) =>
  Promise.all([
    db.q.selectFrom('webhook').select('name').execute(),
    db.q.selectFrom('site').select('slug').where('slug', '=', 'oslo').execute(),
    db.q.selectFrom('setting').select('value').where('name', '=', 'network_name').execute(),
    db.q.selectFrom('audit').select('action').orderBy('seq').execute(),
  ])

test('an import that somebody came before is planned anew, and done once', async () => {
  const { app, deps } = await disturbed(2)
  const { counts } = await runImport(deps, actor, await openSetUp(deps, setUp, '', 'change'), { leaveOut: false })
  expect(counts).toMatchObject({ create: 2, change: 1 })
  const [webhooks, sites, , audit] = await kept(app)
  expect([webhooks, sites]).toEqual([[{ name: 'Orders' }], [{ slug: 'oslo' }]])
  expect(audit.map(({ action }) => action)).toEqual([
    'settings.updated',
    'site.created',
    'webhook.created',
    'set_up.imported',
  ])
})

test('one that somebody always comes before gives up, and nothing of it is there', async () => {
  const { app, deps } = await disturbed(Infinity)
  const wanted = await openSetUp(deps, setUp, '', 'change')
  await expect(runImport(deps, actor, wanted, { leaveOut: false })).rejects.toMatchObject({ code: 'conflict' })
  expect(await kept(app)).toEqual([[], [], [], []])
})
