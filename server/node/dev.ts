/** Whether `node --watch` runs this, as `npm run dev` does: somebody works on it. */
export const isDev = process.env['WATCH_REPORT_DEPENDENCIES'] !== undefined

/** `node --watch` follows what is imported; what is read instead, such as templates, it has to be told by absolute paths. */
export function alsoWatch(files: readonly string[]): void {
  if (isDev) process.send?.({ 'watch:require': files })
}
