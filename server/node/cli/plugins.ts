import type { Command } from 'commander'
import { add, addList, answered } from './command.ts'
import { note } from './print.ts'

interface Plugin {
  readonly slug: string
  readonly title: string
  readonly version: string
  readonly scope: string
  readonly state: string
  readonly active: boolean
}

export function addPlugins(hookline: Command): void {
  const plugin = hookline.command('plugin').description('what adds events and more')
  addList<Plugin>(plugin, {
    summary: 'list plugins',
    example: 'plugin list',
    path: '/api/v1/plugins',
    columns: [
      ['SLUG', ({ slug }) => slug],
      ['TITLE', ({ title }) => title],
      ['VERSION', ({ version }) => version],
      ['SCOPE', ({ scope }) => scope],
      ['STATE', ({ state }) => state],
    ],
  })
  for (const [word, active] of [
    ['activate', true],
    ['deactivate', false],
  ] as const) {
    add<{ readonly site?: string }>(plugin, `${word} <slug>`, {
      summary: `${word} a plugin, for all sites or for one`,
      example: `plugin ${word} woocommerce --site shop`,
      configure: (command) => command.option('--site <slug>', 'for this site alone'),
      run: async (session, slug) => {
        const answer = await session.ask('PATCH', at(slug), { body: { active, site: session.options.site } })
        answered<Plugin>(session, answer, (now) => note(`${now.title} is ${now.active ? 'active' : 'not active'}.`))
      },
    })
  }
  for (const [word, paused, summary] of [
    ['pause', true, 'let nothing of a plugin run, on any site; what its guards watch over is held'],
    ['resume', false, 'let a plugin run again that was paused'],
  ] as const) {
    add(plugin, `${word} <slug>`, {
      summary,
      example: `plugin ${word} payments`,
      run: async (session, slug) => {
        const answer = await session.ask('PATCH', at(slug), { body: { paused } })
        answered<Plugin>(session, answer, ({ title, state }) => note(`${title} is ${state}.`))
      },
    })
  }
}

const at = (slug: string | undefined) => `/api/v1/plugins/${encodeURIComponent(slug ?? '')}`
