import { AdminError } from '@/lib/errors'
import { fromFen, toFen, type Fen } from '@/lib/money'
import { IdempotencyKeys } from '@/lib/random'

import { detailOf, refundOf, type AdminLine, type Detail, type Refund, type Restock, type WireDetail, type WireRefund } from './admin'
import { askJson } from './staff'

export interface RefundRequest {
  amount: string
  trade_no?: string
  reason: string
  /** Where there is none, the service decides: pieces that were not shipped go back with the last of the money. */
  restock: Restock[]
  /** No pieces go back, whatever the service would decide. */
  keepsPieces?: boolean
  /** What was left when staff decided: where it is not, somebody else has just refunded, and nothing is done. */
  expectedLeft?: Fen
}

/** What the service takes for the same refund: its reason is not part of it. */
interface SameRefund {
  number: string
  amount: string
  trade_no: string | undefined
  restock: Restock[]
  keepsPieces?: boolean
}

interface SameReturn {
  number: string
  restock: Restock[]
}

/** Pieces by SKU, in one order. */
export function restockOf(pieces: ReadonlyMap<number, number>): Restock[] {
  const restock = [...pieces].flatMap(([sku, count]) => (count > 0 ? [{ sku_id: sku, count }] : []))
  return restock.sort((one, other) => one.sku_id - other.sku_id)
}

/** The lines of which pieces can come back. */
export const outside = (lines: readonly AdminLine[]): AdminLine[] => lines.filter((line) => line.out > 0)

const returnKeys = new IdempotencyKeys<SameReturn>('dashop_return_keys')
const refundKeys = new IdempotencyKeys<SameRefund>('dashop_refund_keys')
/** With these the service says that nothing was done under the key. Others say nothing of what was asked for before. */
const REFUSED = ['order_not_found', 'not_allowed', 'request_id_reused', 'amount_exceeds_payment', 'nothing_to_refund', 'restock_exceeds_order']
/** With these HTTP statuses, or this code, it says that of this attempt. */
const NOT_LOOKED_AT = [400, 401]
const STALE = 'stale'

/** As long as the answer is missing, or is not the end of it, the same is done once, however often it is asked for. */
async function askOnce<Same, T>(
  keys: IdempotencyKeys<Same>,
  same: Same,
  path: string,
  body: object,
  isOver: (answer: T) => boolean = () => true,
): Promise<T> {
  const { key, isNew } = keys.of(same)
  try {
    const answer = await askJson<T>(path, { request_id: key, ...body })
    if (isOver(answer)) keys.forget(same)
    return answer
  } catch (cause) {
    const isOfThis = (error: AdminError): boolean => NOT_LOOKED_AT.includes(error.status) || error.code === STALE
    const isRefused = cause instanceof AdminError && (REFUSED.includes(cause.code) || (isNew && isOfThis(cause)))
    if (isRefused) keys.forget(same)
    throw cause
  }
}

/**
 * Refunds; what is asked for again because the answer is missing is the same refund. So is what is asked for again because
 * it failed: the service tries it once more under its number.
 */
export async function refund(number: string, request: RefundRequest): Promise<{ refund: Refund; order: Detail | null }> {
  const { amount, trade_no, reason, restock, keepsPieces = false, expectedLeft } = request
  const isSaid = keepsPieces || restock.length > 0
  const path = `orders/${encodeURIComponent(number)}/refunds`
  const answer = await askOnce<SameRefund, { refund: WireRefund; order: WireDetail | null }>(
    refundKeys,
    { number, amount, trade_no, restock, ...(keepsPieces ? { keepsPieces } : {}) },
    path,
    {
      amount,
      trade_no,
      reason,
      ...(isSaid ? { restock } : {}),
      ...(expectedLeft === undefined ? {} : { expected_refundable: fromFen(expectedLeft) }),
    },
    ({ refund: { status } }) => status !== 'failed',
  )
  return { refund: refundOf(answer.refund), order: answer.order && detailOf(answer.order) }
}

/** Puts pieces back into stock, without money, if as many were back as staff saw. */
export async function returnPieces(number: string, restock: Restock[], returned: number): Promise<Detail> {
  const path = `orders/${encodeURIComponent(number)}/returns`
  return detailOf(await askOnce(returnKeys, { number, restock }, path, { restock, expected_returned: returned }))
}

/**
 * An order was read: those of its refunds that are on record, and did not fail, have their answer. Gives back the amounts
 * of those that were waited for: whoever asks for them again from now on asks for other refunds.
 */
export function settleRefunds({ refunds }: Pick<Detail, 'refunds'>): Fen[] {
  const onRecord = refunds.filter(({ status }) => status !== 'failed').map(({ requestNo }) => requestNo.replace(/^shop-/, ''))
  return refundKeys.settle(new Set(onRecord)).map((same) => toFen(same.amount))
}

/** Of this order, or of its payment with this number at Alipay. */
const pendingRefunds = (number: string, tradeNo: string | undefined): SameRefund[] =>
  refundKeys.pending().filter((same) => same.number === number && same.trade_no === tradeNo)

const pendingReturns = (number: string): SameReturn[] => returnKeys.pending().filter((same) => same.number === number)

/** The amounts of the refunds whose answers never came, or that failed. */
export const unansweredRefunds = (number: string, tradeNo?: string): Fen[] =>
  pendingRefunds(number, tradeNo).map((same) => toFen(same.amount))

/** Whether the last of them was to put no pieces back. */
export const didKeepPieces = (number: string, tradeNo?: string): boolean => pendingRefunds(number, tradeNo).at(-1)?.keepsPieces ?? false

/** The pieces of the returns whose answers never came. */
export const unansweredReturns = (number: string): number[] =>
  pendingReturns(number).map(({ restock }) => restock.reduce((sum, back) => sum + back.count, 0))

/** Staff have looked at what became of them: what is asked for next is another refund. */
export function dismissRefunds(number: string, tradeNo?: string): void {
  for (const same of pendingRefunds(number, tradeNo)) refundKeys.forget(same)
}

/** Staff have looked at what became of them: what is asked for next is another return. */
export function dismissReturns(number: string): void {
  for (const same of pendingReturns(number)) returnKeys.forget(same)
}
