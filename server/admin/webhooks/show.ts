import type { Webhook } from '../../../db/queries/webhooks.ts'
import type { Deps } from '../../deps.ts'
import type { C } from '../../web/env.ts'
import { draftOf } from '../../webhooks/webhook-row.ts'
import { redactUrl } from '../../webhooks/redact.ts'
import { webhooksHelp } from '../help.ts'
import { page } from '../page.ts'
import { eventReference } from './events.ts'
import { factsOf } from './facts.ts'
import { needsOf } from './needs.ts'
import { overviewOf } from './overview.ts'
import { routeOf } from './route.ts'
import { wordsOf } from './words.ts'

/** A webhook for somebody who may look, but not change it. Tokens in its address are masked. */
export async function showPage(c: C, deps: Deps, webhook: Webhook): Promise<Response> {
  const { scope, t } = c.var
  const { name, ...draft } = draftOf(webhook)
  const words = await wordsOf(c, deps, { ...draft, name, url: redactUrl(webhook.url) })
  return page(c, deps, 'pages/webhooks/show', {
    title: name,
    crumbs: [{ href: `${scope.base}/webhooks`, label: t('Webhooks') }],
    head: 'pages/webhooks/head',
    help: webhooksHelp(t),
    notices: await needsOf(c, deps, webhook),
    data: {
      route: routeOf(deps, t, webhook),
      words: words.filter(([, value]) => value !== ''),
      facts: await factsOf(c, deps, webhook),
      overview: await overviewOf(c, deps, webhook),
      reference: eventReference(deps, t, draft.allEvents ? null : draft.events),
    },
  })
}
