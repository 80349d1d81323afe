import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

import { describe, expect, it } from 'vitest'

import { AdminError, ApiError, CART_FULL, inWords, isFinal, mayPass, NO_GOODS, NONSENSE, OFFLINE, PERHAPS_IN_CART, PERHAPS_ORDERED, PERHAPS_SAVED, TIMED_OUT } from './errors'

/** The codes in the tables of docs/API.md. */
function documentedCodes(): number[] {
  const text = readFileSync(resolve(import.meta.dirname, '../../../docs/API.md'), 'utf8')
  const cells = [...text.matchAll(/^\| ((?:\d{3,5}(?:, )?)+) \|/gm)].map((match) => match[1] ?? '')
  return cells.flatMap((cell) => cell.split(', ').map(Number)).filter((code) => code !== 200)
}

describe('errors in words', () => {
  it('are there for every code that the documentation lists', () => {
    const codes = documentedCodes()
    expect(codes).toContain(50103)
    for (const code of [...codes, 50114, 50115, 50116, 50118, 103, 104, 106, 10122, 10124, 30101, 30102, 30103, 30104, 40050, 40200, 40300, TIMED_OUT, OFFLINE, NONSENSE, CART_FULL, NO_GOODS, PERHAPS_IN_CART, PERHAPS_ORDERED, PERHAPS_SAVED]) {
      expect(inWords(new ApiError(code)), String(code)).toMatch(/^[\u4e00-\u9fff「]/)
      expect(inWords(new ApiError(code)), `${String(code)} has words of its own`).not.toContain('操作未完成')
    }
  })

  it('name the goods where the page knows them', () => {
    const error = new ApiError(50103, '商品[4]库存不足')
    expect(inWords(error)).toBe('商品库存不足，请减少数量')
    expect(inWords(error, (sku) => (sku === 4 ? '红袖添香' : undefined))).toBe('「红袖添香」库存不足，请减少数量')
  })

  it('say what to do where a buyer has too much that is not paid', () => {
    expect(inWords(new ApiError(50114, '未付款订单过多(最多20个),请先付款或取消'))).toBe('您的未付款订单过多，请先付款或取消部分订单，再下新单')
    const pieces = new ApiError(50114, '商品[4]的未付款数量过多(最多30件),请先付款或取消,或减少购买数量')
    expect(inWords(pieces)).toBe('商品的未付款件数过多，请先付款或取消含有它的订单，再下新单')
    expect(inWords(pieces, () => '红袖添香')).toBe('「红袖添香」的未付款件数过多，请先付款或取消含有它的订单，再下新单')
  })

  it.each([
    [30102, '购物车最多200种商品'],
    [30103, '每种商品最多购买5件'],
    [10124, '收货地址最多50个'],
  ])('say of %i which limit of the shop is reached', (code, said) => {
    expect(inWords(new ApiError(code, said))).toBe(said)
  })

  it('do not lock out whoever only waits in a queue', () => {
    expect(inWords(new ApiError(107, 'too many attempts, please try again later'))).toBe('登录人数较多，或登录失败次数过多，请稍后再试')
  })

  it('name the field where the service does, and are its own where ours are missing', () => {
    expect(inWords(new ApiError(10124, '参数无效: receiver_mobile'))).toBe('收货地址填写有误：手机号码')
    expect(inWords(new ApiError(10124, '收货地址无效: id'))).toBe('收货地址填写有误：该地址不存在')
    expect(inWords(new ApiError(10124, 'bad field'))).toBe('收货地址填写有误')
    expect(inWords(new ApiError(77777, '特殊情况'))).toBe('特殊情况')
    expect(inWords(new ApiError(77777))).toBe('操作未完成（77777）')
    expect(inWords(new AdminError(409, 'not_allowed', '订单状态不允许'))).toBe('订单状态不允许')
    expect(inWords(new TypeError('a defect'))).toBe('页面出错了，请刷新后重试')
  })

  it('tell what may pass', () => {
    for (const code of [50105, 50111, 50000, TIMED_OUT, OFFLINE]) expect(mayPass(new ApiError(code))).toBe(true)
    for (const code of [403, 50107, 50108, 50114, 50115, 50116, 50118]) expect(mayPass(new ApiError(code))).toBe(false)
    expect(mayPass(new TypeError('a defect'))).toBe(false)
  })

  it('tell what is as it is from what failed', () => {
    for (const code of [40300, 50106, 50107, 50109]) expect(isFinal(new ApiError(code))).toBe(true)
    for (const code of [50000, 50104, TIMED_OUT, OFFLINE, NONSENSE]) expect(isFinal(new ApiError(code))).toBe(false)
    expect(isFinal(new AdminError(404, 'order_not_found', '订单不存在'))).toBe(true)
    expect(isFinal(new AdminError(503, 'busy', '系统繁忙'))).toBe(false)
    expect(isFinal(new TypeError('a defect'))).toBe(false)
  })
})
