import { effectScope } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { signIn, signOut } from './session'
import { PAUSE, TRIES, usePaymentResult } from './usePaymentResult'

const ORDER = '2026112404262601'
const RETURNED = `?order_id=${ORDER}&out_trade_no=${ORDER}&total_amount=219.00&sign=x`
const data = { order_id: ORDER, total_amount: '219.00' }
const unpaid = { code: 50105, errmsg: '支付未完成', data }
const paid = { code: 200, data }

const order = (status: number, more: object = {}) => ({
  code: 200,
  data: {
    order: {
      order_id: ORDER,
      order_total_count: 1,
      order_total_amount: '219.00',
      order_freight: '10.00',
      address: { title: '', address: '', mobile: '', receiver: '' },
      status,
      order_sku: [],
      order_time: '2026-11-24 04:26:26',
      ...more,
    },
  },
})

/** The service sends these responses in turn, and repeats the last one. */
function service(...answers: unknown[]): string[] {
  const asked: string[] = []
  vi.stubGlobal('fetch', (path: string) => {
    asked.push(path)
    return Promise.resolve(new Response(JSON.stringify(answers.length > 1 ? answers.shift() : answers[0])))
  })
  return asked
}

const open = (search: string) => effectScope().run(() => usePaymentResult(search)) ?? expect.fail('no result')

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('addEventListener', vi.fn())
  vi.stubGlobal('removeEventListener', vi.fn())
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  signOut()
})

describe('the result of a payment', () => {
  it('is asked for anew where the page comes out of the memory of the browser', async () => {
    service(unpaid, paid)
    const result = open(`?order_id=${ORDER}&sign=x`)
    await vi.advanceTimersByTimeAsync(0)
    expect(result.state.value).toBe('asking')
    const shown = vi.mocked(addEventListener).mock.calls.find(([event]) => event === 'pageshow')?.[1] as unknown as (event: object) => void
    shown({ persisted: false })
    await vi.advanceTimersByTimeAsync(0)
    expect(result.state.value).toBe('asking')
    shown({ persisted: true })
    await vi.advanceTimersByTimeAsync(0)
    expect(result.state.value).toBe('paid')
  })

  it('is claimed when it is known, and not before', async () => {
    const asked = service(unpaid, unpaid, paid)
    const result = open(RETURNED)
    await vi.advanceTimersByTimeAsync(PAUSE)
    expect(result.state.value).toBe('asking')
    await vi.advanceTimersByTimeAsync(PAUSE)
    expect(result.state.value).toBe('paid')
    expect([result.number.value, result.amount.value]).toEqual([ORDER, 21900])
    expect(asked).toEqual(Array(3).fill(`/v1/orders/success/${RETURNED}`))
    await vi.advanceTimersByTimeAsync(PAUSE * 10)
    expect(asked).toHaveLength(3)
  })

  it('stays unsure after a bounded number of questions; the buyer may ask again', async () => {
    const asked = service(unpaid)
    const result = open(RETURNED)
    await vi.advanceTimersByTimeAsync(PAUSE * (TRIES + 20))
    expect([result.state.value, result.isUnpaid.value]).toEqual(['unsure', true])
    expect(asked).toHaveLength(TRIES + 1)
    service(paid)
    result.look()
    await vi.advanceTimersByTimeAsync(0)
    expect(result.state.value).toBe('paid')
  })

  it('is unpaid from the first answer on, so that the buyer can go on paying at once', async () => {
    signIn('demo', 'token')
    service(order(1))
    const result = open(`?order_id=${ORDER}`)
    expect(result.isUnpaid.value).toBe(false)
    await vi.advanceTimersByTimeAsync(0)
    expect([result.state.value, result.isUnpaid.value]).toEqual(['asking', true])
  })

  it('of another amount than the order costs is told, and asked for until the order is paid', async () => {
    signIn('demo', 'token')
    const attempts = [{ device: 'pc', amount: '229.00', state: 'paid', opened_at: '' }]
    service(unpaid, order(1, { attempts }), unpaid, order(5, { attempts }), paid, order(2, { attempts }))
    const result = open(RETURNED)
    await vi.advanceTimersByTimeAsync(0)
    expect([result.state.value, result.isUnpaid.value, result.refundDue.value]).toEqual(['wrong', true, expect.stringContaining('与订单金额不符的付款')])
    await vi.advanceTimersByTimeAsync(PAUSE)
    expect([result.state.value, result.refundDue.value]).toEqual(['cancelled', expect.stringContaining('与订单金额不符的付款')])
    await vi.advanceTimersByTimeAsync(PAUSE)
    expect([result.state.value, result.refundDue.value]).toEqual(['paid', ''])
  })

  it('is not claimed for a signature that is not Alipay’s', async () => {
    vi.stubGlobal('fetch', () => Promise.resolve(new Response('非法访问')))
    const result = open(RETURNED)
    await vi.advanceTimersByTimeAsync(PAUSE * (TRIES + 20))
    expect(result.state.value).toBe('unsure')
  })

  it.each([
    [2, 'paid'],
    [3, 'paid'],
    [4, 'paid'],
    [5, 'cancelled'],
    [6, 'refunded'],
    [1, 'unsure'],
  ])('of an order in status %i, without Alipay’s parameters, is %s', async (status, state) => {
    signIn('demo', 'token')
    service(order(status))
    const result = open(`?order_id=${ORDER}`)
    await vi.advanceTimersByTimeAsync(PAUSE * (TRIES + 20))
    expect(result.state.value).toBe(state)
  })

  it('of a cancelled order that was paid late is told from its story', async () => {
    signIn('demo', 'token')
    const timeline = [[1, 5], [5, 2]].map(([from, to]) => ({ from, to, actor: 'alipay', reason: '', time: '' }))
    const asked = service(unpaid, order(1), paid, order(2, { timeline }))
    const result = open(RETURNED)
    await vi.advanceTimersByTimeAsync(PAUSE)
    expect(result.state.value).toBe('revived')
    expect(asked).toHaveLength(4)
  })

  it('is claimed where the story cannot be told', async () => {
    signIn('demo', 'token')
    service(paid, { code: 403, errmsg: 'Please login' })
    const result = open(RETURNED)
    await vi.advanceTimersByTimeAsync(0)
    expect([result.state.value, result.amount.value]).toEqual(['paid', 21900])
  })

  it('of money that goes back is asked for until it is back', async () => {
    signIn('demo', 'token')
    const late = (refunded: string) => order(5, { unkept_payment: { amount: '219.00', refunded_amount: refunded } })
    service(unpaid, late('0.00'), unpaid, late('219.00'))
    const result = open(RETURNED)
    await vi.advanceTimersByTimeAsync(0)
    expect([result.state.value, result.refundDue.value]).toEqual(['returning', expect.stringContaining('¥219.00 正在原路退回')])
    await vi.advanceTimersByTimeAsync(PAUSE)
    expect(result.state.value).toBe('returned')
  })

  it('of an order that was paid twice and then refunded is not told as that of a cancelled one', async () => {
    signIn('demo', 'token')
    service(order(6, { unkept_payment: { amount: '219.00', refunded_amount: '219.00' } }))
    const result = open(`?order_id=${ORDER}`)
    await vi.advanceTimersByTimeAsync(0)
    expect([result.state.value, result.refundDue.value]).toEqual(['refunded', '您的另一笔付款不用于本订单，¥219.00 已原路退回您的支付宝账号。'])
  })

  it('is not settled by a cancelled order as long as Alipay could not be asked', async () => {
    signIn('demo', 'token')
    const unreachable = { code: 50111, errmsg: '支付渠道暂不可用', data }
    service(unreachable, order(5), unpaid, order(5))
    const result = open(RETURNED)
    await vi.advanceTimersByTimeAsync(0)
    expect(result.state.value).toBe('asking')
    await vi.advanceTimersByTimeAsync(PAUSE)
    expect(result.state.value).toBe('cancelled')
  })

  it('invites nobody to pay as long as Alipay could not be asked', async () => {
    signIn('demo', 'token')
    service({ code: 50111, errmsg: '支付渠道暂不可用', data }, order(1), unpaid, order(1))
    const result = open(RETURNED)
    await vi.advanceTimersByTimeAsync(0)
    expect([result.state.value, result.isUnpaid.value]).toEqual(['asking', false])
    await vi.advanceTimersByTimeAsync(PAUSE)
    expect([result.state.value, result.isUnpaid.value]).toEqual(['asking', true])
  })

  it('of a cancelled order is asked for again while its late payment may be on its way', async () => {
    signIn('demo', 'token')
    const timeline = [{ from: 5, to: 2, actor: 'alipay', reason: '', time: '' }]
    const asked = service(unpaid, order(5), paid, order(2, { timeline }))
    const result = open(RETURNED)
    await vi.advanceTimersByTimeAsync(0)
    expect(result.state.value).toBe('cancelled')
    await vi.advanceTimersByTimeAsync(PAUSE)
    expect(result.state.value).toBe('revived')
    await vi.advanceTimersByTimeAsync(PAUSE * 10)
    expect(asked).toHaveLength(4)
  })

  it('of a cancelled order that nobody has paid stays so after a bounded number of questions', async () => {
    signIn('demo', 'token')
    const asked = service(order(5))
    const result = open(`?order_id=${ORDER}`)
    await vi.advanceTimersByTimeAsync(PAUSE * 10)
    expect([result.state.value, asked.length]).toEqual(['cancelled', 1])
    const returned = service(...Array(TRIES + 1).fill([unpaid, order(5)]).flat())
    const late = open(RETURNED)
    await vi.advanceTimersByTimeAsync(PAUSE * (TRIES + 20))
    expect([late.state.value, returned.length]).toEqual(['cancelled', 2 * (TRIES + 1)])
  })

  it('of an order that this buyer does not have is unknown at once', async () => {
    signIn('demo', 'token')
    const asked = service({ code: 50107, errmsg: '订单不存在' })
    const result = open(`?order_id=${ORDER}`)
    await vi.advanceTimersByTimeAsync(PAUSE * 3)
    expect(result.state.value).toBe('unknown')
    expect(asked).toHaveLength(1)
  })

  it('is told nobody without a signature or a sign-in', async () => {
    const assign = vi.fn()
    vi.stubGlobal('location', { pathname: '/pay_success.html', search: `?order_id=${ORDER}`, assign })
    const asked = service(order(2))
    const result = open(`?order_id=${ORDER}`)
    await vi.advanceTimersByTimeAsync(PAUSE * 3)
    expect(result.state.value).toBe('asking')
    expect(asked).toEqual([])
    expect(assign).toHaveBeenCalledWith(`login.html?next=${encodeURIComponent(`pay_success.html?order_id=${ORDER}`)}`)
  })
})
