import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { MINUTE, SECOND } from '../lib/clock.ts'
import { buildIfStale } from './build.ts'

// `npm run dev:worker`: the Worker in workerd with a local D1. wrangler reloads it on change, but fires no cron of its own.

const home = resolve(import.meta.dirname, '../..')
const port = process.env.PORT ?? '8787'
const address = `http://127.0.0.1:${port}`
const wrangler = join(home, 'node_modules/.bin/wrangler')

buildIfStale()
const token = variables(join(home, '.dev.vars'))
await run(['d1', 'migrations', 'apply', 'hookline', '--local'])

const worker = spawn(wrangler, ['dev', '--port', port, '--ip', '127.0.0.1'], { cwd: home, stdio: 'inherit' })
void saySetUp(token)
const cron = setInterval(() => {
  fetch(`${address}/cdn-cgi/handler/scheduled`, { method: 'POST' }).catch(() => {}) // it may be reloading just now
}, MINUTE)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => worker.kill(signal))
worker.on('exit', (code) => {
  clearInterval(cron)
  process.exitCode = code ?? 0
})

/**
 * Variables that wrangler reads. Made once, so that what was encrypted yesterday opens today; only the port may be another
 * one. Gives the token of the set-up link.
 */
function variables(file: string): string {
  const old = existsSync(file) ? readFileSync(file, 'utf8') : null
  const text = old?.replace(/^PUBLIC_URL=http:\/\/127\.0\.0\.1:\d+$/m, `PUBLIC_URL=${address}`) ?? newVariables()
  if (text !== old) writeFileSync(file, text, { mode: 0o600 })
  return /^SETUP_TOKEN=(.*)$/m.exec(text)?.[1] ?? ''
}

function newVariables(): string {
  const made = {
    PUBLIC_URL: address,
    APP_SECRET: randomBytes(32).toString('base64url'),
    SETUP_TOKEN: randomBytes(32).toString('base64url'),
    OUTBOUND_ALLOW: '127.0.0.0/8',
  }
  return Object.entries(made)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

/** Said when the Worker answers, so that it stands below all that wrangler says; nobody has to set up twice. */
async function saySetUp(token: string): Promise<void> {
  const answer = await fetch(`${address}/setup`).catch(() => null)
  if (answer === null) setTimeout(() => void saySetUp(token), SECOND).unref()
  else if (answer.status !== 404) console.log(`Set up: ${address}/setup?token=${token}`)
}

function run(args: readonly string[]): Promise<void> {
  const child = spawn(wrangler, args, { cwd: home, stdio: ['ignore', 'inherit', 'inherit'] })
  return new Promise((done, failed) => {
    child.on('exit', (code) =>
      code === 0 ? done() : failed(new Error(`wrangler ${args.join(' ')} ended with ${code}.`)),
    )
  })
}
