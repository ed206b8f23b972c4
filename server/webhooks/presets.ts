import type { Webhook } from '../../db/queries/webhooks.ts'
import { msg, type Message } from '../lib/message.ts'

/** A kind of receiver that many people have, with what suits it. A start, not a setting: nothing of it is stored. */
export interface Preset {
  readonly name: string
  /** A name that no language changes, save for our own word. */
  readonly title: string
  /** The name of a format. */
  readonly format: string
  /** What it takes at most; null where it is not known to refuse. */
  readonly ratePerSecond: number | null
  /** What people stumble over there. */
  readonly watch: readonly Message[]
  /** The host names that tell it; null where everybody has an own one. */
  readonly host: RegExp | null
}

const own: Preset = {
  name: 'own',
  title: 'Own code',
  format: 'standard',
  ratePerSecond: null,
  watch: [msg('Check the signature over the exact bytes, answer with 2xx at once, and do the work afterwards.')],
  host: null,
}

export const presets: readonly Preset[] = [
  own,
  {
    name: 'zapier',
    title: 'Zapier',
    format: 'flat',
    ratePerSecond: 25,
    watch: [
      msg('This is Zapier: a Zap reads one level of fields, so the payload format Flat suits it.'),
      msg('Zapier answers success even when the Zap is off: look there whether it arrived.'),
    ],
    host: /^hooks\.zapier\.com$/,
  },
  {
    name: 'make',
    title: 'Make',
    format: 'standard',
    ratePerSecond: 30,
    watch: [
      msg('Make answers 400 while its queue is full: that is tried again by itself.'),
      msg('A webhook of Make without a scenario answers 410 after five days, and is switched off here.'),
    ],
    host: /^hook\.([a-z0-9-]+\.)?(make|integromat)\.com$/,
  },
  {
    name: 'n8n',
    title: 'n8n',
    format: 'standard',
    ratePerSecond: null,
    watch: [
      msg('Set the method of the Webhook node to POST; it starts as GET.'),
      msg(
        'Its test address lives for two minutes after “Listen for test event”; the other one answers 404 until the workflow is active.',
      ),
    ],
    host: /\.n8n\.cloud$/,
  },
  {
    name: 'power_automate',
    title: 'Power Automate',
    format: 'standard',
    ratePerSecond: null,
    watch: [
      msg(
        'Let the flow be triggered by “Anyone”: the address holds its own key. All else asks for a token of Microsoft.',
      ),
      msg('Give the flow the JSON Schema of the event, which the event types show.'),
    ],
    host: /\.(logic\.azure|api\.powerplatform)\.com$/,
  },
  {
    name: 'pabbly',
    title: 'Pabbly Connect',
    format: 'flat',
    ratePerSecond: null,
    watch: [
      msg(
        'Click “Capture Webhook Response” there first, then send a test event: it tells Pabbly which fields there are.',
      ),
    ],
    host: /^connect\.pabbly\.com$/,
  },
]

export const presetNamed = (name: string): Preset => presets.find((preset) => preset.name === name) ?? own

/** The kind of receiver that an address tells; own code where it tells none. */
export function presetOf(url: string): Preset {
  const host = URL.parse(url)?.hostname ?? ''
  return presets.find((preset) => preset.host?.test(host)) ?? own
}

/** What to call who made a webhook as a REST hook; null for one that a person or a script made. */
export function hookTitle({ origin, url }: Pick<Webhook, 'origin' | 'url'>): string | null {
  if (origin !== 'rest_hook') return null
  const { host, title } = presetOf(url)
  return host === null ? 'REST hook' : title
}

/** Zapier's catch hooks read one level of fields only, start one run per element of an array, and say yes to everything. */
export const isZapier = (url: string): boolean => presetOf(url).name === 'zapier'
