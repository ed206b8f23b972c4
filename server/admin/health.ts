import { queueCounts } from '../../db/queries/health.ts'
import { auditEntry } from '../access/audit.ts'
import type { Handlers } from '../api/handlers.ts'
import type { BackupState, Deps } from '../deps.ts'
import { can } from '../lib/actor.ts'
import { notFound } from '../lib/errors.ts'
import { msg } from '../lib/message.ts'
import { copyOf } from '../webhooks/copy.ts'
import { isSending, switchSending } from '../webhooks/sending.ts'
import { seeOther } from '../web/flash.ts'
import type { Translator } from '../web/i18n.ts'
import { readForm } from '../web/forms.ts'
import { capped } from './deliveries.ts'
import { otherChecks, urgentChecks, type Check } from './health-checks.ts'
import { checkOfPlugin } from './plugin-parts.ts'
import { page } from './page.ts'
import { isSafe } from './safe-mode.ts'

const PATH = '/network/health'

export const healthRoutes = (deps: Deps): Handlers => ({
  'GET /network/health': async (c) => {
    const { t, actor } = c.var
    const [urgent, others, found, queue, sending, copy] = await Promise.all([
      deps.host.plugins().then((plugins) => urgentChecks(deps, t, plugins)),
      otherChecks(deps, t),
      isSafe(c, deps) ? [] : deps.host.checks(),
      queueCounts(deps.db),
      isSending(deps),
      copyOf(deps.db),
    ])
    const checks = [...urgent, ...others, ...found.map((one) => checkOfPlugin(t, one))]
    const ranked = (rank: Check['rank']) => checks.filter((check) => check.rank === rank)
    return page(c, deps, 'pages/health/health', {
      title: t('Health'),
      action: { href: PATH, label: t('Check again'), icon: 'retry' },
      head: 'pages/health/head',
      urgent,
      data: {
        critical: ranked('critical'),
        recommended: ranked('recommended'),
        good: ranked('good'),
        queue: [
          { label: t('Pending'), count: capped(t, queue.due) },
          { label: t('Waiting for a retry'), count: capped(t, queue.retrying) },
          { label: t('Waiting for a batch'), count: capped(t, queue.batched) },
          { label: t('Held'), count: capped(t, queue.held) },
        ],
        sending,
        // DELIVERY=off stands above the switch: only another start changes it.
        fixed: !deps.config.delivery,
        // It sends, though another one may send the same: somebody should say whether.
        unsure: sending && copy !== null,
        backups: deps.backups ? backupsOf(t, deps.backups.state(), deps.clock()) : null,
        mayWrite: can(actor, 'network:write', 'network'),
      },
    })
  },

  'POST /network/health/backup': async (c) => {
    if (!deps.backups) throw notFound()
    const audit = auditEntry(deps, c.var.actor, { action: 'backup.started', target: 'network', owner: 'network' })
    await deps.db.commit(audit)
    const { failed, isRunning } = await deps.backups.make()
    const made = failed === null ? (isRunning ? backupRuns : backupMade) : backupFailed(failed)
    return seeOther(c, deps, `${PATH}#h-backups`, made)
  },

  'POST /network/health/sending': async (c) => {
    const on = (await readForm(c)).get('sending') === 'on'
    if (!deps.config.delivery) {
      const text = msg('The server was started with DELIVERY=off, which stands above this switch.')
      return seeOther(c, deps, PATH, { tone: 'bad', title: msg('Sending stays off.'), text })
    }
    const action = on ? 'sending.resumed' : 'sending.stopped'
    const audit = auditEntry(deps, c.var.actor, { action, target: 'network', owner: 'network' })
    await deps.db.commit([...switchSending(deps, on), ...audit])
    if (on) deps.wake()
    return seeOther(c, deps, PATH, on ? switchedOn : switchedOff)
  },
})

function backupsOf(t: Translator, { last, isRunning }: BackupState, now: number) {
  return {
    isRunning,
    made: last && t.ago(last.at, now),
    at: last && t.dateTime(last.at),
    size: last && t.bytes(last.bytes),
    file: last?.file ?? null,
  }
}

const backupMade = {
  tone: 'good' as const,
  title: msg('The backup is made.'),
  text: msg('It was checked, and lies in the folder of the data.'),
}

const backupRuns = {
  tone: 'info' as const,
  title: msg('The backup is being made.'),
  text: msg('It goes on by itself. Nothing waits for it.'),
}

const backupFailed = (error: string) => ({
  tone: 'bad' as const,
  title: msg('The backup could not be made.'),
  text: msg('It said: {error}', { error }),
})

const switchedOn = {
  tone: 'good' as const,
  title: msg('Sending is on.'),
  text: msg('What was held because of it goes out step by step.'),
}

const switchedOff = {
  tone: 'good' as const,
  title: msg('Sending is switched off.'),
  text: msg('Requests already on their way will finish. New deliveries are held.'),
}
