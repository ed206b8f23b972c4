import { Eta } from 'eta'
import type { TemplateFunction } from 'eta/core'
import { filesBelow, read } from './files.ts'
import { installedPlugins } from './installed.ts'

/** A template, named as `render` and `include` call it, with the body of the function that Eta made of it. */
interface CompiledTemplate {
  readonly name: string
  readonly path: string
  readonly body: string
}

/** What every template and partial has without being handed it. */
const GIVEN = ['t', 'base', 'asset', 'safeUrl', 'pretty']

// Eta hands a partial all data of the page around it, so that the page's `error` would show up in every field.
// Ours get what they are handed and the given names, nothing else.
const handOn = {
  processFnString(body: string): string {
    const eager = '{...it, ...(__eta_d ?? {})}'
    if (!body.includes(eager))
      throw new Error('Eta compiles include differently now; look at server/node/build/templates.ts.')
    return body.replaceAll(eager, `{${GIVEN.join(', ')}, ...__eta_d}`)
  },
}

const eta = new Eta({ functionHeader: `const { ${GIVEN.join(', ')} } = it`, plugins: [handOn] })

/** Indentation helps who reads a template; in a page it would be a twentieth of the weight. Only that in front of a tag goes. */
const compile = (text: string): string => eta.compileToString(text.trimEnd().replaceAll(/^[ \t]+(?=<)/gm, ''))

/** A template that came after the build, as the function that the build would have made of it. */
export const compileTemplate = (text: string): TemplateFunction =>
  // Only ever on Node, from files that belong to a plugin: what may run there may do this too.
  new Function('it', 'options', compile(text)) as TemplateFunction

/** Compiles views/**.eta (`pages/webhooks/list`) and plugins/<slug>/*.eta (`@payments/payments`). */
export function compileTemplates(root: string): CompiledTemplate[] {
  const own = [...filesBelow(root, 'views', ['.eta']), ...filesBelow(root, 'plugins', ['.eta'])]
  const installed = installedPlugins(root).flatMap(({ slug, folder }) =>
    filesBelow(root, folder, ['.eta']).map((path) => ({ path, name: `@${slug}${bare(path).slice(folder.length)}` })),
  )
  return [...own.map((path) => ({ path, name: nameOf(path) })), ...installed].map(({ path, name }) => {
    try {
      return { name, path, body: compile(read(root, path)) }
    } catch (cause) {
      throw new Error(`${path} cannot be compiled: ${cause instanceof Error ? cause.message : String(cause)}`, {
        cause,
      })
    }
  })
}

const bare = (path: string): string => path.slice(0, -'.eta'.length)

const nameOf = (path: string): string =>
  path.startsWith('views/') ? bare(path).slice('views/'.length) : bare(path).replace(/^plugins\//, '@')

/** The module: real functions, because Workers refuse `new Function`. */
export function templatesModule(templates: readonly CompiledTemplate[]): string {
  const entries = templates.map(
    ({ name, body }) => `  ${JSON.stringify(name)}: function (it, options) {\n${body}\n  },`,
  )
  return `// @ts-nocheck
// Made by server/node/build.ts from the .eta files.
import type { TemplateFunction } from 'eta/core'

export const templates: Readonly<Record<string, TemplateFunction>> = {
${entries.join('\n')}
}
`
}
