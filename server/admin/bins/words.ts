import type { Verdict } from '../../../db/schema.ts'
import type { AnswerKind, BinAnswer } from '../../webhooks/bins/answer.ts'
import { TOLERANCE_SECONDS } from '../../webhooks/sign.ts'
import type { Translator } from '../../web/i18n.ts'

/** What a bin answers, in a few words. */
export function answerWords(t: Translator, { kind, figure }: BinAnswer): string {
  const words: Record<AnswerKind, string> = {
    ok: '200 OK',
    no_content: '204 No Content',
    fails: t.n('Fails once, then 200', 'Fails {count} times, then 200', figure),
    unavailable: '503 Service Unavailable',
    gone: '410 Gone',
    slow_down: t('429, try again after {seconds} s', { seconds: figure }),
    redirect: t('302 to elsewhere'),
    waits: t('Waits {seconds} s, then 200', { seconds: figure }),
  }
  return words[kind]
}

/** The same to choose from: the figure stands in a field of its own. */
export const answerChoices = (t: Translator): readonly { value: AnswerKind; label: string }[] => [
  { value: 'ok', label: '200 OK' },
  { value: 'no_content', label: '204 No Content' },
  { value: 'fails', label: t('Fails N times, then 200') },
  { value: 'unavailable', label: '503 Service Unavailable' },
  { value: 'gone', label: '410 Gone' },
  { value: 'slow_down', label: t('429, try again after N seconds') },
  { value: 'redirect', label: t('302 to elsewhere') },
  { value: 'waits', label: t('Waits N seconds, then 200') },
]

/** What became of the check of a signature: how it looks, in a word, and why. */
export function verdictWords(t: Translator, verdict: Verdict, webhook: string | null) {
  const name = webhook ?? ''
  switch (verdict) {
    case 'valid':
      return {
        tone: 'good',
        icon: 'check',
        word: t('Valid'),
        title: t('The signature is valid.'),
        text: t('A live secret of {webhook} gives it, and the timestamp was fresh.', { webhook: name }),
      }
    case 'wrong':
      return {
        tone: 'bad',
        icon: 'cross',
        word: t('Wrong signature'),
        title: t('The signature is wrong.'),
        text: t('No live secret of {webhook} gives it: another secret signed it, or the body was changed.', {
          webhook: name,
        }),
      }
    case 'old':
      return {
        tone: 'warn',
        icon: 'warn',
        word: t('Too old'),
        title: t('The signature is right, but its timestamp is not.'),
        text: t('It was more than {seconds} s off when it came in: a receiver refuses that as a replay.', {
          seconds: TOLERANCE_SECONDS,
        }),
      }
    case 'unsigned':
      return {
        tone: 'idle',
        icon: 'ban',
        word: t('Not signed'),
        title: t('The request is not signed.'),
        text: t('It has no header webhook-signature.'),
      }
    case 'unchecked':
      return {
        tone: 'idle',
        icon: 'info',
        word: t('Not checked'),
        title: t('The signature was not checked.'),
        text: t('Choose above whose signature this bin checks; what comes in from then on has a verdict.'),
      }
  }
}
