import { describe, expect, test } from 'vitest'
import { judgeHome, noteStop, settleHome } from '../../../server/access/home.ts'
import { HOUR, MINUTE } from '../../../server/lib/clock.ts'
import { copyOf } from '../../../server/webhooks/copy.ts'
import { isSending } from '../../../server/webhooks/sending.ts'
import { testApp } from '../../support/app.ts'

const NOW = Date.UTC(2026, 0, 31)
const home = (place: string | null, url: string | null = null, stopped: number | null = null) => ({
  place,
  url,
  stopped,
})

describe('a database that is started', () => {
  test.each([
    ['where it ran is itself', home('file 1'), home('file 1'), null],
    ['where it crashed is itself', home('file 1', null, null), home('file 1'), null],
    [
      'there under another address is itself',
      home('file 1', 'https://a.example'),
      home('file 1', 'https://b.example'),
      null,
    ],
    ['elsewhere is a copy', home('file 1'), home('file 2'), { kind: 'copied' }],
    [
      'elsewhere long after it was stopped is a copy',
      home('file 1', null, NOW - HOUR - 1),
      home('file 2'),
      { kind: 'copied' },
    ],
    [
      'elsewhere right after it was stopped was moved',
      home('file 1', null, NOW - MINUTE),
      home('file 2'),
      { kind: 'moved' },
    ],
    [
      'where nobody can tell the place, under another address, may be a copy',
      home(null, 'https://a.example'),
      home(null, 'https://b.example'),
      { kind: 'moved', url: 'https://a.example' },
    ],
    ['where nobody can tell anything is itself', home(null), home(null, 'https://b.example'), null],
  ])('%s', (_, before, now, verdict) => {
    expect(judgeHome(before, now, NOW)).toEqual(verdict)
  })
})

test('a copy holds all sending and says so in the audit log; switched on, it is at home', async () => {
  const { deps } = await testApp()
  const { db } = deps
  await settleHome(deps, 'file 1')
  expect([await isSending(deps), await copyOf(db)]).toEqual([true, null])
  await settleHome(deps, 'file 2')
  expect(await isSending(deps)).toBe(false)
  expect(await copyOf(db)).toEqual({ kind: 'copied', since: deps.clock() })
  const audit = await db.q.selectFrom('audit').select(['action', 'actor_name']).execute()
  expect(audit).toContainEqual({ action: 'sending.stopped', actor_name: 'Hookline' })
  // It stays what it is, wherever else it is taken.
  await noteStop(deps, 'file 2')
  await settleHome(deps, 'file 3')
  expect(await copyOf(db)).toMatchObject({ kind: 'copied' })
})

test('one that is moved goes on sending', async () => {
  const { deps } = await testApp()
  await settleHome(deps, 'file 1')
  await noteStop(deps, 'file 1')
  await settleHome(deps, 'file 2')
  expect(await isSending(deps)).toBe(true)
  expect(await copyOf(deps.db)).toEqual({ kind: 'moved', since: deps.clock() })
})

test('a copy whose start failed before it was judged is still one', async () => {
  const { deps } = await testApp()
  await settleHome(deps, 'file 1')
  await noteStop(deps, 'file 2')
  await settleHome(deps, 'file 2')
  expect(await copyOf(deps.db)).toMatchObject({ kind: 'copied' })
})
