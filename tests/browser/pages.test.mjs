/** Every page, on a PC and on a phone: accessible, complete, without errors, and safe from scripts in names. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { mustBeAccessible, openBrowser, picture, signIn, signInStaff, submit } from './buyer.mjs'
import { startShop } from './program.mjs'

/** Controls with another font than the page's, or with letters so small that iOS zooms in on a phone. Runs in the page. */
function wrongControls(width) {
  const font = getComputedStyle(document.body).fontFamily
  const wrong = []
  for (const control of document.querySelectorAll('button, input, select, textarea')) {
    const style = getComputedStyle(control)
    const isTyped = !['BUTTON'].includes(control.tagName) && !['checkbox', 'radio'].includes(control.type)
    if (style.fontFamily !== font) wrong.push(`${control.className}: ${style.fontFamily}`)
    if (width < 641 && isTyped && Number.parseFloat(style.fontSize) < 16) wrong.push(`${control.className}: ${style.fontSize}`)
  }
  return wrong
}

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
        assert.deepEqual(await page.evaluate(wrongControls, width), [], name)
        await mustBeAccessible(page)
      }
      const settled = async (words) => {
        await page.getByRole('alert').getByText(words).waitFor()
        assert.equal(await page.getByRole('button', { name: '重新加载' }).count(), 0, 'trying again does not help')
      }
      await look('index', '/')
      await look('catalog', '/index.html?catalog=5')
      await look('product_details', '/product_details.html?sku_id=1')
      await look('product-unknown', '/product_details.html?sku_id=9999')
      await settled('商品不存在或已下架')
      await look('login', '/login.html')
      await look('cart-empty', '/cart.html')
      await signIn(page)
      await look('cart', '/cart.html')
      for (const path of ['/myOrder.html?order_id=abc', '/myOrder.html?order_id=2020010100000000', '/payment.html?order_id=abc']) {
        await page.goto(path)
        await settled('订单不存在')
      }
      await look('order-unknown')
      await shop.cart('demo', 'PUT', { state: 'unselectall' })
      await look('nothing-ticked', '/orderConfirm.html?settlement_type=0')
      await settled('购物车中没有选中的商品')
      await shop.cart('demo', 'PUT', { state: 'selectall' })
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
      await page.getByRole('button', { name: '确认付款' }).click()
      await page.locator('#pay').click()
      await page.waitForURL(/pay_success\.html/)
      await page.getByRole('heading', { name: '付款成功' }).waitFor()
      await look('pay_success')
      await look('myOrder-2', '/myOrder.html?order_status=2')
      await look('admin-sign-in', '/admin.html')
      await signInStaff(page, shop)
      await look('admin')
      await look('admin-order-unknown', '/admin.html?order=2020010100000000')
      await settled('订单不存在')
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
      // The browser itself logs that the order does not exist.
      const unforeseen = browser.complaints.filter((complaint) => !/order=2020010100000000: .*404/.test(complaint))
      assert.deepEqual(unforeseen, [])
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
