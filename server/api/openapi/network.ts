import { z } from 'zod'
import { changedBin } from '../bins.ts'
import { changedPlugin } from '../plugins.ts'
import { changedSite, newSite } from '../sites.ts'
import { changedSource, newAddress, newSource } from '../sources.ts'
import { existing } from '../../transfer/step.ts'
import { importBody } from '../transfer.ts'
import * as answers from './answers.ts'
import { nothing, page, type Operations } from './operation.ts'

/** A schema that holds itself cannot be written without a reference. */
const anyJson = { settings: z.record(z.string(), z.unknown()).optional(), mapping: z.unknown().optional() }

export const networkOperations = {
  'GET /api/v1/sites': {
    summary: 'List sites',
    query: { state: z.enum(['active', 'archived']), q: z.string().meta({ description: 'part of the name' }), ...page },
    status: 200,
    answer: answers.listOf(answers.site),
  },
  'POST /api/v1/sites': { summary: 'Add a site', body: newSite, status: 201, answer: answers.site },
  'GET /api/v1/sites/:id': { summary: 'Read a site', status: 200, answer: answers.site },
  'PATCH /api/v1/sites/:id': {
    summary: 'Rename, archive or restore a site',
    body: changedSite,
    status: 200,
    answer: answers.site,
  },
  'DELETE /api/v1/sites/:id': { summary: 'Delete a site', ...nothing },
  'GET /api/v1/plugins': {
    summary: 'List plugins',
    query: page,
    status: 200,
    answer: answers.listOf(answers.plugin),
  },
  'GET /api/v1/plugins/:slug': {
    summary: 'Read a plugin and its settings',
    description: 'With site, as it is on that site. For a secret it says only whether one is set.',
    query: { site: z.string() },
    status: 200,
    answer: answers.pluginWithSettings,
  },
  'PATCH /api/v1/plugins/:slug': {
    summary: 'Activate, deactivate, pause, resume or configure a plugin',
    description:
      'With site, for that site alone. While it is paused, nothing of it runs anywhere, and what its guards watch over is held. A setting of null goes back to its default.',
    body: changedPlugin.extend({ settings: z.record(z.string(), z.unknown()).optional() }),
    status: 200,
    answer: answers.pluginWithSettings,
  },
  'DELETE /api/v1/plugins/:slug': {
    summary: 'Uninstall a plugin and delete all that it stored',
    ...nothing,
  },

  'GET /api/v1/sources': {
    summary: 'List sources',
    query: { site: z.string(), ...page },
    status: 200,
    answer: answers.listOf(answers.source),
  },
  'POST /api/v1/sources': {
    summary: 'Add a source',
    description: 'Only this answer has the whole address to paste at the sender; it is not shown again.',
    body: newSource.extend(anyJson),
    status: 201,
    answer: answers.source,
  },
  'GET /api/v1/sources/:id': { summary: 'Read a source', status: 200, answer: answers.source },
  'PATCH /api/v1/sources/:id': {
    summary: 'Change a source',
    description: 'Also takes active.',
    body: changedSource.extend(anyJson),
    like: 'POST /api/v1/sources',
    status: 200,
    answer: answers.source,
  },
  'DELETE /api/v1/sources/:id': { summary: 'Delete a source', ...nothing },
  'POST /api/v1/sources/:id/rotate-address': {
    summary: 'Give a source a new address',
    description: 'The old address keeps working for a while, unless at_once is set.',
    body: newAddress,
    status: 200,
    answer: answers.source,
  },
  'GET /api/v1/bins': { summary: 'List bins', query: page, status: 200, answer: answers.listOf(answers.bin) },
  'POST /api/v1/bins': { summary: 'Add a bin', body: changedBin, status: 201, answer: answers.bin },
  'GET /api/v1/bins/:id': { summary: 'Read a bin', status: 200, answer: answers.bin },
  'GET /api/v1/bins/:id/captures': {
    summary: 'List what a bin caught',
    description: 'The newest first. The values of headers with credentials are masked.',
    query: page,
    status: 200,
    answer: answers.listOf(answers.capture),
  },
  'PATCH /api/v1/bins/:id': { summary: 'Change a bin', body: changedBin, status: 200, answer: answers.bin },
  'DELETE /api/v1/bins/:id': { summary: 'Delete a bin', ...nothing },

  'GET /api/v1/export': {
    summary: 'Export the set-up',
    description:
      'Settings, sites, people, plugins, webhooks and sources, always in the same order. It never has secrets: a super admin can export those under Tools. It has webhooks if the key has webhooks:read.',
    status: 200,
    answer: answers.setUp,
  },
  'POST /api/v1/import': {
    summary: 'Import a set-up',
    description:
      'The body is an exported file of up to 8 MB; passphrase decrypts its secrets. With dry_run nothing is written. Everything is imported or nothing, unless leave_out is set: then what is refused is left out. Whatever the file does not mention stays as it is. A file with webhooks also needs webhooks:write.',
    query: {
      dry_run: z.enum(['1', '0']),
      existing: z.enum(existing).meta({ description: 'what to do with what exists here already' }),
      leave_out: z.enum(['1', '0']),
    },
    body: importBody,
    status: 200,
    answer: answers.imported,
  },
  'GET /api/v1/openapi.json': {
    summary: 'Read this description',
    status: 200,
    answer: z.looseObject({ openapi: z.string() }),
  },
} satisfies Operations
