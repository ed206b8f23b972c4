import { temporaryFolders } from '../support/folder.ts'
import { flows } from './flows.ts'
import { onNode } from './on-node.ts'

const folder = temporaryFolders()

flows('node', () => onNode({ DATA_DIR: folder() }))
