import { resolve } from 'node:path'
import { languages, mergedFiles, POT, potOf } from './build/catalogs.ts'
import { write } from './build/files.ts'
import { collectTexts } from './build/texts.ts'

/** `npm run i18n`: brings every language's file up to the texts of today. New ones are left empty, for people to fill. */
const root = resolve(import.meta.dirname, '../..')
const { texts, problems } = collectTexts(root)
for (const problem of problems) console.error(problem)
write(root, POT, potOf(texts))
for (const language of languages) {
  for (const [path, text] of Object.entries(mergedFiles(root, language, texts))) write(root, path, text)
}
console.log(`${texts.length} texts in ${POT}.`)
if (problems.length > 0) process.exitCode = 1
