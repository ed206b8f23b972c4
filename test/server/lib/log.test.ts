import { expect, test } from 'vitest'
import { jsonLog, plainLog } from '../../../server/lib/log.ts'

const now = () => Date.UTC(2026, 0, 31, 12, 5, 9)
const written = (log: typeof jsonLog) => {
  const lines: string[] = []
  const { debug, info, error } = log('info', now, (line) => lines.push(line))
  debug('Nobody asked', { n: 1 })
  info('An attempt failed', { delivery: 'dlv_1', status: 503, error: 'It said "no".\nAnd left.' })
  error('The disk is full')
  return lines
}

test('a program reads one JSON object a line, of the level that was asked for and above', () => {
  expect(written(jsonLog).map((line) => JSON.parse(line) as object)).toEqual([
    {
      time: '2026-01-31T12:05:09.000Z',
      level: 'info',
      message: 'An attempt failed',
      delivery: 'dlv_1',
      status: 503,
      error: 'It said "no".\nAnd left.',
    },
    { time: '2026-01-31T12:05:09.000Z', level: 'error', message: 'The disk is full' },
  ])
})

test('somebody who looks on reads a line as well, whatever it is about', () => {
  expect(written(plainLog)).toEqual([
    '12:05:09 info  An attempt failed delivery="dlv_1" status=503 error="It said \\"no\\".\\nAnd left."',
    '12:05:09 error The disk is full',
  ])
})
