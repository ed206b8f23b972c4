import { z } from 'zod'
import * as answers from './answers.ts'
import { nothing, page, when, type Operations } from './operation.ts'

export const deliveryOperations = {
  'GET /api/v1/deliveries': {
    summary: 'List deliveries',
    query: {
      webhook: z.string(),
      event: z.string(),
      type: z.string(),
      state: answers.delivery.shape.state,
      site: z.string(),
      ...when,
      ...page,
    },
    status: 200,
    answer: answers.listOf(answers.delivery),
  },
  'GET /api/v1/deliveries/:id': {
    summary: 'Read a delivery with its attempts',
    description:
      'Each attempt comes with its exact request and response, secrets masked, as they were, whatever the webhook is now. A header that came several times is one value, joined by a comma.',
    status: 200,
    answer: answers.wholeDelivery,
  },
  'POST /api/v1/deliveries/redeliver': {
    summary: 'Redeliver up to 100 deliveries',
    body: z.strictObject({ ids: z.array(z.string()).min(1).max(100) }),
    status: 202,
    answer: answers.count('redelivered'),
  },
  'POST /api/v1/deliveries/:id/redeliver': {
    summary: 'Redeliver a delivery',
    description: 'Makes one more attempt of the same delivery, now.',
    status: 202,
    answer: answers.delivery,
  },
  'POST /api/v1/deliveries/:id/cancel': {
    summary: 'Cancel a waiting delivery',
    status: 200,
    answer: answers.delivery,
  },
  'GET /api/v1/redeliveries/:id': {
    summary: 'Read the progress of a redelivery',
    status: 200,
    answer: answers.redelivery,
  },
  'DELETE /api/v1/redeliveries/:id': { summary: 'Stop a redelivery', ...nothing },
} satisfies Operations
