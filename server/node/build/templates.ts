import { Eta } from 'eta'
import { filesBelow, read } from './files.ts'

/** A template, named as `render` and `include` call it, with the body of the function that Eta made of it. */
export interface CompiledTemplate {
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

/** Compiles views/**.eta (`pages/webhooks/list`) and plugins/<slug>/*.eta (`@payments/payments`). */
export function compileTemplates(root: string): CompiledTemplate[] {
  return [...filesBelow(root, 'views', ['.eta']), ...filesBelow(root, 'plugins', ['.eta'])].map((path) => {
    try {
      return { name: nameOf(path), path, body: eta.compileToString(read(root, path).trimEnd()) }
    } catch (cause) {
      throw new Error(`${path} cannot be compiled: ${cause instanceof Error ? cause.message : String(cause)}`, {
        cause,
      })
    }
  })
}

function nameOf(path: string): string {
  const bare = path.slice(0, -'.eta'.length)
  return bare.startsWith('views/') ? bare.slice('views/'.length) : bare.replace(/^plugins\//, '@')
}

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
