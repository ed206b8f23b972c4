import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import worker, { type Bindings } from '../../server/worker/main.ts'

/** Asks the Worker, and waits for what it goes on with after its answer. */
export const askWorker =
  (bindings: Bindings) =>
  async (path: string, init?: RequestInit): Promise<Response> => {
    const context = createExecutionContext()
    const request = new Request(`http://hookline.test${path}`, { redirect: 'manual', ...init })
    const answer = await worker.fetch(request, bindings, context)
    await waitOnExecutionContext(context)
    return answer
  }
