import { temporaryFolders } from '../support/folder.ts'
import { newDatabase } from '../support/postgres.ts'
import { flows } from './flows.ts'
import { onNode } from './on-node.ts'

const folder = temporaryFolders()

flows('postgres', async () =>
  onNode({
    DATA_DIR: folder(),
    DATABASE_URL: await newDatabase(),
    APP_SECRET: 'an app secret for tests, 32 characters or more',
  }),
)
