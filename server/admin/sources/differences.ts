import type { SourceKind } from '../../plugin/host.ts'
import type { Translator } from '../../web/i18n.ts'
import type { SourceForm } from './form.ts'

/** Where a source as it is stored and as somebody typed it are not the same, for partials/conflict. */
export function differences(t: Translator, kind: SourceKind, stored: SourceForm, typed: SourceForm) {
  const rows = [...new Set([...Object.keys(stored.rows), ...Object.keys(typed.rows)])]
  const places: readonly (readonly [label: string, value: (form: SourceForm) => string])[] = [
    [t('Name'), ({ name }) => name],
    ...kind.settings.map(
      ({ name, title }) =>
        [t(/* translated elsewhere */ title), ({ settings }: SourceForm) => settings[name] ?? ''] as const,
    ),
    [t('Event'), ({ event }) => event],
    ...rows.map((field) => [field, ({ rows: of }: SourceForm) => of[field]?.text ?? ''] as const),
    [t('Path of what tells one from another'), ({ key }) => key],
    [t('Path of when it happened'), ({ occurredAt }) => occurredAt],
  ]
  return places
    .map(([label, value]) => ({ label, stored: value(stored), typed: value(typed) }))
    .filter((row) => row.stored !== row.typed)
}
