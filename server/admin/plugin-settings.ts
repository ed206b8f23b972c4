import { isConstraint } from '../../db/db.ts'
import { auditEntry } from '../access/audit.ts'
import type { Deps } from '../deps.ts'
import { AppError, type FieldError } from '../lib/errors.ts'
import { msg } from '../lib/message.ts'
import type { SettingsForm, SettingView } from '../plugin/change-settings.ts'
import type { C } from '../web/env.ts'
import { errorsByPath, type Form } from '../web/forms.ts'
import type { Translator } from '../web/i18n.ts'

/** What became of a form: saved, or what is wrong with it. */
export type Saved =
  { readonly ok: true } | { readonly ok: false; readonly errors: readonly FieldError[]; readonly conflict: boolean }

const nameOf = (name: string) => `settings.${name}`

/** What a form asks for, as the host takes it: null takes a setting back, and what is left out stays. */
export function readSettings({ settings }: SettingsForm, form: Form, atSite: boolean): Record<string, unknown> {
  return Object.fromEntries(
    settings.flatMap((view) => {
      const value = typed(view, form, atSite)
      return value === undefined ? [] : [[view.field.name, value] as const]
    }),
  )
}

function typed({ field }: SettingView, form: Form, atSite: boolean): unknown {
  const name = nameOf(field.name)
  const text = form.get(name)
  if (field.secret) return form.has(`${name}.remove`) ? null : text === '' ? undefined : text
  switch (field.kind) {
    case 'flag':
      if (atSite) return text === '' ? null : text === 'on'
      return form.has(name) === (field.fallback === true) ? null : form.has(name)
    case 'choices': {
      const chosen = form.getAll(name)
      const isDefault = JSON.stringify(chosen) === JSON.stringify(field.fallback ?? [])
      if (chosen.length === 0 && form.has(`${name}.inherit`)) return null
      return isDefault && !atSite ? null : chosen
    }
    case 'number':
      return text.trim() === '' ? null : Number.isFinite(Number(text)) ? Number(text) : text
    default:
      return text.trim() === '' ? null : text.trim()
  }
}

/** Saves a form, with the entry of the audit log in the same commit. */
export async function saveSettings(
  deps: Deps,
  c: C,
  slug: string,
  site: string | null,
  form: Form,
  known: SettingsForm,
): Promise<Saved> {
  const given = readSettings(known, form, site !== null)
  try {
    const { statements, before, after } = await deps.host.changeSettings(slug, site, given, form.get('revision'))
    const entry = { action: 'plugin.configured', target: slug, owner: site ?? 'network', before, after }
    await deps.db.commit([...statements, ...auditEntry(deps, c.var.actor, entry)])
    return { ok: true }
  } catch (error) {
    if (isConstraint(error) || (error instanceof AppError && error.code === 'revision_conflict'))
      return { ok: false, errors: [], conflict: true }
    if (error instanceof AppError && error.errors.length > 0)
      return { ok: false, errors: error.errors, conflict: false }
    throw error
  }
}

/** The form as partials/field wants it; `form` is what somebody typed and has to put right. */
export function settingsShown(
  t: Translator,
  { revision, settings }: SettingsForm,
  atSite: boolean,
  form: Form | null = null,
  errors: readonly FieldError[] = [],
) {
  const byPath = errorsByPath(errors, t)
  return {
    revision,
    fields: settings.flatMap((view) => {
      const field = fieldShown(t, view, atSite, form)
      const error = byPath[field.name]
      return [{ ...field, ...(error && { error }) }, ...removeBox(t, view)]
    }),
  }
}

function fieldShown(t: Translator, view: SettingView, atSite: boolean, form: Form | null) {
  const { field, inherited, fromNetwork, isSet } = view
  const name = nameOf(field.name)
  const help = field.help === null ? '' : t(/* translated elsewhere */ field.help)
  const without = inheritedText(t, view)
  const base = { name, label: t(/* translated elsewhere */ field.title), help }
  if (field.secret) {
    const stored = isSet
      ? t('Stored. Leave empty to keep it.')
      : fromNetwork
        ? t('The network has one. Leave empty to use it.')
        : ''
    const attrs = { autocomplete: 'off', ...field.limits }
    return { ...base, type: 'password', help: [help, stored].filter(Boolean).join(' '), attrs }
  }
  const own = form ? form.get(name) : ownText(view)
  switch (field.kind) {
    case 'flag': {
      if (!atSite)
        return {
          ...base,
          type: 'checkbox',
          value: 'on',
          checked: form ? form.has(name) : (view.value ?? inherited) === true,
        }
      const options = [
        { value: '', label: without },
        { value: 'on', label: t('On') },
        { value: 'off', label: t('Off') },
      ]
      return { ...base, type: 'select', value: own, options }
    }
    case 'choice': {
      const options = field.options.map((option) => ({ value: option, label: option }))
      return { ...base, type: 'select', value: own, options: [{ value: '', label: without }, ...options] }
    }
    case 'choices': {
      const known = isSet || !atSite ? (view.value ?? inherited) : []
      const chosen: readonly unknown[] = form ? form.getAll(name) : Array.isArray(known) ? known : []
      const options = field.options.map((value) => ({ name, value, label: value, checked: chosen.includes(value) }))
      const inherit = {
        name: `${name}.inherit`,
        value: 'on',
        label: without,
        checked: form ? form.has(`${name}.inherit`) : !isSet,
      }
      return { ...base, type: 'checkboxes', options: [...(atSite ? [inherit] : []), ...options] }
    }
    default: {
      const attrs = { ...field.limits, placeholder: without || undefined, autocomplete: 'off' }
      return { ...base, type: field.kind, value: own, attrs }
    }
  }
}

const ownText = ({ field, value }: SettingView): string =>
  field.kind === 'flag' && typeof value === 'boolean'
    ? value
      ? 'on'
      : 'off'
    : value === undefined
      ? ''
      : String(value)

/** What holds if nothing is set here: "Network default: SEK". Empty if that is nothing. */
function inheritedText(t: Translator, { field, inherited, fromNetwork }: SettingView): string {
  const value = inWords(t, field.kind, inherited)
  if (value === '') return field.kind === 'choice' || field.kind === 'choices' ? t('None') : ''
  return fromNetwork ? t('Network default: {value}', { value }) : t('Default: {value}', { value })
}

function inWords(t: Translator, kind: SettingView['field']['kind'], value: unknown): string {
  if (kind === 'flag') return value === true ? t('On') : t('Off')
  if (Array.isArray(value)) return value.join(', ')
  return value === undefined ? '' : String(value)
}

const removeBox = (t: Translator, { field, isSet }: SettingView) =>
  field.secret && isSet
    ? [
        {
          name: `${nameOf(field.name)}.remove`,
          type: 'checkbox',
          value: 'on',
          label: t('Remove {name}', { name: t(/* translated elsewhere */ field.title) }),
          help: '',
        },
      ]
    : []

/** Beside what somebody typed: what somebody else has saved meanwhile. Secrets are left out. */
export const conflictRows = (t: Translator, { settings }: SettingsForm, form: Form) =>
  settings
    .filter(({ field }) => !field.secret)
    .map((view) => ({
      label: t(/* translated elsewhere */ view.field.title),
      stored: Array.isArray(view.value) ? view.value.join(', ') : ownText(view),
      typed: form.getAll(nameOf(view.field.name)).join(', '),
    }))
    .filter(({ stored, typed }) => stored !== typed)

export const conflictNotice = (t: Translator) => ({
  tone: 'warn' as const,
  title: t('Somebody else saved the settings while you had them open.'),
  text: t('Nothing of yours is saved yet. Compare, change what you want, and save again.'),
})

export const saved = msg('Settings saved.')
