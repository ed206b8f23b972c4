import { z } from 'zod'
import { rules, type Rule } from '../../access/rules.ts'
import type { Json, JsonObject } from '../../lib/json.ts'
import type { EventType } from '../../plugin/host.ts'
import * as answers from './answers.ts'
import type { ApiRoute, Operation } from './operation.ts'
import { operations } from './operations.ts'

interface Described {
  readonly publicUrl: string
  readonly version: string
  readonly eventTypes: readonly EventType[]
}

/** What the parts of the API are called, by the first segment of their paths. */
export const tags: Readonly<Record<string, string>> = {
  events: 'Events',
  journal: 'Events',
  'event-types': 'Event types',
  webhooks: 'Webhooks',
  hooks: 'REST hooks',
  deliveries: 'Deliveries',
  redeliveries: 'Redeliveries',
  sites: 'Sites',
  plugins: 'Plugins',
  sources: 'Sources',
  bins: 'Bins',
  export: 'Export and import',
  import: 'Export and import',
  privacy: 'Privacy',
  users: 'Users',
  'api-keys': 'API keys',
  me: 'API keys',
  'openapi.json': 'This description',
}

export const apiRoutes = Object.keys(operations) as ApiRoute[]
export const ruleOf = (route: ApiRoute): Rule => rules[route]
export const splitRoute = (route: ApiRoute) => route.split(' ') as [method: string, path: string]
export const tagOf = (route: ApiRoute): string => tags[splitRoute(route)[1].split('/')[3] ?? ''] ?? 'More'

/** The OpenAPI 3.1 description: its routes are those of the rules, its schemas those that the API checks with. */
export function openApi({ publicUrl, version, eventTypes }: Described): JsonObject {
  return {
    openapi: '3.1.1',
    info: {
      title: 'Hookline',
      version,
      description: 'Events, the webhooks that want them, and their deliveries. Times are ISO 8601 in UTC.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: publicUrl }],
    tags: [...new Set(apiRoutes.map(tagOf))].map((name) => ({ name })),
    paths: pathsOf(),
    webhooks: Object.fromEntries(eventTypes.map((type) => [type.name, webhookOf(type)])),
    components: {
      securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'An API key, hk_…' } },
      responses: {
        Problem: {
          description: 'What went wrong, in the form of RFC 9457, with a stable code.',
          content: { 'application/problem+json': { schema: ref('Problem') } },
        },
      },
      schemas: { ...schemasOf('input'), ...schemasOf('output') },
    },
  }
}

function pathsOf(): JsonObject {
  const paths: Record<string, Record<string, Json>> = {}
  for (const route of apiRoutes) {
    const [method, path] = splitRoute(route)
    const item = (paths[path.replaceAll(/:(\w+)/g, '{$1}')] ??= {})
    item[method.toLowerCase()] = operationOf(route)
  }
  return paths
}

function operationOf(route: ApiRoute): JsonObject {
  const { summary, description, query = {}, headers = {}, body, status, answer, empty }: Operation = operations[route]
  const rule = ruleOf(route)
  const places = Array.from(splitRoute(route)[1].matchAll(/:(\w+)/g), ([, name = '']) => name)
  const parameters = [
    ...places.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
    ...Object.entries(query).map(([name, schema]) => ({ name, in: 'query', schema: jsonSchema(schema) })),
    ...Object.entries(headers).map(([name, schema]) => ({ name, in: 'header', schema: jsonSchema(schema) })),
  ]
  return {
    operationId: operationId(route),
    summary,
    ...(description === undefined ? {} : { description }),
    tags: [tagOf(route)],
    security: rule === 'public' ? [] : [{ key: rule === 'session' ? [] : [rule] }],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body ? { requestBody: { required: true, content: contentOf(`${operationId(route)}Body`) } } : {}),
    responses: {
      [status]: { description: summary, ...(answer ? { content: contentOf(answerName(route, answer)) } : {}) },
      ...(empty === undefined ? {} : { 204: { description: empty } }),
      '4XX': { $ref: '#/components/responses/Problem' },
      '5XX': { $ref: '#/components/responses/Problem' },
    },
  }
}

/** `POST /api/v1/webhooks/:id/rotate-secret` is postWebhooksIdRotateSecret. */
export const operationId = (route: ApiRoute): string => {
  const [method, path] = splitRoute(route)
  return (
    method.toLowerCase() +
    path.slice('/api/v1'.length).replaceAll(/[^a-zA-Z0-9]+(\w?)/g, (_, a: string) => a.toUpperCase())
  )
}

/** What a receiver gets in the format Standard. */
const webhookOf = ({ title, description, schema, sample, name }: EventType): JsonObject => ({
  post: {
    operationId: `receive:${name}`,
    summary: title,
    description,
    requestBody: {
      content: {
        'application/json': {
          schema: {
            type: 'object',
            properties: {
              id: { type: 'string' },
              type: { const: name },
              timestamp: { type: 'string', format: 'date-time' },
              site: { type: 'string' },
              data: { ...schema, examples: [sample] },
            },
            required: ['id', 'type', 'timestamp', 'site', 'data'],
          },
        },
      },
    },
    responses: {
      '2XX': {
        description: 'Accepted. After any other answer the delivery is tried again; 410 switches the webhook off.',
      },
    },
  },
})

const ref = (name: string): JsonObject => ({ $ref: `#/components/schemas/${name}` })
const contentOf = (name: string): JsonObject => ({ 'application/json': { schema: ref(name) } })
const capital = (name: string) => name.charAt(0).toUpperCase() + name.slice(1)

const named = new Map<z.ZodType, string>(
  Object.entries(answers).flatMap(([name, schema]) => (schema instanceof z.ZodType ? [[schema, capital(name)]] : [])),
)
/** What is answered with, under their names. */
export const namedAnswers = [...named].map(([schema, name]) => ({ name, schema }))

/** The name of what is answered with, or of what the page of a list is made of; null for what has none. */
export function nameOf(answer: z.ZodType): { readonly name: string; readonly list: boolean } | null {
  const own = named.get(answer)
  if (own !== undefined) return { name: own, list: false }
  const data: unknown = answer instanceof z.ZodObject ? answer.shape['data'] : undefined
  const item = data instanceof z.ZodArray ? named.get(data.element as z.ZodType) : undefined
  return item === undefined ? null : { name: item, list: true }
}

const answerName = (route: ApiRoute, answer: z.ZodType) => named.get(answer) ?? `${operationId(route)}Answer`

/** The bodies that are sent, or the answers, each under its name; one that holds another refers to it. */
function schemasOf(io: 'input' | 'output'): JsonObject {
  const registry = z.registry<{ id: string }>()
  if (io === 'output') for (const [schema, id] of named) registry.add(schema, { id })
  for (const route of apiRoutes) {
    const { body, answer }: Operation = operations[route]
    if (io === 'input' && body) registry.add(body, { id: `${operationId(route)}Body` })
    if (io === 'output' && answer && !named.has(answer)) registry.add(answer, { id: answerName(route, answer) })
  }
  const { schemas } = z.toJSONSchema(registry, { io, override, uri: (id) => `#/components/schemas/${id}` })
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, plain(schema)]))
}

/** A schema by itself, with nothing to refer to. */
export const jsonSchema = (schema: z.ZodType, io: 'input' | 'output' = 'input'): JsonObject =>
  plain(z.toJSONSchema(schema, { io, override }))

/** The bounds of what JavaScript counts with tell a reader nothing. */
function override({ jsonSchema: of }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (of.minimum === Number.MIN_SAFE_INTEGER) delete of.minimum
  if (of.maximum === Number.MAX_SAFE_INTEGER) delete of.maximum
}

function plain(schema: object): JsonObject {
  const { $schema: _, $id: __, ...rest } = schema as Record<string, Json>
  return JSON.parse(JSON.stringify(rest)) as JsonObject
}
