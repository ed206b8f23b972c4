import { toBase64 } from '../lib/base64.ts'
import { SECOND } from '../lib/clock.ts'
import { traceHeaders, type Trace } from '../lib/trace.ts'
import type { AuthType, Outcome } from '../../db/schema.ts'
import type { Answer, Engine } from './engine.ts'
import { aboutFormat } from './make-body.ts'
import { discreet, noAnswer } from './outcome.ts'
import { maskHeaders, redactUrl } from './redact.ts'
import {
  createWebSign,
  createWebSignV1a,
  extraHeaders,
  githubSignature,
  schemeOf,
  signingOf,
  stripeSignature,
  type Sign,
} from './sign.ts'
import type { OpenSecrets } from './webhook-secrets.ts'

/** All that one attempt takes. */
export interface Parcel {
  /** `dlv_…`; of a batch `bat_…`. */
  readonly delivery: string
  /** Of a batch: its id, and the type `batch`. */
  readonly event: {
    readonly id: string
    readonly type: string
    readonly site: string
    readonly hops: number
    readonly trace: Trace | null
  }
  readonly webhook: {
    readonly url: string
    readonly auth: AuthType
    readonly username: string
    /** JSON of a `Signing`; null where nothing is signed. */
    readonly signing: string | null
    readonly timeout_seconds: number
  }
  readonly secrets: OpenSecrets
  /** The exact bytes, as `renderBody` made them. */
  readonly body: string
  /** The format of these bytes. */
  readonly format: string
  /** 1, 2, … */
  readonly number: number
  readonly test: boolean
  readonly redelivery: boolean
}

/** One HTTP try, as the log keeps it. `body` is the receiver's; credentials in headers and in `url` are masked. */
export interface Attempt {
  readonly url: string
  /** The format of the bytes that were sent. */
  readonly format: string
  readonly startedAt: number
  readonly durationMs: number
  readonly outcome: Outcome
  readonly status: number | null
  readonly requestHeaders: readonly (readonly [string, string])[]
  readonly responseHeaders: readonly (readonly [string, string])[]
  readonly body: Uint8Array
  readonly truncated: boolean
  /** A sentence a person can act on; null when the outcome is `ok`. */
  readonly error: string | null
}

export type SendDeps = Pick<Engine, 'clock' | 'random' | 'post' | 'publicUrl' | 'version' | 'log' | 'formats'> & {
  readonly sign?: Sign
}

const webSign = createWebSign()
const webSignV1a = createWebSignV1a()

/** The headers of an attempt in this second, signature included. */
export interface Signed {
  readonly seconds: number
  readonly headers: Headers
}

/** Makes the headers for an attempt that starts now, or in a moment. */
export async function sign(deps: SendDeps, parcel: Parcel): Promise<Signed> {
  const seconds = Math.floor(deps.clock() / SECOND)
  return { seconds, headers: await requestHeaders(deps, parcel, seconds) }
}

/**
 * Makes one attempt. Never throws for what a receiver, a name server or a bad setting does: all of it is an outcome.
 * `ahead` spares it to sign, if the second has not passed.
 */
export async function sendAttempt(deps: SendDeps, parcel: Parcel, ahead: Signed | null = null): Promise<Attempt> {
  const startedAt = deps.clock()
  try {
    const isFresh = ahead?.seconds === Math.floor(startedAt / SECOND)
    const { headers } = isFresh ? ahead : await sign(deps, parcel)
    const wrong = whyNotSent(parcel, headers)
    const answer = wrong === null ? await post(deps, parcel, headers) : noAnswer('unexpected', 0, wrong)
    return attempted(parcel, startedAt, headers, answer)
  } catch (error) {
    deps.log.error('An attempt could not be made', { delivery: parcel.delivery, error: String(error) })
    return attempted(parcel, startedAt, [], noAnswer('unexpected', deps.clock() - startedAt))
  }
}

type Headers = readonly (readonly [string, string])[]

const post = (deps: SendDeps, parcel: Parcel, headers: Headers): Promise<Answer> =>
  deps.post({
    url: parcel.webhook.url,
    headers,
    body: parcel.body,
    timeoutMs: parcel.webhook.timeout_seconds * SECOND,
  })

const attempted = (parcel: Parcel, startedAt: number, headers: Headers, answer: Answer): Attempt => ({
  url: shownUrl(parcel.webhook),
  format: parcel.format,
  startedAt,
  durationMs: answer.durationMs,
  outcome: answer.outcome,
  status: answer.status,
  requestHeaders: maskHeaders(headers, parcel.secrets.headers),
  responseHeaders: maskHeaders(answer.headers, parcel.secrets.headers),
  body: answer.body,
  truncated: answer.truncated,
  error: answer.error,
  ...(parcel.test ? discreet(answer.outcome) : null),
})

/** Read once per webhook, as it takes as long as much else of an attempt. */
function shownUrl(webhook: Parcel['webhook']): string {
  let url = shownUrls.get(webhook)
  if (url === undefined) shownUrls.set(webhook, (url = redactUrl(webhook.url)))
  return url
}
const shownUrls = new WeakMap<Parcel['webhook'], string>()

function whyNotSent(parcel: Parcel, headers: Headers): string | null {
  if (parcel.webhook.signing !== null && parcel.secrets.signing.length === 0) {
    return 'The webhook signs, but has no secret. Generate a signature for it.'
  }
  const wrong = headers.find(([, value]) => !/^[\x20-\x7e]*$/.test(value))
  return wrong ? `The header ${wrong[0]} would hold characters that no header may have.` : null
}

/** The headers of the contract, in a fixed order. `seconds` is the time of this attempt. */
async function requestHeaders(deps: SendDeps, parcel: Parcel, seconds: number): Promise<[string, string][]> {
  const { event, secrets } = parcel
  const signs = { v1: deps.sign ?? webSign, v1a: webSignV1a }
  const signatures = []
  for (const secret of secrets.signing) {
    signatures.push(await signs[schemeOf(secret)](secret, event.id, seconds, parcel.body))
  }
  const headers: [string, string | false][] = [
    ['content-type', contentType(deps, parcel.format, event.type === 'batch')],
    ['user-agent', `Hookline/${deps.version} (+${deps.publicUrl()})`],
    ['webhook-id', event.id],
    ['webhook-timestamp', String(seconds)],
    ['webhook-signature', signatures.length > 0 && signatures.join(' ')],
    ['hookline-event', event.type],
    ['hookline-site', event.site],
    ['hookline-delivery', parcel.delivery],
    ['hookline-attempt', String(parcel.number)],
    ['hookline-hops', event.hops > 0 && String(event.hops)],
    ['hookline-test', parcel.test && '1'],
    ['hookline-redelivery', parcel.redelivery && '1'],
    ...traceHeaders(event.trace, deps.random),
    ['authorization', authorization(parcel)],
    ...(await extraSignatures(parcel, seconds)),
    ...secrets.headers.map(([name, value]): [string, string] => [name, value]),
  ]
  return headers.filter((header): header is [string, string] => header[1] !== false)
}

function contentType(deps: SendDeps, key: string, isBatch: boolean): string {
  const format = aboutFormat(deps, key)
  return (isBatch ? format?.batchContentType : undefined) ?? format?.contentType ?? 'application/json'
}

function authorization({ webhook: { auth, username }, secrets }: Parcel): string | false {
  if (auth === 'basic') return basic(username, secrets.password ?? '')
  return auth === 'bearer' && `Bearer ${secrets.token ?? ''}`
}

/** GitHub's header has room for one signature, so the newest secret makes it; Stripe's has one of each live secret. */
async function extraSignatures({ webhook, secrets, body }: Parcel, seconds: number): Promise<[string, string][]> {
  const newest = secrets.signing.at(-1)
  if (webhook.signing === null || newest === undefined) return []
  const { extra } = signingOf(webhook.signing)
  if (extra.length === 0) return []
  const made = {
    github: () => githubSignature(newest, body),
    stripe: () => stripeSignature(secrets.signing, seconds, body),
  }
  return Promise.all(extra.map(async (name): Promise<[string, string]> => [extraHeaders[name], await made[name]()]))
}

const basic = (username: string, password: string): string =>
  `Basic ${toBase64(new TextEncoder().encode(`${username}:${password}`))}`
