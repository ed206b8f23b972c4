import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import { chromium, type Browser, type Page } from 'playwright-core'

export interface View {
  readonly javaScript?: boolean
  readonly width?: number
  readonly scheme?: 'light' | 'dark'
  readonly locale?: string
}

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
]

/** Chromium from npm. It brings its own system libraries once it is told that it runs where there are none. */
export async function openBrowser(): Promise<Browser> {
  process.env['AWS_EXECUTION_ENV'] ??= 'AWS_Lambda_nodejs20.x'
  const { default: packed } = await import('@sparticuz/chromium')
  return chromium.launch({ executablePath: await packed.executablePath(), args: FLAGS, headless: true })
}

/** A fresh page, with cookies of its own. */
export async function openPage(browser: Browser, view: View = {}): Promise<Page> {
  const context = await browser.newContext({
    javaScriptEnabled: view.javaScript ?? true,
    viewport: { width: view.width ?? 1280, height: 900 },
    colorScheme: view.scheme ?? 'light',
    locale: view.locale ?? 'en',
  })
  return context.newPage()
}

/** What the browser complains about from now on, put into `faults`: errors of scripts, refused resources, broken policies. */
export function faultsOf(page: Page, faults: string[] = []): string[] {
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text())
  })
  return faults
}

const axeSource = (): string => readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What axe finds against WCAG 2.2 A and AA on the page as it stands: one line per rule and place. */
export async function axe(page: Page): Promise<string[]> {
  // Evaluated by the debugger, which the page's policy does not reach: so the page is tested as it is served.
  await page.evaluate(axeSource())
  const results = await page.evaluate(async () => {
    const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
    const run = (globalThis as unknown as { axe: { run(options: object): Promise<AxeResults> } }).axe
    return run.run({ runOnly: { type: 'tag', values: TAGS } })
  })
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html.slice(0, 200)} ${node.failureSummary ?? ''}`),
  )
}

/** How many pixels the page is wider than its window. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
