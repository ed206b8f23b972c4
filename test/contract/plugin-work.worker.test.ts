import { openMigratedD1 } from '../support/d1.ts'
import { pluginWorkContract } from './plugin-work.ts'

pluginWorkContract('D1', openMigratedD1)
