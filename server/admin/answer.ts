import type { Outcome } from '../../db/schema.ts'
import type { Translator } from '../web/i18n.ts'
import { statusText } from '../web/status-text.ts'

/** What came back, in a few words: "503 Service Unavailable", "No answer in time". */
export function answerOf(t: Translator, outcome: Outcome, status: number | null): string {
  if (status !== null) return `${status} ${statusText(status)}`.trim()
  const words: Record<Outcome, string> = {
    ok: t('Answered'),
    http_error: t('Refused'),
    redirect: t('Redirect'),
    timeout: t('No answer in time'),
    connect: t('No connection'),
    dns: t('Unknown host name'),
    tls: t('No valid certificate'),
    blocked: t('Address not allowed'),
    too_large: t('Answer too large'),
    protocol: t('Not an HTTP answer'),
    unexpected: t('Not sent'),
  }
  return words[outcome]
}

interface Advice {
  /** What happened. */
  readonly what: string
  /** Who has to do what about it. */
  readonly todo: string
}

/** Why an attempt failed and what to do, for somebody who did not write the receiver. */
export function adviceOn(t: Translator, outcome: Outcome, status: number | null): Advice {
  if (outcome === 'http_error' && status !== null) return adviceOnStatus(t, status)
  const answer = answerOf(t, outcome, status)
  const advice: Record<Outcome, Advice> = {
    ok: { what: t('It arrived.'), todo: '' },
    http_error: { what: t('The receiver did not accept it.'), todo: t('Its answer below may say why.') },
    redirect: {
      what: t('The receiver answered {answer} and points elsewhere. Redirects are never followed.', { answer }),
      todo: t('Enter the final address as Target URL; the location header below names it.'),
    },
    timeout: {
      what: t('The receiver did not answer in time.'),
      todo: t('Ask its owner to answer at once and to do the work afterwards, or allow the webhook a longer time-out.'),
    },
    connect: {
      what: t('There was no connection to the receiver.'),
      todo: t('Check that it runs, and that host and port of the Target URL are right.'),
    },
    dns: {
      what: t('The name of the receiver has no address.'),
      todo: t('Check the host in the Target URL for a typing error.'),
    },
    tls: {
      what: t('The receiver showed no certificate that holds for its name.'),
      todo: t('Ask its owner for a valid and complete certificate.'),
    },
    blocked: {
      what: t('The receiver is at an address that may not be called from here.'),
      todo: t('Use a public address, or ask the operator to name this one in OUTBOUND_ALLOW.'),
    },
    too_large: {
      what: t('The head of the answer was too large to be read.'),
      todo: t('Ask the owner of the receiver to send fewer headers.'),
    },
    protocol: {
      what: t('What came back was not a proper HTTP answer.'),
      todo: t('Check that the Target URL leads to a web server.'),
    },
    unexpected: { what: t('The attempt could not be made.'), todo: t('The log of the server says why.') },
  }
  return advice[outcome]
}

function adviceOnStatus(t: Translator, status: number): Advice {
  const what = t('The receiver answered {answer}.', { answer: answerOf(t, 'http_error', status) })
  if (status === 401 || status === 403) {
    return { what, todo: t('It did not accept the authentication: compare user name, password or signature with it.') }
  }
  if (status === 404 || status === 405) {
    return { what, todo: t('Nothing takes a POST there: check the path of the Target URL.') }
  }
  if (status === 410) {
    return {
      what,
      todo: t('It wants no more of these, so the webhook was switched off. Activate it if that is wrong.'),
    }
  }
  if (status === 413) return { what, todo: t('The body is too large for it: ask its owner to allow more.') }
  if (status === 415)
    return { what, todo: t('It wants another payload format: choose one on the page of the webhook.') }
  if (status === 429) return { what, todo: t('It gets too many requests: ask its owner how many it takes.') }
  if (status >= 500) {
    const todo = t('It can be reached, but has a problem of its own: ask its owner to look into its log.')
    return { what, todo }
  }
  return { what, todo: t('It did not accept the request: its answer below may say why.') }
}
