import type { Browser, Locator, Page } from 'playwright-core'
import { expect } from 'vitest'
import { siteBySlug } from '../../db/queries/sites.ts'
import { readConfig } from '../../server/config.ts'
import { start, type Running } from '../../server/node/start.ts'
import { faultsOf, openPage } from './browser.ts'
import { makeSite } from './furnish.ts'
import { quiet } from './log.ts'
import { noteFormActions, type FormActions } from './form-actions.ts'
import { startReceiver, type Receiver } from './receiver.ts'
import { startSmtp, type TakenMail } from './smtp.ts'

export const PASSWORD = 'correct horse battery'

/** Somebody at a browser of their own. */
export interface Somebody {
  readonly page: Page
  go(path: string): Promise<void>
  /** Presses the button of this name in the page's main part, or in `where`, and waits for the page that it leads to. */
  press(name: string | RegExp, where?: Locator): Promise<void>
  /** Presses the one that this finds. */
  click(control: Locator): Promise<void>
  type(fields: Readonly<Record<string, string>>): Promise<void>
  /** The first notice of the page holds these words. */
  sees(words: string): Promise<void>
}

/** A server with all that its forms need around it, and a note of every form that is sent to it. */
export interface Stage {
  readonly server: Running
  readonly receiver: Receiver
  readonly mails: readonly TakenMail[]
  readonly actions: FormActions
  /** What browsers complained about. */
  readonly faults: string[]
  /** The super admin, who sets the network up. */
  readonly admin: Somebody
  somebody(): Promise<Somebody>
  /** The site with this slug, which is made if there is none. */
  site(slug: string): Promise<string>
  stop(): Promise<void>
}

/** What answers 500 at the receiver. */
export const BROKEN = '/broken'

export async function openStage(browser: Browser, dataDir: string, javaScript: boolean): Promise<Stage> {
  const ends: (() => void)[] = []
  const smtp = await startSmtp((end) => ends.push(end))
  const receiver = await startReceiver({ answer: ({ path }) => ({ status: path === BROKEN ? 500 : 200 }) })
  const env = { PORT: '0', DATA_DIR: dataDir, OUTBOUND_ALLOW: '127.0.0.0/8', SMTP_URL: smtp.url }
  const server = await start(readConfig(env), { log: quiet, tickEvery: 50 })
  const actions = noteFormActions()
  const faults: string[] = []

  const somebody = async (): Promise<Somebody> => {
    const page = await openPage(browser, { javaScript })
    actions.watch(page)
    faultsOf(page, faults)
    page.setDefaultTimeout(20_000)
    const main = page.locator('main')
    const click = async (control: Locator) => {
      const loaded = page.waitForEvent('load')
      await Promise.all([loaded, control.click()])
      await actions.look(page)
    }
    return {
      page,
      click,
      async go(path) {
        await page.goto(new URL(path, server.url).href)
        await actions.look(page)
      },
      press: (name, where = main) => click(where.getByRole('button', { name, exact: true }).first()),
      async type(fields) {
        for (const [label, text] of Object.entries(fields))
          await main.getByLabel(label, { exact: true }).first().fill(text)
      },
      async sees(words) {
        const notice = page.locator('.notice')
        expect(await ((await notice.count()) > 0 ? notice.first() : main).innerText()).toContain(words)
      },
    }
  }
  const admin = await somebody()

  return {
    server,
    receiver,
    mails: smtp.mails,
    actions,
    faults,
    admin,
    somebody,
    site: async (slug) => (await siteBySlug(server.deps.db, slug))?.id ?? makeSite(server.deps, slug),
    async stop() {
      await server.stop()
      await receiver.stop()
      for (const end of ends) end()
    },
  }
}
