import { openMigratedD1 } from '../support/d1.ts'
import { accessContract } from './access.ts'

accessContract('D1', openMigratedD1)
