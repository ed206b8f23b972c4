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
import { notFound } from '../lib/errors.ts'
import { isObject, type JsonObject } from '../lib/json.ts'
import type { C } from '../web/env.ts'
import { render } from '../web/render.ts'
import { fieldsOf } from './schema-fields.ts'

const HOME = '/api/docs'
const idOf = (tag: string): string => tag.toLowerCase().replaceAll(' ', '-')
const hrefOf = (tag: string): string => `${HOME}/${idOf(tag)}`
const linkTo = (route: ApiRoute): string => `${hrefOf(tagOf(route))}#${operationId(route)}`
const pathOf = (route: ApiRoute): string => splitRoute(route)[1].slice('/api/v1'.length)

const topics = [...Map.groupBy(apiRoutes, tagOf)].map(([title, routes]) => ({
  id: idOf(title),
  title,
  href: hrefOf(title),
  routes,
}))

/** The API as people read it, a page for each topic. What it tells of a route is English, like its answers. */
export const apiDocsRoutes = (deps: Deps): Handlers => ({
  'GET /api/docs': (c) =>
    reference(c, deps, null, {
      template: 'pages/api/docs',
      data: { topics: topics.map(inShort), address: `${deps.publicUrl()}/api/v1` },
    }),

  'GET /api/docs/:topic': (c) => {
    const topic = topics.find(({ id }) => id === c.req.param('topic'))
    if (!topic) throw notFound()
    return reference(c, deps, topic, {
      template: 'pages/api/topic',
      data: { routes: topic.routes.map(routeShown), answers: answersOf(topic.routes) },
    })
  },
})

type Topic = (typeof topics)[number]

function reference(c: C, deps: Deps, topic: Topic | null, content: { template: string; data: object }): Response {
  const { t } = c.var
  const html = render('reference', {
    t,
    base: '',
    title: topic ? topic.title : t('API'),
    crumb: topic && { href: HOME, label: t('API') },
    menu: [
      { href: HOME, title: t('API'), current: topic === null },
      ...topics.map((one) => ({ href: one.href, title: one.title, current: one === topic })),
    ],
    version: deps.version,
    ...content,
  })
  return new Response(html, { headers: { 'content-type': 'text/html; charset=utf-8' } })
}

const inShort = ({ routes, ...topic }: Topic) => ({
  ...topic,
  routes: routes.map((route) => ({
    href: linkTo(route),
    method: splitRoute(route)[0],
    path: pathOf(route),
    summary: operations[route].summary,
  })),
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
  const rule = ruleOf(route)
  return {
    id: operationId(route),
    method: splitRoute(route)[0],
    path: pathOf(route),
    scope: rule === 'public' || rule === 'session' ? null : rule,
    needsKey: rule !== 'public',
    summary,
    description,
    parameters: Object.entries({ ...query, ...headers }).flatMap(([name, schema]) =>
      fieldsOf({ type: 'object', properties: { [name]: jsonSchema(schema) } }),
    ),
    body: body && !like ? rowsOf(jsonSchema(body)) : [],
    like: like ? { href: linkTo(like), text: like.replace('/api/v1', '') } : null,
    status,
    answer: answer ? answerShown(answer) : null,
  }
}

/** What several routes answer with stands once on the page, and is only named where a route is told of. */
function answerShown(answer: z.ZodType) {
  const known = nameOf(answer)
  if (known) return { ...known, href: `#${answerId(known.name)}`, fields: [] }
  return { name: null, list: false, href: '', fields: rowsOf(jsonSchema(answer, 'output')) }
}

function answersOf(routes: readonly ApiRoute[]) {
  const named = new Set(
    routes.map((route) => {
      const { answer }: Operation = operations[route]
      return answer && nameOf(answer)?.name
    }),
  )
  return namedAnswers
    .filter(({ name }) => named.has(name))
    .map(({ name, schema }) => ({ id: answerId(name), name, fields: rowsOf(jsonSchema(schema, 'output')) }))
}

const answerId = (name: string): string => `answer-${name.toLowerCase()}`

/** The fields of an object, or of the objects in a list. */
const rowsOf = (schema: JsonObject) => (isObject(schema['items']) ? fieldsOf(schema['items'], '[].') : fieldsOf(schema))
