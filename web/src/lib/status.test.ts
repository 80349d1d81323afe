import { describe, expect, it } from 'vitest'

import { STATUS, refundDueText } from './status'

describe('money that did not pay its order', () => {
  it.each([
    [STATUS.cancelled, 0, '收到付款时订单已取消，商品库存不足，无法恢复订单。¥219.00 正在原路退回您的支付宝账号。'],
    [STATUS.cancelled, 21900, '收到付款时订单已取消，商品库存不足，无法恢复订单。¥219.00 已原路退回您的支付宝账号。'],
    [STATUS.refunded, 21900, '您的另一笔付款不用于本订单，¥219.00 已原路退回您的支付宝账号。'],
    [STATUS.toShip, 1900, '您的另一笔付款不用于本订单，¥19.00 已原路退回您的支付宝账号，¥200.00 正在原路退回您的支付宝账号。'],
  ])('in status %i with %i fen back is said in words', (status, refunded, words) => {
    expect(refundDueText(status, { amount: 21900, refunded })).toBe(words)
  })
})
