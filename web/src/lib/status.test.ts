import { describe, expect, it } from 'vitest'

import { STATUS, timelineText, unkeptText } from './status'

describe('money that did not pay its order', () => {
  it.each([
    [STATUS.cancelled, 0, '付款到账时订单已取消，商品库存不足，无法恢复订单。¥219.00 正在原路退回您的支付宝账户。'],
    [STATUS.cancelled, 21900, '付款到账时订单已取消，商品库存不足，无法恢复订单。¥219.00 已原路退回您的支付宝账户。'],
    [STATUS.toShip, 1900, '您的另一笔付款不用于本订单，¥19.00 已原路退回您的支付宝账户，¥200.00 正在原路退回您的支付宝账户。'],
  ])('in status %i with %i fen back is said in words', (status, refunded, words) => {
    expect(unkeptText(status, { amount: 21900, refunded })).toBe(words)
  })
})

describe('a timeline', () => {
  it('tells an order that came back to life from one that was paid in time', () => {
    expect(timelineText({ from: 1, to: 2 })).toBe('付款成功，等待发货')
    expect(timelineText({ from: 5, to: 2 })).toBe('取消后收到付款，订单已恢复，等待发货')
  })
})
