import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { assetsModule } from './build/assets.ts'
import { catalogsModule, POT, potOf, problemsOfTranslations } from './build/catalogs.ts'
import { filesBelow, read, stampOf, write } from './build/files.ts'
import { installedPlugins } from './build/installed.ts'
import { registryModule } from './build/registry.ts'
import { compileTemplates, templatesModule } from './build/templates.ts'
import { collectTexts } from './build/texts.ts'
import { alsoWatch } from './dev.ts'

const HOME = resolve(import.meta.dirname, '../..')
const STAMP = '.cache/build'

/** What is generated, and from what. */
const outputs: Readonly<Record<string, (root: string) => string>> = {
  'views/templates.gen.ts': (root) => templatesModule(compileTemplates(root)),
  'views/catalogs.gen.ts': catalogsModule,
  'views/assets.gen.ts': assetsModule,
  'plugins/registry.gen.ts': registryModule,
}

const sources = (root: string): string[] => [
  ...filesBelow(root, 'views', ['.eta', '.po', '.css', '.svg', '.js']),
  ...filesBelow(root, 'plugins', ['.eta', '.po', 'plugin.ts']),
  ...filesBelow(root, 'server/node/build', ['.ts']),
  ...['package.json'].filter((path) => existsSync(join(root, path))),
  ...installedPlugins(root).flatMap(({ folder }) => filesBelow(root, folder, ['.eta', '.po', 'package.json'])),
]

function generate(root: string): void {
  const stamp = stampOf(root, sources(root))
  for (const [path, make] of Object.entries(outputs)) write(root, path, make(root))
  write(root, STAMP, stamp)
}

/** Texts that cannot be read or are not translated: one sentence each. */
export class BuildError extends Error {
  readonly sentences: readonly string[]
  constructor(sentences: readonly string[]) {
    super(sentences.join('\n'))
    this.name = 'BuildError'
    this.sentences = sentences
  }
}

/** Makes everything that is generated, and hookline.pot; throws a BuildError when a text or translation is not right. */
export function build({ root = HOME, quiet = false }: { root?: string; quiet?: boolean } = {}): void {
  generate(root)
  const { texts, problems } = collectTexts(root)
  write(root, POT, potOf(texts))
  const all = [...problems, ...problemsOfTranslations(root, texts)]
  if (all.length > 0) throw new BuildError(all)
  if (!quiet) console.log(`Built ${Object.keys(outputs).join(', ')}; ${texts.length} texts.`)
}

/** For the start: makes what is missing or older than its sources. Translations are the build's business, not the start's. */
export function buildIfStale(root: string = HOME): void {
  const from = sources(root)
  alsoWatch(from.map((path) => join(root, path)))
  const complete = Object.keys(outputs).every((path) => existsSync(join(root, path)))
  const fresh = complete && existsSync(join(root, STAMP)) && read(root, STAMP) === stampOf(root, from)
  if (!fresh) generate(root)
}

if (import.meta.main) {
  try {
    build()
  } catch (error) {
    if (!(error instanceof BuildError)) throw error
    for (const sentence of error.sentences) console.error(sentence)
    process.exitCode = 1
  }
}
