import { openMigratedD1 } from '../support/d1.ts'
import { guardContract } from './guard.ts'

guardContract('D1', openMigratedD1)
