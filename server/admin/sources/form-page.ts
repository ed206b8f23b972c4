import { MAIN_SITE } from '../../../db/queries/sites.ts'
import type { Deps } from '../../deps.ts'
import type { FieldError } from '../../lib/errors.ts'
import { parseJson } from '../../lib/json.ts'
import type { SourceKind } from '../../plugin/host.ts'
import { applyMapping } from '../../plugin/mapping.ts'
import { eventsFor, readMapping } from '../../sources/draft.ts'
import type { C } from '../../web/env.ts'
import { errorsByPath } from '../../web/forms.ts'
import { siteChoice } from '../sites/choice.ts'
import { mappingOf, rowsOf, type SourceForm } from './form.ts'

/** A form as it stands on a page: what is wrong with it, and whether somebody asked what the sample becomes. */
export interface Filled {
  readonly form: SourceForm
  readonly errors?: readonly FieldError[]
  readonly preview?: boolean
}

/** What the form of a source shows: partials of the page that adds one and of the page of each. */
export async function formData(c: C, deps: Deps, kind: SourceKind, { form, errors = [], preview = false }: Filled) {
  const { t, scope } = c.var
  const events = kind.mapped ? eventsFor(deps.host, kind) : []
  const type = events.find(({ name }) => name === form.event)
  const { secret: _, ...fields } = form
  return {
    kind: { name: kind.name, title: t(/* translated elsewhere */ kind.title), mapped: kind.mapped },
    fields,
    secret: kind.secret && {
      label: t(/* translated elsewhere */ kind.secret.title),
      help: t(/* translated elsewhere */ kind.secret.help),
      required: kind.secret.required,
    },
    settings: kind.settings.map((field) => ({
      ...field,
      title: t(/* translated elsewhere */ field.title),
      help: field.help === null ? '' : t(/* translated elsewhere */ field.help),
      value: form.settings[field.name] ?? '',
      options: field.options.map((value) => ({ value, label: value })),
    })),
    site:
      scope.site === null ? await siteChoice(deps, form.site === MAIN_SITE ? '' : form.site, t('The main site')) : null,
    events: [
      { value: '', label: t('Choose an event') },
      ...events.map(({ name, title }) => ({ value: name, label: `${t(/* translated elsewhere */ title)} (${name})` })),
    ],
    rows: rowsOf(form, type).map((row) => ({
      ...row,
      types: row.types.map((word) => t(/* translated elsewhere */ word)).join(' / '),
    })),
    preview: preview ? previewOf(c, deps, kind, form) : null,
    errors: errorsByPath(errors, t),
  }
}

/** What the sample would become, and what of that does not fit; or why it cannot be read. */
function previewOf(c: C, deps: Deps, kind: SourceKind, form: SourceForm) {
  const { t } = c.var
  const type = deps.host.eventType(form.event)
  const bad = (problem: string) => ({ fits: false, problems: [problem], body: null })
  if (!type) return bad(t('Choose an event first.'))
  const sample = parseJson(form.sample)
  if (!sample.ok) return bad(t.say(sample.error.detail))
  const mapping = readMapping(deps.host, kind, mappingOf(form, type))
  if (!mapping.ok || mapping.mapping === null) {
    return { ...bad(''), problems: mapping.ok ? [] : mapping.errors.map(({ message }) => t.say(message)) }
  }
  const { payload } = applyMapping(mapping.mapping, sample.value, type.schema)
  const misfits = deps.host.misfits(type.name, payload)
  return {
    fits: misfits.length === 0,
    problems: misfits.map(({ path, message }) => `${path.replace(/^data\./, '')}: ${t.say(message)}`),
    body: JSON.stringify(payload),
  }
}

/** The kind of a source. One whose plugin is gone is shown by its name, and can only be retired or deleted. */
export const kindOf = (deps: Deps, name: string): SourceKind =>
  deps.host.sources().find((kind) => kind.name === name) ?? {
    name,
    title: name,
    description: '',
    steps: [],
    secret: null,
    settings: [],
    mapped: false,
    plugin: name,
    pluginTitle: name,
  }
