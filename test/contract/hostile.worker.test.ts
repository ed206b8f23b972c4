import { openMigratedD1 } from '../support/d1.ts'
import { hostileContract } from './hostile.ts'

hostileContract('D1', openMigratedD1)
