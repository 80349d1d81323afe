import { afterEach, expect, it, vi } from 'vitest'

import { OFFLINE } from '@/lib/errors'
import { keptInTab } from '@/lib/storage'

import {
  dismissRefunds,
  dismissReturns,
  outside,
  refund,
  restockOf,
  returnPieces,
  settleRefunds,
  unansweredRefunds,
  unansweredReturns,
} from './refunds'
import type { AdminLine, Refund } from './admin'
import { signOutStaff } from './staff'

const NUMBER = '2026112510000001'
const request = { amount: '9.90', reason: '质量问题', restock: restockOf(new Map([[4, 1], [2, 1], [7, 0]])) }
const answered = { refund: { amount: '9.90', status: 'succeeded' }, order: null }
const refused = (status: number, code = 'x') => new Response(JSON.stringify({ error: { code, message: code } }), { status })

/** Sends these responses in turn; an `Error` means no response. Returns the request ids of the requests. */
function service(...answers: unknown[]): string[] {
  const sent: string[] = []
  vi.stubGlobal('fetch', (_path: string, { body }: { body: string }) => {
    sent.push((JSON.parse(body) as { request_id: string }).request_id)
    const answer = answers.shift()
    if (answer instanceof Error) return Promise.reject(answer)
    return Promise.resolve(answer instanceof Response ? answer : new Response(JSON.stringify(answer)))
  })
  return sent
}

afterEach(() => {
  keptInTab.remove('dashop_refund_keys')
  keptInTab.remove('dashop_return_keys')
  signOutStaff()
  vi.unstubAllGlobals()
})

it('a refund that is asked for again after a lost answer is the same one, whatever its reason', async () => {
  const sent = service(new TypeError('lost'), refused(503, 'busy'), refused(401, 'unauthenticated'), refused(409, 'conflict'), answered, answered)
  await expect(refund(NUMBER, request)).rejects.toMatchObject({ code: OFFLINE })
  expect(unansweredRefunds(NUMBER)).toEqual([990])
  await expect(refund(NUMBER, { ...request, reason: '质量问题，已协商' })).rejects.toMatchObject({ status: 503 })
  await expect(refund(NUMBER, request)).rejects.toMatchObject({ status: 401 })
  await expect(refund(NUMBER, request)).rejects.toMatchObject({ status: 409 })
  await refund(NUMBER, { ...request, restock: restockOf(new Map([[2, 1], [4, 1]])) })
  expect(unansweredRefunds(NUMBER)).toEqual([])
  await refund(NUMBER, request)
  expect(sent.map((id) => sent.indexOf(id))).toEqual([0, 0, 0, 0, 0, 5])
})

it('pieces that nobody speaks of are left to the service, unless staff keep them', async () => {
  const bodies: { request_id: string; restock?: unknown }[] = []
  vi.stubGlobal('fetch', (_path: string, { body }: { body: string }) => {
    bodies.push(JSON.parse(body) as (typeof bodies)[number])
    return Promise.reject(new TypeError('lost'))
  })
  const whole = { amount: '9.90', reason: '质量问题', restock: [] }
  for (const asked of [whole, { ...whole, keepsPieces: true }, { ...whole, keepsPieces: false }, request]) {
    await refund(NUMBER, asked).catch(() => undefined)
  }
  expect(bodies.map(({ restock }) => restock)).toEqual([undefined, [], undefined, request.restock])
  const ids = bodies.map((body) => body.request_id)
  expect(ids.map((id) => ids.indexOf(id))).toEqual([0, 1, 0, 3])
})

it('another amount, other pieces, another payment or another order are another refund', async () => {
  const lost = () => new TypeError('lost')
  const sent = service(lost(), lost(), lost(), lost(), lost())
  const others = [request, { ...request, amount: '9.91' }, { ...request, restock: [] }, { ...request, trade_no: 'T1' }]
  for (const other of others) await refund(NUMBER, other).catch(() => undefined)
  await refund('2026112510000002', request).catch(() => undefined)
  expect(new Set(sent).size).toBe(5)
  expect(unansweredRefunds(NUMBER)).toEqual([990, 991, 990])
  expect(unansweredRefunds(NUMBER, 'T1')).toEqual([990])
})

it.each(['order_not_found', 'not_allowed', 'amount_exceeds_payment', 'nothing_to_refund'])('a refund that is refused with %s is none', async (code) => {
  const sent = service(refused(422, code), answered)
  await expect(refund(NUMBER, request)).rejects.toMatchObject({ code })
  await refund(NUMBER, request)
  expect(sent[1]).not.toBe(sent[0])
})

it('pieces come back once where the answer is lost', async () => {
  const sent = service(new TypeError('lost'), refused(422, 'restock_exceeds_order'), new TypeError('lost'))
  const pieces = restockOf(new Map([[4, 1]]))
  for (let times = 0; times < 3; times += 1) await returnPieces(NUMBER, pieces, 0).catch(() => undefined)
  expect(sent.map((id) => sent.indexOf(id))).toEqual([0, 0, 2])
})

it.each([[400, 'bad_request'], [401, 'unauthenticated'], [409, 'stale']])('a refund that is refused with %i at once is none', async (status, code) => {
  const sent = service(refused(status, code), refused(409, 'conflict'), refused(status, code), answered)
  await expect(refund(NUMBER, request)).rejects.toMatchObject({ status })
  expect(unansweredRefunds(NUMBER)).toEqual([])
  for (let times = 0; times < 2; times += 1) await refund(NUMBER, request).catch(() => undefined)
  expect(unansweredRefunds(NUMBER)).toEqual([990])
  await refund(NUMBER, request)
  expect(sent.map((id) => sent.indexOf(id))).toEqual([0, 1, 1, 1])
})

it('a refund that failed is tried again under its number, and one that waits is asked for', async () => {
  const failed = { ...answered, refund: { amount: '9.90', status: 'failed' } }
  const waiting = { ...answered, refund: { amount: '9.90', status: 'requested' } }
  const sent = service(failed, failed, waiting, answered)
  for (const unanswered of [[990], [990], [], []]) {
    await refund(NUMBER, request)
    expect(unansweredRefunds(NUMBER)).toEqual(unanswered)
  }
  expect(sent.map((id) => sent.indexOf(id))).toEqual([0, 0, 0, 3])
})

it('a refund whose answer was lost is settled by the record of the order, unless it failed', async () => {
  const sent = service(new TypeError('lost'), new TypeError('lost'), answered)
  await refund(NUMBER, request).catch(() => undefined)
  await refund(NUMBER, { ...request, amount: '5.00' }).catch(() => undefined)
  const onRecord = (place: number, status: string) => ({ requestNo: `shop-${sent[place] ?? ''}`, status }) as Refund
  expect(settleRefunds({ refunds: [{ ...onRecord(0, 'succeeded'), requestNo: 'shop-other' }, onRecord(1, 'failed')] })).toEqual([])
  expect(settleRefunds({ refunds: [onRecord(0, 'requested'), onRecord(1, 'failed')] })).toEqual([990])
  expect(unansweredRefunds(NUMBER)).toEqual([500])
  await refund(NUMBER, request)
  expect(sent[2]).not.toBe(sent[0])
})

it('staff who have looked ask for another refund, or another return', async () => {
  const sent = service(...Array.from({ length: 8 }, () => new TypeError('lost')))
  const pieces = restockOf(new Map([[4, 1], [2, 2]]))
  const ask = async () => {
    await refund(NUMBER, request).catch(() => undefined)
    await refund(NUMBER, { ...request, trade_no: 'T1' }).catch(() => undefined)
    await returnPieces(NUMBER, pieces, 0).catch(() => undefined)
    await returnPieces('2026112510000002', pieces, 0).catch(() => undefined)
  }
  await ask()
  expect(unansweredReturns(NUMBER)).toEqual([3])
  dismissRefunds(NUMBER, 'T1')
  dismissReturns(NUMBER)
  expect([unansweredRefunds(NUMBER), unansweredRefunds(NUMBER, 'T1'), unansweredReturns(NUMBER)]).toEqual([[990], [], []])
  await ask()
  expect(sent.map((id) => sent.indexOf(id))).toEqual([0, 1, 2, 3, 0, 5, 6, 3])
})

it('what is all back, or on its way, cannot come back', () => {
  expect(outside([{ sku: 4, out: 1 }, { sku: 2, out: 0 }] as AdminLine[])).toEqual([{ sku: 4, out: 1 }])
})
