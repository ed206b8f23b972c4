import { fail } from '../lib/errors.ts'
import type { C } from './env.ts'
import { formOf, readBytes, type Form } from './forms.ts'

/** What stands around the file in the body: boundaries, and the other fields. */
const AROUND = 64 * 1024

/** A form with one file in it; `file` is null where none was chosen. */
interface Upload {
  readonly form: Form
  readonly file: { readonly name: string; readonly bytes: Uint8Array<ArrayBuffer> } | null
}

/**
 * Reads a form that was sent as multipart/form-data, whose file has at most `most` bytes. It is bounded while it arrives, so
 * that nobody fills the memory. Throws `too_large`, `unsupported_media_type`, or `bad_request` for a body that is none.
 */
export async function readUpload(c: C, field: string, most: number): Promise<Upload> {
  const type = c.req.header('content-type') ?? ''
  if (!type.toLowerCase().startsWith('multipart/form-data')) {
    throw fail('unsupported_media_type', 'A form with a file is sent as multipart/form-data.')
  }
  const body = await readBytes(c.req.raw, most + AROUND)
  const data = await new Response(body, { headers: { 'content-type': type } }).formData().catch(() => {
    throw fail('bad_request', 'The form did not arrive whole. Send it again.')
  })
  const fields = new URLSearchParams()
  let file: Upload['file'] = null
  for (const [name, value] of data) {
    if (typeof value === 'string') fields.append(name, value)
    else if (name === field && (value.size > 0 || value.name !== '')) {
      file = { name: value.name, bytes: new Uint8Array(await value.arrayBuffer()) }
    }
  }
  if (file && file.bytes.byteLength > most) throw fail('too_large', 'The body is larger than {most} bytes.', { most })
  return { form: formOf(fields), file }
}
