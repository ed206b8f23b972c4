import { deliveryOperations } from './deliveries.ts'
import { eventOperations } from './events.ts'
import { networkOperations } from './network.ts'
import type { ApiRoute, Operation } from './operation.ts'
import { peopleOperations } from './people.ts'
import { webhookOperations } from './webhooks.ts'

/** Every route of the API. One that is missing here does not compile. */
export const operations: Readonly<Record<ApiRoute, Operation>> = {
  ...eventOperations,
  ...webhookOperations,
  ...deliveryOperations,
  ...peopleOperations,
  ...networkOperations,
}
