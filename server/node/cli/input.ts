import { readInput } from './connection.ts'
import { exit, Stop } from './exit.ts'

/** JSON that an option gives: as it stands there, from `@file`, or from stdin (`-`). */
export function readJson(option: string, given: string): unknown {
  const text = given === '-' ? readInput('-') : given.startsWith('@') ? readInput(given.slice(1)) : given
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Stop(exit.usage, `${option} is no JSON (${error instanceof Error ? error.message : String(error)}).`)
  }
}
