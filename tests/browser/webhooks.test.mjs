/** Staff view the shop's webhooks, resend an event, and resume a paused endpoint. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'

import { BACKPACK, PHONE, lookAt, openBrowser, see, signIn, signInStaff, submit } from './buyer.mjs'
import { startShop } from './program.mjs'

const SECRET = 'a secret that no page may show'

/** The webhook endpoint: the events that it got, and its answer. */
const events = []
let status = 204
const listener = createServer((request, answer) => {
  events.push(request.headers['webhook-id'])
  request.resume().on('end', () => answer.writeHead(status).end())
})

let shop
before(async () => {
  await new Promise((done) => {
    listener.listen(0, '127.0.0.1', done)
  })
  shop = await startShop({
    DASHOP_EVENTS_URL: `http://127.0.0.1:${listener.address().port}/hook?token=of-the-url`,
    DASHOP_EVENTS_SECRET: SECRET,
    DASHOP_EVENTS_PAUSE_HOURS: '1',
  })
})
after(async () => {
  await shop?.stop()
  listener.closeAllConnections()
  listener.close()
})

/** Reloads until this is shown. */
async function refreshUntil(page, shown) {
  for (const deadline = Date.now() + 60_000; ; ) {
    await page.getByRole('button', { name: '刷新' }).click()
    if (await shown.waitFor({ timeout: 500 }).then(() => true, () => false)) return
    assert.ok(Date.now() < deadline, `${shown} is not shown`)
  }
}

for (const window of [{}, PHONE]) {
  const where = window.isPhone ? 'on a phone' : 'on a PC'
  test(`webhooks are watched, resent and resumed ${where}`, async () => {
    status = 204
    const [buyer, staff] = [await openBrowser(shop, window), await openBrowser(shop, window)]
    try {
      const order = async () => {
        await buyer.page.goto(`/orderConfirm.html?settlement_type=1&sku_id=${BACKPACK}&buy_num=1`)
        return submit(buyer.page)
      }
      await signIn(buyer.page)
      const number = await order()

      const { page } = staff
      await signInStaff(page, shop)
      await page.getByRole('link', { name: '事件推送' }).click()
      await page.waitForURL(/admin\.html\?webhooks$/)
      await page.getByRole('heading', { name: '事件推送' }).waitFor()
      const endpoint = page.getByRole('region', { name: '推送端点' }).locator('tbody tr')
      await endpoint.getByText(`127.0.0.1:${listener.address().port}`).waitFor()
      // On a busy machine an attempt may have been late.
      await refreshUntil(page, endpoint.getByText('正常'))
      await refreshUntil(page, page.getByText(number).first())
      const log = page.getByRole('region', { name: '推送记录' })
      const attempts = log.locator('tbody tr', { hasText: number })
      await attempts.getByText('成功（HTTP 204）').waitFor()
      await attempts.getByText('下单').waitFor()
      const shown = await page.content()
      assert.ok(!shown.includes(SECRET) && !shown.includes('of-the-url'), 'neither secret nor URL is shown')
      await lookAt(page, `admin-webhooks${window.isPhone ? '-phone' : ''}`)

      const event = events.at(-1)
      await page.getByRole('button', { name: `重新推送 ${event}` }).click()
      await see(page, '已安排重新推送')
      await refreshUntil(page, attempts.nth(1))
      assert.equal(events.filter((id) => id === event).length, 2, 'the same event')

      status = 503
      const other = await order()
      await refreshUntil(page, endpoint.getByText('推送失败中'))
      // Attempts and endpoints are asked for side by side: the one may be older than the other.
      await refreshUntil(page, page.getByText('被拒绝（HTTP 503）').first())
      shop.failFor('default', 2)
      await refreshUntil(page, endpoint.getByText('已暂停'))
      await page.getByLabel('订单编号').fill(number)
      await page.getByRole('button', { name: '查询' }).click()
      await log.getByText(other).first().waitFor({ state: 'detached' })
      // While the page loads, it shows no attempts.
      await attempts.nth(1).waitFor()
      assert.equal(await attempts.count(), 2, 'those of one order')
      await lookAt(page, `admin-webhooks-paused${window.isPhone ? '-phone' : ''}`)
      status = 204
      await page.getByRole('button', { name: '恢复推送' }).click()
      await see(page, '已恢复推送：default')
      await refreshUntil(page, endpoint.getByText('正常'))
      await page.getByLabel('订单编号').fill('')
      await page.getByRole('button', { name: '查询' }).click()
      await refreshUntil(page, log.locator('tbody tr', { hasText: other }).getByText('成功（HTTP 204）'))

      // From here an opened order leads to the list, and the browser's back button leads back here.
      await page.getByLabel('订单编号').fill(number)
      await page.getByRole('button', { name: '查询' }).click()
      await log.getByText(other).first().waitFor({ state: 'detached' })
      await page.getByLabel('订单编号').fill(other)
      await log.getByRole('link', { name: number }).first().click()
      await page.waitForURL(/order=\d+/)
      await page.goBack()
      await page.getByRole('heading', { name: '事件推送' }).waitFor()
      await attempts.first().waitFor()
      assert.equal(await page.getByLabel('订单编号').inputValue(), number, 'what was asked for, not what was being typed')
      assert.equal(await log.getByText(other).count(), 0)
      await log.getByRole('link', { name: number }).first().click()
      await page.waitForURL(/order=\d+/)
      await page.getByRole('link', { name: '返回订单列表' }).click()
      await page.getByRole('heading', { name: '今日概览' }).waitFor()
      assert.deepEqual([...buyer.complaints, ...staff.complaints], [])
    } catch (error) {
      error.message += `\nat ${staff.page.url()}\n${shop.log().split('\n').slice(-15).join('\n')}`
      throw error
    } finally {
      await buyer.close()
      await staff.close()
    }
  })
}
