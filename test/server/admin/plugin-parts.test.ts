import { expect, test } from 'vitest'
import { definePlugin } from 'hookline/plugin'
import { testApp } from '../../support/app.ts'

const about = { version: '1.0.0', requires: { host: '^1.0' }, scope: 'site', defaultActive: true } as const
const words = (html: string): string => html.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')

const till = definePlugin({ ...about, slug: 'till', title: 'Till' }, ({ healthCheck, widget }) => {
  healthCheck('paper', ({ site }) => ({
    rank: 'critical',
    title: `No paper on ${site.slug}`,
    text: 'Put a new roll in.',
  }))
  // The template of another plugin's page, which wants a list.
  widget('today', { title: 'Till today', template: 'today', load: () => ({ count: 3 }) })
})
const clumsy = definePlugin({ ...about, slug: 'clumsy', title: 'Clumsy' }, ({ healthCheck, widget }) => {
  healthCheck('broken', () => {
    throw new Error('Check in a mood.')
  })
  healthCheck('wrong', () => JSON.parse('{"rank":"fine"}'))
  widget('broken', {
    title: 'Clumsy box',
    template: 'box',
    load: () => {
      throw new Error('Box in a mood.')
    },
  })
})

test('a check of a plugin is a row of the Health page; one that fails is a fault, and the page stays', async () => {
  const app = await testApp({ plugins: [till, clumsy] })
  const { status, html } = await (await app.login()).get('/network/health')
  expect(status).toBe(200)
  expect(words(html)).toContain('No paper on main')
  expect(words(html)).toContain('Put a new roll in.')
  expect(words(html).match(/A check of Clumsy failed/g)).toHaveLength(2)
  const faults = (await app.deps.host.plugins({ faults: true })).find(({ slug }) => slug === 'clumsy')?.faults ?? []
  expect(faults.map(({ handler, message }) => [handler, message]).toSorted()).toEqual([
    ['clumsy/check:broken', 'Check in a mood.'],
    ['clumsy/check:wrong', 'A check has to give { rank: good, recommended or critical, title, text }.'],
  ])
})

test('a box of a plugin stands on the dashboard; what fails in it or in its template is told in its place', async () => {
  const app = await testApp({ plugins: [till, clumsy] })
  const { status, html } = await (await app.login()).get('/network')
  expect(status).toBe(200)
  expect(words(html)).toContain('Clumsy box This box does not work right now.')
  const faults = (await app.deps.host.plugins({ faults: true })).flatMap((plugin) => plugin.faults)
  expect(faults.map(({ handler }) => handler).toSorted()).toEqual(['clumsy/widget:broken', 'till/widget:today'])
  expect(words(html)).toContain(faults.find(({ handler }) => handler === 'till/widget:today')?.id)
})
