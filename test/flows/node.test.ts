import { readConfig } from '../../server/config.ts'
import { start } from '../../server/node/start.ts'
import { temporaryFolders } from '../support/folder.ts'
import { quiet } from '../support/log.ts'
import { flows } from './flows.ts'
import { FLOW_ADMIN, FLOW_KEY } from './key.ts'

const folder = temporaryFolders()

flows('node', async () => {
  const config = readConfig({
    PORT: '0',
    DATA_DIR: folder(),
    OUTBOUND_ALLOW: '127.0.0.0/8',
    SETUP_API_KEY: FLOW_KEY,
    ...FLOW_ADMIN,
  })
  let ahead = 0
  const clock = () => Date.now() + ahead
  // Far apart on purpose: in these tests only `deliver` looks for what is due.
  const server = await start(config, { clock, log: quiet, tickEvery: 3_600_000 })
  return {
    fetch: (path, init) => fetch(server.url + path, { redirect: 'manual', ...init }),
    deliver: () => server.dispatcher.drain(clock() + 10_000),
    advance: (ms) => {
      ahead += ms
    },
    stop: () => server.stop(),
  }
})
