import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Plugin, PluginEvent } from '../plugin/define.ts'
import { buildIfStale } from './build.ts'

/** docs/events.md: every event that the plugins of the repository own, with what it means and carries. */
export const eventsPage = (plugins: readonly Plugin[]): string => `# Events

What the plugins of this repository tell of. An installation shows its own under _Event Types_, with a JSON Schema and a
sample of each, and at \`GET /api/v1/event-types\`. This page is made by \`npm run docs\`.
${plugins.map(chapter).join('')}`

function chapter({ manifest: { slug, title, description, events = [] } }: Plugin): string {
  if (events.length === 0) return ''
  return `
## ${title}

${description === undefined ? '' : `${description} `}The plugin is [plugins/${slug}](../plugins/${slug}/readme.md).

${[...events].sort(byTitle).map(line).join('\n')}
`
}

const byTitle = (a: PluginEvent, b: PluginEvent) => (a.title < b.title ? -1 : 1)

const line = ({ name, title, sentence, description, lane, sample }: PluginEvent): string =>
  `- **${title}**, \`${name}\`${lane === 'batched' ? ', batched' : ''}: ${sentence}. ${description} Carries ${fields(sample)}.`

const fields = (sample: unknown): string =>
  Object.keys(sample as object)
    .map((name) => `\`${name}\``)
    .join(', ')

/** The plugins of the repository, by their slugs. */
export async function ownPlugins(): Promise<readonly Plugin[]> {
  const { registry } = await import('../../plugins/registry.gen.ts')
  return Promise.all(Object.values(registry).map(async (load) => (await load()).default))
}

if (import.meta.main) {
  buildIfStale()
  const path = 'docs/events.md'
  writeFileSync(join(resolve(import.meta.dirname, '../..'), path), eventsPage(await ownPlugins()))
  console.log(`Made ${path}.`)
}
