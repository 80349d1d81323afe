import { describe, expect, it } from 'vitest'

import { reasonForStaff, timelineText, writtenReason } from './timeline'

const entry = (from: number | null, to: number, actor: string, reason: string) => ({ from, to, actor, reason })
const lowered = { ...entry(1, 1, 'shop', '老客户'), amount: { from: 12_000, to: 10_050 } }
const redirected = (actor: string, reason: string) => ({ ...entry(1, 1, actor, reason), oldAddress: '习瓜瓜 13691433520 北京市' })

describe('a timeline', () => {
  it.each([
    [entry(null, 1, 'buyer', '下单'), '提交订单', ''],
    [entry(1, 2, 'alipay', '支付成功'), '付款成功，等待发货', ''],
    [entry(5, 2, 'alipay', '取消后付款,库存已重新占用'), '取消后收到付款，订单已恢复，等待发货', ''],
    [entry(2, 3, 'shop', '发货 顺丰速运 SF1'), '已发货', ''],
    [entry(3, 4, 'buyer', '确认收货'), '已确认收货', ''],
    [entry(3, 4, 'system', '超过期限,自动确认收货'), '超过收货期限，自动确认收货', ''],
    [entry(1, 5, 'buyer', '买家取消'), '您取消了订单', ''],
    [entry(1, 5, 'buyer', '买错了'), '您取消了订单', '买错了'],
    [entry(1, 5, 'shop', '商品缺货'), '商家取消了订单', '商品缺货'],
    [entry(1, 5, 'system', '超过支付期限,自动取消'), '超过付款期限，订单自动取消', ''],
    [entry(4, 6, 'shop', '质量问题'), '订单已全额退款', '质量问题'],
    [entry(2, 6, 'alipay', '支付宝退款通知'), '订单已全额退款', ''],
    [lowered, '商家优惠，订单金额由 ¥120.00 改为 ¥100.50', '老客户'],
    [redirected('buyer', '买家修改收货地址'), '您修改了收货地址', ''],
    [redirected('shop', '电话要求'), '商家修改了收货地址', '电话要求'],
  ])('tells %o once, and the reason that somebody gave', (told, text, reason) => {
    expect(timelineText(told)).toBe(text)
    expect(writtenReason(told)).toBe(reason)
  })

  it('speaks of the buyer to staff', () => {
    expect(timelineText(entry(1, 5, 'buyer', '买家取消'), true)).toBe('买家取消了订单')
    expect(timelineText(redirected('buyer', '买家修改收货地址'), true)).toBe('买家修改了收货地址')
  })

  it('tells staff the reasons that say more than the step', () => {
    expect(['下单', '支付成功', '确认收货', '买家取消'].map(reasonForStaff).join('')).toBe('')
    expect(reasonForStaff('超过期限,自动确认收货')).toBe('超过期限，自动确认收货')
    expect(reasonForStaff('质量问题')).toBe('质量问题')
  })
})
