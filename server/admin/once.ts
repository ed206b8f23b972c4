import type { Deps } from '../deps.ts'
import { isId, newId, type IdPrefix } from '../lib/ids.ts'
import type { Form } from '../web/forms.ts'

/** The id of what a form makes. The form brings it along, so that a double click makes one. */
export const onceIn = (form: Form, prefix: IdPrefix, deps: Pick<Deps, 'clock' | 'random'>): string =>
  isId(prefix, form.get('once')) ? form.get('once') : newId(prefix, deps)
