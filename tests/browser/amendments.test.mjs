/** The amount and the address of an order change while its buyer views it. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { BACKPACK, PHONE, lookAt, openBrowser, see, signIn, signInStaff, submit, toCashier } from './buyer.mjs'
import { startShop } from './program.mjs'

let shop
before(async () => {
  shop = await startShop()
})
after(() => shop?.stop())

/** The first amount in the element's text, in yuan. */
const amountIn = async (locator) => Number((await locator.innerText()).replace(/[^\d.]/g, ''))

async function dialog(page, name) {
  const opened = page.getByRole('dialog', { name })
  await opened.waitFor()
  return opened
}

for (const window of [{}, PHONE]) {
  const where = window.isPhone ? 'on a phone' : 'on a PC'
  test(`an order is lowered, sent elsewhere and paid ${where}`, async () => {
    const [buyer, staff] = [await openBrowser(shop, window), await openBrowser(shop, window)]
    try {
      const { page } = buyer
      await signIn(page)
      await page.goto(`/orderConfirm.html?settlement_type=1&sku_id=${BACKPACK}&buy_num=1`)
      const number = await submit(page)
      const before = await amountIn(page.locator('.pay .amount .price'))

      const admin = staff.page
      await signInStaff(admin, shop)
      await admin.goto(`/admin.html?order=${number}`)
      await admin.getByRole('button', { name: '改价' }).click()
      const amounts = await dialog(admin, '改价')
      await amounts.getByLabel('新的订单金额').fill(String(before))
      await amounts.getByLabel('改价原因').fill('老客户')
      await amounts.getByRole('button', { name: '确认改价' }).click()
      await see(admin, '应低于')
      const lowered = (before - 5).toFixed(2)
      await amounts.getByLabel('新的订单金额').fill(lowered)
      await lookAt(admin, `admin-amount${window.isPhone ? '-phone' : ''}`)
      await amounts.getByRole('button', { name: '确认改价' }).click()
      await see(admin, '订单金额已修改')
      await see(admin, `改为 ¥${lowered}`)
      await see(admin, '−¥5.00')

      // The stale page requests the old amount: the buyer is shown the new one, and pays that.
      await page.getByRole('button', { name: '确认付款' }).click()
      await see(page, '商品价格已变动')
      await see(page, '已减 ¥5.00')

      await page.goto(`/myOrder.html?order_id=${number}`)
      await see(page, '−¥5.00')
      await page.getByRole('button', { name: '修改地址' }).click()
      const addresses = await dialog(page, '修改收货地址')
      await addresses.locator('label.choice').nth(1).click()
      await lookAt(page, `redirect${window.isPhone ? '-phone' : ''}`)
      await addresses.getByRole('button', { name: '寄到这个地址' }).click()
      await see(page, '您修改了收货地址')
      await see(page, '原地址：')
      await lookAt(page, `order-amended${window.isPhone ? '-phone' : ''}`)

      await page.goto(`/payment.html?order_id=${number}`)
      await toCashier(page)
      await see(page, lowered)
      await page.locator('#pay').click()
      await page.waitForURL(/pay_success\.html/)
      await see(page, '付款成功')

      await admin.reload()
      await admin.getByRole('button', { name: '修改地址' }).click()
      const elsewhere = await dialog(admin, '修改收货地址')
      await elsewhere.getByLabel('收货人').fill('王小二')
      await elsewhere.getByLabel('修改原因').fill('买家来电')
      await lookAt(admin, `admin-address${window.isPhone ? '-phone' : ''}`)
      await elsewhere.getByRole('button', { name: '确认修改' }).click()
      await see(admin, '收货地址已修改')
      await see(admin, '王小二')
      assert.equal(await admin.getByRole('button', { name: '改价' }).count(), 0, 'it is paid')
      await page.goto(`/myOrder.html?order_id=${number}`)
      await see(page, '商家修改了收货地址')
      assert.equal(await page.getByRole('button', { name: '修改地址' }).count(), 0, 'it is paid')
      assert.deepEqual([...buyer.complaints, ...staff.complaints], [])
    } finally {
      await buyer.close()
      await staff.close()
    }
  })
}
