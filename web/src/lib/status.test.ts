import { describe, expect, it } from 'vitest'

import { STATUS, refundDueText } from './status'

const order = { refundDue: null, refunds: [], attempts: [] }
const attempt = (state: string, amount: number) => ({ device: 'pc', state, amount, openedAt: '' })

describe('money that did not pay its order', () => {
  it.each([
    [STATUS.cancelled, 0, '收到付款时订单已取消，商品库存不足，无法恢复订单。¥219.00 正在原路退回您的支付宝账号。'],
    [STATUS.cancelled, 21900, '收到付款时订单已取消，商品库存不足，无法恢复订单。¥219.00 已原路退回您的支付宝账号。'],
    [STATUS.refunded, 21900, '您的另一笔付款不用于本订单，¥219.00 已原路退回您的支付宝账号。'],
    [STATUS.toShip, 1900, '您的另一笔付款不用于本订单，¥19.00 已原路退回您的支付宝账号，¥200.00 正在原路退回您的支付宝账号。'],
  ])('in status %i with %i fen back is said in words', (status, refunded, words) => {
    expect(refundDueText({ ...order, status, refundDue: { amount: 21900, refunded } })).toBe(words)
  })

  it.each([
    [STATUS.unpaid, 0, '收到的付款与订单金额不符，¥219.00 由商家核实后原路退回您的支付宝账号。'],
    [STATUS.cancelled, 1900, '收到的付款与订单金额不符，¥19.00 已原路退回您的支付宝账号，¥200.00 由商家核实后原路退回您的支付宝账号。'],
    [STATUS.cancelled, 21900, '收到的付款与订单金额不符，¥219.00 已原路退回您的支付宝账号。'],
    [STATUS.toShip, 0, ''],
  ])('because it is not what the order costs is said in words in status %i with %i fen back', (status, refunded, words) => {
    const refunds = [{ amount: refunded, isDone: true }, { amount: 100, isDone: false }].map((one) => ({ ...one, reason: '', time: '' }))
    const attempts = [attempt('paid', 21900), attempt('open', 20900)]
    expect(refundDueText({ ...order, status, attempts, refunds })).toBe(words)
    expect(refundDueText({ ...order, status, attempts: [attempt('given_up', 21900)] })).toBe('')
  })
})
