import { auditActions, auditEntryById, lastAudit } from '../../db/queries/audit.ts'
import { firstSites, siteNames } from '../../db/queries/sites.ts'
import type { AuditTable } from '../../db/schema.ts'
import { goOnChecking, lastCheck } from '../access/audit.ts'
import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import { notFound } from '../lib/errors.ts'
import { isId } from '../lib/ids.ts'
import type { JsonObject } from '../lib/json.ts'
import { msg } from '../lib/message.ts'
import { seeOther } from '../web/flash.ts'
import type { Translator } from '../web/i18n.ts'
import { exportAudit, MOST_EXPORTED } from './audit-export.ts'
import { auditPage, filterOf, readAsked } from './audit-filter.ts'
import { searchOf } from './log-filter.ts'
import { page } from './page.ts'
import { screenOf } from './screen.ts'
import { FEW_SITES } from './sites/choice.ts'

const PATH = '/network/audit'

/** Who changed what, when and from where: the log that nobody can change without being found out. */
export const auditRoutes = (deps: Deps): Handlers => ({
  'GET /network/audit': async (c) => {
    const { t } = c.var
    const asked = readAsked((name) => c.req.query(name))
    const [screen, filter, actions, sites, check, last] = await Promise.all([
      screenOf(c, deps, 'audit'),
      filterOf(deps, asked, t.timeZone),
      auditActions(deps.db),
      firstSites(deps.db, FEW_SITES + 1),
      lastCheck(deps.db),
      lastAudit(deps.db),
    ])
    const at = (name: string) => Number(c.req.query(name)) || undefined
    const found =
      filter && (await auditPage(deps, filter, { before: at('before'), after: at('after'), size: screen.rows }))
    const rows = found?.rows ?? []
    const names = await siteNames(deps.db, ownersOf(rows))
    return page(c, deps, 'pages/audit/list', {
      title: t('Audit'),
      lead: t('Every change by a person or a key, newest first.'),
      screen: screen.options,
      help: [
        t(
          'Nobody can change an entry, and entries are deleted only by age. Each is chained to the one before it, so that Check the chain finds any tampering.',
        ),
        t('Secrets are never recorded: an entry says that a secret was changed, but not to what.'),
      ],
      data: {
        shows: screen.shows,
        asked,
        path: PATH,
        actions,
        sites,
        check,
        last,
        now: deps.clock(),
        mostExported: MOST_EXPORTED,
        filtered: searchOf(asked) !== '',
        export: (format: string) => `${PATH}/export${searchOf(asked, { format })}`,
        rows: rows.map((row) => ({ ...row, where: whereOf(t, names, row.owner) })),
        further: found?.further ?? false,
        newer: found?.newer === undefined ? null : PATH + searchOf(asked, found.newer),
        older: found?.older === undefined ? null : PATH + searchOf(asked, { before: String(found.older) }),
      },
    })
  },

  'GET /network/audit/export': async (c) => {
    const asked = readAsked((name) => c.req.query(name))
    const filter = await filterOf(deps, asked, c.var.t.timeZone)
    return exportAudit(deps, filter, c.req.query('format') === 'csv' ? 'csv' : 'jsonl')
  },

  'POST /network/audit/check': async (c) => {
    const check = await goOnChecking(deps)
    if (check.broken !== null) {
      const title = msg('Entry {number} of the audit log was changed, removed or put in.', { number: check.broken })
      return seeOther(c, deps, PATH, { tone: 'bad', title })
    }
    const title = check.done
      ? msg('The audit log is intact.')
      : msg('The audit log is intact up to entry {number}. Check again to continue.', { number: check.seq })
    return seeOther(c, deps, PATH, { tone: 'good', title })
  },

  'GET /network/audit/:id': async (c) => {
    const { t } = c.var
    const id = c.req.param('id') ?? ''
    const entry = isId('aud', id) ? await auditEntryById(deps.db, id) : undefined
    if (!entry) throw notFound()
    const names = await siteNames(deps.db, ownersOf([entry]))
    return page(c, deps, 'pages/audit/entry', {
      title: entry.action,
      crumbs: [{ href: PATH, label: t('Audit') }],
      data: {
        entry,
        path: PATH,
        where: whereOf(t, names, entry.owner),
        target: pathOfTarget(entry.target),
        changes: changesOf(entry),
      },
    })
  },
})

const ownersOf = (rows: readonly AuditTable[]) => rows.map(({ owner }) => owner).filter((owner) => owner !== 'network')

const whereOf = (t: Translator, names: ReadonlyMap<string, string>, owner: string): string =>
  owner === 'network' ? t('The whole network') : (names.get(owner) ?? owner)

/** Where the thing can be seen, if it is still there. */
function pathOfTarget(target: string): string | null {
  const homes = {
    whk: 'webhooks',
    dlv: 'deliveries',
    bat: 'deliveries',
    evt: 'events',
    usr: 'users',
    sit: 'sites',
    prv: 'privacy',
  }
  const kind = target.slice(0, 3)
  return target[3] === '_' && Object.hasOwn(homes, kind)
    ? `/network/${homes[kind as keyof typeof homes]}/${target}`
    : null
}

/** The fields of an entry, with what they were and what they became. */
function changesOf({ before, after }: AuditTable) {
  const [was, is] = [fieldsOf(before), fieldsOf(after)]
  return [...new Set([...Object.keys(was), ...Object.keys(is)])].map((field) => ({
    field,
    before: was[field] ?? null,
    after: is[field] ?? null,
    same: was[field] === is[field],
  }))
}

function fieldsOf(json: string | null): Record<string, string> {
  if (json === null) return {}
  const fields = JSON.parse(json) as JsonObject
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  )
}
