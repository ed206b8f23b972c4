import { readConfig } from '../../server/config.ts'
import { start } from '../../server/node/start.ts'
import { tidy } from '../../server/tidy.ts'
import { quiet } from '../support/log.ts'
import type { Subject } from './flow.ts'
import { FLOW_ADMIN, FLOW_KEY } from './key.ts'

/** The product on Node, with a clock that the test moves; only `deliver` looks for what is due. */
export async function onNode(env: Record<string, string>): Promise<Subject> {
  const config = readConfig({
    PORT: '0',
    OUTBOUND_ALLOW: '127.0.0.0/8',
    SETUP_API_KEY: FLOW_KEY,
    ...FLOW_ADMIN,
    ...env,
  })
  let ahead = 0
  const clock = () => Date.now() + ahead
  const server = await start(config, { clock, log: quiet, tickEvery: 3_600_000 })
  return {
    fetch: (path, init) => fetch(server.url + path, { redirect: 'manual', ...init }),
    async deliver() {
      await server.dispatcher.drain(clock() + 10_000)
      await tidy(server.deps)
    },
    now: clock,
    advance: (ms) => {
      ahead += ms
    },
    stop: () => server.stop(),
  }
}
