import { isSigned, reject, type Inbound, type Rejection } from 'hookline/plugin'

/** A signature that is older was caught and is sent again by somebody else, or a clock is wrong. */
const TOLERANCE_SECONDS = 300

/**
 * Checks `stripe-signature: t=<seconds>,v1=<hex>,…` over `<t>.<body>`. While a secret is being rolled there are several
 * v1, one for each secret; other schemes say nothing.
 */
export async function checkSignature(request: Inbound, secret: string, now: Date): Promise<boolean | Rejection> {
  const header = request.headers.get('stripe-signature')
  if (header === null) return reject('There is no stripe-signature. Does the request come from Stripe?')
  const parts = header.split(',').map((part) => part.trim().split('='))
  const time = parts.find(([name]) => name === 't')?.[1] ?? ''
  if (!/^\d{1,12}$/.test(time)) return reject('The stripe-signature says no time.')
  const signed = signedBytes(time, request.bytes)
  const given = parts.flatMap(([name, value]) => (name === 'v1' && value !== undefined ? [value] : []))
  const fits = await Promise.all(given.map((signature) => isSigned(signed, secret, signature)))
  if (!fits.includes(true))
    return reject('The signature does not fit. Compare the signing secret with the one at Stripe.')
  const age = Math.abs(now.getTime() / 1000 - Number(time))
  return age <= TOLERANCE_SECONDS || reject('The signature is more than 5 minutes old, or a clock is wrong.')
}

/** The time, a dot, and the body as it came: never what somebody made of it. */
function signedBytes(time: string, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = new TextEncoder().encode(`${time}.`)
  const bytes = new Uint8Array(head.length + body.length)
  bytes.set(head)
  bytes.set(body, head.length)
  return bytes
}
