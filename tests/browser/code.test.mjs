/** Paying with a code that the payment page shows. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { BACKPACK, lookAt, openBrowser, see, signIn, submit } from './buyer.mjs'
import { startShop } from './program.mjs'

let shop
before(async () => {
  shop = await startShop({ DASHOP_ALIPAY_CODE_IN_PAGE: 'true' })
})
after(() => shop?.stop())

async function atCode(page) {
  await signIn(page)
  await page.goto(`/orderConfirm.html?settlement_type=1&sku_id=${BACKPACK}&buy_num=1`)
  const number = await submit(page)
  await page.getByRole('button', { name: '确认付款' }).click()
  const scan = page.frameLocator('iframe[title="支付宝付款码"]').locator('#scan')
  await scan.waitFor()
  return { number, scan }
}

test('a PC shows the code in place, and the payment leads to its result', async () => {
  const { page, close, complaints } = await openBrowser(shop)
  try {
    const { scan } = await atCode(page)
    await scan.click()
    await page.waitForURL(/pay_success\.html/)
    await see(page, '付款成功')
    assert.deepEqual(complaints, [])
  } finally {
    await close()
  }
})

test('what is paid elsewhere is seen by the page that shows the code', async () => {
  const { page, context, close } = await openBrowser(shop)
  try {
    const { number, scan } = await atCode(page)
    // A phone's app pays the same trade.
    const gateway = await page.locator('iframe').getAttribute('src')
    const trade = await scan.locator('xpath=../input[@name="trade_no"]').getAttribute('value')
    const paid = await context.request.post(new URL('/cashier/pay', gateway).href, { form: { trade_no: trade }, maxRedirects: 0 })
    assert.equal(paid.status(), 303)
    await page.waitForURL((url) => url.pathname === '/pay_success.html' && url.search.includes(number))
    await see(page, '付款成功')
  } finally {
    await close()
  }
})

test('the code goes with the amount that it is for, and with another beginning; in the last minute nothing is begun', async () => {
  const { page, close } = await openBrowser(shop)
  try {
    const { number, scan } = await atCode(page)
    const frame = page.locator('iframe')
    const before = await frame.getAttribute('src')
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.request().method() === 'POST'),
      page.getByRole('button', { name: '重新付款/换账号' }).click(),
    ])
    assert.equal((await answer.json()).code, 200)
    await scan.waitFor()
    assert.notEqual(await frame.getAttribute('src'), before)

    const amount = await page.locator('.pay .amount .price').innerText()
    shop.run('lower-amount', number, '1.00', '--expected', amount.replace(/[^\d.]/g, ''))
    await see(page, '订单金额已变动')
    await frame.waitFor({ state: 'detached' })
    await see(page, '¥1.00')

    shop.expireIn(number, 50)
    await page.reload()
    await see(page, '不能再开始付款')
    assert.equal(await page.getByRole('button', { name: /确认付款|重新付款/ }).count(), 0)
    await lookAt(page, 'payment-last-minute')
    shop.expireIn(number, 50)
    await page.goto(`/myOrder.html?order_id=${number}`)
    await see(page, '不能再开始付款')
    assert.equal(await page.getByRole('link', { name: '去付款' }).count(), 0)
  } finally {
    await close()
  }
})

test('the code goes where the payment was begun anew elsewhere', async () => {
  const { page, close } = await openBrowser(shop)
  try {
    const { number } = await atCode(page)
    const frame = page.locator('iframe')
    // The first request determines the attempt that the code is for.
    await page.waitForResponse((response) => response.url().includes(`status=3&order_id=${number}`))
    await shop.pay('demo', number, 'wap')
    await see(page, '已重新开始付款')
    await frame.waitFor({ state: 'detached' })
    await see(page, '第 2 次付款')
    await see(page, '在手机上开始')
    await page.getByRole('button', { name: '确认付款' }).waitFor()
    await lookAt(page, 'payment-elsewhere')
  } finally {
    await close()
  }
})

test('the way to the cashier is still there, and no other frame is let in', async () => {
  const { page, close } = await openBrowser(shop)
  try {
    await atCode(page)
    const policy = (await page.request.get('/payment.html')).headers()['content-security-policy']
    const frame = new URL(await page.locator('iframe').getAttribute('src')).origin
    assert.ok(policy.includes(`frame-src ${frame};`), policy)
    await page.getByRole('link', { name: '去支付宝付款' }).click()
    await page.locator('#pay').waitFor()
  } finally {
    await close()
  }
})
