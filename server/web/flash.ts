import { MINUTE } from '../lib/clock.ts'
import type { Message } from '../lib/message.ts'
import { cookieOf, type Home } from './cookie.ts'
import type { C } from './env.ts'

type Tone = 'good' | 'info' | 'warn' | 'bad'

/** What is said on top of the next page: first what is, then what to do, then at most one link. */
export interface Notice {
  readonly tone: Tone
  readonly title: Message
  readonly text?: Message
  readonly link?: { readonly href: string; readonly label: Message }
}

const waiting = cookieOf('notice')

/** Goes to a page of ours after a form was taken, with a notice for it. */
export function seeOther(c: C, home: Home, path: string, notice?: Notice): Response {
  if (notice) {
    const text = JSON.stringify(notice)
    // A browser drops a cookie beyond 4 KiB whole; then rather no notice than a broken one.
    if (encodeURIComponent(text).length < 3500) waiting.set(c, home, text, MINUTE)
  }
  return c.redirect(path, 303)
}

/** The notice that waits for this page, once. Whoever wrote the cookie: it is shown escaped, and only if it has the shape. */
export function takeNotice(c: C, home: Home): Notice | null {
  const text = waiting.read(c, home)
  if (text === undefined) return null
  waiting.drop(c, home)
  try {
    const value = JSON.parse(text) as unknown
    return isNotice(value) ? value : null
  } catch {
    return null
  }
}

const TONES: readonly unknown[] = ['good', 'info', 'warn', 'bad']
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

const isMessage = (value: unknown): value is Message =>
  isRecord(value) &&
  typeof value['text'] === 'string' &&
  (value['params'] === undefined ||
    (isRecord(value['params']) &&
      Object.values(value['params']).every((param) => typeof param === 'string' || typeof param === 'number')))

const isNotice = (value: unknown): value is Notice =>
  isRecord(value) &&
  TONES.includes(value['tone']) &&
  isMessage(value['title']) &&
  (value['text'] === undefined || isMessage(value['text'])) &&
  (value['link'] === undefined ||
    (isRecord(value['link']) && typeof value['link']['href'] === 'string' && isMessage(value['link']['label'])))
