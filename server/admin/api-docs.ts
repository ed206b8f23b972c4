import type { Handlers } from '../api/handlers.ts'
import { apiRoutes, jsonSchema, operationId, ruleOf, splitRoute, tagOf } from '../api/openapi/document.ts'
import { operations, type ApiRoute, type Operation } from '../api/openapi/operations.ts'
import type { Deps } from '../deps.ts'
import type { JsonObject } from '../lib/json.ts'
import { isObject } from '../lib/json.ts'
import { render } from '../web/render.ts'
import { fieldsOf } from './schema-fields.ts'

/** The API as people read it. What it tells of a route is English, like its answers. */
export const apiDocsRoutes = (deps: Deps): Handlers => ({
  'GET /api/docs': (c) => {
    const parts = [...Map.groupBy(apiRoutes, tagOf)].map(([title, routes]) => ({
      id: title.toLowerCase().replaceAll(' ', '-'),
      title,
      routes: routes.map(shown),
    }))
    const { t } = c.var
    return c.html(
      render('reference', {
        t,
        base: '',
        title: t('API'),
        template: 'pages/api/docs',
        menu: parts.map(({ id, title }) => ({ href: `#${id}`, label: title })),
        data: { parts, address: `${deps.publicUrl()}/api/v1` },
        version: deps.version,
      }),
    )
  },
})

function shown(route: ApiRoute) {
  const { summary, description = '', query = {}, headers = {}, body, status, answer }: Operation = operations[route]
  const [method, path] = splitRoute(route)
  const rule = ruleOf(route)
  const parameters = Object.entries({ ...query, ...headers })
  return {
    id: operationId(route),
    method,
    path: path.slice('/api/v1'.length),
    scope: rule === 'public' || rule === 'session' ? null : rule,
    needsKey: rule !== 'public',
    summary,
    description,
    parameters: parameters.flatMap(([name, schema]) =>
      fieldsOf({ type: 'object', properties: { [name]: jsonSchema(schema) } }),
    ),
    body: body ? rowsOf(jsonSchema(body)) : [],
    status,
    answer: answer ? rowsOf(jsonSchema(answer, 'output')) : [],
  }
}

/** The fields of an object, or of the objects in a list. */
const rowsOf = (schema: JsonObject) => (isObject(schema['items']) ? fieldsOf(schema['items'], '[].') : fieldsOf(schema))
