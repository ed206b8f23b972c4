import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from './build.ts'

// `npm run dev:worker`: the Worker in workerd with a local D1. wrangler reloads it on change, but fires no cron of its own.

const home = resolve(import.meta.dirname, '../..')
const port = process.env.PORT ?? '8787'
const address = `http://127.0.0.1:${port}`
const wrangler = join(home, 'node_modules/.bin/wrangler')
const MINUTE = 60_000

build({ quiet: true })
writeVariables(join(home, '.dev.vars'))
await run(['d1', 'migrations', 'apply', 'hookline', '--local'])

const worker = spawn(wrangler, ['dev', '--port', port, '--ip', '127.0.0.1'], { cwd: home, stdio: 'inherit' })
const cron = setInterval(() => {
  fetch(`${address}/cdn-cgi/handler/scheduled`, { method: 'POST' }).catch(() => {}) // it may be reloading just now
}, MINUTE)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => worker.kill(signal))
worker.on('exit', (code) => {
  clearInterval(cron)
  process.exitCode = code ?? 0
})

/** Variables that wrangler reads. Made once, so that what was encrypted yesterday opens today. */
function writeVariables(file: string): void {
  if (existsSync(file)) return
  const token = randomBytes(32).toString('base64url')
  const variables = {
    PUBLIC_URL: address,
    APP_SECRET: randomBytes(32).toString('base64url'),
    SETUP_TOKEN: token,
    OUTBOUND_ALLOW: '127.0.0.0/8',
  }
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`)
  writeFileSync(file, lines.join(''), { mode: 0o600 })
  console.log(`Set up: ${address}/setup?token=${token}`)
}

function run(args: readonly string[]): Promise<void> {
  const child = spawn(wrangler, args, { cwd: home, stdio: ['ignore', 'inherit', 'inherit'] })
  return new Promise((done, failed) => {
    child.on('exit', (code) =>
      code === 0 ? done() : failed(new Error(`wrangler ${args.join(' ')} ended with ${code}.`)),
    )
  })
}
