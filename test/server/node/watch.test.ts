import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createWatch } from '../../../server/node/watch.ts'
import { temporaryFolders } from '../../support/folder.ts'
import { pluginText, putPlugin, startWith } from '../../support/outside.ts'

const folder = temporaryFolders()
vi.setConfig({ testTimeout: 60_000 })

/** A watch that loses its patience soon, and what it has written of what stands still. */
function watching(dir = folder()) {
  const watch = createWatch(dir, { patience: 200 })
  onTestFinished(() => watch.close())
  const file = join(dir, 'stuck')
  const stuck = () => existsSync(file) && readFileSync(file, 'utf8')
  /** Holds this thread until something is written, or for long. */
  const hold = () => {
    for (const until = performance.now() + 20_000; performance.now() < until && !stuck(););
    return stuck()
  }
  return { watch, stuck, hold, dir }
}
const one = { slug: 'one', id: 'one/filter:webhook_payload#0' }
const two = { slug: 'two', id: 'two/route:POST /do' }

test('who has the processor and does not give it back is written down, and forgotten when it does', async () => {
  const { watch, stuck, hold } = watching()
  const waits = Promise.withResolvers<void>()
  const open = watch.attend(two, () => waits.promise)
  await watch.attend(one, async () => {})
  expect(watch.attend(one, hold)).toBe('one one/filter:webhook_payload#0\n')
  await vi.waitFor(() => expect(stuck()).toBe(false), 20_000)
  // Behind an await nobody can tell: all that have begun and not ended are named.
  expect(hold()).toBe('two two/route:POST /do\n')
  waits.resolve()
  await open
})

test('nobody is accused while no code of plugins runs', async () => {
  const { watch, stuck } = watching()
  await watch.attend(one, async () => {})
  for (const until = performance.now() + 1000; performance.now() < until;);
  expect(stuck()).toBe(false)
})

test('the next start knows, unless a plugin was being loaded', async () => {
  const dir = folder()
  writeFileSync(join(dir, 'running'), 'one one/cron:a\ntwo two/cron:b\n')
  writeFileSync(join(dir, 'stuck'), 'two two/route:POST /do\n')
  expect(watching(dir).watch.left).toEqual([{ slug: 'two', doing: 'two/route:POST /do' }])
  expect(watching(dir).watch.left).toEqual([])
  writeFileSync(join(dir, 'running'), 'one load\n')
  writeFileSync(join(dir, 'stuck'), 'one one/load\n')
  expect(watching(dir).watch.left).toEqual([{ slug: 'one', doing: 'load' }])
})

test.each([
  ['never gives the processor back', 'for (;;);'],
  ['ends the process', 'process.exit(3)'],
])('a plugin whose filter %s is paused by the next start', async (_, deed) => {
  const [dir, data] = [folder(), folder()]
  putPlugin(dir, 'loop', {
    'plugin.js': pluginText('loop', `filter(webhookPayload, ({ thing }) => { if (thing) { ${deed} } })`),
  })
  const env = { DATA_DIR: data, PLUGIN_DIR: dir }
  const event = { type: 'loop.thing_done', data: { thing: 'a' } }
  const first = startWith(env)
  await first.url
  const asked = first.api('POST', '/events', event).catch(() => null)
  const stuck = join(data, 'stuck')
  await vi.waitFor(
    () => expect(existsSync(stuck) && readFileSync(stuck, 'utf8')).toMatch(/^loop loop\/filter:/),
    30_000,
  )
  first.kill('SIGKILL')
  await first.ended
  await asked
  const second = startWith(env)
  expect((await second.page('/network/plugins')).words).toContain(
    'loop is paused. The whole server ended while loop/filter:',
  )
  expect((await second.api('POST', '/events', event)).status).toBe(409)
})
