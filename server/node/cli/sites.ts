import type { Command } from 'commander'
import { addList } from './command.ts'

interface Site {
  readonly slug: string
  readonly name: string
  readonly state: string
  readonly created_at: string
}

export function addSites(hookline: Command): void {
  const site = hookline.command('site').description('the sites of the network')
  addList<Site>(site, {
    summary: 'list the sites',
    example: 'site list --state archived',
    path: '/api/v1/sites',
    filters: { state: 'active or archived', q: 'part of a name' },
    columns: [
      ['SLUG', ({ slug }) => slug],
      ['NAME', ({ name }) => name],
      ['STATE', ({ state }) => state],
      ['MADE', ({ created_at }) => created_at],
    ],
  })
}
