/** Requirements for every page: small scripts, no requests to other sites, no scripts from user input, old addresses still work. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { BACKPACK, inBrowserOf, openBrowser, signIn, signInStaff, submit } from './buyer.mjs'
import { startShop } from './program.mjs'

/** The limit of compressed JavaScript at a page's first load, in bytes. */
const MOST = 200_000
/** Thirty-five characters; a name may have fifty. */
const EVIL = '<img src=x onerror=window.hacked=1>'

let shop
before(async () => {
  shop = await startShop()
})
after(() => shop?.stop())

const inBrowser = inBrowserOf(() => shop)

/** An unpaid order of the backpack. */
async function order(page) {
  await page.goto(`/orderConfirm.html?settlement_type=1&sku_id=${BACKPACK}&buy_num=1`)
  return submit(page)
}

/** Not every demo buyer has a cart with lines. */
async function putInCart(page) {
  await page.goto(`/product_details.html?sku_id=${BACKPACK}`)
  await page.getByRole('button', { name: '加入购物车' }).click()
  await page.getByText('已加入购物车').waitFor()
}

inBrowser('the first load of each page is light', async (page, { context }) => {
  await signIn(page)
  await putInCart(page)
  const number = await order(page)
  const devtools = await context.newCDPSession(page)
  await devtools.send('Network.setCacheDisabled', { cacheDisabled: true })
  const pages = {
    '/': '.goods',
    '/index.html?catalog=5': '.goods',
    '/product_details.html?sku_id=1': '.product h1',
    '/cart.html': '.row',
    '/orderConfirm.html?settlement_type=1&sku_id=15&buy_num=1': '.line',
    [`/payment.html?order_id=${number}`]: '.method',
    [`/pay_success.html?order_id=${number}`]: 'dl',
    '/myOrder.html': 'article',
    [`/myOrder.html?order_id=${number}`]: '.facts',
    '/addressAdmin.html': '.entry',
    '/login.html': 'form',
  }
  const weigh = async (path, shown) => {
    const scripts = []
    const note = (request) => request.resourceType() === 'script' && scripts.push(request)
    page.on('requestfinished', note)
    await page.goto(path)
    await page.locator(shown).first().waitFor()
    await page.waitForLoadState('networkidle')
    page.off('requestfinished', note)
    let weight = 0
    for (const script of scripts) {
      const answer = await script.response()
      const [encoding, length] = [await answer.headerValue('content-encoding'), await answer.headerValue('content-length')]
      // Compression may enlarge a very small file.
      assert.ok(encoding !== null || Number(length) < 200, `${script.url()} is not compressed`)
      weight += Number(length)
    }
    assert.ok(weight > 20_000, `${path} brings ${weight} bytes of JavaScript, which cannot be all`)
    assert.ok(weight < MOST, `${path} brings ${weight} bytes of JavaScript`)
  }
  for (const [path, shown] of Object.entries(pages)) await weigh(path, shown)
  await weigh('/admin.html', 'form')
  await signInStaff(page, shop)
  await weigh('/admin.html', 'table')
})

inBrowser('the names and links of the old shop work, however they are written', async (page) => {
  await page.goto('/product_details.html?6')
  const name = (await (await fetch(`${shop.url}/v1/goods/detail/6`)).json()).data.name
  await page.getByRole('heading', { name }).waitFor()
  await page.goto('/index.html')
  await page.locator('a.goods').first().waitFor()
  await signIn(page)
  await putInCart(page)
  const number = await order(page)
  for (const [path, heading] of [
    ['/cart.html', '购物车'],
    ['/orderConfirm.html', '收货地址'],
    ['/orderconfirm.html', '收货地址'],
    // The old page passed an address but no order; the order must be confirmed first.
    ['/payment.html?address_id=1&settlement_type=0', '收货地址'],
    [`/payment.html?order_id=${number}`, '订单提交成功'],
    ['/myOrder.html', '我的订单'],
    ['/Myorder.html', '我的订单'],
    ['/addressAdmin.html', '收货地址'],
    [`/pay_success.html?order_id=${number}&out_trade_no=${number}`, '正在确认付款结果'],
  ]) {
    await page.goto(path)
    await page.getByRole('heading', { name: heading }).first().waitFor()
  }
  // That page's link did not say which goods were bought directly; the cart must not be bought instead.
  for (const path of ['/orderConfirm.html?settlement_type=1', '/payment.html?address_id=1&settlement_type=1']) {
    await page.goto(path)
    await page.getByRole('alert').getByText('没有找到要购买的商品').waitFor()
    assert.equal(await page.getByRole('button', { name: '提交订单' }).count(), 0, path)
  }
  for (const path of ['/cart.htm', '/myOrder', '/shop/cart.html']) {
    assert.equal((await fetch(shop.url + path)).status, 404, path)
  }
})

inBrowser('what goods are called stays text, from the shelf to the refund', async (page) => {
  const must = async (where) => {
    await page.getByText(EVIL).first().waitFor()
    assert.equal(await page.locator('img[src=x]').count(), 0, where)
    assert.equal(await page.evaluate(() => globalThis.hacked), undefined, where)
  }
  shop.rename(BACKPACK, EVIL, EVIL)
  await signIn(page)
  for (const path of ['/', '/index.html?catalog=4', `/product_details.html?sku_id=${BACKPACK}`]) {
    await page.goto(path)
    await must(path)
  }
  await putInCart(page)
  await page.goto('/cart.html')
  await must('the cart')
  await page.getByRole('button', { name: `移除${EVIL}` }).click()
  await page.getByRole('dialog').getByText(EVIL).waitFor()
  await must('the question whether to remove it')
  await page.goto(`/orderConfirm.html?settlement_type=1&sku_id=${BACKPACK}&buy_num=1`)
  await must('the confirmation')
  const number = await submit(page)
  await must('the payment')
  for (const path of ['/myOrder.html', `/myOrder.html?order_id=${number}`]) {
    await page.goto(path)
    await must(path)
  }
  await page.goto(`/payment.html?order_id=${number}`)
  await page.getByRole('button', { name: '确认付款' }).click()
  await page.locator('#pay').waitFor()
  assert.equal(await page.locator('img[src=x]').count(), 0, 'the cashier')
  await page.locator('#pay').click()
  await page.getByRole('heading', { name: '付款成功' }).waitFor()

  await signInStaff(page, shop)
  await page.goto(`/admin.html?order=${number}`)
  await must('the staff’s order')
  await page.getByRole('button', { name: '退款', exact: true }).click()
  await page.getByRole('dialog').getByText(EVIL).waitFor()
  await must('the refund')
})

inBrowser('the shop’s side leads to the description of the interface', async (page, { context }) => {
  await page.goto('/admin.html')
  const opened = context.waitForEvent('page')
  await page.getByRole('link', { name: '接口文档' }).click()
  const docs = await opened
  await docs.waitForLoadState('networkidle')
  assert.match(new URL(docs.url()).pathname, /^\/docs\/?$/)
  await docs.getByText('/v1/orders/processing').first().waitFor()
})

test('a page that asks for something elsewhere is noticed, and stopped', async () => {
  const browser = await openBrowser(shop)
  try {
    await browser.page.goto('/')
    const asked = await browser.page.evaluate(() => fetch('http://localhost:9/').then(() => 'answered', () => 'stopped'))
    assert.equal(asked, 'stopped')
    assert.match(browser.complaints.join('\n'), /localhost:9/)
  } finally {
    await browser.close()
  }
})
