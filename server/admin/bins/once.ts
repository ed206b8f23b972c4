import { isId } from '../../lib/ids.ts'
import type { Form } from '../../web/forms.ts'

/** A form that makes a bin brings the id of it, so that a double click makes one. */
export const onceIn = (form: Form): string | undefined => (isId('bin', form.get('once')) ? form.get('once') : undefined)
