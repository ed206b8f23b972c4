import { z } from 'zod'

/** ISO 8601; older accounts send seconds since 1970, and what is emitted is kept as it is. */
export const time = z.union([z.iso.datetime(), z.int()]).nullable()

/** A learner in a course, path or certification. `userId` and `loInstanceId` together say which enrolment. */
export const enrolment = {
  userId: z.int(),
  loId: z.string(),
  loInstanceId: z.string().nullable(),
  loType: z.string(),
  enrollmentSource: z.string().nullable(),
}

export const enrolled = z.looseObject({ ...enrolment, dateEnrolled: time })
export const completed = z.looseObject({ ...enrolment, dateCompleted: time, hasPassed: z.boolean().nullable() })
export const certified = z.looseObject({ ...enrolment, dateCompleted: time })
export const unenrolled = z.looseObject(enrolment)

const when = '2026-01-15T09:30:00.000Z'
export const dateEnrolled = { dateEnrolled: when }
export const dateCompleted = { dateCompleted: when }

/** Who enrols somebody: themselves, or the administrator, whose events come in batches. */
export const self = { enrollmentSource: 'SELF_ENROLL' }
export const admin = { enrollmentSource: 'ADMIN_ENROLL' }

export const course = {
  userId: 4279332,
  loId: 'course:7374992',
  loInstanceId: 'course:7374992_10250977',
  loType: 'course',
}
export const path = {
  userId: 4279332,
  loId: 'learningProgram:82140',
  loInstanceId: 'learningProgram:82140_104417',
  loType: 'learningProgram',
}
export const certification = {
  userId: 4279332,
  loId: 'certification:51377',
  loInstanceId: 'certification:51377_77120',
  loType: 'certification',
}
