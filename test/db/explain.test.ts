import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  auditActions,
  auditEntries,
  auditEntryById,
  type AuditFilter,
  type AuditRange,
} from '../../db/queries/audit.ts'
import { cancelDelivery } from '../../db/queries/cancel.ts'
import * as batches from '../../db/queries/batches.ts'
import { endedKeys, keyByHash, keyByOldHash, keysById } from '../../db/queries/api-keys.ts'
import { hooksOfKeys, keyAndItsKeys, retireHooksOf } from '../../db/queries/key-hooks.ts'
import * as log from '../../db/queries/deliveries.ts'
import * as dispatch from '../../db/queries/dispatch.ts'
import { eventById, eventsAfter, eventsBefore, isKeySince, type EventFilter } from '../../db/queries/events.ts'
import * as guards from '../../db/queries/guards.ts'
import * as health from '../../db/queries/health.ts'
import * as hooks from '../../db/queries/hooks.ts'
import * as mail from '../../db/queries/mail.ts'
import * as outbox from '../../db/queries/outbox.ts'
import * as erasing from '../../db/queries/erase.ts'
import * as privacy from '../../db/queries/privacy.ts'
import * as places from '../../db/queries/privacy-places.ts'
import * as faults from '../../db/queries/plugin-faults.ts'
import { recordById, recordsWhere } from '../../db/queries/plugin-records.ts'
import { markHeard, pluginsOfSite, sitesForPlugins, unheardEvents } from '../../db/queries/plugins.ts'
import { mustNotBeRedelivered, redeliver, runningOf } from '../../db/queries/redeliveries.ts'
import * as retention from '../../db/queries/retention.ts'
import * as sources from '../../db/queries/sources.ts'
import * as siteState from '../../db/queries/site-state.ts'
import * as webhooks from '../../db/queries/webhooks.ts'
import type { Db } from '../../db/db.ts'
import { explainingDb } from '../support/explain.ts'

// Tables that grow with what happens; the others are read whole without harm.
const LARGE =
  /^(event|delivery|attempt|body|delivery_hour|delivery_hour_bucket|webhook_event|audit|session|throttle|api_key|plugin_record|plugin_index|plugin_fault|source|source_log|mail|farewell|e|d|m|b) /

let explaining: Awaited<ReturnType<typeof explainingDb>>
beforeAll(async () => {
  explaining = await explainingDb()
})
afterAll(() => explaining.db.close())

/** How the large tables are read, and whether anything is sorted. */
async function largeSteps(ask: (db: Db) => unknown): Promise<readonly string[]> {
  const steps = await explaining.stepsOf(ask)
  return steps.filter((step) => step === 'sorted' || LARGE.test(step))
}

type Asked = readonly [question: string, ask: (db: Db) => unknown, steps: readonly string[]]
const few = [{}]
const aBatch = {
  id: 'bat_1',
  webhook: 'whk_1',
  site: 'sit_main',
  seq: 1,
  format: 'standard',
  text: '',
  now: 1,
  members: [],
  halfOf: null,
}
const aRequest = { id: 'inb_1', source_id: 'src_1', was_taken: 1, status: 200, reason: null, events: '[]', at: 1 }
const shelf = { slug: 'shop', site: 'sit_main', collection: 'orders' }

describe('what closed guards ask', () => {
  const hold = { event: 'evt_1', handler: 'shop/filter:webhook_guard#0', reason: '', due: 1 }
  const when = { now: 1, off: false, retired: '' }
  test.each<Asked>([
    ['guardsThatHold', (db) => guards.guardsThatHold(db), ['guard_hold by guard_hold_due']],
    [
      'heldEvents',
      (db) => guards.heldEvents(db, hold.handler, 1, 200),
      ['guard_hold by guard_hold_due', 'event by key 1'],
    ],
    ['countHolds', (db) => guards.countHolds(db, hold.handler, 1001), ['guard_hold by guard_hold_due']],
    ['askGuardsAgain', (db) => db.commit([guards.askGuardsAgain(db, 'shop')]), ['guard_hold by guard_hold_due']],
    [
      'settleHolds',
      (db) =>
        db.commit(
          guards.settleHolds(
            db,
            { opened: ['evt_1'], refused: [{ event: 'evt_2', reason: '' }], closed: [hold] },
            when,
          ),
        ),
      ['delivery by delivery_event', 'event by key 1', 'guard_hold by key 1'],
    ],
    [
      'releaseUnmade',
      (db) => db.commit([dispatch.releaseUnmade(db, 'shop.csv', 'The ', 1)]),
      ['delivery by key 1', 'd by delivery_held'],
    ],
  ])('%s', async (_, ask, steps) => {
    const asked = await explaining.stepsOf(ask)
    expect(asked.filter((step) => step === 'sorted' || LARGE.test(step) || step.startsWith('guard_hold'))).toEqual(
      steps,
    )
  })
})

describe('what every delivery asks', () => {
  test.each<Asked>([
    ['dueWebhooks', (db) => dispatch.dueWebhooks(db, 1), ['delivery by delivery_due']],
    ['nextDue', (db) => dispatch.nextDue(db, 1), ['delivery by delivery_due']],
    [
      'claimDue',
      (db) => db.commit([dispatch.claimDue(db, { webhook: 'whk_1', limit: 10, now: 1, lease: 2, owner: 'me' })]),
      ['delivery by key 1', 'delivery by delivery_due'],
    ],
    [
      'claimHead',
      (db) => db.commit([dispatch.claimHead(db, { webhook: 'whk_1', now: 1, lease: 2, owner: 'me' })]),
      ['delivery by key 1', 'delivery by delivery_due', 'delivery by delivery_open'],
    ],
    [
      'contentsOf',
      (db) => dispatch.contentsOf(db, ['dlv_1']),
      ['delivery by key 1', 'event by key 1', 'body by key 1', 'm by delivery_batch', 'e by key 1'],
    ],
    ['webhookRows', (db) => dispatch.webhookRows(db, ['whk_1']), []],
    ['insertAttempts', (db) => db.commit([dispatch.insertAttempts(db, few)]), ['d by key 1']],
    ['updateDeliveries', (db) => db.commit([dispatch.updateDeliveries(db, few)]), ['delivery by key 1']],
    ['healthFacts', (db) => dispatch.healthFacts(db, [{ id: 'whk_1', failed: true }], 1), ['delivery_hour by key 1']],
    ['updateHealth', (db) => db.commit([dispatch.updateHealth(db, few)]), []],
    ['addToHours', (db) => db.commit([dispatch.addToHours(db, [])]), []],
    ['addToBuckets', (db) => db.commit([dispatch.addToBuckets(db, [])]), []],
    ['giveBackAll', (db) => db.commit([dispatch.giveBackAll(db, 'me', 1)]), ['delivery by delivery_state']],
    ['giveBackSome', (db) => db.commit([dispatch.giveBackSome(db, 'me', ['a'])]), ['delivery by delivery_state']],
    ['freeAllLeases', (db) => db.commit([dispatch.freeAllLeases(db, 1)]), ['delivery by delivery_state']],
    [
      'releaseHeld',
      (db) => db.commit([dispatch.releaseHeld(db, 'off', 1)]),
      ['delivery by key 1', 'delivery by delivery_state'],
    ],
  ])('%s', async (_, ask, steps) => {
    expect(await largeSteps(ask)).toEqual(steps)
  })
})

describe('what the ends of API keys ask', () => {
  const made = keyAndItsKeys('key_1')
  test.each<Asked>([
    ['keyByOldHash', (db) => keyByOldHash(db, 'hash', 1), ['api_key by key 1', 'api_key_old by key 1']],
    ['endedKeys', (db) => endedKeys(db, 1), ['api_key by api_key_ending']],
    [
      'hooksOfKeys',
      (db) => hooksOfKeys(db, made, 10),
      ['webhook by webhook_maker', 'api_key by key 1', 'api_key by api_key_made_by', 'sorted'],
    ],
    [
      'retireHooksOf',
      (db) => db.commit([...retireHooksOf(db, made, 1)]),
      [
        'delivery by key 1',
        'webhook by webhook_maker',
        'api_key by key 1',
        'api_key by api_key_made_by',
        'd by delivery_due',
        'd by delivery_batch',
      ],
    ],
  ])('%s', async (_, ask, steps) => {
    const asked = await explaining.stepsOf(ask)
    expect(
      asked.filter((step) => step === 'sorted' || LARGE.test(step) || /^(webhook|api_key_old) /.test(step)),
    ).toEqual(steps)
  })
})

describe('what every event asks', () => {
  test.each<Asked>([
    ['keyByHash', (db) => keyByHash(db, 'hash'), ['api_key by key 2']],
    ['sitesForPlugins', (db) => sitesForPlugins(db, ['sit_main']), []],
    ['pluginsOfSite', (db) => pluginsOfSite(db, 'sit_main'), []],
    ['webhooksRevision', (db) => outbox.webhooksRevision(db), []],
    ['subscriptions', (db) => outbox.subscriptions(db, 'order_paid', 'sit_main'), ['webhook_event by key 1']],
    ['raiseEventCounter', (db) => db.commit([outbox.raiseEventCounter(db, [{ events: 0 }])]), []],
    ['insertEvents', (db) => db.commit([outbox.insertEvents(db, [])]), []],
    ['insertDeliveries', (db) => db.commit([outbox.insertDeliveries(db, [])]), ['e by key 1']],
    ['madeOtherwise', (db) => db.commit([outbox.madeOtherwise(db, few)]), ['d by delivery_event']],
    ['insertBodies', (db) => db.commit([outbox.insertBodies(db, [])]), ['e by key 1']],
    [
      'eventsByKey',
      (db) => db.commit([outbox.eventsByKey(db, few)]),
      ['e by event_idempotency', 'd by delivery_event'],
    ],
    ['mustMatch', (db) => db.commit([outbox.mustMatch(db, few)]), ['e by event_idempotency']],
    ['isKeySince', (db) => isKeySince(db, 'sit_main', 'key', 1), ['event by event_idempotency']],
    [
      'sourceByToken',
      (db) => sources.sourceByToken(db, 'hash', 1),
      ['source by source_token', 'source by source_previous'],
    ],
    [
      'logRequest',
      (db) => db.commit(sources.logRequest(db, aRequest)),
      ['source by key 1', 'source_log by source_log_source'],
    ],
    ['unheardEvents', (db) => unheardEvents(db, 1, 100), ['event along event_unheard']],
    ['markHeard', (db) => db.commit([markHeard(db, 'evt_1', 1)]), ['event by key 1']],
    ['recordById', (db) => recordById(db, shelf, 'rec_1'), ['plugin_record by key 1']],
    ['recordsWhere', (db) => recordsWhere(db, shelf, [], 10), ['plugin_record by plugin_record_made']],
    [
      'recordsWhere, with a field',
      (db) => recordsWhere(db, shelf, [['customer', 'cus_1']], 10),
      ['plugin_record by plugin_record_made', 'plugin_index by key 1'],
    ],
  ])('%s', async (_, ask, steps) => {
    expect(await largeSteps(ask)).toEqual(steps)
  })
})

describe('the log of deliveries, by what it is filtered', () => {
  const page = { before: null, limit: 20 }
  const network = (filter: Partial<log.DeliveryFilter>) => (db: Db) =>
    log.deliveriesBefore(db, { ...page, owner: 'network', ...filter })
  const site = (filter: Partial<log.DeliveryFilter>) => network({ ...filter, owner: 'sit_shop' })
  const after = (owner: string) => (db: Db) => log.deliveriesAfter(db, { owner, limit: 20 }, { seq: 1, id: 'dlv_1' })
  const behind = { before: { seq: 1, id: 'dlv_1' } }

  test.each<Asked>([
    ['nothing', network({}), ['delivery along delivery_seq']],
    ['a page further', network(behind), ['delivery by delivery_seq']],
    ['a page back', after('network'), ['delivery by delivery_seq']],
    ['id', network({ id: 'dlv_1' }), ['delivery by key 1']],
    ['webhook', network({ webhook: 'whk_1' }), ['delivery by delivery_webhook']],
    // The deliveries of one event are few.
    ['event', network({ event: 'evt_1' }), ['delivery by delivery_event', 'sorted']],
    ['type', network({ type: 'order_paid' }), ['delivery by delivery_type']],
    ['state', network({ state: 'failed' }), ['delivery by delivery_state']],
    ['answer', network({ answer: 5 }), ['delivery by delivery_answer']],
    ['arrived', network({ answer: 2 }), ['delivery by delivery_state']],
    ['site', network({ siteId: 'sit_shop' }), ['delivery by delivery_site']],
    ['since', network({ since: 1e12 }), ['delivery by delivery_seq', 'e by key 1']],
    ['until', network({ until: 1e12 }), ['delivery by delivery_seq', 'e by key 1']],
    ['test', network({ test: true }), ['delivery along delivery_test']],
    ['no test', network({ test: false }), ['delivery along delivery_seq']],
    ['of a site: nothing', site({}), ['delivery by delivery_site']],
    ['of a site: a page further', site(behind), ['delivery by delivery_site']],
    ['of a site: a page back', after('sit_shop'), ['delivery by delivery_site']],
    ['of a site: id', site({ id: 'dlv_1' }), ['delivery by key 1']],
    ['of a site: webhook', site({ webhook: 'whk_1' }), ['delivery by delivery_webhook']],
    ['of a site: event', site({ event: 'evt_1' }), ['delivery by delivery_event', 'sorted']],
    ['of a site: type', site({ type: 'order_paid' }), ['delivery by delivery_type']],
    ['of a site: failed', site({ state: 'failed' }), ['delivery by delivery_state']],
    ['of a site: delivered', site({ state: 'delivered' }), ['delivery by delivery_site']],
    ['of a site: since', site({ since: 1e12 }), ['delivery by delivery_site', 'e by key 1']],
    ['of a site: until', site({ until: 1e12 }), ['delivery by delivery_site', 'e by key 1']],
    ['of a site: test', site({ test: true }), ['delivery by delivery_site']],
  ])('%s', async (_, ask, steps) => {
    expect(await largeSteps(ask)).toEqual(steps)
  })
})

describe('the log of events, by what it is filtered', () => {
  const events = (filter: Partial<EventFilter & { before: number | null }>) => (db: Db) =>
    eventsBefore(db, { siteId: null, since: null, until: null, test: null, before: null, limit: 20, ...filter })

  test.each<Asked>([
    ['nothing', events({}), ['event along key 2']],
    ['a page further', events({ before: 100 }), ['event by key 2']],
    [
      'a page back',
      (db) => eventsAfter(db, { siteId: null, since: null, until: null, test: null, limit: 20 }, 100),
      ['event by key 2'],
    ],
    ['one', (db) => eventById(db, 'evt_1'), ['event by key 1']],
    [
      'states of some',
      (db) => log.statesOf(db, ['evt_1', 'evt_2'], 'network'),
      ['delivery by delivery_event', 'sorted'],
    ],
    [
      'states of some, for a site',
      (db) => log.statesOf(db, ['evt_1'], 'sit_1'),
      ['delivery by delivery_event', 'sorted'],
    ],
    ['site', events({ siteId: 'sit_main' }), ['event by event_site']],
    ['type', events({ type: 'order_paid' }), ['event by event_type']],
    ['since', events({ since: 1e12 }), ['event by key 2', 'e by key 1']],
    ['until', events({ until: 1e12 }), ['event by key 2', 'e by key 1']],
    ['test', events({ test: true }), ['event along event_test']],
    ['no test', events({ test: false }), ['event along key 2']],
  ])('%s', async (_, ask, steps) => {
    expect(await largeSteps(ask)).toEqual(steps)
  })
})

describe('the audit log, by what it is filtered', () => {
  const entries =
    (filter: AuditFilter, range: Partial<AuditRange> = {}) =>
    (db: Db) =>
      auditEntries(db, filter, { limit: 20, ...range })

  test.each<Asked>([
    ['nothing', entries({}), ['audit along key 2']],
    ['a page further', entries({}, { before: 100 }), ['audit by key 2']],
    ['a page back', entries({}, { after: 100 }), ['audit by key 2']],
    ['an id of somebody', entries({ actor: 'usr_1' }), ['audit by audit_actor']],
    ['a name', entries({ actor: 'Anna' }), ['audit by audit_actor_name']],
    ['an action', entries({ action: 'user.created' }), ['audit by audit_action']],
    ['a site', entries({ owner: 'sit_shop' }), ['audit by audit_owner']],
    ['a thing', entries({ target: 'whk_1' }), ['audit by audit_target']],
    ['since', entries({ since: 1e12 }), ['audit by key 2', 'e by key 1']],
    ['until', entries({ until: 1e12 }), ['audit by key 2', 'e by key 1']],
    ['a text, in a range', entries({ text: 'a' }, { before: 9000, floor: 4000 }), ['audit by key 2']],
    ['one', (db) => auditEntryById(db, 'aud_1'), ['audit by key 1']],
    // The first action is looked up, and from each the next one.
    ['auditActions', (db) => auditActions(db), ['audit by audit_action']],
  ])('%s', async (_, ask, steps) => {
    expect(await largeSteps(ask)).toEqual(steps)
  })
})

describe('what pages ask', () => {
  const count = (filter: Partial<log.DeliveryFilter>) => (db: Db) =>
    log.countDeliveries(db, { owner: 'network', ...filter })

  test.each<Asked>([
    // Up to a thousand, whichever come first.
    ['countDeliveries', count({}), ['delivery all of it']],
    ['countDeliveries in a state', count({ state: 'failed' }), ['delivery by delivery_state']],
    ['countDeliveries of a webhook', count({ webhook: 'whk_1' }), ['delivery by delivery_webhook']],
    ['countDeliveries of a site', count({ owner: 'sit_shop' }), ['delivery by delivery_webhook']],
    ['oldestWaiting', (db) => log.oldestWaiting(db, 'network'), ['delivery by delivery_state']],
    ['deliveryById', (db) => log.deliveryById(db, 'dlv_1'), ['delivery by key 1']],
    ['deliveriesById', (db) => log.deliveriesById(db, ['dlv_1', 'dlv_2'], 'network'), ['delivery by key 1']],
    ['mustNotBeRedelivered', (db) => db.commit([mustNotBeRedelivered(db, ['dlv_1'])]), ['delivery by key 1']],
    ['attemptsOf', (db) => log.attemptsOf(db, 'dlv_1'), ['attempt by attempt_delivery']],
    ['bodyOf', (db) => log.bodyOf(db, 'evt_1', 'standard'), ['body by key 1']],
    ['redeliver', (db) => db.commit([redeliver(db, 'dlv_1', 1)]), ['delivery by key 1', 'd by delivery_due']],
    [
      'hourly',
      (db) => log.hourly(db, { owner: 'network', webhook: null, since: 1 }),
      ['delivery_hour by delivery_hour_hour'],
    ],
    [
      'hourly of a webhook',
      (db) => log.hourly(db, { owner: 'network', webhook: 'whk_1', since: 1 }),
      ['delivery_hour by key 1'],
    ],
    ['nextAttempt', (db) => log.nextAttempt(db, 'whk_1'), ['delivery by delivery_due']],
    ['longestWaiting', (db) => log.longestWaiting(db, ['whk_1']), ['delivery by key 1', 'delivery by delivery_open']],
    [
      'lastDelivered',
      (db) => log.lastDelivered(db, { webhook_id: 'whk_1', type: 'order_paid', seq: 9, id: 'dlv_9' }),
      ['delivery by delivery_webhook'],
    ],
    ['durationsOf', (db) => log.durationsOf(db, 'whk_1', 1), ['delivery_hour_bucket by key 1']],
    ['hookFor', (db) => hooks.hookFor(db, 'network', 'https://x.example/', 'order_paid'), ['webhook_event by key 1']],
    ['dueFarewells', (db) => hooks.dueFarewells(db, 1), ['farewell by farewell_due']],
    ['webhookById', (db) => webhooks.webhookById(db, 'whk_1'), []],
    [
      'latestDeliveries',
      (db) => webhooks.latestDeliveries(db, ['whk_1']),
      ['delivery by key 1', 'd by delivery_webhook'],
    ],
    ['countHeld', (db) => webhooks.countHeld(db, 'whk_1'), ['delivery by delivery_held']],
    ['webhooksThatAsk', (db) => webhooks.webhooksThatAsk(db, ['whk_1']), ['delivery by delivery_held']],
    ['keysById', (db) => keysById(db, ['key_1'], 'sit_1'), ['api_key by key 1']],
    ['sourcesById', (db) => sources.sourcesById(db, ['src_1'], 'sit_1'), ['source by key 1']],
    ['sendHeld', (db) => db.commit([webhooks.sendHeld(db, 'whk_1', 1)]), ['delivery by delivery_held']],
    [
      'holdOpen',
      (db) => db.commit([webhooks.holdOpen(db, 'whk_1', 'off')]),
      [
        'delivery by key 1',
        'delivery by delivery_due',
        'delivery by delivery_batch',
        'b by delivery_due',
        'm by delivery_batch',
      ],
    ],
    ['gatheringWebhooks', (db) => batches.gatheringWebhooks(db), ['delivery by delivery_batch']],
    [
      'gathered',
      (db) => batches.gathered(db, 'whk_1'),
      ['delivery by delivery_batch', 'event by key 1', 'body by key 1'],
    ],
    ['contentsOf', (db) => batches.contentsOf(db, ['dlv_1']), ['delivery by key 1', 'event by key 1']],
    [
      'discardHeld',
      (db) => db.commit([webhooks.discardHeld(db, 'whk_1', 1)]),
      ['delivery by key 1', 'delivery by delivery_held', 'b by delivery_held', 'm by delivery_batch'],
    ],
    ['membersOf', (db) => batches.membersOf(db, 'bat_1'), ['delivery by delivery_batch', 'sorted']],
    [
      'gatheredIn',
      (db) => batches.gatheredIn(db, 'bat_1'),
      ['delivery by delivery_batch', 'event by key 1', 'body by key 1', 'sorted'],
    ],
    [
      'settleMembers',
      (db) => db.commit([dispatch.settleMembers(db, few)]),
      ['b by key 1', 'delivery by delivery_batch'],
    ],
    [
      'rebatch',
      (db) => db.commit(batches.rebatch(db, aBatch, { id: 'bat_2', attempts: 1 })),
      ['delivery by key 1', 'b by key 1', 'delivery by delivery_batch'],
    ],
    ['cancelDelivery', (db) => db.commit([cancelDelivery(db, 'dlv_1', 1)]), ['delivery by key 1']],
    ['runningOf', (db) => runningOf(db, 'whk_1'), []],
    // Only the webhooks that wait are sorted.
    ['longestDue', (db) => health.longestDue(db, 1), ['delivery by delivery_due', 'sorted']],
    ['newestEventAt', (db) => health.newestEventAt(db), ['event along key 2']],
    ['queueCounts', (db) => health.queueCounts(db), ['delivery by delivery_state', 'delivery by delivery_batch']],
    ['dueMail', (db) => mail.dueMail(db, 1), ['mail by mail_due']],
    ['claimMail', (db) => db.commit([mail.claimMail(db, few)]), ['mail by key 1']],
    ['deleteMail', (db) => db.commit([mail.deleteMail(db, few)]), ['mail by key 1']],
    ['mailSince', (db) => mail.mailSince(db, 'usr_1', 1), ['throttle by key 1']],
    ['mailInTrouble', (db) => mail.mailInTrouble(db), ['mail along mail_error']],
    [
      'deleteWebhook',
      (db) => db.commit(webhooks.deleteWebhook(db, 'whk_1', 1)),
      [
        'delivery by key 1',
        'b by delivery_due',
        'm by delivery_batch',
        'b by delivery_held',
        'delivery by delivery_due',
        'delivery by delivery_batch',
        'delivery by delivery_held',
        'webhook_event by key 1',
      ],
    ],
    ['lastFaults', (db) => faults.lastFaults(db, ['crm', 'till'], 20), ['plugin_fault by plugin_fault_slug', 'sorted']],
    ['handlersInTrouble', (db) => faults.handlersInTrouble(db), ['plugin_fault along plugin_fault_open']],
    ['interruptFaults', (db) => db.commit([faults.interruptFaults(db, 'a')]), ['plugin_fault by plugin_fault_open']],
  ])('%s', async (_, ask, steps) => {
    expect(await largeSteps(ask)).toEqual(steps)
  })
})

const moving = { id: 'sit_1', state: 'archived', moving_below: 9 } as const

describe('what goes on in the background', () => {
  test.each<Asked>([
    ['movingSites', (db) => siteState.movingSites(db), []],
    ['nextMove', (db) => siteState.nextMove(db, moving), ['delivery by delivery_site']],
    ['moveDeliveries', (db) => db.commit(siteState.moveDeliveries(db, moving, 1, 1)), ['delivery by delivery_site']],
    ['oldestEvents', (db) => retention.oldestEvents(db, 1, 1), ['event by key 2']],
    [
      'deleteEvents',
      (db) => db.commit(retention.deleteEvents(db, { from: 1, to: 2 })),
      [
        'attempt by attempt_delivery',
        'delivery by delivery_seq',
        'd by delivery_event',
        'body by key 1',
        'event by key 2',
        'delivery by key 1',
        'event by key 1',
      ],
    ],
    ['attemptsBetween', (db) => retention.attemptsBetween(db, 'att_1', 'att_2'), ['attempt by key 1']],
    ['forgetAnswers', (db) => db.commit([retention.forgetAnswers(db, 'att_1', 'att_2')]), ['attempt by key 1']],
    [
      'deleteLeftovers',
      (db) => db.commit(retention.deleteLeftovers(db, { events: 1, unsaved: 1, imports: 0, now: 1 })),
      [
        'plugin_fault by key 1',
        'plugin_fault by plugin_fault_at',
        'source_log by key 1',
        'source_log by source_log_at',
      ],
    ],
    [
      'deleteOldestHour',
      (db) => db.commit(retention.deleteOldestHour(db, 1)),
      ['delivery_hour by delivery_hour_hour', 'delivery_hour_bucket by delivery_hour_bucket_hour'],
    ],
    [
      'tries that are too old',
      (db) => db.q.selectFrom('throttle').select('key').where('at', '<', 1).limit(1).execute(),
      ['throttle by throttle_at'],
    ],
    [
      'sessions that have ended',
      (db) => db.q.selectFrom('session').select('id').where('expiresAt', '<', 'now').limit(1).execute(),
      ['session by session_expires_at'],
    ],
    [
      'audit rows that are not sealed',
      (db) => db.q.selectFrom('audit').selectAll().where('hash', 'is', null).orderBy('seq').limit(40).execute(),
      ['audit along audit_unsealed'],
    ],
    [
      'a session by its token',
      (db) => db.q.selectFrom('session').selectAll().where('token', '=', 'token').execute(),
      ['session by key 2'],
    ],
  ])('%s', async (_, ask, steps) => {
    expect(await largeSteps(ask)).toEqual(steps)
  })
})

describe('what looking for personal data asks', () => {
  const last: Partial<Record<places.PlaceName, readonly (string | number)[]>> = {
    event: [1],
    audit: [1],
    body: ['evt_1', 'standard'],
    plugin_record: ['shop', 'sit_main', 'orders', 'one'],
    mail: ['mal_1', 'usr_1'],
    plugin_site: ['shop', 'sit_main'],
  }
  test.each(places.placeNames)('nextRows of %s', async (place) => {
    const steps = await explaining.stepsOf((db) =>
      places.nextRows(db, places.places[place], last[place] ?? ['id_1'], 'ann'),
    )
    const key = place === 'event' || place === 'audit' ? 'key 2' : 'key 1'
    expect(steps).toEqual([`${place} by ${key}`])
  })

  test.each<Asked>([
    ['rowsOf', (db) => places.rowsOf(db, places.places.body, ['text'], [['evt_1', 'flat']]), ['body by key 1']],
    ['hitsOf', (db) => privacy.hitsOf(db, 'prv_1', 'event', { limit: 20 }), ['privacy_hit by key 1']],
    ['waitingMembers', (db) => erasing.waitingMembers(db, 'evt_1'), ['m by delivery_event', 'b by key 1']],
    [
      'eraseEvent',
      (db) => db.commit(erasing.eraseEvent(db, { id: 'evt_1', key: null, rejected: null }, 'ann@x.io', 1)),
      [
        'event by key 1',
        'delivery by delivery_event',
        'b by key 1',
        'delivery by key 1',
        'm by delivery_event',
        'attempt by attempt_delivery',
        'body by key 1',
        'guard_hold by key 1',
      ],
    ],
    [
      'eraseBatch',
      (db) => db.commit(erasing.eraseBatch(db, 'bat_1', 1)),
      ['delivery by key 1', 'attempt by attempt_delivery', 'body by key 1'],
    ],
    ['mustBeWhole', (db) => db.commit(erasing.mustBeWhole(db, 'evt_1')), ['event by key 1']],
    ['runningRequests', (db) => privacy.runningRequests(db), ['privacy_request along privacy_request_running']],
    [
      'requestPage',
      (db) => privacy.requestPage(db, {}, { descending: true, limit: 20, offset: 0 }),
      ['privacy_request along privacy_request_made'],
    ],
    [
      'requestsBefore',
      (db) => privacy.requestsBefore(db, { at: 1, id: 'prv_1' }, 20),
      ['privacy_request by privacy_request_made'],
    ],
    [
      'forgetRequests',
      (db) => db.commit(privacy.forgetRequests(db, { ended: 1, made: 1 }, 500)),
      [
        'privacy_request by privacy_request_address',
        'privacy_hit by key 1',
        'privacy_request all of it',
        'privacy_request by privacy_request_made',
      ],
    ],
  ])('%s', async (_, ask, steps) => {
    expect(await explaining.stepsOf(ask)).toEqual(steps)
  })
})
