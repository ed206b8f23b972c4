import { DbError } from '../../db/db.ts'
import { upgradedTo, upgradeStep } from '../../db/queries/plugins.ts'
import { MINUTE } from '../lib/clock.ts'
import { fail } from '../lib/errors.ts'
import { baseContext, settingsPart } from './context.ts'
import type { Core } from './core.ts'
import { recordFault } from './fault.ts'
import type { Ready, UpgradeStep } from './loaded.ts'
import type { Standing } from './standing.ts'
import { writeStorage } from './storage.ts'
import { openUnit } from './unit.ts'
import { compareVersions } from './version.ts'
import { run } from './run.ts'

/** How long a plugin is left alone at a site where a step failed, unless somebody resumes it. */
const PATIENCE = 10 * MINUTE

/**
 * Whether a plugin may run for a site now: it is switched on there, and every step up to its version has run. Steps that
 * are missing run here, before anything else of the plugin does. So a site that is new, that skipped a version, or that
 * came back from a backup needs nobody to look after it.
 */
export async function mayRun(core: Core, plugin: Ready, standing: Standing): Promise<boolean> {
  if (!standing.runs(plugin.slug)) return false
  const [last] = plugin.upgrades.slice(-1)
  if (!last || compareVersions(standing.version(plugin.slug), last.version) >= 0) return true
  if (standing.upToDate.has(plugin.slug)) return true
  const key = `${plugin.slug}/${standing.site.id}`
  const until = core.failedUpgrades.get(key)
  if (until !== undefined && until > core.engine.clock()) return false
  let running = core.upgrading.get(key)
  if (!running) {
    running = upgrade(core, plugin, standing).finally(() => core.upgrading.delete(key))
    core.upgrading.set(key, running)
  }
  return running
}

/** For whoever asked for an answer: says why there is none. */
export async function demandRun(core: Core, plugin: Ready, standing: Standing): Promise<void> {
  if (await mayRun(core, plugin, standing)) return
  throw fail('unavailable', 'The plugin {plugin} could not be brought up to date for this site; see its faults.', {
    plugin: plugin.manifest.title,
  })
}

async function upgrade(core: Core, plugin: Ready, standing: Standing): Promise<boolean> {
  const { site } = standing
  for (;;) {
    const from = (await upgradedTo(core.engine.db, plugin.slug, site.id)) ?? standing.version(plugin.slug)
    const step = plugin.upgrades.find(({ version }) => compareVersions(version, from) > 0)
    if (!step) {
      standing.upToDate.add(plugin.slug)
      core.failedUpgrades.delete(`${plugin.slug}/${site.id}`)
      return true
    }
    const fault = await runStep(core, plugin, step, standing, from)
    if (fault === null) continue
    core.failedUpgrades.set(`${plugin.slug}/${site.id}`, core.engine.clock() + PATIENCE)
    return false
  }
}

/** Runs one step and commits it with its version. The id of the fault if it failed; null also if another process was faster. */
async function runStep(
  core: Core,
  plugin: Ready,
  step: UpgradeStep,
  standing: Standing,
  from: string,
): Promise<string | null> {
  const { engine } = core
  const { site } = standing
  const unit = openUnit()
  const ran = await run(core, step, core.limits.upgrade, async (signal) => {
    await step.run({
      ...baseContext(core, plugin, standing, signal),
      ...(await settingsPart(plugin, standing)),
      ...(plugin.manifest.storage ? { storage: writeStorage(engine, plugin.manifest, site.id, unit, Infinity) } : {}),
    })
  })
  unit.close()
  const fault = (error: unknown) =>
    recordFault(core, { handler: step, site: site.id, event: null, error, ms: ran.ms, apart: true })
  if (!ran.ok) return fault(ran.error)
  try {
    await engine.db.commit([
      ...upgradeStep(engine.db, plugin.slug, site.id, from, step.version),
      ...unit.statements(engine.db),
    ])
    return null
  } catch (error) {
    if (!(error instanceof DbError) || error.kind === 'busy') throw error
    if (error.kind === 'broken') return fault(error)
    // Somebody else was faster, or the step itself breaks a rule: the version tells which.
    const now = (await upgradedTo(engine.db, plugin.slug, site.id)) ?? from
    return now === from ? fault(new Error('It adds a record that is there already.', { cause: error })) : null
  }
}
