import { z } from 'zod'
import { definePlugin, event, isSigned, msg, reject, type Inbound, type Rejection } from 'hookline/plugin'

export const requestReceived = event('generic.request_received', {
  title: 'Request Received',
  sentence: 'Something came in at a generic source',
  description: 'Happens for each request at a generic source that makes this event. It carries what came in.',
  lane: 'realtime',
  payload: z.looseObject({ body: z.record(z.string(), z.unknown()) }),
  sample: { body: { order: 1001, state: 'paid' } },
})

const encoder = new TextEncoder()
const TOLERANCE_SECONDS = 300

/** As Standard Webhooks has it, or HMAC-SHA256 of the body in a header of the sender's own. */
async function checkSignature(
  request: Inbound,
  secret: string,
  header: string,
  now: Date,
): Promise<boolean | Rejection> {
  const { headers, bytes } = request
  const id = headers.get('webhook-id')
  const standard = headers.get('webhook-signature')
  if (id !== null && standard !== null) return checkStandard(request, secret, id, standard, now)
  const given = headers.get(header)
  if (given === null) return reject(`There is no signature in ${header}.`)
  const signature = given.replace(/^sha256=/i, '').trim()
  return (await isSigned(bytes, secret, signature, 'hex')) || isSigned(bytes, secret, signature, 'base64')
}

async function checkStandard({ headers, bytes }: Inbound, secret: string, id: string, given: string, now: Date) {
  const time = headers.get('webhook-timestamp') ?? ''
  if (!(Math.abs(now.getTime() / 1000 - Number(time)) <= TOLERANCE_SECONDS))
    return reject('The webhook-timestamp is more than 5 minutes off.')
  const head = encoder.encode(`${id}.${time}.`)
  const signed = new Uint8Array(head.length + bytes.length)
  signed.set(head)
  signed.set(bytes, head.length)
  const key = keyOf(secret)
  const signatures = given.split(' ').flatMap((one) => (one.startsWith('v1,') ? [one.slice(3)] : []))
  const fits = await Promise.all(signatures.map((signature) => isSigned(signed, key, signature, 'base64')))
  return fits.includes(true)
}

/** Standard Webhooks writes its keys as `whsec_` and base64. */
const keyOf = (secret: string): Uint8Array<ArrayBuffer> | string =>
  /^whsec_[\w+/]+={0,2}$/.test(secret)
    ? Uint8Array.from(atob(secret.slice('whsec_'.length)), (char) => char.charCodeAt(0))
    : secret

export default definePlugin(
  {
    slug: 'generic',
    version: '1.0.0',
    title: 'Generic source',
    description: 'Takes JSON from anywhere: the person who adds the source says which event it makes of it.',
    requires: { host: '^1.0' },
    scope: 'site',
    defaultActive: true,
    events: [requestReceived],
  },
  ({ source }) =>
    source('generic', {
      title: 'Any JSON',
      description: 'Whatever can post JSON. You say which event it makes, and where each field comes from.',
      steps: [
        msg(
          'Paste the address below where the other side asks for a webhook URL. It posts JSON there, one object per request.',
        ),
        msg('If it signs what it sends, enter the secret and the header in which the signature stands.'),
        msg('Paste a sample of what it sends, choose the fields, and look at the preview before you save.'),
      ],
      secret: {
        title: 'Secret',
        help: 'For HMAC-SHA256 of the body, in hex or base64, or for Standard Webhooks. Without one the address alone is trusted.',
        required: false,
      },
      settings: z.strictObject({
        header: z
          .string()
          .regex(/^[A-Za-z0-9-]{1,60}$/, 'This is the name of a header')
          .default('x-hub-signature-256')
          .meta({ title: 'Header of the signature', help: 'Headers of Standard Webhooks are found by themselves.' }),
      }),
      verify: (request, secret, { settings, now }) => checkSignature(request, secret, settings.header, now()),
      toEvents: 'mapped',
    }),
)
