import { describe, expect, it } from 'vitest'

import { STATUS, refundDueText } from './status'

const order = { refundDue: null, refunds: [], attempts: [] }
const attempt = (state: string) => ({ device: 'pc', state, openedAt: '' })

describe('money that did not pay its order', () => {
  it.each([
    [STATUS.cancelled, 0, '收到付款时订单已取消，¥219.00 正在原路退回您的支付宝账号。'],
    [STATUS.cancelled, 21900, '收到付款时订单已取消，¥219.00 已原路退回您的支付宝账号。'],
    [STATUS.refunded, 21900, '您的另一笔付款不用于本订单，¥219.00 已原路退回您的支付宝账号。'],
    [STATUS.toShip, 1900, '您的另一笔付款不用于本订单，¥19.00 已原路退回您的支付宝账号，¥200.00 正在原路退回您的支付宝账号。'],
  ])('in status %i with %i fen back is said in words', (status, refunded, words) => {
    expect(refundDueText({ ...order, status, refundDue: { amount: 21900, refunded } })).toBe(words)
  })

  it.each([STATUS.unpaid, STATUS.cancelled])('because it is not what the order costs is said in words in status %i', (status) => {
    const paid = { ...order, status, attempts: [attempt('paid'), attempt('open')] }
    expect(refundDueText(paid)).toContain('与订单金额不符的付款')
    expect(refundDueText({ ...paid, refunds: [{ amount: 100, isDone: false, reason: '', time: '' }] })).toContain('退款情况见订单详情')
    expect(refundDueText({ ...order, status, attempts: [attempt('given_up')] })).toBe('')
    expect(refundDueText({ ...paid, status: STATUS.toShip })).toBe('')
  })
})
