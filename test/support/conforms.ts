import { expect } from 'vitest'
import { problem } from '../../server/api/openapi/answers.ts'
import type { ApiRoute, Operation } from '../../server/api/openapi/operation.ts'
import { operations } from '../../server/api/openapi/operations.ts'

const routes = (Object.keys(operations) as ApiRoute[]).map((route) => {
  const [method = '', path = ''] = route.split(' ')
  const exact = path.split('/:').length
  return { route, method, pattern: new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+')}$`), exact }
})

/** Fails when an answer of the API is not what its description says. `path` is that of the request, from `/api/v1` on. */
export function conforms(method: string, path: string, status: number, body: unknown): void {
  const pathname = path.split('?')[0] ?? ''
  const found = routes.filter((one) => one.method === method && one.pattern.test(pathname))
  const [known] = found.sort((a, b) => a.exact - b.exact)
  if (!known) throw new Error(`${method} ${pathname} is not in the description of the API.`)
  const { status: good, answer, empty }: Operation = operations[known.route]
  if (status === 204 && empty !== undefined) return expect(body).toEqual({})
  if (status < 400) expect({ route: known.route, status }).toEqual({ route: known.route, status: good })
  const read = status < 400 ? answer?.safeParse(body) : problem.safeParse(body)
  expect(read?.error?.message ?? '', known.route).toBe('')
}
