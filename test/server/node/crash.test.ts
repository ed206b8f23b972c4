import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { temporaryFolders } from '../../support/folder.ts'
import { pluginText, putPlugin, startWith } from '../../support/outside.ts'

const folder = temporaryFolders()
vi.setConfig({ testTimeout: 60_000 }) // a process takes its time to start

const well = { 'plugin.js': pluginText('well', `on(done, () => {})`) }

test.each([
  ['ends the process', 'process.exit(3)'],
  ['throws where nobody catches it', 'process.nextTick(() => process.abort())'],
])('a plugin that %s when it is loaded is left out at the next start, until it is resumed', async (_, deed) => {
  const [dir, data] = [folder(), folder()]
  putPlugin(dir, 'well', well)
  putPlugin(dir, 'bomb', {
    'plugin.js': pluginText('bomb', '', { before: `${deed}; await new Promise((done) => setTimeout(done, 500))` }),
  })
  const env = { DATA_DIR: data, PLUGIN_DIR: dir }
  const first = startWith(env)
  await first.ended
  await expect(first.url).rejects.toThrow()
  expect(readFileSync(join(data, 'running'), 'utf8')).toBe('bomb load\n')

  const second = startWith(env)
  expect((await second.api('POST', '/events', { type: 'well.thing_done', data: { thing: 'a' } })).status).toBe(202)
  const { words } = await second.page('/network/plugins')
  expect(words).toContain('bomb is paused. The whole server ended while this plugin was loaded.')
  expect(existsSync(join(data, 'running'))).toBe(false)

  // Mended, resumed and started again, it is there.
  putPlugin(dir, 'bomb', { 'plugin.js': pluginText('bomb', '') })
  expect(await second.post('/network/plugins/bomb/resume')).toBe(303)
  expect((await second.page('/network/plugins')).words).not.toContain('bomb is paused')
  second.kill('SIGTERM')
  expect(await second.ended).toBe(0)
  const third = startWith(env)
  expect((await third.api('POST', '/events', { type: 'bomb.thing_done', data: { thing: 'a' } })).status).toBe(202)
})

test('a server that is told to end while it loads a plugin accuses nobody', async () => {
  const [dir, data] = [folder(), folder()]
  putPlugin(dir, 'well', { 'plugin.js': pluginText('well', '', { before: `process.kill(process.pid, 'SIGTERM')` }) })
  const server = startWith({ DATA_DIR: data, PLUGIN_DIR: dir })
  expect(await server.ended).toBe(0)
  expect(existsSync(join(data, 'running'))).toBe(false)
})

test('a plugin that never gives the processor back when it is loaded is left out once somebody ended the process', async () => {
  const [dir, data] = [folder(), folder()]
  putPlugin(dir, 'well', well)
  putPlugin(dir, 'loop', { 'plugin.js': pluginText('loop', 'for (;;);') })
  const env = { DATA_DIR: data, PLUGIN_DIR: dir }
  const first = startWith(env)
  const running = join(data, 'running')
  await vi.waitFor(() => expect(existsSync(running) && readFileSync(running, 'utf8')).toBe('loop load\n'), 20_000)
  first.kill('SIGKILL')
  await first.ended
  const second = startWith(env)
  expect((await second.api('POST', '/events', { type: 'well.thing_done', data: { thing: 'a' } })).status).toBe(202)
  expect((await second.page('/network/plugins')).words).toContain('loop is paused.')
})

test('a plugin that took the server down while it ran by itself is paused by the next start, which tells of it', async () => {
  const [dir, data] = [folder(), folder()]
  putPlugin(dir, 'killer', { 'plugin.js': pluginText('killer', `on(done, () => process.abort())`) })
  const env = { DATA_DIR: data, PLUGIN_DIR: dir }
  const first = startWith(env)
  await first.url
  first.kill('SIGTERM')
  await first.ended
  writeFileSync(join(data, 'running'), 'killer killer/on:killer.thing_done#0\n')

  const second = startWith(env)
  expect((await second.page('/network/plugins')).words).toContain('killer is paused. The whole server ended while')
  const told = await second.api('GET', '/events?type=plugin_paused')
  expect(told.body).toMatchObject({ data: [{ type: 'plugin_paused' }] })
})

test('an error that nobody catches, long after a handler ended, is a fault of its plugin, and the server goes on', async () => {
  const dir = folder()
  putPlugin(dir, 'stray', {
    'plugin.js': pluginText(
      'stray',
      `
      on(done, () => void setTimeout(() => { throw new Error('Out of the blue.') }, 5))
      on(done, () => void Promise.reject(new Error('Into the void.')))
    `,
    ),
  })
  const server = startWith({ DATA_DIR: folder(), PLUGIN_DIR: dir })
  expect((await server.api('POST', '/events', { type: 'stray.thing_done', data: { thing: 'a' } })).status).toBe(202)
  await vi.waitFor(async () => {
    const { words } = await server.page('/network/plugins')
    expect(words).toContain('Out of the blue.')
    expect(words).toContain('Into the void.')
  }, 10_000)
  expect((await server.api('GET', '/me')).status).toBe(200)
})
