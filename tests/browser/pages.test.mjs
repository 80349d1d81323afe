/** Every page, on a PC and on a phone: usable by all, complete, quiet, and deaf to scripts in names. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { mustBeAccessible, openBrowser, picture, signIn, submit } from './buyer.mjs'
import { startShop } from './program.mjs'

let shop
before(async () => {
  shop = await startShop()
})
after(() => shop?.stop())

for (const [width, height] of [[1280, 800], [390, 844]]) {
  test(`every page at ${width} pixels`, async () => {
    const browser = await openBrowser(shop, { width, height })
    const { page } = browser
    try {
      const look = async (name, path) => {
        if (path !== undefined) await page.goto(path)
        await page.waitForLoadState('networkidle')
        const beyond = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
        assert.ok(beyond <= 0, `${name} is ${beyond} pixels wider than the window`)
        await picture(page, name)
        await mustBeAccessible(page)
      }
      await look('index', '/')
      await look('catalog', '/index.html?catalog=5')
      await look('product_details', '/product_details.html?sku_id=1')
      await look('login', '/login.html')
      await look('cart-empty', '/cart.html')
      await signIn(page)
      await look('cart', '/cart.html')
      await look('addressAdmin', '/addressAdmin.html')
      await page.getByRole('button', { name: '新增收货地址' }).click()
      await page.getByRole('dialog').waitFor()
      await look('address-dialog')
      await page.getByRole('button', { name: '保存' }).click()
      await page.getByText('请填写收货人').waitFor()
      await look('address-dialog-wrong')
      await look('orderConfirm', '/orderConfirm.html?settlement_type=1&sku_id=15&buy_num=1')
      const number = await submit(page)
      await look('payment')
      await look('myOrder-1', '/myOrder.html?order_status=1')
      await look('myOrder-detail', `/myOrder.html?order_id=${number}`)
      await page.getByRole('button', { name: '取消订单' }).click()
      await page.getByRole('dialog').waitFor()
      await look('myOrder-cancel')
      await look('pay_success-asking', `/pay_success.html?order_id=${number}`)
      await look('pay_success-unsure', '/pay_success.html?order_id=2020010100000000')
      await page.goto(`/payment.html?order_id=${number}`)
      await page.getByRole('button', { name: '确认支付' }).click()
      await page.locator('#pay').click()
      await page.waitForURL(/pay_success\.html/)
      await page.getByRole('heading', { name: '支付成功' }).waitFor()
      await look('pay_success')
      await look('myOrder-2', '/myOrder.html?order_status=2')
      await look('admin-sign-in', '/admin.html')
      await page.goto('about:blank')
      await look('admin', shop.staffLink())
      await look('admin-order', `/admin.html?order=${number}`)
      await page.getByRole('button', { name: '发货' }).click()
      await page.getByRole('dialog').waitFor()
      await look('admin-ship')
      await page.getByLabel('运单号').fill('SF1020304050')
      await page.getByRole('button', { name: '确认发货' }).click()
      await page.locator('.tag', { hasText: '待收货' }).waitFor()
      await look('myOrder-3', '/myOrder.html?order_status=3')
      await page.getByRole('button', { name: '确认收货' }).click()
      await page.getByRole('dialog').waitFor()
      await look('myOrder-receipt')
      await page.getByRole('button', { name: '已收到货' }).click()
      await look('myOrder-4', '/myOrder.html?order_status=4')
      await page.goto(`/admin.html?order=${number}`)
      await page.getByRole('button', { name: '退款', exact: true }).click()
      await page.getByRole('dialog').waitFor()
      await look('admin-refund')
      await page.getByLabel('退款原因').fill('质量问题')
      await page.getByRole('button', { name: '确认退款' }).click()
      await page.locator('.tag', { hasText: '已退款' }).waitFor()
      await look('admin-refunded')
      await look('pay_success-refunded', `/pay_success.html?order_id=${number}`)
      await look('myOrder-6', '/myOrder.html?order_status=6')
      await look('myOrder-5', '/myOrder.html?order_status=5')
      await look('myOrder', '/myOrder.html')
      await look('myOrder-ended', `/myOrder.html?order_id=${number}`)
      assert.deepEqual(browser.complaints, [])
    } finally {
      await browser.close()
    }
  })
}

test('nothing that goods are called runs', async () => {
  const browser = await openBrowser(shop)
  const { page, context } = browser
  try {
    const evil = '<img src=x onerror=window.hacked=1><script>window.hacked=1</script>'
    await context.route('**/v1/goods/**', async (route) => {
      const answer = await route.fetch()
      const text = JSON.stringify(await answer.json(), (key, value) => (['name', 'caption', 'catalog_name'].includes(key) ? evil : value))
      await route.fulfill({ response: answer, body: text })
    })
    for (const path of ['/', '/index.html?catalog=1', '/product_details.html?sku_id=1']) {
      await page.goto(path)
      await page.getByText(evil).first().waitFor()
      assert.equal(await page.evaluate(() => globalThis.hacked), undefined, path)
    }
    await page.getByRole('button', { name: '加入购物车' }).click()
    await page.goto('/cart.html')
    await page.getByText(evil).first().waitFor()
    assert.equal(await page.evaluate(() => globalThis.hacked), undefined, 'the cart')
  } finally {
    await browser.close()
  }
})
