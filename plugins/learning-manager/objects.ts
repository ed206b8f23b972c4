import { z } from 'zod'
import { event } from 'hookline/plugin'

/** A course, path, certification or job aid is a learning object; people enrol in its instances. */
const object = z.looseObject({ loId: z.string(), loType: z.string() })
const instance = z.looseObject({ loInstanceId: z.string(), loId: z.string(), loType: z.string() })
const course = { loId: 'course:7374992', loType: 'course' }
const courseInstance = { loInstanceId: 'course:7374992_10250977', ...course }

export const learningObjectDraft = event('LEARNING_OBJECT_DRAFT', {
  title: 'Learning Object Draft',
  sentence: 'A draft of a learning object was saved',
  description: 'Happens when it is made, and with every change before it is published.',
  lane: 'realtime',
  payload: object,
  sample: course,
})

export const learningObjectModification = event('LEARNING_OBJECT_MODIFICATION', {
  title: 'Learning Object Modification',
  sentence: 'A learning object was published, changed or retired',
  description: 'Happens when a draft is published, and with every change from then on.',
  lane: 'realtime',
  payload: object,
  sample: course,
})

export const learningObjectDeletion = event('LEARNING_OBJECT_DELETION', {
  title: 'Learning Object Deletion',
  sentence: 'A learning object was deleted',
  description: 'Happens once when it is gone.',
  lane: 'realtime',
  payload: object,
  sample: course,
})

export const learningObjectInstanceModification = event('LEARNING_OBJECT_INSTANCE_MODIFICATION', {
  title: 'Learning Object Instance Modification',
  sentence: 'An instance of a learning object was made, changed or retired',
  description: 'Happens also when the learning object that it belongs to is retired.',
  lane: 'realtime',
  payload: instance,
  sample: courseInstance,
})

export const learningObjectInstanceDeletion = event('LEARNING_OBJECT_INSTANCE_DELETION', {
  title: 'Learning Object Instance Deletion',
  sentence: 'An instance of a self-paced course was deleted',
  description: 'Happens once when it is gone.',
  lane: 'realtime',
  payload: instance,
  sample: courseInstance,
})

export const learningObjectModificationBatch = event('LEARNING_OBJECT_MODIFICATION_BATCH', {
  title: 'Learning Object Modification, Batch',
  sentence: 'A migration made or changed learning objects',
  description: 'Happens when a migration runs, for each one that it touches.',
  lane: 'batched',
  payload: object,
  sample: course,
})

export const learningObjectInstanceModificationBatch = event('LEARNING_OBJECT_INSTANCE_MODIFICATION_BATCH', {
  title: 'Learning Object Instance Modification, Batch',
  sentence: 'A migration made or changed instances of learning objects',
  description: 'Happens when a migration runs, for each one that it touches.',
  lane: 'batched',
  payload: instance,
  sample: courseInstance,
})
