import { SECOND } from '../../lib/clock.ts'
import { msg, type Message } from '../../lib/message.ts'

/** What a bin can say to whoever sends something. */
export const answerKinds = [
  'ok',
  'no_content',
  'fails',
  'unavailable',
  'gone',
  'slow_down',
  'redirect',
  'waits',
] as const
export type AnswerKind = (typeof answerKinds)[number]

/** `figure`: how often it fails, or how many seconds; 0 where the kind takes none. */
export interface BinAnswer {
  readonly kind: AnswerKind
  readonly figure: number
}

/** The figure that a kind takes: what to begin with, and the bounds. Kinds that are not here take none. */
export const figures: Partial<
  Record<AnswerKind, { readonly usual: number; readonly min: number; readonly max: number }>
> = {
  fails: { usual: 3, min: 1, max: 100 },
  slow_down: { usual: 30, min: 1, max: 86_400 },
  waits: { usual: 20, min: 1, max: 30 },
}

/** Why the figure does not suit its kind, or null. */
export function wrongFigure({ kind, figure }: BinAnswer): Message | null {
  const { min, max } = figures[kind] ?? { min: 0, max: 0 }
  if (Number.isInteger(figure) && figure >= min && figure <= max) return null
  return msg('This has to be a whole number from {min} to {max}.', { min, max })
}

/** How a bin answers: the first `fails` requests get `failure`, all others `status`, after `waitMs`. */
export interface AnswerPlan {
  readonly fails: number
  readonly failure: number
  readonly status: number
  readonly waitMs: number
  readonly headers: readonly (readonly [string, string])[]
}

/** A redirect leads to a name that never exists: a bin is nobody's stepping stone. */
const ELSEWHERE = 'https://redirect.invalid/'

export function planOf({ kind, figure }: BinAnswer): AnswerPlan {
  const plain: AnswerPlan = { fails: 0, failure: 503, status: 200, waitMs: 0, headers: [] }
  switch (kind) {
    case 'ok':
      return plain
    case 'no_content':
      return { ...plain, status: 204 }
    case 'fails':
      return { ...plain, fails: figure }
    case 'unavailable':
      return { ...plain, status: 503 }
    case 'gone':
      return { ...plain, status: 410 }
    case 'slow_down':
      return { ...plain, status: 429, headers: [['retry-after', String(figure)]] }
    case 'redirect':
      return { ...plain, status: 302, headers: [['location', ELSEWHERE]] }
    case 'waits':
      return { ...plain, waitMs: figure * SECOND }
  }
}

/** What stands in the body of every answer but an empty one: plain text, and always the same. */
export const CAUGHT = 'Caught.\n'
