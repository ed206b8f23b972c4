import { event } from 'hookline/plugin'
import { admin, certification, certified, completed, course, dateCompleted, path, self } from './fields.ts'

export const courseCompleted = event('COURSE_COMPLETED', {
  title: 'Course Completed',
  sentence: 'A learner completed a course',
  description: 'Happens when learners complete it by their own doing.',
  lane: 'realtime',
  payload: completed,
  sample: { ...course, ...self, ...dateCompleted, hasPassed: true },
})

export const learningPathCompleted = event('LEARNING_PATH_COMPLETED', {
  title: 'Learning Path Completed',
  sentence: 'A learner completed a learning path',
  description: 'Happens when learners complete it by their own doing.',
  lane: 'realtime',
  payload: completed,
  sample: { ...path, ...self, ...dateCompleted, hasPassed: true },
})

export const certificationCompleted = event('CERTIFICATION_COMPLETED', {
  title: 'Certification Completed',
  sentence: 'A learner completed a certification',
  description: 'Happens when learners complete it by their own doing.',
  lane: 'realtime',
  payload: certified,
  sample: { ...certification, ...self, ...dateCompleted },
})

export const courseCompletedBatch = event('COURSE_COMPLETED_BATCH', {
  title: 'Course Completed, Batch',
  sentence: 'Learners were marked as done with a course',
  description: 'Happens when an administrator, a manager or the system does it, for one learner or for many.',
  lane: 'batched',
  payload: completed,
  sample: { ...course, ...admin, ...dateCompleted, hasPassed: true },
})

export const learningPathCompletedBatch = event('LEARNING_PATH_COMPLETED_BATCH', {
  title: 'Learning Path Completed, Batch',
  sentence: 'Learners were marked as done with a learning path',
  description: 'Happens when an administrator, a manager or the system does it, for one learner or for many.',
  lane: 'batched',
  payload: completed,
  sample: { ...path, ...admin, ...dateCompleted, hasPassed: true },
})

export const certificationCompletedBatch = event('CERTIFICATION_COMPLETED_BATCH', {
  title: 'Certification Completed, Batch',
  sentence: 'Learners were marked as done with a certification',
  description: 'Happens when an administrator, a manager or the system does it, for one learner or for many.',
  lane: 'batched',
  payload: certified,
  sample: { ...certification, ...admin, ...dateCompleted },
})
