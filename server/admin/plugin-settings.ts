import { isConstraint } from '../../db/db.ts'
import { auditEntry } from '../access/audit.ts'
import type { Deps } from '../deps.ts'
import { AppError, type FieldError } from '../lib/errors.ts'
import { msg } from '../lib/message.ts'
import type { SettingsForm, SettingView } from '../plugin/change-settings.ts'
import type { C } from '../web/env.ts'
import { errorsByPath, type Form } from '../web/forms.ts'
import type { Translator } from '../web/i18n.ts'
import { faultsNotice, type Page } from './page.ts'

/** What somebody typed, where it was not saved: what is wrong with it, or that somebody else was faster. */
export interface Unsaved {
  readonly form?: Form
  readonly errors?: readonly FieldError[]
  readonly conflict?: boolean
}

/** Saves a form, with the entry of the audit log in the same commit. Null: it is saved. */
export async function saveSettings(deps: Deps, c: C, known: SettingsForm, form: Form): Promise<Unsaved | null> {
  const { slug, site } = known
  try {
    const change = await deps.host.changeSettings(slug, site, readSettings(known, form), form.get('revision'))
    const { statements, before, after } = change
    const entry = { action: 'plugin.configured', target: slug, owner: site ?? 'network', before, after }
    await deps.db.commit([...statements, ...auditEntry(deps, c.var.actor, entry)])
    return null
  } catch (error) {
    if (isConstraint(error) || (error instanceof AppError && error.code === 'revision_conflict'))
      return { form, conflict: true }
    if (error instanceof AppError && error.errors.length > 0) return { form, errors: error.errors }
    throw error
  }
}

const nameOf = ({ name }: SettingView['field']): string => `settings.${name}`

/** What a form asks for, as the host takes it: null takes a setting back, and what is left out stays. */
const readSettings = ({ site, settings }: SettingsForm, form: Form): Record<string, unknown> =>
  Object.fromEntries(
    settings
      .map((view) => [view.field.name, typed(view, form, site)] as const)
      .filter(([, value]) => value !== undefined),
  )

function typed({ field }: SettingView, form: Form, site: string | null): unknown {
  const name = nameOf(field)
  const text = form.get(name)
  if (field.secret) return form.has(`${name}.remove`) ? null : text === '' ? undefined : text
  switch (field.kind) {
    case 'flag':
      if (site !== null) return text === '' ? null : text === 'on'
      return form.has(name) === (field.fallback === true) ? null : form.has(name)
    case 'choices': {
      const chosen = form.getAll(name)
      const isDefault = JSON.stringify(chosen) === JSON.stringify(field.fallback ?? [])
      if (chosen.length === 0 && form.has(`${name}.inherit`)) return null
      return isDefault && site === null ? null : chosen
    }
    case 'number':
      return text.trim() === '' ? null : Number.isFinite(Number(text)) ? Number(text) : text
    default:
      return text.trim() === '' ? null : text.trim()
  }
}

/** What the page of a plugin tells and shows of its settings, and of a form that was not saved. */
export function settingsPart(t: Translator, known: SettingsForm | null, { form, errors = [], conflict }: Unsaved) {
  const status = conflict ? 409 : errors.length > 0 ? 422 : undefined
  return {
    about: {
      ...(status && { status, notices: [conflict ? conflictNotice(t) : faultsNotice(t, errors)] }),
    } satisfies Pick<Page, 'status' | 'notices'>,
    settings: known && known.settings.length > 0 ? settingsShown(t, known, form, errors) : null,
    conflict: conflict && known && form ? conflictRows(t, known, form) : [],
  }
}

/** The form as partials/field wants it; `form` is what somebody typed and has to put right. */
function settingsShown(
  t: Translator,
  { revision, site, settings }: SettingsForm,
  form: Form | undefined,
  errors: readonly FieldError[],
) {
  const byPath = errorsByPath(errors, t)
  return {
    revision,
    fields: settings.flatMap((view): object[] => {
      const { field } = view
      const error = byPath[nameOf(field)]
      const help = field.help === null ? '' : t(/* translated elsewhere */ field.help)
      const base = { name: nameOf(field), label: t(/* translated elsewhere */ field.title), help }
      if (field.secret)
        return [{ ...base, ...secretBox(t, view, help), ...(error && { error }) }, ...removeBox(t, view)]
      return [{ ...base, ...control(t, view, site, form), ...(error && { error }) }]
    }),
  }
}

function secretBox(t: Translator, { field, isSet, fromNetwork }: SettingView, help: string) {
  const network = fromNetwork ? t('The network has one. Leave empty to use it.') : ''
  const stored = isSet ? t('Stored. Leave empty to keep it.') : network
  const attrs = { autocomplete: 'off', ...field.limits }
  return { type: 'password', help: [help, stored].filter(Boolean).join(' '), attrs }
}

function control(t: Translator, view: SettingView, site: string | null, form: Form | undefined) {
  const { field, inherited, isSet } = view
  const name = nameOf(field)
  const own = form ? form.get(name) : ownText(view)
  const without = inheritedText(t, view)
  switch (field.kind) {
    case 'flag': {
      if (site === null) {
        const checked = form ? form.has(name) : (view.value ?? inherited) === true
        return { type: 'checkbox', value: 'on', checked }
      }
      const options = [
        { value: '', label: without },
        { value: 'on', label: t('On') },
        { value: 'off', label: t('Off') },
      ]
      return { type: 'select', value: own, options }
    }
    case 'choice': {
      const options = field.options.map((option) => ({ value: option, label: option }))
      return { type: 'select', value: own, options: [{ value: '', label: without }, ...options] }
    }
    case 'choices': {
      const stored = isSet || site === null ? (view.value ?? inherited) : []
      const chosen: readonly unknown[] = form ? form.getAll(name) : Array.isArray(stored) ? stored : []
      const options = field.options.map((value) => ({ name, value, label: value, checked: chosen.includes(value) }))
      const inherits = form ? form.has(`${name}.inherit`) : !isSet
      const inherit = { name: `${name}.inherit`, value: 'on', label: without, checked: inherits }
      return { type: 'checkboxes', options: site === null ? options : [inherit, ...options] }
    }
    default: {
      const attrs = { ...field.limits, placeholder: without || undefined, autocomplete: 'off' }
      return { type: field.kind, value: own, attrs }
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
          name: `${nameOf(field)}.remove`,
          type: 'checkbox',
          value: 'on',
          label: t('Remove {name}', { name: t(/* translated elsewhere */ field.title) }),
          help: '',
        },
      ]
    : []

/** Beside what somebody typed: what somebody else has saved meanwhile. Secrets are left out. */
const conflictRows = (t: Translator, { settings }: SettingsForm, form: Form) =>
  settings
    .filter(({ field }) => !field.secret)
    .map((view) => ({
      label: t(/* translated elsewhere */ view.field.title),
      stored: Array.isArray(view.value) ? view.value.join(', ') : ownText(view),
      typed: form.getAll(nameOf(view.field)).join(', '),
    }))
    .filter(({ stored, typed }) => stored !== typed)

export const conflictNotice = (t: Translator) => ({
  tone: 'warn' as const,
  title: t('Somebody else saved the settings while you had them open.'),
  text: t('Nothing of yours is saved yet. Compare, change what you want, and save again.'),
})

export const saved = msg('Settings saved.')
