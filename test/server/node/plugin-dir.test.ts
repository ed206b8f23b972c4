import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { temporaryFolders } from '../../support/folder.ts'
import { pluginText, putPlugin, startWith } from '../../support/outside.ts'
import { startChild } from '../../support/child.ts'

const folder = temporaryFolders()
vi.setConfig({ testTimeout: 30_000 }) // a process takes its time to start

test('PLUGIN_DIR brings plugins in TypeScript and JavaScript, with templates and translations', async () => {
  const dir = folder()
  putPlugin(dir, 'till', {
    'plugin.ts': pluginText(
      'till',
      `page('/rolls', { title: 'Rolls', template: 'rolls', load: (): { left: number } => ({ left }) })`,
      {
        before: `import { left } from './left.ts'`,
      },
    ),
    'left.ts': 'export const left: number = 3\n',
    'rolls.eta': `<p><%= t('{count} rolls of paper are left.', { count: it.left }) %></p>`,
    'sv.po':
      'msgid ""\nmsgstr "Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\nmsgid "{count} rolls of paper are left."\nmsgstr "{count} rullar är kvar."\n',
  })
  putPlugin(dir, 'scale', {
    'plugin.js': pluginText('scale', `page('/weight', { title: 'Weight', template: 'weight', load: () => ({}) })`, {
      more: `colour: 'blue',`,
    }),
    'weight.eta': '<p>Heavy</p>',
  })
  putPlugin(dir, 'torn', { 'plugin.js': pluginText('torn', ''), 'page.eta': '<% if ( %>' })
  putPlugin(dir, 'slip', { 'plugin.ts': pluginText('slip', '').replace('events: [done],', 'events: [done') })
  putPlugin(dir, 'bare', {
    'plugin.js': pluginText('bare', `page('/a', { title: 'A', template: 'gone', load: () => ({}) })`),
  })
  putPlugin(dir, 'payments', { 'plugin.js': pluginText('payments', '') })
  mkdirSync(join(dir, 'notes'))
  const server = startWith({ DATA_DIR: folder(), PLUGIN_DIR: dir })

  const types = (await server.api('GET', '/event-types?limit=100')).body['data'] as { name: string }[]
  expect(types.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['till.thing_done', 'scale.thing_done', 'payment_received']),
  )
  expect((await server.page('/network/plugins/till/rolls')).words).toContain('3 rolls of paper are left.')
  expect((await server.page('/network/plugins/scale/weight')).words).toContain('Heavy')
  expect((await server.page('/network/plugins/till/rolls', 'sv')).words).toContain('3 rullar är kvar.')
  const { words } = await server.page('/network/plugins')
  expect(words).toContain('Its manifest says what this host does not know, so it is left out: colour.')
  expect(words).toContain('The page /a has no template gone.eta.')
  expect(words).toMatch(/It could not be loaded: .*page\.eta cannot be compiled/)
  expect(server.output()).toMatch(/"plugin":"torn","reason":"It could not be loaded: .*page\.eta cannot be compiled/)
  expect(server.output()).toMatch(/"plugin":"slip","reason":"It could not be loaded: .* \(plugin\.ts:\d+\)"/)
  expect(server.output()).toContain('A plugin from outside has the slug of one of ours, and is left out.')
})

test('a PLUGIN_DIR that is no folder stops the start with a sentence', async () => {
  const child = startChild({ DATA_DIR: folder(), PLUGIN_DIR: '/nowhere/plugins' })
  child.url.catch(() => {})
  expect(await child.ended).toBe(78)
  expect(child.output()).toContain(
    'PLUGIN_DIR is "/nowhere/plugins", and that is no folder; it has to be one, with plugins in it.',
  )
})
