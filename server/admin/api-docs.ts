import type { z } from 'zod'
import type { Handlers } from '../api/handlers.ts'
import {
  apiRoutes,
  jsonSchema,
  namedAnswers,
  nameOf,
  operationId,
  ruleOf,
  splitRoute,
  tagOf,
} from '../api/openapi/document.ts'
import type { ApiRoute, Operation } from '../api/openapi/operation.ts'
import { operations } from '../api/openapi/operations.ts'
import type { Deps } from '../deps.ts'
import { isObject, type JsonObject } from '../lib/json.ts'
import { render } from '../web/render.ts'
import { fieldsOf } from './schema-fields.ts'

/** The API as people read it. What it tells of a route is English, like its answers. */
export const apiDocsRoutes = (deps: Deps): Handlers => ({
  'GET /api/docs': (c) => {
    const { t } = c.var
    const parts = [...Map.groupBy(apiRoutes, tagOf)].map(([title, routes]) => ({
      id: title.toLowerCase().replaceAll(' ', '-'),
      title,
      routes: routes.map(routeShown),
    }))
    const answers = namedAnswers.map(({ name, schema }) => ({
      id: idOf(name),
      name,
      fields: rowsOf(jsonSchema(schema, 'output')),
    }))
    const html = render('reference', {
      t,
      base: '',
      title: t('API'),
      template: 'pages/api/docs',
      menu: [...parts, { id: 'answers', title: t('Answers') }],
      data: { parts, answers, address: `${deps.publicUrl()}/api/v1` },
      version: deps.version,
    })
    return c.html(html)
  },
})

function routeShown(route: ApiRoute) {
  const {
    summary,
    description = '',
    query = {},
    headers = {},
    body,
    like,
    status,
    answer,
  }: Operation = operations[route]
  const [method, path] = splitRoute(route)
  const rule = ruleOf(route)
  return {
    id: operationId(route),
    method,
    path: path.slice('/api/v1'.length),
    scope: rule === 'public' || rule === 'session' ? null : rule,
    needsKey: rule !== 'public',
    summary,
    description,
    parameters: Object.entries({ ...query, ...headers }).flatMap(([name, schema]) =>
      fieldsOf({ type: 'object', properties: { [name]: jsonSchema(schema) } }),
    ),
    body: body && !like ? rowsOf(jsonSchema(body)) : [],
    like: like ? { href: `#${operationId(like)}`, text: like.replace('/api/v1', '') } : null,
    status,
    answer: answer ? answerShown(answer) : null,
  }
}

/** What many routes answer with stands once on the page, and is only named here. */
function answerShown(answer: z.ZodType) {
  const known = nameOf(answer)
  if (known) return { ...known, href: `#${idOf(known.name)}`, fields: [] }
  return { name: null, list: false, href: '', fields: rowsOf(jsonSchema(answer, 'output')) }
}

const idOf = (name: string): string => `answer-${name.toLowerCase()}`

/** The fields of an object, or of the objects in a list. */
const rowsOf = (schema: JsonObject) => (isObject(schema['items']) ? fieldsOf(schema['items'], '[].') : fieldsOf(schema))
