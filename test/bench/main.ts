import { cpus } from 'node:os'
import { backlog } from './backlog.ts'
import { deliver } from './deliver.ts'
import { idle } from './idle.ts'
import { ids } from './ids.ts'
import { ingest } from './ingest.ts'
import { isolation } from './isolation.ts'
import { least } from './least.ts'
import { page } from './page.ts'
import { plugins } from './plugins.ts'

// Figures, no judgement: pairs of Hookline and of what there is to be reached, one after the other, on the same machine
// against the same receiver, because only the ratio means something elsewhere.

const runs: Readonly<Record<string, () => Promise<void>>> = {
  deliver: () => deliver('shared'),
  'deliver-one': () => deliver('own'),
  least,
  ingest,
  idle,
  backlog,
  isolation,
  page,
  plugins,
  ids,
}

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !Object.hasOwn(runs, name))
if (unknown.length > 0) {
  console.error(`There is no run of this name: ${unknown.join(', ')}. There are ${Object.keys(runs).join(', ')}.`)
  process.exit(1)
}
console.log(`${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.versions.node}, SQLite\n`)
for (const [name, run] of Object.entries(runs)) {
  if (asked.length > 0 && !asked.includes(name)) continue
  console.log(`${name}:`)
  await run()
  console.log()
}
