import { beforeEach, expect, test } from 'vitest'
import { auditEntry, sealAudit, checkAudit } from '../../../server/access/audit.ts'
import { openWorld, type World } from '../../support/people.ts'

const anna = { id: 'usr_1', name: 'Anna', address: '192.0.2.1' }
let world: World
beforeEach(async () => {
  world = await openWorld()
})

const write = (count: number) =>
  world.db.commit(
    Array.from({ length: count }, (_, n) =>
      auditEntry(world, anna, {
        action: 'site.updated',
        target: `sit_${n}`,
        owner: 'network',
        before: { n },
        after: { n: n + 1 },
      }),
    ).flat(),
  )

const unsealed = async () =>
  (await world.db.q.selectFrom('audit').select('seq').where('hash', 'is', null).execute()).length

test('entries are numbered without a gap, also by commits at the same moment', async () => {
  await Promise.all([write(3), write(2), write(4)])
  const rows = await world.db.q.selectFrom('audit').select('seq').orderBy('seq').execute()
  expect(rows.map((row) => row.seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
})

test('an entry is not there when its commit failed', async () => {
  const list = [...auditEntry(world, anna, { action: 'site.deleted', target: 'sit_1', owner: 'network' })]
  await expect(world.db.commit([...list, world.db.q.insertInto('must').values({ ok: 0 })])).rejects.toMatchObject({
    kind: 'constraint',
  })
  expect(await world.db.q.selectFrom('audit').selectAll().execute()).toEqual([])
  expect(await checkAudit(world, null, 1000)).toMatchObject({ broken: null, done: true })
})

test('sealing chains all that is open, in pages, and verifies', async () => {
  await write(95)
  await sealAudit(world)
  expect(await unsealed()).toBe(0)
  await write(3)
  expect(await checkAudit(world, null, 1000)).toMatchObject({ broken: null, done: true })
  await sealAudit(world)
  expect(await unsealed()).toBe(0)
  expect(await checkAudit(world, null, 1000)).toMatchObject({ broken: null, done: true })
})

test('two processes that seal at once leave one sound chain', async () => {
  await write(60)
  await Promise.all([sealAudit(world), sealAudit(world), write(5).then(() => sealAudit(world))])
  await sealAudit(world)
  expect(await unsealed()).toBe(0)
  expect(await checkAudit(world, null, 1000)).toMatchObject({ broken: null, done: true })
})

test.each([
  ['changed', (w: World) => w.db.q.updateTable('audit').set({ after: '{"n":9}' }).where('seq', '=', 4)],
  [
    'changed, and its hash taken off',
    (w: World) => w.db.q.updateTable('audit').set({ after: '{}', hash: null }).where('seq', '=', 3),
  ],
  ['removed', (w: World) => w.db.q.deleteFrom('audit').where('seq', '=', 4)],
])('an entry that was %s is found', async (_name, tamper) => {
  await write(8)
  await sealAudit(world)
  await world.db.commit([tamper(world)])
  expect(await checkAudit(world, null, 1000)).toMatchObject({ broken: 4 })
})

test('entries cut off at the end are missed', async () => {
  await write(8)
  await sealAudit(world)
  await world.db.commit([world.db.q.deleteFrom('audit').where('seq', '>', 6)])
  expect(await checkAudit(world, null, 1000)).toMatchObject({ broken: 7 })
})
