import { z } from 'zod'
import { event } from 'hookline/plugin'
import { admin, course, dateEnrolled, enrolled, path, self, time } from './fields.ts'

export const ciStats = event('CI_STATS', {
  title: 'Course Instance Seats',
  sentence: 'The seats or the waiting list of a course changed',
  description: 'Happens when somebody takes or frees a seat, or the limit is changed. Of courses only.',
  lane: 'realtime',
  payload: z.looseObject({
    loInstanceId: z.string(),
    waitlistCount: z.int().nullable(),
    enrollmentCount: z.int().nullable(),
    seatLimit: z.int().nullable(),
  }),
  sample: { loInstanceId: 'course:7374992_10250977', waitlistCount: 2, enrollmentCount: 25, seatLimit: 25 },
})

export const learnerProgress = event('LEARNER_PROGRESS', {
  title: 'Learner Progress',
  sentence: 'A learner got further',
  description: 'Happens after a module is done. It may be a quarter of an hour late, and overtake other events.',
  lane: 'batched',
  payload: z.looseObject({
    userId: z.int(),
    loId: z.string(),
    loInstanceId: z.string().nullable(),
    loType: z.string(),
    dateStarted: time,
    progressPercent: z.int().nullable(),
  }),
  sample: { ...course, dateStarted: '2026-01-14T13:00:00.000Z', progressPercent: 40 },
})

export const learningPathCompletionRollback = event('LEARNING_PATH_COMPLETION_ROLLBACK', {
  title: 'Learning Path Completion Rollback',
  sentence: 'A learner started a completed learning path anew',
  description: 'Happens when learners refresh their own completion.',
  lane: 'realtime',
  payload: enrolled,
  sample: { ...path, ...self, ...dateEnrolled },
})

export const learningPathCompletionRollbackBatch = event('LEARNING_PATH_COMPLETION_ROLLBACK_BATCH', {
  title: 'Learning Path Completion Rollback, Batch',
  sentence: 'Completions of a learning path were taken back',
  description: 'Happens when an administrator, a manager or the system does it, for one learner or for many.',
  lane: 'batched',
  payload: enrolled,
  sample: { ...path, ...admin, ...dateEnrolled },
})
