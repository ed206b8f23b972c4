import { expect, test } from 'vitest'
import { z } from 'zod'
import { event } from '../../../server/plugin/define.ts'
import { faultsIn } from '../../../server/plugin/payload.ts'
import { inEnglish } from '../../../server/lib/message.ts'

const moved = event('thing_moved', {
  title: 'Thing Moved',
  sentence: 'A thing was moved',
  description: 'Happens in tests.',
  lane: 'realtime',
  payload: z.looseObject({ thing: z.string(), mover: z.string().nullable(), place: z.looseObject({ x: z.int() }) }),
  sample: { thing: 'one', mover: null, place: { x: 1 } },
})

test('what is missing says of which type it has to be, and where null would do', () => {
  const said = faultsIn(moved, { place: {} }).map(({ path, message }) => `${path}: ${inEnglish(message)}`)
  expect(said).toEqual([
    'data.thing: This is missing. It has to be string.',
    'data.mover: This is missing. It has to be string | null.',
    'data.place.x: This is missing. It has to be number.',
  ])
})
