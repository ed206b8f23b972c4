import { auditEntry } from '../access/audit.ts'
import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import { can } from '../lib/actor.ts'
import { msg } from '../lib/message.ts'
import type { HookInfo, HookKind } from '../plugin/insight.ts'
import type { C } from '../web/env.ts'
import { seeOther } from '../web/flash.ts'
import { readForm } from '../web/forms.ts'
import type { Translator } from '../web/i18n.ts'
import { countBy, listing, rowsAt, type Slice } from './listing.ts'
import { page } from './page.ts'
import { screenOf } from './screen.ts'

const PATH = '/network/hooks'

const kinds: readonly HookKind[] = [
  'filter',
  'listener',
  'cron',
  'source',
  'route',
  'page',
  'format',
  'check',
  'widget',
]
/** What the list can be sorted by, besides the order in which handlers run. */
const figures = {
  runs: ({ tally }: HookInfo) => tally?.runs ?? 0,
  mean: ({ tally }: HookInfo) => (tally ? tally.totalMs / tally.runs : 0),
  longest: ({ tally }: HookInfo) => tally?.worstMs ?? 0,
  faults: ({ tally }: HookInfo) => tally?.faults ?? 0,
} as const
const list = listing({
  word: 'kind',
  views: kinds,
  columns: { runs: 'runs', mean: 'mean', longest: 'longest', faults: 'faults' },
  usual: { by: 'run', descending: false },
})

function ordered(
  hooks: readonly HookInfo[],
  { sort, descending }: Slice<keyof typeof figures | 'run'>,
): readonly HookInfo[] {
  if (sort === 'run') return hooks
  const figure = figures[sort]
  return hooks.toSorted((a, b) => (descending ? figure(b) - figure(a) : figure(a) - figure(b)))
}

export const hookRoutes = (deps: Deps): Handlers => ({
  'GET /network/hooks': async (c) => {
    const { t, actor } = c.var
    const all = await deps.host.hooks()
    const words = kindWords(t)
    const screen = await screenOf(c, deps, 'hooks')
    const asked = list.read(c)
    const text = asked.q.toLowerCase()
    const holding = all.filter(({ handler, on }) => `${handler} ${on}`.toLowerCase().includes(text))
    const fitting = asked.view ? holding.filter(({ kind }) => kind === asked.view) : holding
    const { slice, heads, frame } = list.page(c, asked, {
      path: PATH,
      rows: screen.rows,
      words,
      counts: countBy(holding, ({ kind }) => kind),
    })
    return page(c, deps, 'pages/plugins/hooks', {
      title: t('Hooks'),
      crumbs: [{ href: '/network/plugins', label: t('Plugins') }],
      lead: t(
        'What plugins run, and on what. Where several run on the same, they stand in the order in which they run.',
      ),
      screen: screen.options,
      help: [
        t('Filters change or refuse what is sent, listeners hear of it afterwards, and crons run by the clock.'),
        t('Mute takes one handler out for the whole network while the rest of its plugin goes on.'),
      ],
      data: {
        shows: screen.shows,
        frame,
        heads,
        kind: asked.view ?? '',
        hooks: rowsAt(ordered(fitting, slice), slice).map((hook) => shown(t, hook)),
        mayWrite: can(actor, 'network:write', 'network'),
        since: deps.host.begun,
      },
    })
  },

  'POST /network/hooks/mute': (c) => turn(deps, c, true),
  'POST /network/hooks/unmute': (c) => turn(deps, c, false),
})

const kindWords = (t: Translator): Readonly<Record<HookKind, string>> => ({
  filter: t('Filters'),
  listener: t('Listeners'),
  cron: t('Crons'),
  source: t('Sources'),
  route: t('Routes'),
  page: t('Pages'),
  format: t('Formats'),
  check: t('Health checks'),
  widget: t('Boxes'),
})

function shown(t: Translator, { tally, muted, ...hook }: HookInfo) {
  return {
    ...hook,
    kind: kindWords(t)[hook.kind],
    title: t(/* translated elsewhere */ hook.title),
    muted: muted && t('Muted by {name} on {time}', { name: muted.by, time: t.dateTime(muted.at) }),
    runs: t.number(tally?.runs ?? 0),
    faults: tally?.faults ?? 0,
    mean: tally ? t.duration(Math.round(tally.totalMs / tally.runs)) : '–',
    worst: tally ? t.duration(tally.worstMs) : '–',
  }
}

/** Mutes one handler, or lets it run again, with the entry of the audit log in the same commit. */
async function turn(deps: Deps, c: C, off: boolean): Promise<Response> {
  const { actor } = c.var
  const form = await readForm(c)
  const handler = form.get('handler') ?? ''
  const statements = off ? await deps.host.mute(handler, actor.name) : await deps.host.unmute(handler)
  const action = off ? 'handler.muted' : 'handler.unmuted'
  await deps.db.commit([...statements, ...auditEntry(deps, actor, { action, target: handler, owner: 'network' })])
  return seeOther(c, deps, form.get('from') === 'hooks' ? PATH : '/network/plugins', {
    tone: 'good',
    title: off ? msg('{handler} is muted.', { handler }) : msg('{handler} runs again.', { handler }),
  })
}
