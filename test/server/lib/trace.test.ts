import { describe, expect, test } from 'vitest'
import { traceHeaders, traceId, traceOf } from '../../../server/lib/trace.ts'

const ID = '4bf92f3577b34da6a3ce929d0e0e4736'
const PARENT = `00-${ID}-00f067aa0ba902b7-01`
const random = (length: number) => new Uint8Array(length).fill(0xa1)

const read = (traceparent: string, tracestate?: string) =>
  traceOf(new Headers({ traceparent, ...(tracestate !== undefined && { tracestate }) }))
const sent = (traceparent: string, tracestate?: string) =>
  Object.fromEntries(traceHeaders(read(traceparent, tracestate), random))

test('what we send belongs to the trace of what came in, by an id of its own', () => {
  expect(sent(PARENT, 'rojo=1,congo=t61rcWkgMzE')).toEqual({
    traceparent: `00-${ID}-a1a1a1a1a1a1a1a1-01`,
    tracestate: 'rojo=1,congo=t61rcWkgMzE',
  })
  expect(traceId(read(PARENT) ?? '')).toBe(ID)
})

test('without a trace, nothing is sent', () => {
  expect(traceOf(new Headers({ tracestate: 'rojo=1' }))).toBeNull()
  expect(traceHeaders(null, random)).toEqual([])
})

test.each([
  ['sampled or not', `00-${ID}-00f067aa0ba902b7-00`, '00'],
  ['a random id', `00-${ID}-00f067aa0ba902b7-03`, '03'],
  ['flags that nobody knows', `00-${ID}-00f067aa0ba902b7-fd`, '01'],
  ['a later version', `cc-${ID}-00f067aa0ba902b7-01-more`, '01'],
])('what we know of the flags goes on: %s', (_, parent, flags) => {
  expect(sent(parent)).toEqual({ traceparent: `00-${ID}-a1a1a1a1a1a1a1a1-${flags}` })
})

test.each([
  ['nothing', ''],
  ['a version that cannot be', `ff-${ID}-00f067aa0ba902b7-01`],
  ['more than version 00 says', `${PARENT}-more`],
  ['zeros for the trace', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`],
  ['zeros for the parent', `00-${ID}-${'0'.repeat(16)}-01`],
  ['large letters', PARENT.toUpperCase()],
  ['too short an id', `00-${ID.slice(1)}-00f067aa0ba902b7-01`],
  ['two of them', `${PARENT}, ${PARENT}`],
])('%s is no trace', (_, parent) => {
  expect(read(parent, 'rojo=1')).toBeNull()
})

describe('the state of a trace', () => {
  test('loses empty members and the space around them', () => {
    expect(sent(PARENT, ' a=1 ,, \tb@c=2').tracestate).toBe('a=1,b@c=2')
  })

  test.each([
    ['no pair', 'rojo'],
    ['a name in large letters', 'Rojo=1'],
    ['more than 32 members', Array.from({ length: 33 }, (_, n) => `k${n}=1`).join(',')],
    ['more than 512 characters', `a=${'1'.repeat(256)},b=${'1'.repeat(256)}`],
  ])('is left out where it is none, and the trace goes on: %s', (_, state) => {
    expect(sent(PARENT, state)).toEqual({ traceparent: `00-${ID}-a1a1a1a1a1a1a1a1-01` })
  })
})
