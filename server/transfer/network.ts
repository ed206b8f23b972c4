import { everySite } from '../../db/queries/set-up.ts'
import { networkSettings, wrongSettings, type NetworkSettings } from '../access/network-settings.ts'
import { wrongSiteName, wrongSlug } from '../access/sites.ts'
import type { FieldError } from '../lib/errors.ts'
import { newId } from '../lib/ids.ts'
import type { JsonObject } from '../lib/json.ts'
import { msg } from '../lib/message.ts'
import { networkEntry } from './export.ts'
import type { SetUp } from './file.ts'
import { created, differences, refused, settled, twice, type KnownSite, type Planning, type Step } from './step.ts'

/** The settings as they would be. */
export const settingsAfter = (before: NetworkSettings, given: SetUp['network']): NetworkSettings => ({
  ...before,
  ...Object.fromEntries(Object.entries(given).map(([name, value]) => [name, value === null ? '' : String(value)])),
})

export function planSettings(planning: Planning, before: NetworkSettings, revision: string): Step[] {
  const { setUp } = planning
  if (Object.keys(setUp.network).length === 0) return []
  const after = settingsAfter(before, setUp.network)
  const found = { kind: 'settings', name: after.network_name, path: 'network' } as const
  const errors = wrongSettings(after)
  if (errors.length > 0) {
    return [
      refused(
        found,
        errors.map(({ path, message }) => ({ path: `network.${path}`, message })),
      ),
    ]
  }
  const changed = networkSettings.filter((name) => after[name] !== before[name])
  const part = (of: NetworkSettings) => Object.fromEntries(changed.map((name) => [name, of[name]]))
  const changes = differences(networkEntry(before) as JsonObject, networkEntry(after) as JsonObject)
  return [
    settled(planning, found, changes, () => ({
      rows: {
        setting: [
          ...changed.map((name) => ({ name, value: after[name] })),
          { name: 'settings_revision', value: String(Number(revision) + 1) },
        ],
      },
      audit: [
        { action: 'settings.updated', target: 'network', owner: 'network', before: part(before), after: part(after) },
      ],
    })),
  ]
}

/** The sites of the file, and all that there are then, by slug. */
export async function planSites(
  planning: Omit<Planning, 'sites'>,
): Promise<{ readonly steps: readonly Step[]; readonly sites: ReadonlyMap<string, KnownSite> }> {
  const { deps, setUp } = planning
  const here = new Map((await everySite(deps.db)).map((site) => [site.slug, site]))
  const sites = new Map<string, KnownSite>()
  for (const site of here.values()) {
    if (site.state !== 'deleted') sites.set(site.slug, { ...site, state: site.state })
  }
  const seen = new Set<string>()
  const steps = setUp.sites.map((entry, index): Step => {
    const path = `sites.${index}`
    const { slug } = entry
    const name = entry.name.trim()
    const found = { kind: 'site', name: name || slug, site: slug, path } as const
    const old = here.get(slug)
    const errors = wrongSite(path, slug, name, old === undefined)
    if (seen.has(slug)) errors.push(twice(`${path}.slug`))
    if (old?.state === 'deleted')
      errors.push({
        path: `${path}.slug`,
        message: msg('A site with this slug was deleted here. The slug is free when its log is gone.'),
      })
    seen.add(slug)
    if (errors.length > 0) return refused(found, errors)
    if (old) {
      const isOther = entry.state !== undefined && entry.state !== old.state
      const notes = isOther ? [msg('It is not archived or restored by an import. Do that under Sites.')] : []
      return settled({ ...planning, sites }, { ...found, notes }, differences({ name: old.name }, { name }), () => ({
        rows: { site: [row({ ...old, name })] },
        audit: [
          {
            action: 'site.updated',
            target: old.id,
            owner: old.id,
            before: { name: old.name, state: old.state },
            after: { name, state: old.state },
          },
        ],
      }))
    }
    const site = { id: newId('sit', deps), slug, name, state: entry.state ?? 'active' }
    sites.set(slug, site)
    return created(found, {
      rows: { site: [row(site)] },
      audit: [{ action: 'site.created', target: site.id, owner: 'network', after: { slug, name, state: site.state } }],
    })
  })
  return { steps, sites }

  function row(site: { id: string; slug: string; name: string; state: KnownSite['state'] | 'deleted' }) {
    const { id, slug, name, state } = site
    return { id, slug, name, state, created_at: deps.clock(), deleted_at: null, moving_below: null }
  }
}

function wrongSite(path: string, slug: string, name: string, isNew: boolean): FieldError[] {
  const wrong = [
    ['slug', isNew ? wrongSlug(slug) : null],
    ['name', wrongSiteName(name)],
  ] as const
  return wrong.flatMap(([field, message]) => (message ? [{ path: `${path}.${field}`, message }] : []))
}
