/** The part of the Workers runtime that tests use. The runtime's own types redeclare the globals that Node's declare. */
declare module 'cloudflare:workers' {
  import type { D1Database } from '@cloudflare/workers-types'

  export const env: { readonly DB: D1Database }
}

declare module 'cloudflare:test' {
  import type { D1Database, ExecutionContext, MessageBatch, ScheduledController } from '@cloudflare/workers-types'

  interface QueueResult {
    readonly ackAll: boolean
  }
  export function createMessageBatch(
    queue: string,
    messages: readonly { id: string; timestamp: Date; attempts: number; body: unknown }[],
  ): MessageBatch
  export function getQueueResult(batch: MessageBatch, context: ExecutionContext): Promise<QueueResult>
  export function createExecutionContext(): ExecutionContext
  export function waitOnExecutionContext(context: ExecutionContext): Promise<void>
  export function createScheduledController(): ScheduledController

  interface D1Migration {
    readonly name: string
    readonly queries: readonly string[]
  }
  export function applyD1Migrations(db: D1Database, migrations: readonly D1Migration[]): Promise<void>
}
