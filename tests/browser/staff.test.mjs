/** The staff pages: signing in with a link, and returning to a list. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { BACKPACK, PHONE, inBrowserOf, lookAt, openBrowser, signIn, signInStaff, submit, toCashier } from './buyer.mjs'
import { startShop } from './program.mjs'

/** Rows per page of the list. */
const PAGE = 20

let shop
before(async () => {
  shop = await startShop()
  shop.addOrders(2 * PAGE + 5)
})
after(() => shop?.stop())

const inBrowser = inBrowserOf(() => shop)

const rows = (page) => page.locator('tbody tr')
const hasRows = (page, count) => page.waitForFunction((wanted) => document.querySelectorAll('tbody tr').length === wanted, count)

test('the link lets one browser in, once, and all of its tabs', async () => {
  const link = shop.staffLink()
  const first = await openBrowser(shop)
  try {
    const { page, context } = first
    await page.goto(link)
    await page.getByRole('heading', { name: '今日概览' }).waitFor()
    assert.equal(new URL(page.url()).hash, '', 'the code is gone from the address bar')
    const tab = await context.newPage()
    await tab.goto('/admin.html')
    await tab.getByRole('heading', { name: '今日概览' }).waitFor()
    const kept = await page.evaluate(() => localStorage.getItem('dashop_staff_token'))
    const { exp } = JSON.parse(Buffer.from(kept.split('.')[1], 'base64url'))
    assert.ok(exp - Date.now() / 1000 <= 12 * 3600, 'a session of a day, not of a week')

    const second = await openBrowser(shop)
    try {
      await second.page.goto(link)
      await second.page.getByRole('alert').getByText('登录链接已使用或已过期').waitFor()
      await lookAt(second.page, 'admin-link-used')
      await second.page.getByLabel('员工令牌').waitFor()
    } finally {
      await second.close()
    }

    await tab.getByRole('button', { name: '退出' }).click()
    await page.getByLabel('员工令牌').waitFor()

    // The link is pasted into a window in which the page is open.
    await page.goto(link)
    await page.getByRole('alert').getByText('登录链接已使用或已过期').waitFor()
    assert.equal(new URL(page.url()).hash, '')
    await page.getByLabel('员工令牌').fill('这不是令牌')
    await page.getByRole('button', { name: '进入' }).click()
    await page.getByRole('alert').getByText('这不是员工令牌').waitFor()
    await page.getByLabel('员工令牌').fill(`Bearer ${shop.staffToken().replace(/^(.{40})/, '$1\n')}`)
    await page.getByRole('button', { name: '进入' }).click()
    await page.getByRole('heading', { name: '今日概览' }).waitFor()
    // The browser itself logs that the link was refused.
    assert.deepEqual(first.complaints.filter((complaint) => !complaint.includes('401')), [])
  } finally {
    await first.close()
  }
})

inBrowser('a list that is left for an order is as it was afterwards', async (page, { context }) => {
  await signInStaff(page, shop)
  await hasRows(page, PAGE)
  // Text that is typed but not submitted does not change the search.
  await page.getByLabel('用户名').fill('nobody')
  await page.getByRole('button', { name: '加载更多' }).click()
  await hasRows(page, 2 * PAGE)
  const firstNew = await rows(page).nth(PAGE).getByRole('link').textContent()
  await page.waitForFunction((number) => document.activeElement.textContent === number, firstNew)

  await page.getByLabel('用户名').fill('demo')
  await page.getByRole('button', { name: '查询' }).click()
  await page.waitForURL(/user=demo/)
  await hasRows(page, PAGE)
  await page.getByRole('button', { name: '加载更多' }).click()
  await hasRows(page, 2 * PAGE)
  const last = rows(page).nth(2 * PAGE - 2).getByRole('link')
  await last.scrollIntoViewIfNeeded()
  const scrolled = await page.evaluate(() => scrollY)
  assert.ok(scrolled > 100, 'the list is longer than the window')

  for (const back of [() => page.getByRole('link', { name: '返回订单列表' }).click(), () => page.goBack()]) {
    await last.click()
    await page.waitForURL(/order=\d+/)
    await page.getByRole('heading', { name: /^订单/ }).first().waitFor()
    await back()
    await page.waitForURL(/user=demo/)
    await hasRows(page, 2 * PAGE)
    await page.waitForFunction((wanted) => Math.abs(scrollY - wanted) < 5, scrolled)
    assert.equal(await page.getByLabel('用户名').inputValue(), 'demo')
  }

  const opened = context.waitForEvent('page')
  await last.click({ modifiers: ['ControlOrMeta'] })
  const tab = await opened
  await tab.getByRole('heading', { name: /^订单/ }).first().waitFor()
  await tab.close()

  await page.reload()
  await hasRows(page, PAGE)
  assert.equal(await page.getByLabel('用户名').inputValue(), 'demo')
  await page.goto('/admin.html?status=6')
  await page.getByText('没有符合条件的订单').waitFor()
})

inBrowser('the way back from an order leads to the buyer’s tab', async (page) => {
  await signIn(page)
  await page.goto('/myOrder.html?order_status=4')
  await page.getByRole('link', { name: '订单详情' }).first().click()
  await page.getByRole('link', { name: '已完成的订单' }).click()
  await page.getByRole('tab', { name: '已完成', selected: true }).waitFor()
  assert.match(page.url(), /myOrder\.html\?order_status=4$/)
})

inBrowser('a dialog that can only fail is closed', async (page, { context }) => {
  await signIn(page)
  await page.goto(`/orderConfirm.html?settlement_type=1&sku_id=${BACKPACK}&buy_num=1`)
  const number = await submit(page)
  await toCashier(page)
  await page.locator('#pay').click()
  await page.getByRole('heading', { name: '付款成功' }).waitFor()
  const staff = await context.newPage()
  await signInStaff(staff, shop)
  await staff.goto(`/admin.html?order=${number}`)
  await staff.getByRole('button', { name: '发货' }).click()
  await staff.getByLabel('运单号').fill('SF2')
  shop.run('ship', number, '--carrier', '顺丰速运', '--tracking-number', 'SF1')
  await staff.getByRole('button', { name: '确认发货' }).click()
  await staff.getByText('订单状态不允许此操作').waitFor()
  await staff.getByRole('dialog').waitFor({ state: 'detached' })
  await staff.locator('.tag', { hasText: '待收货' }).waitFor()
}, [/409/])

test('the desk does not jump while it loads on a phone', async () => {
  const browser = await openBrowser(shop, PHONE)
  const { page } = browser
  try {
    await signInStaff(page, shop)
    await page.reload()
    await hasRows(page, PAGE)
    const shift = await page.evaluate(async () => {
      const entries = await new Promise((done) => {
        new PerformanceObserver((list) => done(list.getEntries())).observe({ type: 'layout-shift', buffered: true })
        // If there is none at all, no event says so.
        setTimeout(() => done([]), 1000)
      })
      return entries.filter((entry) => !entry.hadRecentInput).reduce((sum, entry) => sum + entry.value, 0)
    })
    assert.ok(shift < 0.1, `a layout shift of ${shift}`)
  } finally {
    await browser.close()
  }
})
