/** Buyers and staff use a shop, from the front page to 已完成, with everything that may go wrong in between. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before } from 'node:test'

import { BACKPACK, inBrowserOf, lookAt, see, signIn, signInStaff, submit, toCashier, toCashierAfter, watchFor } from './buyer.mjs'
import { startShop } from './program.mjs'

/** Only two pieces are in stock; one buyer's cart has three. */
const SCARCE = 26

let shop
before(async () => {
  shop = await startShop()
})
after(() => shop?.stop())

const inBrowser = inBrowserOf(() => shop)

/** Orders one SKU directly and stops before the payment. */
async function order(page, sku = BACKPACK, pieces = 1) {
  await page.goto(`/orderConfirm.html?settlement_type=1&sku_id=${sku}&buy_num=${pieces}`)
  return submit(page)
}

inBrowser('from the front page to the confirmed receipt', async (page) => {
  await page.goto('/')
  await page.locator('a.goods').first().click()
  await page.getByRole('button', { name: '粉色' }).click()
  await page.getByRole('button', { name: '粉色', pressed: true }).waitFor()
  await page.getByRole('button', { name: '增加' }).or(page.locator('.el-input-number__increase')).first().click()
  await page.getByRole('button', { name: '加入购物车' }).click()
  await see(page, '已加入购物车')

  await page.goto('/cart.html')
  await see(page, '已选 2 件')
  await page.locator('.el-input-number__increase').click()
  await see(page, '已选 3 件')
  await page.getByRole('button', { name: '去结算' }).click()
  await page.waitForURL(/login\.html\?next=/)
  await signIn(page)
  await page.waitForURL(/orderConfirm\.html/)

  const number = await submit(page)
  await page.locator('[role=timer]').waitFor()
  await toCashier(page)
  await page.locator('#pay').click()
  await page.waitForURL(/pay_success\.html/)
  await see(page, '付款成功')
  await page.getByRole('link', { name: '查看订单' }).click()
  await page.locator('.tag.going', { hasText: '待发货' }).waitFor()

  shop.run('ship', number, '--carrier', '顺丰速运', '--tracking-number', 'SF1020304050')
  await page.reload()
  await see(page, 'SF1020304050')
  await page.getByRole('button', { name: '确认收货' }).click()
  await page.getByRole('button', { name: '已收到货' }).click()
  await page.locator('.tag.done', { hasText: '已完成' }).waitFor()
  await see(page, '已确认收货')
})

inBrowser('without an address, one is added within the confirmation', async (page) => {
  await signIn(page, 'xiaoda')
  await page.goto('/addressAdmin.html')
  for (let left = 2; left > 0; left -= 1) {
    await page.locator('li.entry').nth(left - 1).waitFor()
    await page.getByRole('button', { name: /^删除/ }).first().click()
    await page.getByRole('dialog').getByRole('button', { name: '删除' }).click()
    await page.locator('li.entry').nth(left - 1).waitFor({ state: 'detached' })
  }
  await page.goto(`/orderConfirm.html?settlement_type=1&sku_id=${BACKPACK}&buy_num=1`)
  await see(page, '您还没有收货地址')
  assert.ok(await page.getByRole('button', { name: '提交订单' }).isDisabled())
  await page.getByRole('button', { name: '添加收货地址', exact: true }).click()
  await page.getByRole('button', { name: '保存' }).click()
  await see(page, '请填写收货人')
  await page.getByLabel('收货人').fill('达小达')
  await page.getByLabel('手机号码').fill('13800138000')
  await page.getByLabel('省份').selectOption('上海市')
  await page.getByLabel('区县').selectOption('徐汇区')
  await page.getByLabel('详细地址').fill('漕溪北路88号<img src=x onerror=window.hacked=1>')
  await page.getByRole('button', { name: '保存' }).click()
  await see(page, '寄送至：上海市徐汇区漕溪北路88号<img')
  await submit(page)
  await page.goto('/myOrder.html')
  await page.getByRole('link', { name: '订单详情' }).first().click()
  await see(page, '漕溪北路88号<img')
  await page.goto('/addressAdmin.html')
  await see(page, '漕溪北路88号<img')
  assert.equal(await page.evaluate(() => globalThis.hacked), undefined, 'what somebody typed is text')
})

inBrowser('short stock is said by the name of the goods', async (page) => {
  await signIn(page)
  await page.goto(`/orderConfirm.html?settlement_type=1&sku_id=${SCARCE}&buy_num=3`)
  const name = (await (await fetch(`${shop.url}/v1/goods/detail/${SCARCE}`)).json()).data.name
  const button = page.getByRole('button', { name: '提交订单' })
  await button.or(page.getByRole('alert')).first().waitFor()
  if (await button.isVisible()) {
    await button.click()
    await see(page, `「${name}」库存不足`)
  } else {
    await see(page, '库存不足')
  }
  assert.match(page.url(), /orderConfirm\.html/)
})

inBrowser('a double click orders once', async (page) => {
  await signIn(page)
  await page.goto(`/orderConfirm.html?settlement_type=1&sku_id=${BACKPACK}&buy_num=1`)
  const before = await shop.orders('demo')
  const creations = []
  page.on('request', (request) => request.method() === 'POST' && request.url().includes('processing') && creations.push(request))
  await page.getByRole('button', { name: '提交订单' }).dblclick()
  await page.waitForURL(/payment\.html/)
  const keys = new Set(creations.map((request) => request.headers()['idempotency-key']))
  assert.equal(keys.size, 1, 'one confirmation has one key')
  assert.match([...keys][0], /^[0-9a-f-]{36}$/)
  const paid = new URL(page.url()).searchParams.get('order_id')
  assert.deepEqual((await shop.orders('demo')).filter((number) => !before.includes(number)), [paid], 'one order')
})

inBrowser('an order is cancelled after a question, and cannot be paid from an old tab', async (page, { context }) => {
  await signIn(page)
  const number = await order(page)
  await toCashier(page)
  const other = await context.newPage()
  await other.goto(`/myOrder.html?order_id=${number}`)
  await other.getByRole('button', { name: '取消订单' }).click()
  await other.getByRole('button', { name: '再想想' }).click()
  await other.getByRole('dialog').waitFor({ state: 'detached' })
  await other.locator('.tag.waiting', { hasText: '待付款' }).waitFor()
  await other.getByRole('button', { name: '取消订单' }).click()
  await other.getByPlaceholder('取消原因').fill('买错了')
  await other.getByRole('dialog').getByRole('button', { name: '取消订单' }).click()
  await other.locator('.tag.over', { hasText: '已取消' }).waitFor()
  await see(other, '买错了')

  await page.locator('#pay').click()
  await see(page, '无法付款')
  await page.goto(`/pay_success.html?order_id=${number}`)
  await page.getByRole('heading', { name: '订单已取消' }).waitFor()
  assert.equal(await page.getByText('付款成功').count(), 0)
  await page.goto(`/payment.html?order_id=${number}`)
  await see(page, '订单已取消，不能付款')
})

inBrowser('an order that is paid after its deadline comes back to life, and the buyer is told', async (page) => {
  await signIn(page)
  const isClaimed = await watchFor(page, '付款成功')
  const number = await order(page)
  await toCashierAfter(page, () => shop.expire('demo', number))
  assert.ok(!isClaimed(), 'nothing is paid yet')
  await page.locator('#pay').click()
  await page.getByRole('heading', { name: '付款成功，订单已恢复' }).waitFor()
  assert.ok(isClaimed(), 'it is paid')
  await see(page, '收到付款时订单已取消，商品仍有库存')
  await lookAt(page, 'pay_success-revived')
  await page.getByRole('link', { name: '查看订单' }).click()
  await page.locator('.tag.going', { hasText: '待发货' }).waitFor()
  for (const told of ['取消后收到付款，订单已恢复', '超过付款期限，订单自动取消']) await see(page, told)
  const [trade] = await shop.trades(number)
  assert.deepEqual([trade.paid, trade.refunds], [true, []])
})

inBrowser('an order that is paid after its deadline and is sold out stays cancelled, and the money goes back', async (page, { context }) => {
  await signIn(page)
  const isClaimed = await watchFor(page, '付款成功')
  const number = await order(page, SCARCE, 2)
  await toCashierAfter(page, async () => {
    await shop.expire('demo', number)
    // Another buyer orders the last two.
    await order(await context.newPage(), SCARCE, 2)
  })
  await page.locator('#pay').click()
  await page.getByRole('heading', { name: /^订单已取消，款项(?:正在|已)退回$/ }).waitFor()
  await page.getByRole('heading', { name: '订单已取消，款项已退回' }).waitFor()
  await see(page, '收到付款时订单已取消，')
  await lookAt(page, 'pay_success-returned')
  const [trade] = await shop.trades(number)
  assert.deepEqual(trade.refunds.map(({ amount }) => amount), [trade.total_amount])

  const words = `¥${trade.total_amount} 已原路退回您的支付宝账号`
  await see(page, words)
  await page.getByRole('link', { name: '查看订单' }).click()
  await page.locator('.tag.over', { hasText: '已取消' }).waitFor()
  await see(page, words)
  for (const tab of ['', '?order_status=5']) {
    await page.goto(`/myOrder.html${tab}`)
    const card = page.getByRole('article', { name: `订单${number}` })
    await card.getByText(words).waitFor()
    await card.locator('.tag.over', { hasText: '已取消' }).waitFor()
  }
  await lookAt(page, 'myOrder-returned')
  // Nor does a fresh load of the page without Alipay's parameters.
  await page.goto(`/pay_success.html?order_id=${number}`)
  await page.getByRole('heading', { name: '订单已取消，款项已退回' }).waitFor()
  assert.ok(!isClaimed(), 'nothing was bought')
})

inBrowser('a payment that is not known is never claimed', async (page) => {
  await signIn(page)
  const number = await order(page)
  for (const forged of ['', `&out_trade_no=${number}&total_amount=279.00&sign=x&sign_type=RSA2`]) {
    await page.goto(`/pay_success.html?order_id=${number}${forged}`)
    // The next request follows the first answer.
    for (let times = 0; times < 2; times += 1) await page.waitForRequest(/\/v1\/orders\/(?:success|processing)\//)
    await see(page, '正在确认付款结果')
    assert.equal(await page.getByText('付款成功').count(), 0)
  }
})

inBrowser('an expired token leads to sign-in and back', async (page) => {
  await page.goto('/login.html')
  const expired = shop.token('demo', -60)
  await page.evaluate((token) => {
    localStorage.setItem('dashop_user', 'demo')
    localStorage.setItem('dashop_token', token)
  }, expired)
  await page.goto('/myOrder.html?order_status=1')
  await page.waitForURL(/login\.html\?next=myOrder\.html/)
  await signIn(page)
  await page.waitForURL(/myOrder\.html\?order_status=1$/)
  await page.getByRole('tab', { name: '待付款', selected: true }).waitFor()
})

inBrowser('a wrong password is said', async (page) => {
  await page.goto('/login.html')
  await page.getByLabel('用户名').fill('demo')
  await page.getByLabel('密码', { exact: true }).fill('wrong')
  await page.getByRole('button', { name: '登录', exact: true }).click()
  await see(page, '用户名或密码不正确')
})

inBrowser('staff ship, refund a part and then the rest; the buyer sees it', async (page, { context }) => {
  await signIn(page)
  const number = await order(page)
  await toCashier(page)
  await page.locator('#pay').click()
  await see(page, '付款成功')

  const staff = await context.newPage()
  await signInStaff(staff, shop)
  await staff.getByLabel('订单编号').fill(number)
  await staff.getByRole('button', { name: '查询' }).click()
  await staff.getByRole('link', { name: number }).click()
  await staff.getByRole('button', { name: '发货' }).click()
  await staff.getByLabel('运单号').fill('SF777')
  await staff.getByRole('button', { name: '确认发货' }).click()
  await staff.locator('.tag', { hasText: '待收货' }).waitFor()
  await page.goto(`/myOrder.html?order_id=${number}`)
  await see(page, 'SF777')

  const refund = async (amount) => {
    await staff.getByRole('button', { name: '退款', exact: true }).click()
    if (amount) await staff.getByLabel('退款金额').fill(amount)
    await staff.getByLabel('退款原因').fill('质量问题')
    await staff.getByRole('button', { name: '确认退款' }).click()
    await staff.getByRole('button', { name: '确认退款' }).waitFor({ state: 'detached' })
  }
  await refund('9.90')
  await staff.locator('.tag', { hasText: '待收货' }).waitFor()
  await page.reload()
  const told = page.getByRole('region', { name: '退款' })
  for (const words of ['¥9.90', '已退回您的支付宝账号', '原因：质量问题', /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/]) await told.getByText(words).first().waitFor()
  await lookAt(page, 'myOrder-part-refunded')
  await staff.getByRole('link', { name: '返回订单列表' }).click()
  await staff.getByRole('row', { name: number }).getByText('已退 ¥9.90').waitFor()
  await lookAt(staff, 'admin-part-refunded')
  await staff.getByRole('link', { name: number }).click()
  await refund()
  await staff.locator('.tag', { hasText: '已退款' }).waitFor()
  // The goods come back after the refund.
  await staff.getByRole('button', { name: '退货入库' }).click()
  const dialog = staff.getByRole('dialog', { name: '退货入库' })
  await dialog.getByRole('button', { name: '确认入库' }).click()
  await dialog.getByText('请填写退回的件数').waitFor()
  await dialog.locator('.el-input-number__increase').click()
  await lookAt(staff, 'admin-return')
  await dialog.getByRole('button', { name: '确认入库' }).click()
  await staff.getByText('已退回库存 1 件').waitFor()
  assert.equal(await staff.getByRole('button', { name: '退货入库' }).count(), 0, 'nothing is out')
  await page.reload()
  await page.locator('.tag.over', { hasText: '已退款' }).waitFor()

  await staff.goto('/admin.html')
  // The export uses the submitted search, not the text that is typed.
  const exported = async (button) => {
    const [download] = await Promise.all([staff.waitForEvent('download'), staff.getByRole('button', { name: button }).click()])
    return { name: download.suggestedFilename(), content: await readFile(await download.path()) }
  }
  await staff.getByLabel('订单编号').fill(number)
  await staff.getByRole('button', { name: '查询' }).click()
  await staff.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1)
  const table = await exported('导出 CSV')
  assert.match(table.name, /^orders-\d{4}-\d\d-\d\d\.csv$/)
  const [head, ...lines] = table.content.toString().trim().split(/\r?\n/)
  assert.match(head, /"订单编号"/)
  assert.ok(lines.length > 0 && lines.every((line) => line.includes(number)), table.content.toString())
  await staff.getByLabel('订单编号').fill('9'.repeat(16))
  const workbook = await exported('导出 Excel')
  assert.match(workbook.name, /^orders-\d{4}-\d\d-\d\d\.xlsx$/)
  assert.equal(workbook.content.subarray(0, 2).toString(), 'PK')
  const empty = async () => {
    await staff.getByRole('button', { name: '查询' }).click()
    await staff.getByText('没有符合条件的订单').waitFor()
    return exported('导出 Excel')
  }
  assert.ok((await empty()).content.length < workbook.content.length, 'the order is in the workbook')
})

inBrowser('what was not shipped goes back into stock with the money, unless staff keep it', async (page, { context }) => {
  await signIn(page)
  const staff = await context.newPage()
  await signInStaff(staff, shop)
  const dialog = staff.getByRole('dialog', { name: '退款' })
  const paid = async () => {
    const number = await order(page)
    await toCashier(page)
    await page.locator('#pay').click()
    await see(page, '付款成功')
    await staff.goto(`/admin.html?order=${number}`)
    await staff.getByRole('button', { name: '退款', exact: true }).click()
    await dialog.getByLabel('退款原因').fill('买错了')
  }
  const refund = async () => {
    await dialog.getByRole('button', { name: '确认退款' }).click()
    await staff.locator('.tag', { hasText: '已退款' }).waitFor()
  }
  await paid()
  await dialog.getByText('商品将全部退回库存').waitFor()
  await lookAt(staff, 'admin-refund-unshipped')
  await refund()
  await staff.getByText('已退回库存 1 件').waitFor()
  assert.equal(await staff.getByRole('button', { name: '退货入库' }).count(), 0, 'nothing is out')

  await paid()
  await dialog.getByText('商品不退回库存').click()
  assert.equal(await dialog.getByRole('spinbutton').count(), 0)
  await lookAt(staff, 'admin-refund-kept')
  await refund()
  assert.equal(await staff.getByText('已退回库存').count(), 0)
  await staff.getByRole('button', { name: '退货入库' }).click()
  await staff.getByRole('dialog', { name: '退货入库' }).locator('.el-input-number__increase').click()
  await staff.getByRole('button', { name: '确认入库' }).click()
  await staff.getByText('已退回库存 1 件').waitFor()
})

inBrowser('pieces of an order that waits for its shipment come back, told apart by what they are', async (page, { context }) => {
  await signIn(page)
  const number = await order(page, BACKPACK, 2)
  await toCashier(page)
  await page.locator('#pay').click()
  await see(page, '付款成功')
  const staff = await context.newPage()
  await signInStaff(staff, shop)
  await staff.goto(`/admin.html?order=${number}`)
  await staff.getByRole('button', { name: '退货入库' }).click()
  const dialog = staff.getByRole('dialog', { name: '退货入库' })
  await dialog.getByRole('spinbutton', { name: new RegExp(`：.*商品编号 ${BACKPACK}）退回的件数`) }).fill('1')
  await lookAt(staff, 'admin-return-unshipped')
  await dialog.getByRole('button', { name: '确认入库' }).click()
  await staff.getByText('已退回库存 1 件').waitFor()
  await staff.locator('.tag', { hasText: '待发货' }).waitFor()
})

inBrowser('staff see a payment that paid no order', async (page) => {
  await signIn(page)
  const number = await order(page)
  shop.payWrongly(number, 'T20261125', '1.50')
  await signInStaff(page, shop)
  const notice = page.getByRole('region', { name: '待处理的付款' })
  for (const told of ['金额不符', '¥1.50', 'T20261125', number]) await notice.getByText(told).first().waitFor()
  await lookAt(page, 'admin-unmatched')

  // Alipay does not know this trade, so the page must not say that the refund is on its way.
  const refund = async () => {
    await notice.getByRole('button', { name: '退款' }).click()
    await page.getByLabel('退款原因').fill('金额不符')
    await page.getByRole('button', { name: '确认退款' }).click()
  }
  await refund()
  await see(page, '支付宝拒绝了这笔退款')
  await page.getByRole('button', { name: '返回', exact: true }).click()
  await see(page, 'T20261125')

  await page.goto(`/admin.html?order=${number}`)
  await page.getByRole('button', { name: '退回这笔付款' }).click()
  await page.getByRole('dialog', { name: '退款' }).getByText('最多 ¥1.50').waitFor()
  await lookAt(page, 'admin-order-unmatched')
})
