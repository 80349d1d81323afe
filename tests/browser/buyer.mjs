/** A person at a browser. */
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

/** A window of a phone, with touch. */
export const PHONE = { width: 390, height: 844, isPhone: true }

/** The Chromium that this test file shares. */
let chromiumStarted
after(async () => (await chromiumStarted)?.close())

/** Opens a separate browser with its own cookies, storage and cache. Records the page's errors and its requests to other sites. */
export async function openBrowser(shop, { width = 1280, height = 800, isPhone = false, userAgent } = {}) {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
  chromiumStarted ??= chromium.launch({ executablePath, headless: true, args: FLAGS })
  const context = await (await chromiumStarted).newContext({
    viewport: { width, height },
    hasTouch: isPhone,
    isMobile: isPhone,
    userAgent,
    locale: 'zh-CN',
    // Elements that fade in do not have their final colours yet.
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

/** Signs in as a buyer of the demo shop, on the open page or on the sign-in page. */
export async function signIn(page, username = 'demo') {
  if (!page.url().includes('login.html')) await page.goto('/login.html')
  await page.getByLabel('用户名').fill(username)
  await page.getByLabel('密码', { exact: true }).fill('123456')
  await page.getByRole('button', { name: '登录', exact: true }).click()
  await page.waitForURL((url) => !url.pathname.endsWith('login.html'))
}

/** Signs in as a member of staff with a token, without a link. */
export async function signInStaff(page, shop) {
  await page.goto('/admin.html')
  await page.getByLabel('员工令牌').fill(shop.staffToken())
  await page.getByRole('button', { name: '进入' }).click()
  await page.getByRole('heading', { name: '今日概览' }).waitFor()
}

/** Submits the confirmation and waits for the payment page. Returns the order's number. */
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

/** Goes to the cashier, like a slow buyer who arrives there only after `meanwhile`. */
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

/** Records whether this page or the next one shows these words, even briefly. Returns a function that tells. */
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

/** The brown backpack, which has plenty of stock. */
export const BACKPACK = 15

/** Waits until the page shows this text. */
export const see = (page, text) => page.getByText(text, { exact: false }).first().waitFor()

/** Fails if the page has accessibility errors. */
export async function mustBeAccessible(page) {
  await page.evaluate(AXE)
  const { violations } = await page.evaluate(async () => {
    // Elements that are still fading in are paler than they will be.
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
      // If the page changes between two readings, they belong to no single page.
      const isOfOnePage = isStill && fading().length === 0
      if (isOfOnePage || found.violations.length === 0 || attempt === MOST) return found
    }
  })
  const serious = violations.filter(({ impact }) => ['serious', 'critical'].includes(impact))
  const said = serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)
  assert.deepEqual(said, [], page.url())
}

/** Saves a picture of the page if DASHOP_SCREENSHOTS is set. */
export async function picture(page, name) {
  const directory = process.env.DASHOP_SCREENSHOTS
  if (!directory) return
  mkdirSync(directory, { recursive: true })
  // Images below the window load when they come near it.
  await page.evaluate(async () => {
    for (const image of document.images) image.loading = 'eager'
    await Promise.all([...document.images].map((image) => image.decode().catch(() => undefined)))
  })
  await page.screenshot({ path: join(directory, `${name}-${page.viewportSize().width}.png`), fullPage: true })
}

/** Checks a page on a PC and on a phone: it fits the window, and is accessible. */
export async function lookAt(page, name) {
  const before = page.viewportSize()
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 844 })
    const isWithin = () => document.documentElement.scrollWidth <= document.documentElement.clientWidth
    // A phone's browser shows the page zoomed for a moment after a change of size.
    await page.waitForFunction(isWithin, undefined, { timeout: 10_000 }).catch(async (error) => {
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
      assert.fail(`${name} is ${beyond} pixels wider than a window of ${width} (${error.message})`)
    })
    await picture(page, name)
    await mustBeAccessible(page)
  }
  await page.setViewportSize(before)
}

/** Tests with a browser at the shop. A page may log only expected errors, and must load nothing from other sites. */
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
