import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPerson } from '../../server/access/people.ts'
import { openBrowser } from '../support/browser.ts'
import { temporaryFolders } from '../support/folder.ts'
import { openStage, PASSWORD, type Stage } from '../support/stage.ts'
import { access, logIn } from './actions/access.ts'
import { deliveries } from './actions/deliveries.ts'
import { inbound } from './actions/inbound.ts'
import { network } from './actions/network.ts'
import { operations } from './actions/operations.ts'
import type { Area } from './actions/scenario.ts'
import { sitePlugins } from './actions/site-plugins.ts'
import { webhooks } from './actions/webhooks.ts'

/** Routes that none of our forms goes to. */
const WITHOUT_FORM: Readonly<Record<string, string>> = {
  'POST /plugins/:plugin/*': 'no plugin that is shipped opens a form to everybody',
  'POST /sites/:slug/plugins/:plugin/*': 'no plugin that is shipped opens a form to everybody',
}
const SITE = 'kafe'
const KEEPER = 'bo@kafe.example'

const folder = temporaryFolders()
let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser.close())

describe.each([true, false])('with JavaScript: %s', (javaScript) => {
  let stage: Stage
  let onSite: Area
  beforeAll(async () => {
    stage = await openStage(browser, folder(), javaScript)
  })
  afterAll(() => stage.stop())

  describe('in Network Admin', () => {
    test.each(Object.entries({ ...access, ...network, ...operations }))('%s', (_, drive) => drive(stage))

    test.each(Object.entries({ ...webhooks, ...deliveries, ...inbound }))('%s', (_, drive) =>
      drive(stage, { base: '/network', owner: 'network', site: 'sit_main', who: stage.admin }),
    )
  })

  describe('in the admin of a site, by its own admin', () => {
    beforeAll(async () => {
      const site = await stage.site(SITE)
      const keeper = { name: 'Bo Ek', email: KEEPER, password: PASSWORD, role: 'site_admin', siteId: site } as const
      await createPerson(stage.server.deps, null, keeper)
      const who = await stage.somebody()
      await who.go('/login')
      await logIn(who, PASSWORD, KEEPER)
      onSite = { base: `/sites/${SITE}/admin`, owner: site, site, who }
    })

    test.each(Object.entries({ ...webhooks, ...deliveries, ...inbound, ...sitePlugins }))('%s', (_, drive) =>
      drive(stage, onSite),
    )
  })

  test('no form was left out, and no browser complained', () => {
    expect(stage.actions.left().filter((one) => !(one in WITHOUT_FORM))).toEqual([])
    expect(stage.faults.filter((fault) => !/status of 4(01|09|22)/.test(fault))).toEqual([])
  })
})
