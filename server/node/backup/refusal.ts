/** What was asked of the database cannot be done; nothing was changed. The message is for whoever asked. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
}

export const because = (error: unknown): string => (error instanceof Error ? error.message : String(error))
