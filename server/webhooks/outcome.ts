import type { Outcome } from '../../db/schema.ts'
import type { Answer } from './engine.ts'

/** Of a receiver's answer, this much is read before its socket is cut, and this much is kept. */
export const MOST_READ = 64 * 1024
export const MOST_KEPT = 16 * 1024

/** What a person can do about each way in which there was no answer. One sentence for all that the guard refuses. */
export const sentences = {
  timeout: 'The receiver did not answer in time. It should answer at once and do its work afterwards.',
  connect: 'No connection to the receiver. Check that it runs and that its host and port are right.',
  dns: 'The name of the receiver has no address. Check the host in the Target URL.',
  tls: 'The receiver showed no certificate that holds for this name. It needs a valid, complete one.',
  blocked:
    'The receiver is at an address that may not be called from here. It has to be public, or be named in OUTBOUND_ALLOW.',
  too_large: 'The head of the answer is larger than 16 KiB. The receiver should send fewer headers.',
  protocol: 'What came back is not a proper HTTP answer. Check that the Target URL leads to a web server.',
  unexpected: 'The attempt could not be made. The log of the server says why.',
} as const satisfies Partial<Record<Outcome, string>>

/** In place of four of them where somebody could learn from the difference which names exist inside. */
export const UNREACHABLE =
  'The receiver could not be reached: its name has no address or one that may not be called from here, or it refused the connection or did not answer in time.'

/** Whoever wrote the URL sees the outcome at once: it must not tell a name inside from one that is not there. */
export function discreet(outcome: Outcome): { outcome: Outcome; error: string } | null {
  const hidden: readonly Outcome[] = ['blocked', 'connect', 'dns', 'timeout']
  return hidden.includes(outcome) ? { outcome: 'connect', error: UNREACHABLE } : null
}

/** Outcome and sentence of an answer's head. Its body changes neither. */
export function outcomeOf(status: number): { outcome: Outcome; error: string | null } {
  if (status >= 200 && status < 300) return { outcome: 'ok', error: null }
  if (status >= 300 && status < 400) {
    return {
      outcome: 'redirect',
      error: `The receiver answered ${status} and points elsewhere. Redirects are never followed: enter the final address as Target URL.`,
    }
  }
  return { outcome: 'http_error', error: `The receiver answered ${status}. ${advice(status)}` }
}

function advice(status: number): string {
  if (status === 401 || status === 403)
    return 'It did not accept the authentication: compare user name, password or signature.'
  if (status === 404 || status === 405) return 'Nothing takes a POST there: check the path of the Target URL.'
  if (status === 410) return 'It wants no more of these.'
  if (status === 413) return 'The body is too large for it.'
  if (status === 415) return 'It wants another payload format.'
  if (status === 429) return 'It gets too many requests.'
  if (status >= 500) return 'It has a problem of its own: its log says more.'
  return 'It did not accept the request: its answer may say why.'
}

const NOTHING = new Uint8Array(0)

/** An answer that never came. */
export const noAnswer = (outcome: keyof typeof sentences, durationMs: number, error?: string): Answer => ({
  outcome,
  status: null,
  headers: [],
  body: NOTHING,
  truncated: false,
  durationMs,
  error: error ?? sentences[outcome],
})
