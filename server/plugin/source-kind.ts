import { z } from 'zod'
import { invalid } from '../lib/errors.ts'
import type { JsonObject } from '../lib/json.ts'
import { issueSentences } from '../lib/issues.ts'
import { fieldsOf } from './fields.ts'
import type { SourceKind } from './host.ts'
import type { Ready, Source } from './loaded.ts'

/** What people see of the sources that a plugin registered. */
export const sourceKindsOf = ({ manifest, sources }: Ready): SourceKind[] =>
  sources.map(({ name, about }) => ({
    name,
    title: about.title,
    description: about.description,
    steps: about.steps,
    secret: about.secret ?? null,
    settings: fieldsOf(about.settings).fields ?? [],
    mapped: about.toEvents === 'mapped',
    plugin: manifest.slug,
    pluginTitle: manifest.title,
  }))

/** See `Host.sourceSettings`. */
export function checkSettings(source: Source | undefined, settings: JsonObject): JsonObject {
  const schema = source?.about.settings ?? z.strictObject({})
  const parsed = schema.safeParse(settings)
  if (parsed.success) return parsed.data as JsonObject
  throw invalid(
    parsed.error.issues
      .flatMap(issueSentences)
      .map(({ path, message }) => ({ path: ['settings', path].filter(Boolean).join('.'), message })),
  )
}
