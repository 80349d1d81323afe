/** Somebody at a browser. */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { chromium } from 'playwright-core'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A window as phones have it, for fingers. */
export const PHONE = { width: 390, height: 844, isPhone: true }

/** The one Chromium of this test file. */
let chromiumStarted
after(async () => (await chromiumStarted)?.close())

/** Somebody's browser: its cookies, storage and cache are nobody else's. Whatever a page complains of, or loads from elsewhere, is collected. */
export async function openBrowser(shop, { width = 1280, height = 800, isPhone = false, userAgent } = {}) {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
  chromiumStarted ??= chromium.launch({ executablePath, headless: true, args: FLAGS })
  const context = await (await chromiumStarted).newContext({
    viewport: { width, height },
    hasTouch: isPhone,
    isMobile: isPhone,
    userAgent,
    locale: 'zh-CN',
    // What fades in has not its colours yet.
    reducedMotion: 'reduce',
    baseURL: shop.url,
  })
  context.setDefaultTimeout(60_000)
  const complaints = []
  const watch = (page) => {
    const isOurs = () => page.url().startsWith(shop.url)
    page.on('pageerror', (error) => complaints.push(`${page.url()}: ${error.message}`))
    page.on('console', (message) => {
      if (isOurs() && ['error', 'warning'].includes(message.type())) complaints.push(`${page.url()}: ${message.text()}`)
    })
    page.on('request', (request) => {
      const isLoaded = !request.isNavigationRequest() && isOurs()
      if (isLoaded && !/^(?:data|blob):/.test(request.url()) && !request.url().startsWith(shop.url)) complaints.push(`loads ${request.url()}`)
    })
  }
  context.on('page', watch)
  const page = await context.newPage()
  return { context, page, complaints, close: () => context.close() }
}

/** Signs in as a buyer of the demo shop, on the page that is open or on sign-in's own. */
export async function signIn(page, username = 'demo') {
  if (!page.url().includes('login.html')) await page.goto('/login.html')
  await page.getByLabel('用户名').fill(username)
  await page.getByLabel('密码', { exact: true }).fill('123456')
  await page.getByRole('button', { name: '登录', exact: true }).click()
  await page.waitForURL((url) => !url.pathname.endsWith('login.html'))
}

/** Signs in as one of the staff with a token, as somebody does who has no link. */
export async function signInStaff(page, shop) {
  await page.goto('/admin.html')
  await page.getByLabel('员工令牌').fill(shop.staffToken())
  await page.getByRole('button', { name: '进入' }).click()
  await page.getByRole('heading', { name: '今日概览' }).waitFor()
}

/** Confirms what is on the confirmation and comes to the payment; gives back the order's number. */
export async function submit(page) {
  await page.getByRole('button', { name: '提交订单' }).click()
  await page.waitForURL(/payment\.html\?order_id=\d{16,}$/)
  return new URL(page.url()).searchParams.get('order_id')
}

/** Goes to the cashier. */
export async function toCashier(page) {
  await page.getByRole('button', { name: '确认付款' }).click()
  await page.locator('#pay').waitFor()
}

/** As the buyer does who is slow: goes to the cashier, and gets there only when `meanwhile` is over. */
export async function toCashierAfter(page, meanwhile) {
  let arrive
  const arrived = new Promise((done) => {
    arrive = done
  })
  const isCashier = (url) => url.pathname === '/gateway.do'
  await page.route(isCashier, async (route) => {
    await meanwhile()
    await route.continue()
    arrive()
  })
  await page.getByRole('button', { name: '确认付款' }).click()
  await arrived
  await page.unroute(isCashier)
  await page.locator('#pay').waitFor()
}

/** Remembers whether this page, or what it goes to, shows these words, were it for a moment; ask with the result. */
export async function watchFor(page, words) {
  let isSeen = false
  await page.exposeFunction('theyAreSeen', () => {
    isSeen = true
  })
  await page.addInitScript((text) => {
    const look = () => document.body?.innerText.includes(text) && globalThis.theyAreSeen()
    new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true })
  }, words)
  return () => isSeen
}

/** The brown backpack: plenty of it. */
export const BACKPACK = 15

/** Waits until the page shows this text. */
export const see = (page, text) => page.getByText(text, { exact: false }).first().waitFor()

/** No page may have anything that people with a handicap cannot use. */
export async function mustBeAccessible(page) {
  await page.evaluate(AXE)
  const { violations } = await page.evaluate(async () => {
    // What is still fading in is paler than it will be.
    const fading = () =>
      document.getAnimations().filter(({ effect }) => effect?.getComputedTiming().endTime !== Infinity)
    const MOST = 5
    for (let attempt = 1; ; attempt++) {
      await Promise.allSettled(fading().map(({ finished }) => finished))
      let isStill = true
      const changes = new MutationObserver(() => {
        isStill = false
      })
      changes.observe(document, { subtree: true, childList: true, attributes: true, characterData: true })
      const found = await globalThis.axe.run()
      changes.disconnect()
      // Of a page that changes meanwhile, what was read before and what was read after belong to no page.
      const isOfOnePage = isStill && fading().length === 0
      if (isOfOnePage || found.violations.length === 0 || attempt === MOST) return found
    }
  })
  const serious = violations.filter(({ impact }) => ['serious', 'critical'].includes(impact))
  const said = serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)
  assert.deepEqual(said, [], page.url())
}

/** Keeps a picture of the page where somebody wants them. */
export async function picture(page, name) {
  const directory = process.env.DASHOP_SCREENSHOTS
  if (!directory) return
  mkdirSync(directory, { recursive: true })
  // What is below the window loads when it is near.
  await page.evaluate(async () => {
    for (const image of document.images) image.loading = 'eager'
    await Promise.all([...document.images].map((image) => image.decode().catch(() => undefined)))
  })
  await page.screenshot({ path: join(directory, `${name}-${page.viewportSize().width}.png`), fullPage: true })
}

/** A page as it is now, on a PC and on a phone: within the window, and accessible. */
export async function lookAt(page, name) {
  const before = page.viewportSize()
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 844 })
    const isWithin = () => document.documentElement.scrollWidth <= document.documentElement.clientWidth
    // A phone's browser shows the page zoomed for a moment after its size has changed.
    await page.waitForFunction(isWithin, undefined, { timeout: 10_000 }).catch(async (error) => {
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
      assert.fail(`${name} is ${beyond} pixels wider than a window of ${width} (${error.message})`)
    })
    await picture(page, name)
    await mustBeAccessible(page)
  }
  await page.setViewportSize(before)
}

/** Tests that get a browser at the shop, and whose pages may not complain, but for what is expected, or load anything from elsewhere. */
export function inBrowserOf(shop, options = {}) {
  return (name, work, expected = []) =>
    test(name, async () => {
      const browser = await openBrowser(shop(), options)
      try {
        await work(browser.page, browser)
        const unforeseen = browser.complaints.filter((complaint) => !expected.some((pattern) => pattern.test(complaint)))
        assert.deepEqual(unforeseen, [])
      } catch (error) {
        const seen = await browser.page.locator('body').innerText({ timeout: 1000 }).catch((problem) => problem.message)
        error.message += `\nat ${browser.page.url()}, which shows:\n${seen}\n${shop().log().split('\n').slice(-15).join('\n')}`
        throw error
      } finally {
        await browser.close()
      }
    })
}
