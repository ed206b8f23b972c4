#!/usr/bin/env node
// The command `hookline`. Old syntax, because an old Node may be the first on the path: the one that came with
// `npm install` takes over then, where there is one.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

var own = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url))
var isOld = Number(process.versions.node.split('.')[0]) < 24

if (isOld && existsSync(own)) {
  var ended = spawnSync(own, process.argv.slice(1), { stdio: 'inherit' })
  process.exitCode = ended.status === null ? 1 : ended.status
} else {
  import('./check-node.js').then(function () {
    return import('./cli/main.ts')
  })
}
