import { event } from 'hookline/plugin'
import { admin, certification, course, path, self, unenrolled } from './fields.ts'

export const courseUnenrollment = event('COURSE_UNENROLLMENT', {
  title: 'Course Unenrollment',
  sentence: 'A learner left a course',
  description: 'Happens when learners take back their enrolment themselves.',
  lane: 'realtime',
  payload: unenrolled,
  sample: { ...course, ...self },
})

export const learningPathUnenrollment = event('LEARNING_PATH_UNENROLLMENT', {
  title: 'Learning Path Unenrollment',
  sentence: 'A learner left a learning path',
  description: 'Happens when learners take back their enrolment themselves.',
  lane: 'realtime',
  payload: unenrolled,
  sample: { ...path, ...self },
})

export const certificationUnenrollment = event('CERTIFICATION_UNENROLLMENT', {
  title: 'Certification Unenrollment',
  sentence: 'A learner left a certification',
  description: 'Happens when learners take back their enrolment themselves.',
  lane: 'realtime',
  payload: unenrolled,
  sample: { ...certification, ...self },
})

export const courseUnenrollmentBatch = event('COURSE_UNENROLLMENT_BATCH', {
  title: 'Course Unenrollment, Batch',
  sentence: 'Learners were taken out of a course',
  description: 'Happens when an administrator, a manager or the system does it, for one learner or for many.',
  lane: 'batched',
  payload: unenrolled,
  sample: { ...course, ...admin },
})

export const learningPathUnenrollmentBatch = event('LEARNING_PATH_UNENROLLMENT_BATCH', {
  title: 'Learning Path Unenrollment, Batch',
  sentence: 'Learners were taken out of a learning path',
  description: 'Happens when an administrator, a manager or the system does it, for one learner or for many.',
  lane: 'batched',
  payload: unenrolled,
  sample: { ...path, ...admin },
})

export const certificationUnenrollmentBatch = event('CERTIFICATION_UNENROLLMENT_BATCH', {
  title: 'Certification Unenrollment, Batch',
  sentence: 'Learners were taken out of a certification',
  description: 'Happens when an administrator, a manager or the system does it, for one learner or for many.',
  lane: 'batched',
  payload: unenrolled,
  sample: { ...certification, ...admin },
})
