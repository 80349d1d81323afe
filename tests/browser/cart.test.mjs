/** The cart: one call sets a count, and unavailable goods are shown and removed. */
import assert from 'node:assert/strict'
import { after, before } from 'node:test'

import { BACKPACK, PHONE, inBrowserOf, lookAt, signIn } from './buyer.mjs'
import { startShop } from './program.mjs'

/** Goods that no test has ordered. */
const [DELETED, OFF_SHELF, DELETED_LATER] = [31, 32, 33]

let shop
before(async () => {
  shop = await startShop()
})
after(() => shop?.stop())

const inBrowser = inBrowserOf(() => shop)
const onPhone = inBrowserOf(() => shop, PHONE)

/** Fills a buyer's cart with exactly these lines. */
async function fill(username, lines) {
  const before = await shop.cart(username)
  if (before.length > 0) await shop.cart(username, 'DELETE', { sku_ids: before.map((line) => line.id) })
  for (const [sku, count] of lines) await shop.cart(username, 'POST', { sku_id: sku, count })
}

inBrowser('a count is set in one call, which cannot lose the goods', async (page) => {
  await fill('demo', [[BACKPACK, 9]])
  await signIn(page)
  await page.goto('/cart.html')
  const count = page.getByRole('spinbutton')
  await count.waitFor()
  const changes = []
  page.on('request', (request) => request.method() !== 'GET' && changes.push([request.method(), request.postDataJSON()]))
  const answered = page.waitForResponse((answer) => answer.request().method() !== 'GET')
  await count.fill('2')
  await count.press('Enter')
  await answered
  assert.deepEqual(changes, [['PUT', { state: 'set', sku_id: BACKPACK, count: 2 }]])
  assert.deepEqual((await shop.cart('demo')).map((line) => [line.id, line.count, line.selected]), [[BACKPACK, 2, 1]])
})

for (const [name, run] of [['a PC', inBrowser], ['a phone', onPhone]]) {
  run(`what cannot be bought any more is shown on ${name}, keeps nothing from being ordered, and is removed at once`, async (page) => {
    const [deleted, offShelf] = name === 'a PC' ? [DELETED, OFF_SHELF] : [DELETED + 3, OFF_SHELF + 3]
    await fill('demo', [[BACKPACK, 1], [deleted, 2], [offShelf, 1]])
    shop.remove(deleted)
    shop.takeOffShelf(offShelf)
    await signIn(page)
    await page.goto('/cart.html')
    const gone = page.getByRole('region', { name: '失效商品' })
    await gone.waitFor()
    assert.equal(await gone.getByRole('listitem').count(), 2)
    for (const words of ['商品不存在', '商品已下架', `商品编号 ${deleted}`]) await gone.getByText(words).waitFor()
    await page.getByText('已选 1 件').waitFor()
    await lookAt(page, 'cart-gone')

    await page.getByRole('button', { name: '去结算' }).click()
    await page.waitForURL(/orderConfirm\.html/)
    await page.getByRole('heading', { name: '确认商品' }).waitFor()
    assert.ok(await page.getByRole('button', { name: '提交订单' }).isEnabled())

    await page.goto('/cart.html')
    await gone.getByRole('button', { name: '清空失效商品' }).click()
    await gone.waitFor({ state: 'detached' })
    assert.deepEqual((await shop.cart('demo')).map((line) => line.id), [BACKPACK])
    assert.notEqual(await page.evaluate(() => document.activeElement?.tagName), 'BODY', 'the keyboard goes on from there')
  })
}

inBrowser('what is deleted between cart and confirmation is removed there', async (page) => {
  await fill('demo', [[BACKPACK, 1], [DELETED_LATER, 1]])
  await signIn(page)
  shop.remove(DELETED_LATER)
  await page.goto('/orderConfirm.html?settlement_type=0')
  await page.getByText('有选中的商品已失效').waitFor()
  await lookAt(page, 'orderConfirm-gone')
  const order = page.getByRole('button', { name: '提交订单' })
  assert.ok(await order.isDisabled())
  await page.getByRole('button', { name: '移除失效商品' }).click()
  await page.getByText('有选中的商品已失效').waitFor({ state: 'detached' })
  assert.ok(await order.isEnabled())
  assert.deepEqual((await shop.cart('demo')).map((line) => line.id), [BACKPACK])
})

inBrowser('what the browser kept for the way back is read anew', async (page) => {
  await signIn(page)
  const comeBack = () => page.evaluate(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })))
  await fill('demo', [[BACKPACK, 1]])
  await page.goto('/cart.html')
  await page.getByText('已选 1 件').waitFor()
  await shop.cart('demo', 'POST', { sku_id: BACKPACK, count: 2 })
  await comeBack()
  await page.getByText('已选 3 件').waitFor()

  await page.goto(`/product_details.html?sku_id=${BACKPACK}`)
  await page.getByRole('link', { name: '购物车，1 种商品' }).waitFor()
  await fill('demo', [])
  await comeBack()
  await page.getByRole('link', { name: '购物车，0 种商品' }).waitFor()
})

inBrowser('an old address without a tag can be saved as it is', async (page) => {
  await signIn(page)
  await page.route('**/v1/users/*/address', async (route) => {
    if (route.request().method() !== 'GET') return route.fallback()
    const answer = await route.fetch()
    const book = await answer.json()
    await route.fulfill({ json: { ...book, addresslist: book.addresslist.map((entry) => ({ ...entry, tag: '' })) } })
  })
  await page.goto('/addressAdmin.html')
  await page.getByRole('button', { name: /^修改/ }).first().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('radio', { name: '其他', checked: true }).waitFor()
  assert.deepEqual(await dialog.locator('.el-radio-button').allInnerTexts(), ['家', '公司', '学校', '其他'])
  await lookAt(page, 'address-dialog-untagged')
  await dialog.getByRole('button', { name: '保存' }).click()
  await page.getByText('收货地址已保存').waitFor()
})

onPhone('province, city and county are chosen on a phone', async (page) => {
  await signIn(page)
  await page.goto('/addressAdmin.html')
  await page.getByRole('button', { name: '新增收货地址' }).tap()
  await page.getByLabel('收货人').fill('林小满')
  await page.getByLabel('手机号码').fill('13800138000')
  for (const [level, name] of [['省份', '新疆维吾尔自治区'], ['城市', '巴音郭楞蒙古自治州'], ['区县', '焉耆回族自治县']]) {
    const list = page.getByLabel(level)
    const { x, width } = await list.boundingBox()
    assert.ok(x >= 0 && x + width <= 390, `${level} is within the window`)
    assert.ok(await list.evaluate((field) => Number.parseFloat(getComputedStyle(field).fontSize)) >= 16, 'no zoom')
    await list.selectOption(name)
  }
  await page.getByLabel('详细地址').fill('团结路1号')
  await lookAt(page, 'address-dialog-region')
  await page.getByRole('button', { name: '保存' }).tap()
  await page.getByText('新疆维吾尔自治区巴音郭楞蒙古自治州焉耆回族自治县团结路1号').waitFor()
})
