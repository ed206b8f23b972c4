import type { GuardInfo } from '../plugin/insight.ts'
import type { Translator } from '../web/i18n.ts'
import { capped } from './deliveries.ts'
import type { Check } from './health-checks.ts'

/** A guard that holds events, or that is muted, as partials/guard.eta shows it. */
export const guardShown = (t: Translator, guard: GuardInfo, mayWrite: boolean) => ({
  handler: guard.handler,
  plugin: t(/* translated elsewhere */ guard.title),
  slug: guard.plugin,
  muted: guard.muted,
  title: guard.muted
    ? t('{plugin} is not asked before events go out.', { plugin: t(/* translated elsewhere */ guard.title) })
    : t('{plugin} is holding deliveries back.', { plugin: t(/* translated elsewhere */ guard.title) }),
  ...guardWords(t, guard),
  resumes: mayWrite && guard.state === 'paused',
  mutes: mayWrite && !guard.muted,
  unmutes: mayWrite && guard.muted,
})

/** What is the matter with a guard, and what to do. */
function guardWords(t: Translator, { state, muted, held }: GuardInfo): { text: string } {
  if (muted) return { text: t('Its guard is muted.') }
  const waiting = t('Events that wait for its guard: {count}.', { count: capped(t, held) })
  const todo = {
    paused: t('The plugin is paused. Resume it, or send without this guard.'),
    missing: t('The plugin is missing or cannot run. Bring it back, or send without this guard.'),
    running: t('The guard could not answer; it is asked again each minute.'),
  }
  return { text: `${waiting} ${todo[state]}` }
}

/** Only there where something waits, or passes unseen. */
export function guardsCheck(t: Translator, guards: readonly GuardInfo[]): Check[] {
  if (guards.length === 0) return []
  const check = { id: 'guards', topic: t('Plugins') }
  const link = { href: '/network/plugins', text: t('Go to Plugins') }
  const held = guards.filter((guard) => guard.held > 0)
  const items = guards.map((guard) => ({
    href: '/network/plugins',
    label: t(/* translated elsewhere */ guard.title),
    ...guardWords(t, guard),
  }))
  if (held.length > 0) {
    const title = t('Guards are holding deliveries back')
    return [
      {
        ...check,
        rank: 'critical',
        title,
        text: t('Nothing is lost. What they hold goes out when they let it pass.'),
        items,
        link,
      },
    ]
  }
  const title = t('Events go out without being asked about')
  const text = t('Somebody muted a guard. Unmute it when it can answer again.')
  return [{ ...check, rank: 'recommended', title, text, items, link }]
}
