import { assets } from '../../views/assets.gen.ts'
import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import { DAY, HOUR, MINUTE } from '../lib/clock.ts'
import { page } from './page.ts'
import { coloursOf, contrasts } from './palette.ts'

/** Every component in every state, from the partials that the pages use. What it shows is made up, and in English. */
export const styleguideRoutes = (deps: Deps): Handlers => ({
  'GET /network/styleguide': (c) => {
    const { t } = c.var
    return page(c, deps, 'pages/styleguide/styleguide', {
      title: t('Style Guide'),
      lead: t('Every component in every state. Pages are made of these and nothing else.'),
      data: example(deps.clock()),
    })
  },
})

/** The data of the page, at a given time. */
export function example(now: number) {
  const colours = coloursOf(assets['admin.css']?.text ?? '')
  const icons = Array.from(
    (assets['icons.svg']?.text ?? '').matchAll(/<symbol id="([\w-]+)"/g),
    ([, name = '']) => name,
  )
  return {
    now,
    colours,
    pairs: contrasts(colours),
    icons,
    hours,
    exchange,
    groups,
    ago: [now - 40, now - 3 * MINUTE, now - 2 * DAY, now + HOUR],
  }
}

const delivered = [26, 23, 21, 14, 16, 12, 6, 6, 4, 4, 6, 7, 10, 13, 18, 24, 25, 29, 35, 33, 29, 4, 0, 0]
const failed: Readonly<Record<number, number>> = { 8: 1, 21: 4, 22: 6, 23: 7 }
const hours = delivered.map((count, i) => ({
  label: `${String((15 + i) % 24).padStart(2, '0')}:00`,
  delivered: count,
  failed: failed[i] ?? 0,
}))

const body =
  '{"id":"evt_01k52kv6p2","type":"payment_received","live":true,"big":12345678901234567890,"data":{"payment_total":"249.00","lines":[],"customer":{"name":"<b>Kari</b> & \\"Ola\\""}}}'

const exchange = {
  request: {
    url: 'https://ledger.example/hooks/…',
    headers: [
      ['content-type', 'application/json'],
      ['webhook-id', 'evt_01k52kv6p2'],
      ['webhook-signature', 'v1,Y2F0Y2ggdGhlIGxpbmUgYW5kIGhvbGQgaXQgc3RlYWQ='],
    ],
    body,
  },
  response: {
    ok: false,
    status: 410,
    text: 'Gone',
    durationMs: 212,
    headers: [['content-type', 'text/plain']],
    body: 'This hook is gone for good.',
    truncated: true,
  },
}

const groups = [
  {
    title: 'Payments',
    open: true,
    events: [
      {
        name: 'payment_received',
        title: 'Payment Received',
        sentence: 'A customer paid',
        lane: 'realtime',
        chosen: true,
        available: true,
      },
      {
        name: 'payment_failed',
        title: 'Payment Failed',
        sentence: 'A payment did not go through',
        lane: 'realtime',
        chosen: false,
        available: true,
      },
    ],
  },
  {
    title: 'Learning',
    open: false,
    events: [
      {
        name: 'LEARNER_PROGRESS',
        title: 'Learner Progress',
        sentence: 'A learner went on',
        lane: 'batched',
        chosen: false,
        available: false,
      },
    ],
  },
]
