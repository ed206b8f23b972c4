import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { languages, mergePo, poPath, POT, potOf } from './build/catalogs.ts'
import { read, write } from './build/files.ts'
import { collectTexts } from './build/texts.ts'

/** `npm run i18n`: brings every language's file up to the texts of today. New ones are left empty, for people to fill. */
const root = resolve(import.meta.dirname, '../..')
const { texts, problems } = collectTexts(root)
for (const problem of problems) console.error(problem)
write(root, POT, potOf(texts))
for (const language of languages) {
  const path = poPath(language)
  write(root, path, mergePo(language, existsSync(join(root, path)) ? read(root, path) : null, texts))
}
console.log(`${texts.length} texts in ${POT}.`)
if (problems.length > 0) process.exitCode = 1
