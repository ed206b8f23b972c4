import { screenChoice, setScreen } from '../../db/queries/screens.ts'
import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import { notFound } from '../lib/errors.ts'
import { msg } from '../lib/message.ts'
import { safeNext } from '../web/safe-url.ts'
import type { C } from '../web/env.ts'
import { seeOther } from '../web/flash.ts'
import { readForm } from '../web/forms.ts'
import type { Translator } from '../web/i18n.ts'

/**
 * The lists that people may arrange, each with the columns that can be left out and the rows of a page to begin with; 0 for
 * a list without pages.
 */
const screens = {
  webhooks: { columns: ['state', 'events', 'day', 'last'], rows: 20 },
  deliveries: { columns: ['state', 'webhook', 'answer', 'time'], rows: 25 },
  events: { columns: ['deliveries', 'source', 'site', 'time'], rows: 25 },
  bins: { columns: ['answers', 'caught', 'made'], rows: 20 },
  // In groups that open and close, and so on one page.
  'event-types': { columns: ['code', 'lane', 'webhooks'], rows: 0 },
  sources: { columns: ['state', 'from', 'received', 'taken', 'refused'], rows: 20 },
  sites: { columns: ['state', 'webhooks', 'users', 'created'], rows: 20 },
  users: { columns: ['role', 'site', 'login', 'created'], rows: 20 },
  'api-keys': { columns: ['state', 'scopes', 'site', 'used', 'expires'], rows: 20 },
  plugins: { columns: ['state', 'description'], rows: 20 },
  hooks: { columns: ['handler', 'priority', 'runs', 'mean', 'longest', 'faults'], rows: 50 },
  privacy: { columns: ['state', 'found', 'time'], rows: 20 },
  audit: { columns: ['who', 'site', 'address', 'time'], rows: 25 },
} as const
type ScreenName = keyof typeof screens

const ROWS = [10, 20, 25, 50, 100]

/** How somebody wants a list. */
export interface Screen {
  /** Of a page; 0 for a list without pages. */
  readonly rows: number
  shows(column: string): boolean
  /** For the form in the frame. */
  readonly options: ScreenOptions
}
export interface ScreenOptions {
  readonly name: ScreenName
  readonly rows: number
  /** None for a list without pages. */
  readonly rowChoices: readonly number[]
  readonly columns: readonly { readonly name: string; readonly label: string; readonly shown: boolean }[]
  /** The page to come back to. */
  readonly back: string
}

/** Screen Options of a list, as the person who looks chose them. */
export async function screenOf(c: C, deps: Deps, name: ScreenName): Promise<Screen> {
  const { actor, t } = c.var
  const { columns, rows } = screens[name]
  const chosen = await screenChoice(deps.db, actor.id, name)
  const hidden = new Set(chosen ? (JSON.parse(chosen.hidden) as string[]) : [])
  const labels = labelsOf(t)
  const url = new URL(c.req.url)
  const options = {
    name,
    rows: rows === 0 ? 0 : (chosen?.rows ?? rows),
    rowChoices: rows === 0 ? [] : ROWS,
    columns: columns.map((column) => ({ name: column, label: labels[column], shown: !hidden.has(column) })),
    back: url.pathname + url.search,
  }
  return { rows: options.rows, shows: (column) => !hidden.has(column), options }
}

const labelsOf = (t: Translator): Record<(typeof screens)[ScreenName]['columns'][number], string> => ({
  events: t('Events'),
  day: t('Last 24 hours'),
  last: t('Last delivery'),
  state: t('State'),
  webhook: t('Webhook'),
  answer: t('Answer'),
  time: t('Time'),
  deliveries: t('Deliveries'),
  source: t('Reported by'),
  site: t('Site'),
  answers: t('Answers'),
  caught: t('Caught'),
  made: t('Made'),
  code: t('Code name'),
  lane: t('Lane'),
  webhooks: t('Webhooks'),
  from: t('From'),
  received: t('Last received'),
  taken: t('Taken'),
  refused: t('Refused'),
  users: t('Users'),
  created: t('Created'),
  role: t('Role'),
  login: t('Logging in'),
  scopes: t('Scopes'),
  used: t('Last used'),
  expires: t('Expires'),
  description: t('Description'),
  handler: t('Handler'),
  priority: t('Priority'),
  runs: t('Runs'),
  mean: t('Mean'),
  longest: t('Longest'),
  faults: t('Faults'),
  found: t('Found'),
  who: t('Who'),
  address: t('Address'),
})

export const screenRoutes = (deps: Deps): Handlers => ({
  'POST /account/screen': async (c) => {
    const form = await readForm(c)
    const name = (Object.keys(screens) as ScreenName[]).find((one) => one === form.get('screen'))
    if (!name) throw notFound()
    const shown = form.getAll('column')
    const hidden = screens[name].columns.filter((column) => !shown.includes(column))
    const rows = ROWS.find((choice) => String(choice) === form.get('rows')) ?? screens[name].rows
    await deps.db.commit([
      setScreen(deps.db, { user_id: c.var.actor.id, screen: name, hidden: JSON.stringify(hidden), rows }),
    ])
    // The first page: what stood on another one moves when a page holds more or fewer rows.
    const back = URL.parse(safeNext(form.get('back'), deps.publicUrl()) ?? '/', deps.publicUrl())
    for (const position of ['before', 'after', 'page']) back?.searchParams.delete(position)
    const to = back ? back.pathname + back.search : '/network'
    return seeOther(c, deps, to, { tone: 'good', title: msg('Screen options saved.') })
  },
})
