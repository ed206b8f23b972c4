import { openMigratedD1 } from '../support/d1.ts'
import { pluginContract } from './plugin.ts'

pluginContract('D1', openMigratedD1)
