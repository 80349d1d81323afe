/** What each page loads at first, and how soon its largest part is painted: a table, and a limit for the loaded bytes. */
import assert from 'node:assert/strict'
import { after, before } from 'node:test'

import { BACKPACK, PHONE, inBrowserOf, signIn, signInStaff, submit } from './buyer.mjs'
import { startShop } from './program.mjs'

let shop
before(async () => {
  shop = await startShop()
})
after(() => shop?.stop())

/**
 * The pages: what is there when they are complete, and the most that they may bring, in kilobytes as they are sent: page, scripts,
 * styles, pictures and answers. That is a tenth more than what they brought when this was written.
 */
async function pagesOf(page) {
  await signIn(page)
  await page.goto(`/product_details.html?sku_id=${BACKPACK}`)
  await page.getByRole('button', { name: '加入购物车' }).click()
  await page.getByText('已加入购物车').waitFor()
  await page.goto(`/orderConfirm.html?settlement_type=1&sku_id=${BACKPACK}&buy_num=1`)
  const number = await submit(page)
  await signInStaff(page, shop)
  return {
    '/index.html': ['.goods', 182],
    '/index.html?catalog=5': ['.goods', 165],
    '/product_details.html?sku_id=1': ['.product h1', 123],
    '/cart.html': ['.row', 155],
    [`/orderConfirm.html?settlement_type=1&sku_id=${BACKPACK}&buy_num=1`]: ['.line', 126],
    [`/payment.html?order_id=${number}`]: ['.method', 115],
    [`/pay_success.html?order_id=${number}`]: ['dl', 100],
    '/myOrder.html': ['article', 162],
    [`/myOrder.html?order_id=${number}`]: ['.facts', 162],
    '/addressAdmin.html': ['.entry', 130],
    '/login.html': ['form', 118],
    '/admin.html': ['tbody tr', 194],
    [`/admin.html?order=${number}`]: ['.timeline', 195],
  }
}

/** Loads a page with an empty cache: bytes, requests, and milliseconds to the largest paint. */
async function weigh(context, path, shown) {
  const page = await context.newPage()
  const devtools = await context.newCDPSession(page)
  await devtools.send('Network.enable')
  await devtools.send('Network.setCacheDisabled', { cacheDisabled: true })
  let bytes = 0
  let requests = 0
  devtools.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength
    requests += 1
  })
  await page.goto(path)
  await page.locator(shown).first().waitFor()
  await page.waitForLoadState('networkidle')
  const paint = await page.evaluate(
    () =>
      new Promise((done) => {
        new PerformanceObserver((list) => done(list.getEntries().at(-1).startTime)).observe({ type: 'largest-contentful-paint', buffered: true })
        setTimeout(() => done(Number.NaN), 2000)
      }),
  )
  await page.close()
  return { bytes, requests, paint }
}

for (const [device, options] of [['a PC', {}], ['a phone', PHONE]]) {
  inBrowserOf(() => shop, options)(`each page is light on ${device}`, async (page, { context }) => {
    const pages = await pagesOf(page)
    const table = {}
    for (const [path, [shown, most]] of Object.entries(pages)) {
      const { bytes, requests, paint } = await weigh(context, path, shown)
      const name = path.replace(/\d{16,}/, '…')
      table[name] = { bytes, requests, 'largest paint, ms': Math.round(paint) }
      assert.ok(bytes > 50_000, `${name} brings ${bytes} bytes, which cannot be all`)
      assert.ok(bytes < most * 1000, `${name} brings ${bytes} bytes`)
    }
    console.table(table)
  })
}
