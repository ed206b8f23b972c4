import { MAIN_SITE } from '../../db/queries/sites.ts'
import { z } from 'zod'
import { baseContext, readPart } from './context.ts'
import type { Core } from './core.ts'
import { handle } from './handle.ts'
import type { CheckResult } from './insight.ts'
import { demandNoSecret } from './secret.ts'
import { createHttp } from './http.ts'
import type { Check, Ready } from './loaded.ts'
import { mayRun } from './upgrade.ts'

const finding = z.strictObject({
  rank: z.enum(['good', 'recommended', 'critical']),
  title: z.string().min(1).max(200),
  text: z.string().min(1).max(1000),
})

/** Lets the checks of all plugins that run look at the main site, all at once. One that fails says so in its row. */
export async function runChecks(core: Core): Promise<CheckResult[]> {
  const standing = await core.standings.at(MAIN_SITE)
  if (!standing || core.safeMode) return []
  const checks: { plugin: Ready; check: Check }[] = []
  for (const plugin of core.ready) {
    if (plugin.checks.length === 0 || !(await mayRun(core, plugin, standing))) continue
    checks.push(...plugin.checks.map((check) => ({ plugin, check })))
  }
  return Promise.all(
    checks
      .filter(({ check }) => !standing.isMuted(check.id))
      .map(async ({ plugin, check }) => {
        const about = { id: check.id, plugin: plugin.manifest.title }
        const handled = await handle(core, {
          handler: check,
          standing,
          limit: core.limits.check,
          run: async (_, signal) => {
            const ctx = {
              ...baseContext(core, plugin, standing, signal),
              ...(await readPart(core, plugin, standing)),
              ...(plugin.manifest.http ? { http: createHttp(core, plugin, signal) } : {}),
            }
            const parsed = finding.safeParse(await check.run(ctx))
            demandNoSecret(parsed.data, standing.secrets(plugin.slug), `what the check ${check.id} says`)
            if (parsed.success) return parsed.data
            throw new Error('A check has to give { rank: good, recommended or critical, title, text }.')
          },
        })
        return handled.ok
          ? { ...about, finding: handled.value, fault: null }
          : { ...about, finding: null, fault: handled.fault }
      }),
  )
}
