import { z } from 'zod'
import type { Json, JsonObject, PluginEvent } from 'hookline/plugin'
import { customer, membership, payment, site } from './fields.ts'

/** The fields that stand in many events, of whichever plugin. */
const everywhere: Readonly<Record<string, unknown>> = {
  ...customer.fields,
  ...membership.fields,
  ...payment.fields,
  ...site.fields,
}
const shapeOf = ({ payload }: PluginEvent): Readonly<Record<string, unknown>> =>
  payload instanceof z.ZodObject ? payload.shape : {}

/**
 * What the program sent, as the schema of its event wants it. It writes one field now as a number and now as a text, its
 * times without a zone, and `"true"`: here ids are texts, amounts numbers, times ISO 8601 in UTC. A field that an event
 * always has is null when it is missing or makes no sense; what no schema knows stays as it came.
 */
export function fit(event: PluginEvent, data: JsonObject): JsonObject {
  const own = shapeOf(event)
  const fields = Object.entries({ ...everywhere, ...own })
    .filter(([name, schema]) => name in data || (name in own && !(schema instanceof z.ZodOptional)))
    .map(([name, schema]) => [name, fitField(schema, data[name] ?? null)] as const)
  return { ...data, ...Object.fromEntries(fields) }
}

/** Whether anything of what was sent belongs to this event. */
export function isAbout(event: PluginEvent, data: JsonObject): boolean {
  const own = shapeOf(event)
  return Object.entries(data).some(([name, value]) => name in own && value !== null)
}

function fitField(schema: unknown, value: Json): Json {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return fitField(schema.unwrap(), value)
  if (value === null || !(schema instanceof z.ZodType)) return null
  const fitted = converted(schema, value)
  return schema.safeParse(fitted).success ? fitted : null
}

function converted(schema: z.ZodType, value: Json): Json {
  if (schema instanceof z.ZodISODateTime) return typeof value === 'string' ? utc(value) : value
  if (schema instanceof z.ZodNumber) return typeof value === 'string' && value !== '' ? Number(value) : value
  if (schema instanceof z.ZodBoolean) return value === 'true' || value === '1' || value === 1 || value === true
  if (schema instanceof z.ZodString) return typeof value === 'number' ? String(value) : value
  return value
}

/** `2026-11-21 22:19:06` as ISO 8601: WordPress keeps times in UTC. */
const utc = (text: string): string =>
  /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(text) ? `${text.replace(' ', 'T')}Z` : text
