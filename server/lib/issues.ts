import type { z } from 'zod'
import type { FieldError } from './errors.ts'
import { msg } from './message.ts'

/** What zod found wrong with the shape of something, in our words. */
export function issueSentences(issue: z.core.$ZodIssue): FieldError[] {
  const path = issue.path.join('.')
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [path, key].filter(Boolean).join('.'),
      message: msg('There is no field of this name.'),
    }))
  }
  if (issue.code === 'invalid_type') {
    return [{ path, message: msg('This has to be of type {type}.', { type: issue.expected }) }]
  }
  if (issue.code === 'invalid_value') {
    return [{ path, message: msg('This has to be one of: {values}.', { values: issue.values.map(String).join(', ') }) }]
  }
  return [{ path, message: msg('{problem}', { problem: issue.message }) }]
}
