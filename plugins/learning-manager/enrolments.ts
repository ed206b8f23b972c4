import { event } from 'hookline/plugin'
import { admin, certification, course, dateEnrolled, enrolled, path, self } from './fields.ts'

export const courseEnrollment = event('COURSE_ENROLLMENT', {
  title: 'Course Enrollment',
  sentence: 'A learner enrolled in a course',
  description: 'Happens when learners enrol themselves.',
  lane: 'realtime',
  payload: enrolled,
  sample: { ...course, ...self, ...dateEnrolled },
})

export const learningPathEnrollment = event('LEARNING_PATH_ENROLLMENT', {
  title: 'Learning Path Enrollment',
  sentence: 'A learner enrolled in a learning path',
  description: 'Happens when learners enrol themselves.',
  lane: 'realtime',
  payload: enrolled,
  sample: { ...path, ...self, ...dateEnrolled },
})

export const certificationEnrollment = event('CERTIFICATION_ENROLLMENT', {
  title: 'Certification Enrollment',
  sentence: 'A learner enrolled in a certification',
  description: 'Happens when learners enrol themselves.',
  lane: 'realtime',
  payload: enrolled,
  sample: { ...certification, ...self, ...dateEnrolled },
})

export const courseEnrollmentBatch = event('COURSE_ENROLLMENT_BATCH', {
  title: 'Course Enrollment, Batch',
  sentence: 'Learners were enrolled in a course',
  description: 'Happens when an administrator, a manager or the system does it, for one learner or for many.',
  lane: 'batched',
  payload: enrolled,
  sample: { ...course, ...admin, ...dateEnrolled },
})

export const learningPathEnrollmentBatch = event('LEARNING_PATH_ENROLLMENT_BATCH', {
  title: 'Learning Path Enrollment, Batch',
  sentence: 'Learners were enrolled in a learning path',
  description: 'Happens when an administrator, a manager or the system does it, for one learner or for many.',
  lane: 'batched',
  payload: enrolled,
  sample: { ...path, ...admin, ...dateEnrolled },
})

export const certificationEnrollmentBatch = event('CERTIFICATION_ENROLLMENT_BATCH', {
  title: 'Certification Enrollment, Batch',
  sentence: 'Learners were enrolled in a certification',
  description: 'Happens when an administrator, a manager or the system does it, for one learner or for many.',
  lane: 'batched',
  payload: enrolled,
  sample: { ...certification, ...admin, ...dateEnrolled },
})
