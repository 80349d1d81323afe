/** Losses on the way: answers, parts of a page, sign-ins in other tabs. */
import assert from 'node:assert/strict'
import { after, before } from 'node:test'

import { BACKPACK, inBrowserOf, lookAt, see, signIn, signInStaff, submit, toCashier } from './buyer.mjs'
import { startShop } from './program.mjs'

/** Another SKU that is in no cart. */
const OTHER = 31
const LOST = [/ERR_FAILED/]

let shop
before(async () => {
  shop = await startShop()
})
after(() => shop?.stop())

const inBrowser = inBrowserOf(() => shop)
const confirmation = `/orderConfirm.html?settlement_type=1&sku_id=${BACKPACK}&buy_num=1`

/** Lets the next such request reach the shop, and loses its answer. */
async function loseAnswer(page, isMeant) {
  let isOver = false
  await page.route('**/v1/**', async (route) => {
    if (isOver || !isMeant(route.request())) return route.fallback()
    isOver = true
    await route.fetch()
    await route.abort()
  })
}

inBrowser('goods that are bought directly are ordered once where the answer is lost', async (page) => {
  await signIn(page)
  await page.goto(confirmation)
  const before = await shop.orders('demo')
  const made = async () => (await shop.orders('demo')).filter((number) => !before.includes(number))
  await loseAnswer(page, (request) => request.method() === 'POST' && request.url().includes('processing'))
  const button = page.getByRole('button', { name: '提交订单' })
  await button.click()
  await see(page, '没有收到提交结果，订单可能已生成')
  await lookAt(page, 'orderConfirm-lost')
  assert.equal((await made()).length, 1)

  await page.reload()
  await page.locator('label.choice').nth(1).click()
  await button.click()
  await see(page, '上次提交这件商品时没有收到结果')
  await lookAt(page, 'orderConfirm-doubt')
  assert.ok(await button.isDisabled())
  await page.locator('label.choice').nth(0).click()
  assert.deepEqual([await submit(page)], await made(), 'the order of before')

  await page.goto(confirmation)
  await submit(page)
  assert.equal((await made()).length, 2, 'what is bought again is another order')
}, LOST)

inBrowser('a cart whose order had no answer is not said to be empty', async (page) => {
  await signIn(page)
  await shop.cart('demo', 'POST', { sku_id: OTHER, count: 1 })
  await page.goto('/orderConfirm.html?settlement_type=0')
  const before = await shop.orders('demo')
  const made = async () => (await shop.orders('demo')).filter((number) => !before.includes(number))
  await loseAnswer(page, (request) => request.method() === 'POST' && request.url().includes('processing'))
  const button = page.getByRole('button', { name: '提交订单' })
  await button.click()
  await see(page, '没有收到提交结果，订单可能已生成')
  const [number, ...others] = await made()
  assert.deepEqual(others, [])

  await page.locator('label.choice').nth(1).click()
  await button.click()
  await button.waitFor({ state: 'detached' })
  for (let times = 0; times < 2; times += 1) {
    await page.getByRole('alert').getByText('没有收到提交结果，订单可能已生成，请到「我的订单」查看').waitFor()
    assert.equal(await page.getByText('购物车中没有选中的商品').count(), 0)
    await page.reload()
  }
  await lookAt(page, 'orderConfirm-cart-lost')
  await page.getByRole('link', { name: '查看我的订单' }).click()
  await page.getByRole('article', { name: `订单${number}` }).waitFor()
  assert.deepEqual(await made(), [number])
}, LOST)

inBrowser('a refund is made once where its answer is lost, and what was typed stays', async (page, { context }) => {
  await signIn(page)
  await page.goto(confirmation)
  const number = await submit(page)
  await toCashier(page)
  await page.locator('#pay').click()
  await see(page, '付款成功')
  const [{ total_amount: total }] = await shop.trades(number)
  const most = (Number(total) * 0.6).toFixed(2)

  const staff = await context.newPage()
  await signInStaff(staff, shop)
  await staff.goto(`/admin.html?order=${number}`)
  const dialog = staff.getByRole('dialog', { name: '退款' })
  const confirm = dialog.getByRole('button', { name: '确认退款' })
  await staff.getByRole('button', { name: '退款', exact: true }).click()
  await dialog.getByLabel('退款金额').fill(most)
  await dialog.getByLabel('退款原因').fill('质量问题')
  await dialog.getByRole('button', { name: '增加' }).or(dialog.locator('.el-input-number__increase')).first().click()

  // At first, reloading the page fails too.
  let isCut = false
  let go
  const isAsked = new Promise((asked) => {
    void staff.route('**/v1/admin/orders/**', async (route) => {
      if (!isCut && route.request().method() === 'POST') {
        isCut = true
        asked()
        await new Promise((then) => {
          go = then
        })
        await route.fetch()
      } else if (!isCut) return route.fallback()
      await route.abort()
    })
  })
  await confirm.click()
  await isAsked
  await staff.keyboard.press('Escape')
  await dialog.locator('.el-dialog__headerbtn').click()
  assert.ok(await dialog.getByRole('button', { name: '返回' }).isDisabled())
  go()
  await see(staff, '的退款没有收到结果')
  await see(staff, '以下是之前的内容')
  assert.equal(await dialog.getByLabel('退款金额').inputValue(), most)
  await lookAt(staff, 'admin-refund-lost')
  await staff.unroute('**/v1/admin/orders/**')
  await dialog.getByLabel('退款原因').fill('质量问题，已协商')
  await confirm.click()
  await see(staff, '退款成功')
  await dialog.waitFor({ state: 'detached' })
  const [{ refunds }] = await shop.trades(number)
  assert.deepEqual(refunds.map(({ amount }) => amount), [most])
}, LOST)

inBrowser('an order that was paid before it was asked for again is told, and the same can be bought once more', async (page) => {
  await signIn(page)
  await page.goto(confirmation)
  const before = await shop.orders('demo')
  const made = async () => (await shop.orders('demo')).filter((number) => !before.includes(number))
  await loseAnswer(page, (request) => request.method() === 'POST' && request.url().includes('processing'))
  await page.getByRole('button', { name: '提交订单' }).click()
  await see(page, '没有收到提交结果')
  const [number] = await made()
  await page.goto(`/payment.html?order_id=${number}`)
  await toCashier(page)
  await page.locator('#pay').click()
  await see(page, '付款成功')

  await page.goto(confirmation)
  await page.getByRole('button', { name: '提交订单' }).click()
  await see(page, '本次没有重复下单')
  await page.getByRole('link', { name: number }).waitFor()
  await lookAt(page, 'orderConfirm-earlier')
  assert.equal((await made()).length, 1)
  await submit(page)
  assert.equal((await made()).length, 2)
}, LOST)

inBrowser('pieces come back once where the answer is lost, and again where staff say so', async (page, { context }) => {
  await signIn(page)
  await page.goto(confirmation.replace('buy_num=1', 'buy_num=4'))
  const number = await submit(page)
  await toCashier(page)
  await page.locator('#pay').click()
  await see(page, '付款成功')

  const staff = await context.newPage()
  await signInStaff(staff, shop)
  await staff.goto(`/admin.html?order=${number}`)
  await staff.getByRole('button', { name: '发货', exact: true }).click()
  await staff.getByLabel('运单号').fill('SF1234567890')
  await staff.getByRole('button', { name: '确认发货' }).click()

  const dialog = staff.getByRole('dialog', { name: '退货入库' })
  const confirm = dialog.getByRole('button', { name: '确认入库' })
  const isReturn = (request) => request.method() === 'POST' && request.url().endsWith('/returns')
  const loseReturn = async () => {
    await loseAnswer(staff, isReturn)
    await staff.getByRole('button', { name: '退货入库' }).click()
    await dialog.locator('.el-input-number__increase').click()
    await confirm.click()
    await see(staff, '1 件的入库没有收到结果')
  }
  await loseReturn()
  await see(staff, '已退回库存 1 件')
  await lookAt(staff, 'admin-return-lost')
  await confirm.click()
  await see(staff, '没有重复入库')
  await dialog.waitFor({ state: 'detached' })
  await see(staff, '已退回库存 1 件')

  await loseReturn()
  await see(staff, '已退回库存 2 件')
  await dialog.getByRole('button', { name: '已核对，另行入库' }).click()
  await confirm.click()
  await see(staff, '已退回库存 3 件')
  await dialog.waitFor({ state: 'detached' })

  // The order's record is as good as the answer.
  await loseAnswer(staff, (request) => request.method() === 'POST' && request.url().endsWith('/refunds'))
  await staff.getByRole('button', { name: '退款', exact: true }).click()
  const refund = staff.getByRole('dialog', { name: '退款' })
  await refund.getByLabel('退款金额').fill('1.00')
  await refund.getByLabel('退款原因').fill('质量问题')
  await refund.getByRole('button', { name: '确认退款' }).click()
  await see(staff, '¥1.00 的退款已有记录')
  await refund.waitFor({ state: 'detached' })
  await staff.getByRole('button', { name: '退款', exact: true }).click()
  assert.equal(await refund.getByRole('alert').count(), 0)
  const [{ refunds }] = await shop.trades(number)
  assert.deepEqual(refunds.map(({ amount }) => amount), ['1.00'])
}, LOST)

inBrowser('what another search has found is not shown where one fails', async (page) => {
  await signInStaff(page, shop)
  const rows = page.locator('main tbody tr')
  await rows.first().waitFor()
  await page.route('**/v1/admin/orders?*', (route) => route.abort())
  await page.getByLabel('用户名').fill('nobody')
  await page.getByRole('button', { name: '查询' }).click()
  await see(page, '没有加载成功')
  assert.equal(await rows.count(), 0)
  await page.unroute('**/v1/admin/orders?*')
  await page.getByRole('button', { name: '重新加载' }).click()
  await see(page, '没有符合条件的订单')
}, LOST)

inBrowser('whoever signs out in one tab is signed out in all of them, and the next buyer is not', async (page, { context }) => {
  await signIn(page)
  await page.goto('/myOrder.html')
  await page.getByRole('heading', { name: '我的订单' }).waitFor()
  const tab = await context.newPage()
  await tab.goto('/')
  await tab.getByRole('button', { name: '退出' }).click()
  await page.waitForURL(/login\.html\?next=myOrder\.html/)
  await signIn(tab, 'xiaoda')
  // Even if the sign-in page came in between.
  await page.waitForURL((url) => url.pathname === '/myOrder.html')
  await page.getByText('xiaoda').first().waitFor()
})

inBrowser('a part of a page that did not come is tried again, and an address is one line', async (page) => {
  await signIn(page)
  await page.goto('/addressAdmin.html')
  const add = page.getByRole('button', { name: '新增收货地址' })
  const part = '**/AddressDialog-*.js'
  await page.route(part, (route) => route.abort())
  await add.click()
  await see(page, '网络连接失败')
  await page.unroute(part)
  // The regions arrive after the user has typed.
  let arrive
  const arrived = new Promise((then) => {
    arrive = then
  })
  await page.route('**/element-china-area-data-*.js', async (route) => {
    await arrived
    await route.continue()
  })
  await add.click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('收货人').fill('𠮷田')
  await dialog.getByLabel('手机号码').fill('13800138000')
  await see(page, '不支持字符「𠮷」')
  await dialog.getByLabel('收货人').fill('吉田')
  await dialog.getByLabel('详细地址').fill('漕溪北路88号\n3单元')
  arrive()
  await dialog.getByLabel('省份').selectOption('上海市')
  await dialog.getByLabel('区县').selectOption('徐汇区')
  assert.equal(await dialog.getByLabel('详细地址').inputValue(), '漕溪北路88号 3单元')
  await dialog.getByRole('button', { name: '保存' }).click()
  await see(page, '上海市徐汇区漕溪北路88号 3单元')
}, LOST)

inBrowser('what was not ticked before sign-in is not ordered after it, and a count that was just typed is', async (page) => {
  const before = await shop.cart('xiaoda')
  if (before.length > 0) await shop.cart('xiaoda', 'DELETE', { sku_ids: before.map((line) => line.id) })
  for (const sku of [BACKPACK, OTHER]) {
    await page.goto(`/product_details.html?sku_id=${sku}`)
    await page.getByRole('button', { name: '加入购物车' }).click()
    await see(page, '已加入购物车')
  }
  await page.goto('/cart.html')
  await page.locator('.row').first().locator('.el-checkbox').click()
  await see(page, '已选 1 件')
  await page.goto('/login.html?next=cart.html')
  await signIn(page, 'xiaoda')
  await see(page, '已选 1 件')
  assert.deepEqual((await shop.cart('xiaoda')).map((line) => [line.id, line.selected]).sort(), [[BACKPACK, 1], [OTHER, 0]])

  await page.locator('.row:not(.quiet)').getByRole('spinbutton').fill('3')
  await page.getByRole('button', { name: '去结算' }).click()
  await page.waitForURL(/orderConfirm\.html/)
  await see(page, '商品合计（3 件）')
})

inBrowser('the pages of a catalog follow the browser’s way back and forth', async (page) => {
  // The demo shop has too few goods for this.
  await page.route('**/v1/goods/catalogs/**', async (route) => {
    const answer = await route.fetch({ url: route.request().url().replace(/page=\d+/, 'page=1') })
    const { paginator, ...rest } = await answer.json()
    await route.fulfill({ json: { ...rest, paginator: { ...paginator, total: 20 } } })
  })
  await page.goto('/')
  await page.goto('/index.html?catalog=5')
  const isAt = (number) => page.locator('.el-pager .is-active', { hasText: String(number) }).waitFor()
  await isAt(1)
  await page.locator('.el-pager .number').nth(1).click()
  await isAt(2)
  await page.goBack()
  await isAt(1)
  await page.goForward()
  await isAt(2)
  await page.goBack()
  await isAt(1)
  await page.goBack()
  await page.waitForURL((url) => url.search === '')
})
