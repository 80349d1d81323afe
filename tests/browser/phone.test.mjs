/** Buying on a phone, and finishing on a phone what began on a PC. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { BACKPACK, PHONE, openBrowser, see, signIn, submit, toCashier } from './buyer.mjs'
import { startShop } from './program.mjs'

const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1'

let shop
before(async () => {
  shop = await startShop()
})
after(() => shop?.stop())

const onPhone = (userAgent = IPHONE) => openBrowser(shop, { ...PHONE, userAgent })

async function order(page) {
  await page.goto(`/orderConfirm.html?settlement_type=1&sku_id=${BACKPACK}&buy_num=1`)
  if (page.url().includes('login.html')) await signIn(page)
  await page.waitForURL(/orderConfirm\.html/)
  return submit(page)
}

/** Checks that this is the cashier page for phones, fits the window, and has buttons large enough for fingers. */
async function isPhoneCashier(page) {
  await page.locator('body.phone #pay').waitFor()
  const { width } = page.viewportSize()
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width)
  assert.ok((await page.locator('#pay').boundingBox()).height >= 44)
}

test('a phone buys, turns back, pays and sees the order', async () => {
  const { page, close, complaints } = await onPhone()
  try {
    await signIn(page)
    const number = await order(page)
    await toCashier(page)
    await isPhoneCashier(page)
    await page.locator('#cancel').tap()
    await page.waitForURL((url) => url.pathname === '/pay_success.html' && url.search === `?order_id=${number}`)
    await page.goto(`/payment.html?order_id=${number}`)
    await toCashier(page)
    await page.locator('#pay').tap()
    await page.waitForURL(/pay_success\.html/)
    await see(page, '付款成功')
    await page.goto(`/myOrder.html?order_id=${number}`)
    await see(page, '待发货')
    assert.deepEqual(complaints, [])
  } finally {
    await close()
  }
})

test('what is begun on a PC is finished on a phone', async () => {
  const [pc, phone] = [await openBrowser(shop), await onPhone()]
  try {
    await signIn(pc.page)
    const number = await order(pc.page)
    await toCashier(pc.page)
    assert.equal(await pc.page.locator('body.phone').count(), 0)
    const cashier = pc.page.url()

    await signIn(phone.page)
    await phone.page.goto(`/payment.html?order_id=${number}`)
    await toCashier(phone.page)
    await isPhoneCashier(phone.page)
    // The first attempt is closed at Alipay.
    await pc.page.goto(cashier)
    await see(pc.page, 'ACQ.TRADE_HAS_CLOSE')
    await phone.page.locator('#pay').tap()
    await phone.page.waitForURL(/pay_success\.html/)
    await see(phone.page, '付款成功')
  } finally {
    await pc.close()
    await phone.close()
  }
})

test('another account pays in another attempt', async () => {
  const { page, context, close } = await openBrowser(shop)
  try {
    await signIn(page)
    const number = await order(page)
    await toCashier(page)
    const account = { name: 'sandbox_account', value: 'another', url: new URL(page.url()).origin }
    await context.addCookies([account])
    await page.goto(page.url())
    await see(page, 'ACQ.TRADE_BUYER_NOT_MATCH')
    await page.goto(`/payment.html?order_id=${number}`)
    await page.getByRole('button', { name: '重新付款/换账号' }).click()
    await page.locator('#pay').click()
    await page.waitForURL(/pay_success\.html/)
    await see(page, '付款成功')
  } finally {
    await close()
  }
})

test('in WeChat a hint says how to get to a browser that opens Alipay', async () => {
  const { page, close } = await onPhone(`${IPHONE} MicroMessenger/8.0.49(0x1800312d) NetType/WIFI Language/zh_CN`)
  try {
    await signIn(page)
    await order(page)
    await page.getByRole('note').waitFor()
    await see(page, '在浏览器打开')
  } finally {
    await close()
  }
})
