/** Cases in which buyers had trouble: dialogs, slow networks, keyboards, expired sign-ins, scarce goods. */
import assert from 'node:assert/strict'
import { after, before } from 'node:test'

import { BACKPACK, PHONE, inBrowserOf, lookAt, signIn, submit } from './buyer.mjs'
import { startShop } from './program.mjs'

/** Two pieces are in stock. */
const SCARCE = 26
/** Goods that one test each uses. */
const [SOLD_OUT, SHRINKING] = [34, 30]

let shop
before(async () => {
  shop = await startShop()
})
after(() => shop?.stop())

const inBrowser = inBrowserOf(() => shop)
const productPage = (sku) => `/product_details.html?sku_id=${sku}`
const addToCart = (page) => page.getByRole('button', { name: '加入购物车' })

inBrowser('the buttons of a product are within its card at every width', async (page) => {
  await page.goto(productPage(1))
  await addToCart(page).waitFor()
  for (const width of [320, 640, 760, 761, 800, 880, 881, 1024, 1280]) {
    await page.setViewportSize({ width, height: 800 })
    const card = await page.locator('.product').boundingBox()
    for (const name of ['立即购买', '加入购物车']) {
      const button = await page.getByRole('button', { name }).boundingBox()
      assert.ok(button.x >= card.x && button.x + button.width <= card.x + card.width, `${name} at ${width} pixels`)
    }
  }
})

inBrowser('a slow network shows that something comes', async (page, { context }) => {
  let answer
  const isAsked = new Promise((asked) => {
    void context.route('**/v1/goods/index', async (route) => {
      await new Promise((go) => {
        answer = go
        asked()
      })
      await route.continue()
    })
  })
  await page.goto('/')
  await isAsked
  const bone = page.locator('.bone').first()
  await bone.waitFor()
  const colour = await bone.evaluate((tile) => getComputedStyle(tile).backgroundColor)
  assert.doesNotMatch(colour, /transparent|rgba\(.*, 0\)/)
  await lookAt(page, 'index-loading')
  answer()
  await page.locator('a.goods').first().waitFor()
  assert.match(await (await fetch(shop.url)).text(), /正在加载/, 'before the script is there')
})

inBrowser('why something cannot be bought is said on a phone', async (page) => {
  await page.setViewportSize(PHONE)
  shop.stock(SOLD_OUT, 0)
  await page.goto(productPage(SOLD_OUT))
  const why = page.getByText('暂时缺货')
  await why.waitFor()
  const { y, height } = await why.boundingBox()
  assert.ok(y >= 0 && y + height <= PHONE.height, 'within the window')
  await lookAt(page, 'product-sold-out')
})

inBrowser('whoever works with the keyboard keeps their place', async (page) => {
  await page.goto(productPage(1))
  const focused = () => page.evaluate(() => [document.activeElement.tagName, document.activeElement.textContent.trim()])
  const other = page.getByRole('button', { pressed: false }).and(page.locator('.option')).first()
  const name = (await other.textContent()).trim()
  await other.focus()
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name, pressed: true, exact: true }).waitFor()
  assert.deepEqual(await focused(), ['BUTTON', name])
  await addToCart(page).focus()
  await page.keyboard.press('Enter')
  await page.getByText('已加入购物车').waitFor()
  await page.waitForFunction(() => document.activeElement.textContent.trim() === '加入购物车')

  await page.goto('/cart.html')
  await page.getByRole('button', { name: /^移除/ }).first().focus()
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').getByRole('button', { name: '移除' }).click()
  await page.getByText('购物车还是空的').waitFor()
  await page.waitForFunction(() => document.activeElement.tagName === 'H1')

  await signIn(page, 'xiaoda')
  await page.goto('/addressAdmin.html')
  await page.getByRole('button', { name: /^删除/ }).last().focus()
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').getByRole('button', { name: '删除' }).click()
  await page.getByText('收货地址已删除').waitFor()
  await page.waitForFunction(() => ![document.body, null].includes(document.activeElement))
})

inBrowser('what was put into the cart when the sign-in had run out is in it afterwards', async (page) => {
  await shop.cart('demo', 'DELETE', { sku_ids: [BACKPACK] })
  await page.goto('/login.html')
  await page.evaluate((token) => {
    localStorage.setItem('dashop_user', 'demo')
    localStorage.setItem('dashop_token', token)
  }, shop.token('demo', -60))
  await page.goto(productPage(BACKPACK))
  await page.locator('.el-input-number__increase').click()
  await addToCart(page).click()
  await page.waitForURL(/login\.html\?next=product_details/)
  await signIn(page)
  await page.getByText('已加入购物车').waitFor()
  const line = (await shop.cart('demo')).find(({ id }) => id === BACKPACK)
  assert.equal(line.count, 2)
  await page.reload()
  await addToCart(page).waitFor()
  assert.equal((await shop.cart('demo')).find(({ id }) => id === BACKPACK).count, 2, 'once')
})

inBrowser('before sign-in a cart takes no more than there is, and says what sign-in did not take over', async (page) => {
  await page.goto(productPage(SCARCE))
  await page.locator('.el-input-number__increase').click()
  await addToCart(page).click()
  await page.getByText('已加入购物车').waitFor()
  await addToCart(page).click()
  await page.getByText('购买数量超过库存').waitFor()

  await page.goto(productPage(SHRINKING))
  await page.getByLabel('购买数量').fill('3')
  await addToCart(page).click()
  await page.getByText('已加入购物车').waitFor()
  const name = (await (await fetch(`${shop.url}/v1/goods/detail/${SHRINKING}`)).json()).data.name
  shop.stock(SHRINKING, 1)
  await page.goto('/login.html?next=cart.html')
  await signIn(page)
  await page.getByText(`「${name}」库存不足或已下架，购物车中的数量已调整`).waitFor()
  assert.equal((await shop.cart('demo')).find(({ id }) => id === SHRINKING).count, 1)
})

inBrowser('whoever comes back from the cashier without having paid can go on paying at once', async (page) => {
  await signIn(page)
  await page.goto(`/orderConfirm.html?settlement_type=1&sku_id=${BACKPACK}&buy_num=1`)
  const number = await submit(page)
  await page.goto(`/pay_success.html?order_id=${number}`)
  await page.getByText('还没有完成付款').waitFor()
  await lookAt(page, 'pay_success-unpaid')
  await page.getByRole('link', { name: '继续付款' }).click()
  await page.waitForURL(/payment\.html\?order_id=/)
})

inBrowser('long names are cut to two lines, and nine goods fill their rows', async (page) => {
  shop.rename(BACKPACK, '长'.repeat(50), '详'.repeat(90))
  await page.goto('/index.html?catalog=4')
  const name = page.getByText('长'.repeat(50))
  await name.waitFor()
  const lines = await name.evaluate((text) => text.getBoundingClientRect().height / Number.parseFloat(getComputedStyle(text).lineHeight))
  assert.ok(lines < 2.1, `${lines} lines`)
  const columns = await page.locator('.grid').evaluate((grid) => getComputedStyle(grid).gridTemplateColumns.split(' ').length)
  assert.equal(9 % columns, 0)
})

inBrowser('an order that cannot be placed now says what to do', async (page, { context }) => {
  await signIn(page)
  await page.setViewportSize(PHONE)
  let code
  await context.route('**/v1/orders/processing/', async (route) => {
    if (route.request().method() !== 'POST') return route.continue()
    await route.fulfill({ json: { code, errmsg: '…', error: { error_msg: '…' } } })
  })
  for (const [answered, words] of [
    [50114, '您的未付款订单过多'],
    // The key is kept, so a repetition is the same order.
    [50115, '没有收到提交结果，订单可能已生成'],
    [50116, '订单金额为 0.00 元'],
  ]) {
    code = answered
    await page.goto(`/orderConfirm.html?settlement_type=1&sku_id=${BACKPACK}&buy_num=1`)
    const button = page.getByRole('button', { name: '提交订单' })
    await button.click()
    await page.getByText(words).first().waitFor()
    if (answered !== 50116) {
      const { y, height } = await page.getByRole('link', { name: '查看我的订单' }).boundingBox()
      const bar = await button.boundingBox()
      assert.ok(y >= 0 && (y + height <= bar.y || y >= bar.y + bar.height) && y + height <= PHONE.height, 'it is not hidden')
    }
    await page.waitForFunction(() => !document.querySelector('.el-button.is-loading'))
    assert.ok(await button.isEnabled(), `${answered}: it can be repeated`)
    await lookAt(page, `orderConfirm-${answered}`)
  }
})
