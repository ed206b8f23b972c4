import { openMigratedD1 } from '../support/d1.ts'
import { listsContract } from './lists.ts'

listsContract('D1', openMigratedD1)
