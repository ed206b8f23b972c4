import {
  digestOf,
  isObject,
  msg,
  reject,
  type Inbound,
  type JsonObject,
  type PluginEvent,
  type Rejection,
  type Told,
} from 'hookline/plugin'
import { minorOf } from '../payments/currency.ts'
import { paymentFailed, paymentReceived, paymentRefunded } from '../payments/events.ts'
import { fit, isAbout } from './fit.ts'

/** For so many seconds the same event with the same body is the same: nothing in what is sent tells two of them apart. */
const SAME_FOR = 600

export const steps = [
  msg('In Network Admin open Ultimate Multisite > Webhooks, and choose Add New Webhook.'),
  msg('Choose an event, and paste the address below as URL, with a slash and the name of the event behind it.'),
  msg('Add one webhook for each event that you need, all with the same address and the name of its own event.'),
  msg('What is sent is not signed: whoever knows the address can send. Keep it to yourself.'),
]

/** What a request tells. Version 2 sends JSON, version 1 a form; which event it is stands in the address. */
export async function told(
  request: Inbound,
  events: readonly PluginEvent[],
): Promise<readonly Told<PluginEvent>[] | Rejection> {
  const sent = isForm(request) ? formOf(request) : { type: null, data: request.json() }
  const name = request.event ?? sent.type
  if (name === null)
    return reject('Write a slash and the name of the event behind the address, as in …/site_published.')
  const named = events.find((event) => event.name === name)
  if (!named) return reject(`There is no event ${name.slice(0, 80)} of Ultimate Multisite.`)
  const { data } = sent
  if (!isObject(data)) return reject('The body has to be one JSON object.')
  const event = outcomeOf(named, data)
  const whole = isPayment(event) ? withAmount(data) : unfolded(data)
  if (!isAbout(named, whole)) return reject(`The body has none of the fields of ${name}.`)
  const payload = fit(event, whole)
  // Version 1 tells of one failure as payment_received and as payment_failed: the same by its fields.
  const { wu_version: _, ...fields } = payload
  return [{ event, payload, key: `${event.name}:${await digestOf(JSON.stringify(fields))}`, within: SAME_FOR }]
}

const isForm = ({ headers }: Inbound): boolean =>
  headers.get('content-type')?.startsWith('application/x-www-form-urlencoded') ?? false

/** Version 1: `webhook_id=7&type=payment_received&data[user_id]=2&…` */
function formOf(request: Inbound): { type: string | null; data: JsonObject } {
  const form = request.form()
  const data = [...form].flatMap(([name, value]) => {
    const field = /^data\[([^\]]+)\]$/.exec(name)?.[1]
    return field === undefined ? [] : [[field, value] as const]
  })
  return { type: form.get('type'), data: Object.fromEntries(data) }
}

const isPayment = (event: PluginEvent): boolean =>
  [paymentReceived, paymentFailed, paymentRefunded].some(({ name }) => name === event.name)

/** What became of it, in the words of both versions. */
const statuses: Readonly<Record<string, string>> = { successful: 'completed', refund: 'refunded' }
const statusOf = ({ payment_status, status }: JsonObject): string => {
  const told = String(payment_status ?? status ?? '')
  return statuses[told] ?? told
}

/** payment_received is sent whatever came of the payment; here it is for those that went through. */
function outcomeOf(named: PluginEvent, data: JsonObject): PluginEvent {
  if (named.name !== paymentReceived.name) return named
  switch (statusOf(data)) {
    case 'failed':
      return paymentFailed
    case 'refunded':
    case 'partially-refunded':
      return paymentRefunded
    default:
      return named
  }
}

/** The fields of a payment, of whichever version. */
function withAmount(data: JsonObject): JsonObject {
  const raw = data.payment_total_raw ?? data.amount ?? null
  const currency = data.payment_currency
  return {
    ...data,
    payment_status: statusOf(data) || null,
    payment_total: data.payment_total ?? data.amount ?? null,
    payment_total_raw: raw,
    payment_gateway: data.payment_gateway ?? data.gateway ?? null,
    payment_date_created: data.payment_date_created ?? data.date ?? null,
    amount_minor: typeof currency === 'string' && currency !== '' ? minorOf(String(raw), currency) : null,
  }
}

/** demo_site_expiring carries whole objects; what all other events say about them stands beside them. */
function unfolded(data: JsonObject): JsonObject {
  const { site, membership, customer } = data
  return {
    ...(isObject(site) ? { site_id: site.blog_id ?? site.id ?? null, site_title: site.title ?? null } : {}),
    ...(isObject(membership) ? { membership_id: membership.id ?? null } : {}),
    ...(isObject(customer) ? { customer_id: customer.id ?? null } : {}),
    ...data,
  }
}
