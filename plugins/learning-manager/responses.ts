import { z } from 'zod'
import { event } from 'hookline/plugin'

/** The answer to an asynchronous call: what came of it, and the call. */
const payload = z.looseObject({
  status: z.string(),
  request: z.looseObject({
    metadata: z.record(z.string(), z.unknown()).nullable().optional(),
    data: z.array(z.looseObject({ type: z.string(), id: z.union([z.string(), z.int()]) })),
  }),
})
const sample = {
  status: 'SUCCESS',
  request: { metadata: { event_id: 'group-of-january' }, data: [{ type: 'user', id: '4279332' }] },
}

export const userGroupUserAdded = event('RESPONSE:ASYNCAPI_USERGROUP_USER_ADDED', {
  title: 'Users Added to a Group',
  sentence: 'An asynchronous call has added users to a group',
  description: 'Happens when the call is done. Its identifier is the one that the call was answered with.',
  lane: 'realtime',
  payload,
  sample,
})

export const userGroupUserRemoved = event('RESPONSE:ASYNCAPI_USERGROUP_USER_REMOVED', {
  title: 'Users Removed from a Group',
  sentence: 'An asynchronous call has removed users from a group',
  description: 'Happens when the call is done. Its identifier is the one that the call was answered with.',
  lane: 'realtime',
  payload,
  sample,
})
