import { afterEach, expect, it, vi } from 'vitest'

import { OFFLINE } from '@/lib/errors'
import { keptInTab } from '@/lib/storage'

import { refund, unansweredRefunds } from './admin'

const NUMBER = '2026112510000001'
const request = { amount: '9.90', reason: '质量问题', restock: [{ sku_id: 4, count: 1 }, { sku_id: 2, count: 1 }] }
const answered = { refund: { amount: '9.90', status: 'succeeded' }, order: null }
const refused = (status: number) => new Response(JSON.stringify({ error: { code: 'x', message: 'x' } }), { status })

/** Answers in turn, an `Error` being none; gives back the request ids that were sent. */
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
  vi.unstubAllGlobals()
})

it('a refund that is asked for again after a lost answer is the same one, whatever its reason and the order of its pieces', async () => {
  const sent = service(new TypeError('lost'), refused(503), refused(401), answered, answered)
  await expect(refund(NUMBER, request)).rejects.toMatchObject({ code: OFFLINE })
  expect(unansweredRefunds(NUMBER)).toEqual([990])
  await expect(refund(NUMBER, { ...request, reason: '质量问题，已协商' })).rejects.toMatchObject({ status: 503 })
  await expect(refund(NUMBER, request)).rejects.toMatchObject({ status: 401 })
  await refund(NUMBER, { ...request, restock: [...request.restock].reverse() })
  expect(unansweredRefunds(NUMBER)).toEqual([])
  await refund(NUMBER, request)
  expect(sent.map((id) => sent.indexOf(id))).toEqual([0, 0, 0, 0, 4])
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

it.each([404, 409, 422])('a refund that is refused with %s is none', async (status) => {
  const sent = service(refused(status), answered)
  await expect(refund(NUMBER, request)).rejects.toMatchObject({ status })
  await refund(NUMBER, request)
  expect(sent[1]).not.toBe(sent[0])
})
